/**
 * Tells shards what is wanted of them, until each has confirmed.
 *
 * Commands are idempotent and carry the whole wish, so one that was lost, or carried out without an answer,
 * is sent again. A shard hears about its stream before it hears about jobs, and one command at a time. One
 * that was given up may still arrive, behind newer ones: by its revision, or map version, the shard knows.
 */
import { assert } from "../../base/assert.ts";
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import type { PartitionIdentity, RestoreSource, RpcResult } from "../../engine/partition-types.ts";
import { type BlobStore, partName, splitTaskName, stateName } from "../blobs.ts";
import type { PartitionRpc } from "../partition/partition-rpc.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { Catalog, Delivery, JobEntry, StreamEntry } from "./catalog.ts";
import { sourceOf } from "./restore-plan.ts";
import { rangesOf, type StoredRange, shardCountOf } from "./shard-ranges.ts";

/** After this a command counts as lost. Opening a partition with a long log may take seconds. */
const commandTimeoutMs = 10_000;

const backoffMsMin = 500;
const backoffMsMax = 60_000;

export class CommandDelivery {
  readonly #catalog: Catalog;
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #blobs: BlobStore | undefined;
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(catalog: Catalog, shards: Shards, clock: WallClock, blobs: BlobStore | undefined) {
    this.#catalog = catalog;
    this.#shards = shards;
    this.#clock = clock;
    this.#blobs = blobs;
    catalog.hasten(clock.now() + backoffMsMax);
  }

  /**
   * When a delivery that is made at `now` counts as due again, should this process end before it is settled.
   */
  static dueAgainAt(now: number): number {
    return now + commandTimeoutMs;
  }

  /** Sends what is due; returns when every send was answered or given up. */
  async deliverDue(): Promise<void> {
    const due = this.#catalog.deliveriesDue(this.#clock.now());
    await Promise.all(due.map(({ generation, shard }) => this.deliverTo(generation, shard)));
  }

  /** Sends all that the stream's shards are still to be told. */
  async deliverToAll(stream: StreamEntry): Promise<void> {
    const shards = Array.from({ length: shardCountOf(stream) }, (_, shard) => shard);
    await Promise.all(shards.map((shard) => this.deliverTo(stream.generation, shard)));
  }

  /** Sends all that one shard is still to be told. */
  deliverTo(generation: number, shard: number): Promise<void> {
    const name = `${generation}/${shard}`;
    const running = this.#inFlight.get(name);
    if (running) return running;
    if (this.#catalog.deliveriesTo(generation, shard).length === 0) return Promise.resolve();
    const work = this.#deliverInOrder(name, generation, shard);
    this.#inFlight.set(name, work);
    return work;
  }

  async #deliverInOrder(name: string, generation: number, shard: number): Promise<void> {
    // A run whose state has not come holds back no other one.
    const waiting = new Set<number>();
    try {
      while (true) {
        const deliveries = this.#catalog.deliveriesTo(generation, shard);
        const delivery = deliveries.find(({ run }) => !waiting.has(run));
        if (!delivery) return;
        const answer = await this.#send(delivery);
        if (!answer.ok) {
          const backoff = Math.min(backoffMsMax, backoffMsMin * 2 ** delivery.attempts);
          this.#catalog.postpone(delivery, this.#clock.now() + backoff);
          if (!isStillToCome(answer.error)) return;
          waiting.add(delivery.run);
          continue;
        }
        this.#catalog.confirm(delivery);
        this.#forgetIfGone(delivery);
      }
    } finally {
      this.#inFlight.delete(name);
    }
  }

