/**
 * What the coordinator tells shards of producers: how far each is, and which are live no longer. A pure
 * function.
 *
 * How far a producer is, as others may know, leaves out its newest request: its rows for one shard may be
 * logged while those for another are still on their way, or sent again and again. When it sends the next one,
 * all have them.
 *
 * Who is live no longer goes in two steps, since a frame may be on its way to any shard. When all shards have
 * closed it, none can take one in any more; only then no watermark waits for it.
 */
import type { LiveProducer } from "../../engine/log/live-producers.ts";
import { type ProducerName, producerKey } from "../../engine/log/producer-changes.ts";
import { higherOf, lowerOf, maxWatermark, minWatermark } from "../../engine/log/records.ts";
import type { PartitionStatus } from "../../engine/partition-types.ts";
import type { ProducerOrder, ProducerTime } from "../../engine/producer-orders.ts";

export type ShardProducers = Pick<
  PartitionStatus,
  "shard" | "watermark" | "ownWatermark" | "isIdle" | "producers"
>;

export interface ProducerDecision {
  /** How far producers are, for the shards that they hold. */
  readonly times: ReadonlyMap<number, readonly ProducerTime[]>;
  /** For the shards with producers that are live no longer. */
  readonly orders: ReadonlyMap<number, readonly ProducerOrder[]>;
  /** Keys of the live ones. */
  readonly live: ReadonlySet<string>;
}

/** What all shards together know of a producer. */
interface KnownProducer extends ProducerName {
  readonly watermark: bigint;
  readonly activeAt: number;
  readonly isClosed: boolean;
}

/** Decides from what all shards said, at `now`. */
export function decideProducers(
  shards: readonly ShardProducers[],
  now: number,
  idleTimeoutMs: number,
): ProducerDecision {
  const known = knownProducers(shards);
  const isLive = ({ activeAt }: KnownProducer) => now - activeAt < idleTimeoutMs;
  const live = new Set([...known].filter(([, producer]) => isLive(producer)).map(([key]) => key));
  const times = new Map<number, ProducerTime[]>();
  const orders = new Map<number, ProducerOrder[]>();
  for (const shard of shards) {
    const raised = timesFor(shard, known);
    if (raised.length > 0) times.set(shard.shard, raised);
    const ended = shard.producers.flatMap((entry): ProducerOrder[] => {
      const key = producerKey(entry);
      const producer = known.get(key);
      if (!producer || live.has(key)) return [];
      const { tokenId, activeAt } = producer;
      const order = producer.isClosed ? "Forget" : "Close";
      return entry.isClosed && !producer.isClosed
        ? []
        : [{ order, tokenId, producer: producer.producer, activeAt }];
    });
    if (ended.length > 0) orders.set(shard.shard, ended);
  }
  return { times, orders, live };
}

function knownProducers(shards: readonly ShardProducers[]): Map<string, KnownProducer> {
  const entries = new Map<string, LiveProducer[]>();
  for (const entry of shards.flatMap(({ producers }) => producers)) {
    const key = producerKey(entry);
    entries.set(key, [...(entries.get(key) ?? []), entry]);
  }
  return new Map([...entries].map(([key, all]) => [key, combined(all)]));
}

function combined(entries: readonly LiveProducer[]): KnownProducer {
  const newest = Math.max(...entries.map(({ sequence }) => sequence));
  const watermarks = entries.map(({ sequence, settled, watermark }) =>
    sequence < newest ? watermark : settled,
  );
  const { tokenId = "", producer = "" } = entries[0] ?? {};
  return {
    ...{ tokenId, producer },
    watermark: watermarks.reduce(higherOf, minWatermark),
    activeAt: Math.max(...entries.map(({ activeAt }) => activeAt)),
    isClosed: entries.every(({ isClosed }) => isClosed),
  };
}

/** A shard that nothing holds is told nothing: it costs a record. */
function timesFor(
  { producers, watermark, ownWatermark, isIdle }: ShardProducers,
  known: ReadonlyMap<string, KnownProducer>,
): ProducerTime[] {
  if (!isIdle && ownWatermark <= watermark) return [];
  let [before, after] = [maxWatermark, maxWatermark];
  const raised = producers.flatMap((entry): ProducerTime[] => {
    const { tokenId, producer } = entry;
    const time = known.get(producerKey(entry))?.watermark ?? minWatermark;
    before = lowerOf(before, entry.watermark);
    after = lowerOf(after, higherOf(entry.watermark, time));
    return time > entry.watermark ? [{ tokenId, producer, watermark: time }] : [];
  });
  return after > before ? raised : [];
}
