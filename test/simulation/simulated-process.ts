/**
 * A process of the platform: a Durable Object with its storage and alarm, or a worker, which has neither.
 *
 * All that runs in it runs in turns. What a turn wrote commits at its end, and only then do its answers and
 * calls leave: so a crash anywhere within a turn is the same as one at its end that drops the writes and what
 * would have left. A process that ended starts again, over what is durable, with the next call or alarm.
 */
import { StorageFailure } from "../../src/base/errors.ts";
import type { NodeStorage, StatementSeen } from "../support/node-storage.ts";
import type { Plant } from "./plants.ts";
import type { Simulation } from "./simulation.ts";

/** Time after which the platform runs an alarm again whose process ended before it was done. */
const alarmRetryMs = 2_000;

/** Statements of a turn among which one may fail. */
const statementsToFailAt = 40;

/** A call that a process has taken in and not answered yet. */
export interface TakenCall {
  fail(reason: string): void;
}

/** One life of a process: from its start to its end. */
export class ProcessLife {
  readonly process: SimulatedProcess;
  readonly #simulation: Simulation;
  /** What leaves when the turn is durable. */
  readonly outbox: { readonly isAnswer: boolean; readonly leave: () => void }[] = [];
  readonly taken = new Set<TakenCall>();
  host: object | undefined;
  alarmToSet: number | undefined;
  isAlarmCleared = false;
  abortedFor: string | undefined;

  constructor(process: SimulatedProcess, simulation: Simulation) {
    this.process = process;
    this.#simulation = simulation;
  }

  /** Runs `work` in a later turn; what came by then goes first, or not. */
  soon(work: () => void): void {
    this.later(work, this.#simulation.random.below(3));
  }

  later(work: () => void, ms: number): () => void {
    const label = `timer of ${this.process.name}`;
    return this.#simulation.queue.add("timer", label, ms, () => this.process.turnOf(this, work));
  }

  send(leave: () => void, isAnswer = false): void {
    this.outbox.push({ isAnswer, leave });
  }
}

export interface ProcessOptions {
  readonly storage: NodeStorage | undefined;
  readonly canCrash: boolean;
  /** Starts the process; `alarmAt` is the alarm that is set already. */
  readonly start: (life: ProcessLife, alarmAt: number | undefined) => object;
  /** Runs the alarm in a started process. */
  readonly alarm?: (host: object) => Promise<void>;
  /** Hears that the process has ended; it may have left memory with nothing under way, and not crashed. */
  readonly ended?: (isEvicted: boolean) => void;
}

export class SimulatedProcess {
  readonly name: string;
  readonly storage: NodeStorage | undefined;
  readonly #simulation: Simulation;
  readonly #options: ProcessOptions;
  #life: ProcessLife | undefined;
  #alarmAt: number | undefined;
  #cancelAlarm = () => {};
  /** The alarm that is being run. */
  #runningAlarm: { readonly at: number } | undefined;
  lives = 0;
  /** By the time of the simulation. */
  #fullUntil = 0;

  constructor(simulation: Simulation, name: string, options: ProcessOptions) {
    this.#simulation = simulation;
    this.name = name;
    this.storage = options.storage;
    this.#options = options;
  }

  get hasAlarm(): boolean {
    return this.#alarmAt !== undefined;
  }

  get isAlive(): boolean {
    return this.#life !== undefined;
  }