  async #send(delivery: Delivery): Promise<RpcResult<null>> {
    const { generation, shard, run } = delivery;
    const stream = this.#catalog.generation(generation);
    assert(stream, "a delivery's stream is in the catalog until all its shards confirmed");
    const address = { stream: stream.name, generation, shard };
    const call = (work: (partition: PartitionRpc) => Promise<RpcResult<null>>) =>
      callShard(this.#clock, commandTimeoutMs, address, () => work(this.#shards.open(address)));
    if (run === 0) {
      return await call((partition) =>
        stream.isDeleted ? partition.destroy(generation) : partition.setUp(identityOf(stream, shard)),
      );
    }
    const job = this.#catalog.run(run);
    assert(job, "a delivery's job is in the catalog until all shards confirmed");
    const from = handedOverFrom(stream, shard, job);
    if (!from || job.state === "deleted") return await call(this.#commandOf(delivery, job, stream));
    const handedOver = await this.#handoverFrom(stream, run, from);
    if (!handedOver.ok) return handedOver;
    const { names, task } = handedOver.value;
    const isShard = stream.definition.inputs === undefined;
    const restore = task === undefined ? undefined : { states: [task], ...(isShard && { position: task }) };
    const sent = await call(this.#commandOf(delivery, job, stream, restore));
    // Once the new partition has the run it never asks for them again.
    return sent.ok && names.length > 0 ? await this.#deleteBlobs(names) : sent;
  }

  async #deleteBlobs(names: readonly string[]): Promise<RpcResult<null>> {
    try {
      await this.#blobs?.delete(names);
      return { ok: true, value: null };
    } catch (cause) {
      const message = `The store of savepoints did not answer: ${cause}`;
      return { ok: false, error: errorBodyOf(new EngineError("PARTITION_UNAVAILABLE", { message, cause })) };
    }
  }

  #commandOf(
    { generation, shard, run, revision }: Delivery,
    job: JobEntry,
    stream: StreamEntry,
    handedOver?: RestoreSource,
  ): (partition: PartitionRpc) => Promise<RpcResult<null>> {
    const { name, state } = job;
    const stage = job.stages.findIndex((each) => each.generation === generation);
    const plan = job.stages[stage]?.plan;
    assert(plan, "a job's run is told to the partitions of its own stages");
    const saved = handedOverFrom(stream, shard, job) ? undefined : job.restore;
    const restore = handedOver ?? (saved && sourceOf(saved, stage, shard, stream));
    const command = { job: name, run, revision, state, plan, ...(restore && { restore }) };
    return (partition) => partition.command(generation, command, this.#clock.now());
  }

  /** What the partition that was split has given away of a run, and the blobs that it lies in. */
  async #handoverFrom(
    { name, generation }: StreamEntry,
    run: number,
    { split, shard }: { readonly split: number; readonly shard: number },
  ): Promise<RpcResult<{ readonly task: string | undefined; readonly names: readonly string[] }>> {
    const address = { stream: name, generation, shard };
    const asked = await callShard(this.#clock, commandTimeoutMs, address, () =>
      this.#shards.open(address).handoverOf(run, split, this.#clock.now()),
    );
    if (!asked.ok) return asked;
    const { state, parts } = asked.value;
    if (state === "None") return { ok: true, value: { task: undefined, names: [] } };
    if (state === "Waits") {
      const message = `Partition ${shard} of "${name}" has not given its state away yet.`;
      const details = { isStillToCome: true };
      return {
        ok: false,
        error: errorBodyOf(new EngineError("PARTITION_UNAVAILABLE", { message, details })),
      };
    }
    const task = splitTaskName(split, run, generation, shard);
    const pages = Array.from({ length: parts }, (_, part) => partName(task, part));
    return { ok: true, value: { task, names: [stateName(task), ...pages] } };
  }

  #forgetIfGone({ generation, run }: Delivery): void {
    if (run > 0) {
      const isGone = this.#catalog.run(run)?.state === "deleted" && this.#catalog.isRunSettled(run);
      if (isGone) this.#catalog.forgetJob(run);
      return;
    }
    if (!this.#catalog.isSettled(generation, run)) return;
    if (this.#catalog.generation(generation)?.isDeleted) this.#catalog.forgetStream(generation);
  }
}

/** True where a shard waits for the state of a run. */
function isStillToCome({ details }: ErrorBody): boolean {
  return details?.isStillToCome === true;
}

/**
 * Where a run's state in a shard comes from that a split made; undefined where it began as anywhere. A run
 * that begins behind the split, with no savepoint, has old rows of the shard from the one that was split.
 */
function handedOverFrom(
  { definition }: StreamEntry,
  shard: number,
  { run, restore }: JobEntry,
): StoredRange["from"] | undefined {
  const range = definition.ranges?.[shard];
  return range?.awaits?.includes(run) || !restore ? range?.from : undefined;
}

/** Returns who a shard of the stream is. */
export function identityOf(stream: StreamEntry, shard: number): PartitionIdentity {
  const { columns, eventTime, idleTimeoutMs, idle, retention, deadLetters } = stream.definition;
  const range = stream.definition.ranges?.[shard];
  const inputs = range?.inputs ?? stream.definition.inputs;
  return {
    stream: stream.name,
    generation: stream.generation,
    shard,
    shardCount: shardCountOf(stream),
    keyGroups: rangesOf(stream)[shard] ?? [0, 0],
    mapVersion: stream.mapVersion,
    ...(range && { mapVersionMin: range.since }),
    schema: { version: stream.mapVersion, columns },
    eventTimeColumn: columns.findIndex(({ name }) => name === eventTime.column),
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
    idleTimeoutMs,
    idle,
    ...(eventTime.waitForProducers && { waitsForProducers: true }),
    retention: { timeMs: retention.timeMs, bytesMax: retention.bytesPerShard },
    ...(deadLetters && { deadLetters }),
    ...(inputs && { inputs }),
    ...(stream.definition.idleTogether && { idleTogether: stream.definition.idleTogether }),
    ...(range?.awaits && { awaits: range.awaits }),
  };
}
