/**
 * Taking savepoints: from a request on until each is complete, by the request itself and behind it by alarms.
 *
 * A job that is to stop is stopped by whoever sees its savepoint complete; one whose job is gone can never be
 * completed and is forgotten.
 */
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import { deadlineAfter, isWithin, type WallClock } from "../wall-clock.ts";
import type { Catalog, JobEntry } from "./catalog.ts";
import { conflict, type SavepointEntry, type Savepoints } from "./savepoints.ts";

/** How long a request waits for its savepoint. */
const settleMs = 3000;

/** Time in ms between two looks at a savepoint for which a request waits, or none. */
const pollMs = 100;
const alarmMs = 500;

export interface SavepointTakingPorts {
  readonly clock: WallClock;
  readonly catalog: Catalog;
  /** Sets the alarm no later than what is left asks for. */
  schedule(): void;
  /** Ends a job. */
  stop(job: JobEntry): Promise<unknown>;
}

export class SavepointTaking {
  readonly #savepoints: Savepoints;
  readonly #ports: SavepointTakingPorts;
  readonly #advancing = new Map<number, Promise<SavepointEntry | undefined>>();

  constructor(savepoints: Savepoints, ports: SavepointTakingPorts) {
    this.#savepoints = savepoints;
    this.#ports = ports;
  }

  /** Begins a savepoint and goes on with it until it is complete, or for a while. */
  async take(job: JobEntry, isReady: boolean, wish: SavepointWish): Promise<SavepointEntry> {
    const { clock, catalog } = this.#ports;
    let entry = this.#savepoints.begin(job, isReady, catalog.streamsOf(job), wish);
    this.#ports.schedule();
    const since = clock.now();
    while (entry.state === "running" && isWithin(clock, since, settleMs)) {
      const advanced = await this.#advance(entry);
      if (!advanced) throw conflict(`Job "${job.name}" was deleted before its savepoint was complete.`);
      entry = advanced;
      if (entry.state === "running") await deadlineAfter(clock, pollMs).passed;
    }
    this.#ports.schedule();
    return entry;
  }

  /** Goes on with all that are being taken. */
  async advanceAll(): Promise<void> {
    await Promise.all(this.#savepoints.running().map((entry) => this.#advance(entry)));
  }

  /** When `advanceAll` is due, in ms since 1970. */
  nextDueAt(): number | undefined {
    return this.#savepoints.running().length > 0 ? this.#ports.clock.now() + alarmMs : undefined;
  }

  /** Goes on with one, unless a request or an alarm does so already: then both have what comes of it. */
  #advance({ savepoint }: SavepointEntry): Promise<SavepointEntry | undefined> {
    const running = this.#advancing.get(savepoint);
    if (running) return running;
    const work = this.#goOn(savepoint).finally(() => this.#advancing.delete(savepoint));
    this.#advancing.set(savepoint, work);
    return work;
  }

  /** Returns how far it is then; undefined where its job is gone. */
  async #goOn(savepoint: number): Promise<SavepointEntry | undefined> {
    const { catalog, stop } = this.#ports;
    const entry = this.#savepoints.find(savepoint);
    if (entry?.state !== "running") return entry;
    const job = catalog.run(entry.run);
    if (!job || job.state === "deleted") {
      this.#savepoints.forget(savepoint);
      return undefined;
    }
    let stopping: Promise<unknown> | undefined;
    const advanced = await this.#savepoints.advance(entry, catalog.streamsOf(job), () => {
      if (entry.stop) stopping = stop(job);
    });
    await stopping;
    return advanced;
  }
}
