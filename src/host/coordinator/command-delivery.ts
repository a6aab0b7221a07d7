/**
 * Tells shards what is wanted of them, until each has confirmed.
 *
 * Commands are idempotent and carry the whole wish, so one that was lost, or carried out without an answer,
 * is sent again. A shard hears about its stream before it hears about jobs, and one command at a time. One
 * that was given up may still arrive, behind newer ones: by its revision, or map version, the shard knows.
 */
import { assert } from "../../base/assert.ts";
import type { PartitionIdentity, RpcResult } from "../../engine/partition-types.ts";
import { keyGroupsOf } from "../../engine/shard-map.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { Catalog, Delivery, StreamEntry } from "./catalog.ts";
import { sourceOf } from "./restore-plan.ts";

/** After this a command counts as lost. Opening a partition with a long log may take seconds. */
const commandTimeoutMs = 10_000;

const backoffMsMin = 500;
const backoffMsMax = 60_000;

export class CommandDelivery {
  readonly #catalog: Catalog;
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(catalog: Catalog, shards: Shards, clock: WallClock) {
    this.#catalog = catalog;
    this.#shards = shards;
    this.#clock = clock;
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
    await Promise.all(due.map(({ generation, shard }) => this.#deliverTo(generation, shard)));
  }

  /** Sends all that the stream's shards are still to be told. */
  async deliverToAll(stream: StreamEntry): Promise<void> {
    const shards = Array.from({ length: stream.definition.shards }, (_, shard) => shard);
    await Promise.all(shards.map((shard) => this.#deliverTo(stream.generation, shard)));
  }

  #deliverTo(generation: number, shard: number): Promise<void> {
    const name = `${generation}/${shard}`;
    const running = this.#inFlight.get(name);
    if (running) return running;
    if (this.#catalog.deliveriesTo(generation, shard).length === 0) return Promise.resolve();
    const work = this.#deliverInOrder(name, generation, shard);
    this.#inFlight.set(name, work);
    return work;
  }

  async #deliverInOrder(name: string, generation: number, shard: number): Promise<void> {
    try {
      while (true) {
        const delivery = this.#catalog.deliveriesTo(generation, shard)[0];
        if (!delivery) return;
        const answer = await this.#send(delivery);
        if (!answer.ok) {
          const backoff = Math.min(backoffMsMax, backoffMsMin * 2 ** delivery.attempts);
          this.#catalog.postpone(delivery, this.#clock.now() + backoff);
          return;
        }
        this.#catalog.confirm(delivery);
        this.#forgetIfGone(delivery);
      }
    } finally {
      this.#inFlight.delete(name);
    }
  }

  #send({ generation, shard, run, revision }: Delivery): Promise<RpcResult<null>> {
    const stream = this.#catalog.generation(generation);
    assert(stream, "a delivery's stream is in the catalog until all its shards confirmed");
    const address = { stream: stream.name, generation, shard };
    return callShard(this.#clock, commandTimeoutMs, address, () => {
      const partition = this.#shards.open(address);
      if (run === 0) {
        return stream.isDeleted ? partition.destroy(generation) : partition.setUp(identityOf(stream, shard));
      }
      const job = this.#catalog.run(run);
      assert(job, "a delivery's job is in the catalog until all shards confirmed");
      const { name, state } = job;
      const stage = job.stages.findIndex((each) => each.generation === generation);
      const plan = job.stages[stage]?.plan;
      assert(plan, "a job's run is told to the partitions of its own stages");
      const restore = job.restore && sourceOf(job.restore, stage, shard, stream.definition.shards);
      return partition.command(generation, {
        ...{ job: name, run, revision, state, plan },
        ...(restore && { restore }),
      });
    });
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

/** Returns who a shard of the stream is. */
export function identityOf(stream: StreamEntry, shard: number): PartitionIdentity {
  const { columns, eventTime, idleTimeoutMs, idle, shards, retention, inputs } = stream.definition;
  return {
    stream: stream.name,
    generation: stream.generation,
    shard,
    shardCount: shards,
    keyGroups: keyGroupsOf(shard, shards),
    mapVersion: stream.mapVersion,
    schema: { version: stream.mapVersion, columns },
    eventTimeColumn: columns.findIndex(({ name }) => name === eventTime.column),
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
    idleTimeoutMs,
    idle,
    retention: { timeMs: retention.timeMs, bytesMax: retention.bytesPerShard },
    ...(inputs && { inputs }),
  };
}
