/**
 * Carries out the watermark tick: asks the shards of watched streams how far they are, lets the idle ones
 * follow, and tells those that producers hold of what these have sent to others.
 *
 * A stream is watched while one of its shards is active, or a producer live. When all are idle event time
 * stands still and asking stops; the first shard that becomes active again, or producer that is registered,
 * says so. Samples live in memory only: after a restart it
 * takes one append deadline until ticks flow again.
 */
import { appendDeadlineMs } from "../../base/limits.ts";
import type { PartitionStatus } from "../../engine/partition-types.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { StreamEntry } from "./catalog.ts";
import { decideProducers, type ProducerDecision } from "./decide-producers.ts";
import { decideTicks, type TickDecision, type WatermarkSample } from "./decide-ticks.ts";
import type { ProducerRegistry } from "./producer-registry.ts";
import { shardCountOf } from "./shard-ranges.ts";

/** Time between two looks at a stream, some of whose shards are idle; and at one where none is. */
const pollMs = 1000;
const pollMsWhileNoneIdle = 5000;

const statusTimeoutMs = 5000;

/** `hasJobs`: a job runs that could fire something. */
export interface WatchedStream extends StreamEntry {
  readonly hasJobs: boolean;
}

interface Watch {
  dueAt: number;
  samples: readonly WatermarkSample[];
  /** Someone asked to watch since the last look began: what that look finds idle may be active by now. */
  isWoken: boolean;
}

export class WatermarkTicks {
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #registry: ProducerRegistry;
  readonly #watches = new Map<number, Watch>();

  constructor(shards: Shards, clock: WallClock, registry: ProducerRegistry) {
    this.#shards = shards;
    this.#clock = clock;
    this.#registry = registry;
  }

  /** Starts to watch the stream, where a shard could wait for another, or for a producer. */
  watch(stream: WatchedStream): void {
    if (!waitsForProducers(stream) && !(stream.hasJobs && shardCountOf(stream) > 1)) return;
    const watch = this.#watches.get(stream.generation);
    if (watch) watch.isWoken = true;
    else
      this.#watches.set(stream.generation, { dueAt: this.#clock.now() + pollMs, samples: [], isWoken: true });
  }

  unwatch(generation: number): void {
    this.#watches.delete(generation);
  }

  nextDueAt(): number | undefined {
    const now = this.#clock.now();
    const due = [...this.#watches.values()].map(({ dueAt }) => (isDue(dueAt, now) ? now : dueAt));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Looks at every watched stream that is due; one for which `streamOf` has nothing is watched no longer. */
  async pollDue(streamOf: (generation: number) => WatchedStream | undefined): Promise<void> {
    const now = this.#clock.now();
    const due = [...this.#watches].filter(([, watch]) => isDue(watch.dueAt, now));
    await Promise.all(
      due.map(async ([generation, watch]) => {
        const stream = streamOf(generation);
        if (!stream) this.unwatch(generation);
        else await this.#poll(stream, watch);
      }),
    );
  }

  async #poll(stream: WatchedStream, watch: Watch): Promise<void> {
    watch.dueAt = this.#clock.now() + pollMsWhileNoneIdle;
    watch.isWoken = false;
    const statuses = await statusesOf(stream, this.#shards, this.#clock);
    // A shard that is silent may be active and behind the others: without its word nobody may move.
    if (statuses.some((status) => status === undefined)) return;
    const known = statuses.filter((status) => status !== undefined);
    const now = this.#clock.now();
    const producers = this.#decideProducers(stream, known, now);
    const decision = decideTicks(known, watch.samples, now, appendDeadlineMs);
    watch.samples = decision.samples;
    const { activeCount, idleCount } = decision;
    const [hasProducers, hasSiblings] = [this.#hasProducers(stream, known), known.length > 1];
    const isMoving = stream.hasJobs && hasSiblings && activeCount > 0;
    if (!isMoving && !hasProducers && !watch.isWoken) this.unwatch(stream.generation);
    else {
      const isSoon = producers.orders.size > 0 || (hasSiblings && (idleCount > 0 || hasProducers));
      watch.dueAt = now + (isSoon ? pollMs : pollMsWhileNoneIdle);
    }
    await Promise.all(known.map(({ shard }) => this.#tell(stream, shard, producers, decision)));
  }

  #hasProducers({ generation }: StreamEntry, shards: readonly PartitionStatus[]): boolean {
    return shards.some(({ producers }) => producers.length > 0) || this.#registry.hasAny(generation);
  }

  /** Those that are live no longer lose their registration before any shard hears of it. */
  #decideProducers(stream: StreamEntry, shards: readonly PartitionStatus[], now: number): ProducerDecision {
    const { idleTimeoutMs } = stream.definition;
    const decided = decideProducers(shards, now, idleTimeoutMs);
    if (waitsForProducers(stream))
      this.#registry.expire(stream.generation, decided.live, now - idleTimeoutMs);
    return decided;
  }

  /** What a shard does not hear it is told again after the next look. */
  async #tell(
    { name, generation }: StreamEntry,
    shard: number,
    { orders, times }: ProducerDecision,
    { ticks }: TickDecision,
  ): Promise<void> {
    const address = { stream: name, generation, shard };
    const partition = this.#shards.open(address);
    const watermark = ticks.find((tick) => tick.shard === shard)?.watermark;
    const producers = times.get(shard) ?? [];
    const ordered = orders.get(shard) ?? [];
    if (watermark !== undefined || producers.length > 0) {
      const sentAt = this.#clock.now();
      const tick = { ...(watermark !== undefined && { watermark }), producers, sentAt };
      await callShard(this.#clock, statusTimeoutMs, address, () => partition.tick(generation, tick));
    }
    if (ordered.length === 0) return;
    const deadline = this.#clock.now() + appendDeadlineMs;
    const order = () => partition.orderProducers(generation, ordered, deadline);
    await callShard(this.#clock, statusTimeoutMs, address, order);
  }
}

/** What is due later than it ever is was put off before the clock was set back. */
function isDue(dueAt: number, now: number): boolean {
  return dueAt <= now || dueAt > now + pollMsWhileNoneIdle;
}

function waitsForProducers({ definition }: StreamEntry): boolean {
  return definition.eventTime.waitForProducers ?? false;
}

/** Returns what each shard says, by shard number; undefined where one did not answer or is not set up. */
export async function statusesOf(
  stream: StreamEntry,
  shards: Shards,
  clock: WallClock,
): Promise<(PartitionStatus | undefined)[]> {
  const asked = Array.from({ length: shardCountOf(stream) }, async (_, shard) => {
    const address = { stream: stream.name, generation: stream.generation, shard };
    const ask = () => shards.open(address).status(clock.now());
    const answer = await callShard(clock, statusTimeoutMs, address, ask);
    return answer.ok ? (answer.value ?? undefined) : undefined;
  });
  return await Promise.all(asked);
}
