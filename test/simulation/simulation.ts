/**
 * What all parts of one simulated life share: its scheduler, its seed, its faults, and what was found wrong.
 */
import { createHash } from "node:crypto";
import type { PartitionStatus, RpcResult } from "../../src/engine/partition-types.ts";
import { Random } from "../arbitraries/random.ts";
import type { FaultRates, LifePlan } from "./draw-life.ts";
import { EventQueue } from "./event-queue.ts";
import type { Plant } from "./plants.ts";

/**
 * `wrong`: an answer or a state is not what it must be. `stuck`: with all faults over, something does not
 * come to its end. `crashed`: code threw what it must not.
 */
export type Verdict = "wrong" | "stuck" | "crashed";

export interface Problem {
  readonly verdict: Verdict;
  readonly message: string;
}

/** When simulated lives begin: a time in 2026, so that event times have their usual length. */
const birth = 1_767_225_600_000;

const noFaults: FaultRates = {
  requestLoss: 0,
  answerLoss: 0,
  repeat: 0,
  delayMax: 5,
  slowRate: 0,
  slowMax: 1,
  crashInTurn: 0,
  crashAfterTurn: 0,
  storageFailure: 0,
  crashEveryMs: undefined,
  fullDiskEveryMs: undefined,
  blobDelayMax: 0,
};

/** How far a shard was known to be; neither ever goes back. */
interface Progress {
  readonly watermark: bigint;
  readonly nextOffset: number;
}

export class Simulation {
  readonly plan: LifePlan;
  readonly plant: Plant | undefined;
  readonly random: Random;
  readonly queue: EventQueue;
  readonly problems: Problem[] = [];
  faults: FaultRates;
  events = 0;
  #setBackMs = 0;
  readonly #trace = createHash("sha256");
  readonly #onTrace: ((line: string) => void) | undefined;
  readonly #progress = new Map<string, Progress>();

  constructor(plan: LifePlan, plant: Plant | undefined, onTrace?: (line: string) => void) {
    this.plan = plan;
    this.plant = plant;
    this.faults = plan.faults;
    this.random = new Random(plan.seed ^ 0x5eed);
    this.queue = new EventQueue(new Random(plan.seed ^ 0x71e5), birth);
    this.#onTrace = onTrace;
  }

  get hasHealed(): boolean {
    return this.faults === noFaults;
  }

  get now(): number {
    return this.queue.now();
  }

  /** What the clocks of all processes say: time goes on, and clocks are set back now and then. */
  get wallNow(): number {
    return this.now - this.#setBackMs;
  }

  setClocksBack(ms: number): void {
    this.tell(`all clocks are set back by ${ms} ms`);
    this.#setBackMs += ms;
  }

  /** True with a fault's probability; draws nothing for one that the life does not know. */
  chance(rate: number): boolean {
    return rate > 0 && this.random.chance(rate);
  }

  /** Faults stop and the network heals. */
  heal(): void {
    this.faults = noFaults;
  }

  /** Runs the next event; false when none waits. */
  async step(): Promise<boolean> {
    const event = this.queue.next();
    if (!event) return false;
    this.events++;
    this.tell(event.label);
    await event.run();
    return true;
  }

  /** Writes a line of the history; its hash is what two runs of a seed have in common. */
  tell(line: string): void {
    const text = `${this.now - birth} ${line}\n`;
    this.#trace.update(text);
    this.#onTrace?.(text);
  }

  get traceHash(): string {
    return this.#trace.copy().digest("hex").slice(0, 16);
  }

  report(verdict: Verdict, message: string): void {
    this.problems.push({ verdict, message });
    this.tell(`${verdict}: ${message}`);
  }

  /** Looks at an answer as it leaves: a shard's log never goes back, and nothing fails inside. */
  watch(name: string, method: string, answer: unknown): void {
    if (name === "blobs") return;
    const result = answer as RpcResult<unknown>;
    if (!result.ok && result.error.code === "INTERNAL" && !result.error.message.startsWith("simulated")) {
      this.report("crashed", `${method} of ${name} answers ${result.error.message}`);
    }
    if (method !== "status" || !result.ok || result.value === null) return;
    const { watermark, nextOffset } = result.value as PartitionStatus;
    const known = this.#progress.get(name);
    if (known && (watermark < known.watermark || nextOffset < known.nextOffset)) {
      const now = `watermark ${watermark}, next offset ${nextOffset}`;
      this.report("wrong", `${name} went back from ${known.watermark}, ${known.nextOffset} to ${now}`);
    }
    this.#progress.set(name, { watermark, nextOffset });
  }
}