  /** Runs one turn, starting the process where it is not alive; `call` fails when the process ends first. */
  async turn(work: (host: object, life: ProcessLife) => void, call?: TakenCall): Promise<void> {
    const life = this.#life ?? new ProcessLife(this, this.#simulation);
    if (call) life.taken.add(call);
    this.#armFailure();
    await this.#run(life, () => {
      if (!life.host) this.#start(life);
      if (life.host) work(life.host, life);
    });
  }

  /** Runs one turn of a life; nothing where that life is over. */
  async turnOf(life: ProcessLife, work: () => void): Promise<void> {
    if (this.#life !== life) return;
    this.#armFailure();
    await this.#run(life, work);
  }

  /** Ends the process between two turns. */
  crash(reason: string): void {
    if (this.#life) this.#end(this.#life, reason);
  }

  /** Has the process leave memory, as one that was idle does. */
  evict(): void {
    if (this.#life) this.#end(this.#life, "eviction", true);
  }

  #start(life: ProcessLife): void {
    this.#life = life;
    this.lives++;
    const isTold = this.#simulation.random.chance(0.5);
    const alarmAt = this.#alarmAt ?? (isTold ? this.#runningAlarm?.at : undefined);
    life.host = this.#options.start(life, alarmAt);
  }

  async #run(life: ProcessLife, work: () => void): Promise<void> {
    try {
      work();
    } catch (thrown) {
      if (thrown instanceof StorageFailure) life.abortedFor = thrown.message;
      else this.#simulation.report("crashed", `${this.name} threw ${describe(thrown)}`);
    }
    await promisesSettled();
    if (this.storage) this.storage.beforeStatement = undefined;
    this.#endTurn(life);
  }

  #endTurn(life: ProcessLife): void {
    const { faults } = this.#simulation;
    const hasCrashed = this.#options.canCrash && this.#simulation.chance(faults.crashInTurn);
    const reason = life.abortedFor ?? (hasCrashed ? "crash in a turn" : undefined);
    if (reason !== undefined) {
      const early = this.#isPlanted("early-acknowledgement") ? life.outbox.splice(0) : [];
      for (const { isAnswer, leave } of early) if (isAnswer) leave();
      this.#end(life, reason);
      return;
    }
    this.storage?.commit();
    if (life.isAlarmCleared) this.#clearAlarm();
    life.isAlarmCleared = false;
    if (life.alarmToSet !== undefined) this.#setAlarm(life.alarmToSet);
    life.alarmToSet = undefined;
    if (this.#options.canCrash && this.#simulation.chance(faults.crashAfterTurn)) {
      this.#end(life, "crash behind a turn");
      return;
    }
    for (const { leave } of life.outbox.splice(0)) leave();
  }

  #end(life: ProcessLife, reason: string, isEvicted = false): void {
    this.#options.ended?.(isEvicted);
    this.storage?.crash();
    if (this.#life === life) this.#life = undefined;
    this.#simulation.tell(`${this.name} ends: ${reason}`);
    life.outbox.length = 0;
    for (const call of life.taken) call.fail(reason);
    life.taken.clear();
    if (!this.#runningAlarm) return;
    this.#runningAlarm = undefined;
    if (this.#alarmAt === undefined) this.#setAlarm(this.#simulation.wallNow + alarmRetryMs);
  }

  #setAlarm(at: number): void {
    if (this.#isPlanted("forgotten-alarm")) return;
    this.#cancelAlarm();
    this.#alarmAt = at;
    const wait = at - this.#simulation.wallNow;
    this.#cancelAlarm = this.#simulation.queue.add("alarm", `alarm of ${this.name}`, wait, () =>
      this.#ring(at),
    );
  }

  #clearAlarm(): void {
    this.#cancelAlarm();
    this.#alarmAt = undefined;
  }

  async #ring(at: number): Promise<void> {
    if (this.#runningAlarm) {
      this.#setAlarm(this.#simulation.wallNow + 1);
      return;
    }
    const running = { at };
    this.#alarmAt = undefined;
    this.#runningAlarm = running;
    await this.turn((host, life) => {
      const done = () => {
        if (this.#runningAlarm === running) this.#runningAlarm = undefined;
      };
      const failed = (thrown: unknown) =>
        this.#simulation.report("crashed", `the alarm of ${this.name} threw ${describe(thrown)}`);
      this.#options.alarm?.(host).then(() => life.send(done), failed);
    });
  }

  /** Nothing can be written for a while; what is deleted makes no room. */
  fillDisk(ms: number): void {
    this.#simulation.tell(`the disk of ${this.name} is full for ${ms} ms`);
    this.#fullUntil = this.#simulation.now + ms;
  }

  /** Has a statement of the next turn fail, where the life knows such faults. */
  #armFailure(): void {
    const { storage } = this;
    if (!storage) return;
    if (this.#simulation.now < this.#fullUntil && !this.#simulation.hasHealed) {
      storage.beforeStatement = refuseToWrite;
      return;
    }
    if (!this.#simulation.chance(this.#simulation.faults.storageFailure)) return;
    let left = this.#simulation.random.between(1, statementsToFailAt);
    storage.beforeStatement = () => {
      if (--left === 0) throw new StorageFailure("simulated: the disk failed");
    };
  }

  #isPlanted(plant: Plant): boolean {
    return this.#simulation.plant === plant;
  }
}

function refuseToWrite({ statement }: StatementSeen): void {
  if (/^\s*(INSERT|UPDATE)/.test(statement)) throw new StorageFailure("simulated: SQLITE_FULL");
}

/** Resolves when every promise that waits for nothing outside has run to its end. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
