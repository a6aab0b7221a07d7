/**
 * Savepoints between a partition and the blob store: what is pinned goes up behind the running tasks, what a
 * job is restored from comes down before it starts.
 *
 * Putting a blob again does no harm, so a transfer that breaks off is begun again where it stood.
 */
import { EngineError, type ErrorBody, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import { savepointOfSplit } from "../../engine/log/barrier.ts";
import type { Partition } from "../../engine/partition.ts";
import type { JobCommand } from "../../engine/partition-types.ts";
import type { Clock } from "../../engine/ports.ts";
import { readTaskState, type TaskState } from "../../engine/savepoint/task-state.ts";
import { type BlobStore, partName, savedTaskName, splitTaskName, stateName } from "../blobs.ts";
import type { CallRetries } from "./call-retries.ts";

/** Time in ms after which an upload that failed is tried again. */
const retryMs = 1_000;

/**
 * While events come in, a partition rests after each part of a savepoint, so that what runs beside it has
 * nearly all of the processor: for `restMs`, but no longer than spreads all parts over `spreadMs`, and at
 * least for as long as the part took.
 */
const restMs = 500;
const spreadMs = 24_000;

/** So few parts are gone before anybody notices. */
const partsAtOnce = 8;

/** For so long after an event came others are expected; ms. */
const activeMs = 5_000;

/** How bringing a state in ended: `Unreached` may be tried again, `Failed` would fail again. */
export type RestoreOutcome =
  | { readonly outcome: "Done" }
  | { readonly outcome: "Failed" | "Unreached"; readonly error: ErrorBody };

export interface TransferPorts {
  readonly clock: Clock;
  readonly blobs: BlobStore | undefined;
  abort(reason: string): void;
  soon(work: () => void): void;
  later(work: () => void, ms: number): () => void;
}

/** Runs work in a turn of its own; returns undefined where it failed or the partition is gone. */
export type Turn = <Value>(partition: Partition, work: () => Value) => Value | undefined;

export class SavepointTransfer {
  readonly #ports: TransferPorts;
  readonly #turn: Turn;
  readonly #retries: CallRetries;
  #isUploading = false;
  readonly #restoring = new Map<number, Promise<void>>();

  constructor(ports: TransferPorts, retries: CallRetries, turn: Turn) {
    this.#retries = retries;
    this.#ports = ports;
    this.#turn = turn;
  }

  /** Begins to upload what there is, unless that is under way. */
  upload(partition: Partition): void {
    if (this.#isUploading || !this.#ports.blobs || !partition.jobs.savepoints.hasParts) return;
    this.#isUploading = true;
    this.#uploadAll(partition, this.#ports.blobs).then(
      () => {
        this.#isUploading = false;
      },
      () => void this.#ports.later(() => this.#tryAgain(partition), retryMs),
    );
  }

  /** Brings in the state that a job starts from which is new here; two calls for one run share the work. */
  async restoreFor(partition: Partition, command: JobCommand): Promise<RestoreOutcome> {
    const { run, state, restore } = command;
    if (!restore || state === "deleted" || partition.jobs.has(run)) return { outcome: "Done" };
    const running = this.#restoring.get(run) ?? this.#restore(partition, command);
    this.#restoring.set(run, running);
    try {
      await running;
      return { outcome: "Done" };
    } catch (thrown) {
      if (thrown instanceof StorageFailure) this.#ports.abort(thrown.message);
      const error = errorBodyOf(thrown);
      return { outcome: error.code === "PARTITION_UNAVAILABLE" ? "Unreached" : "Failed", error };
    } finally {
      this.#restoring.delete(run);
    }
  }

  #tryAgain(partition: Partition): void {
    this.#isUploading = false;
    this.#turn(partition, () => this.upload(partition));
  }

  async #uploadAll(partition: Partition, blobs: BlobStore): Promise<void> {
    const { generation, shard } = partition.identity;
    const { clock } = this.#ports;
    while (true) {
      const begunAt = clock.now();
      const saved = this.#turn(partition, () => partition.jobs.savepoints.nextPart());
      if (!saved) return;
      const { savepoint, run } = saved;
      const task =
        savepoint < 0
          ? splitTaskName(savepointOfSplit(savepoint), run, generation, shard)
          : savedTaskName(savepoint, generation, shard);
      await this.#put(blobs, run, saved.part < 0 ? stateName(task) : partName(task, saved.part), saved.body);
      this.#turn(partition, () => partition.jobs.savepoints.uploaded(saved));
      const isActive = clock.now() - (partition.log.lastFrameAt ?? 0) < activeMs;
      await this.#others();
      // What a split takes along is waited for.
      if (savepoint < 0 || saved.parts <= partsAtOnce || !isActive) continue;
      const tookMs = clock.now() - begunAt;
      const ms = Math.max(tookMs, Math.min(restMs, spreadMs / (saved.parts + 1)));
      await new Promise<void>((resolve) => void this.#ports.later(resolve, ms));
    }
  }

  async #put(blobs: BlobStore, run: number, name: string, body: Uint8Array): Promise<void> {
    try {
      await blobs.put(name, body);
    } catch (thrown) {
      this.#retries.note(run, "blobs", `The savepoints' store did not take ${name}: ${String(thrown)}`);
      throw thrown;
    }
  }

  /**
   * Lets others come in between: a store in the same process answers without the event loop looking for what
   * has come from outside.
   */
  #others(): Promise<void> {
    return new Promise((resolve) => this.#ports.soon(resolve));
  }

  async #restore(partition: Partition, { run, plan, restore }: JobCommand): Promise<void> {
    const { blobs } = this.#ports;
    if (!blobs) throw new EngineError("SAVEPOINTS_NOT_SET", { message: "This Worker keeps no savepoints." });
    const { position, states: holding = [] } = restore ?? {};
    const byName = new Map<string, TaskState>();
    for (const task of new Set([...(position === undefined ? [] : [position]), ...holding])) {
      byName.set(task, readTaskState(await read(blobs, stateName(task))));
    }
    const nameOf = new Map([...byName].map(([task, state]) => [state, task]));
    const restoring = partition.jobs.beginRestore(run, plan, {
      position: byName.get(position ?? ""),
      states: holding.flatMap((task) => byName.get(task) ?? []),
    });
    try {
      for (const state of restoring.order) {
        for (let part = 0; part < state.parts; part++) {
          restoring.addPart(state, await read(blobs, partName(nameOf.get(state) ?? "", part)));
          await this.#others();
        }
      }
    } catch (thrown) {
      restoring.release();
      throw thrown;
    }
    restoring.finish();
  }
}

async function read(blobs: BlobStore, name: string): Promise<Uint8Array> {
  const body = await blobs.get(name).catch((cause: unknown) => {
    const message = `The savepoints' store did not answer: ${String(cause)}`;
    throw new EngineError("PARTITION_UNAVAILABLE", { message, cause });
  });
  if (body) return body;
  throw new EngineError("SAVEPOINT_NOT_FOUND", { message: `The savepoint lacks ${name}.` });
}
