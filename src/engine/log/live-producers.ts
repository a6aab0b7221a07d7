/**
 * The live producers of a stream as one of its shards knows them, and how far they let its watermark go.
 *
 * Rows of a slow producer are not late because a fast one moved the time: the watermark stays at or below the
 * least time of any live producer. That time is what a producer's frames here allow, or what the coordinator
 * has told of its frames elsewhere. A producer of which neither is known yet holds the watermark where it is.
 *
 * Who is live is decided by the coordinator and stands in records of kind Producers, so it is the same in all
 * shards before the first frame of a producer comes to any. Three steps, each a record:
 *
 *   registered  frames that bear its registration are taken in
 *   closed      none is, and it still holds the watermark: some other shard may take one in
 *   forgotten   no shard takes one in
 *
 * It changes only when a row was logged; what a group commit has accepted so far lies in a `LiveGroup` above.
 */
import { type ProducerChange, type ProducerName, producerKey } from "./producer-changes.ts";
import { higherOf, lowerOf, maxWatermark, minWatermark } from "./records.ts";

/** A producer that the watermark waits for. Times in ms, those of events as watermarks. */
export interface LiveProducer extends ProducerName {
  /** Numbered by the coordinator; a later one is higher. */
  readonly registration: number;
  readonly isClosed: boolean;
  /** What its frames here, and what is told of it, allow; `minWatermark` while it sent nothing. */
  readonly watermark: bigint;
  /** The same without its newest request here: some rows of that may still be on their way to others. */
  readonly settled: bigint;
  /** The highest sequence of its requests that came here; -1 before the first. */
  readonly sequence: number;
  /** When it was registered, or its newest frame was logged here. */
  readonly activeAt: number;
}

/** What a logged frame says of its producer. */
interface Accepted {
  readonly sequence: number;
  readonly watermark: bigint;
  readonly appendTime: number;
  readonly rows: number;
}

export class LiveProducers {
  readonly #entries: Map<string, LiveProducer>;
  #lowest: bigint | undefined;
  /** The highest watermark of any frame of this shard, whether the stream's could follow it or not. */
  ownWatermark: bigint;

  constructor(entries: Iterable<LiveProducer> = [], ownWatermark = minWatermark) {
    this.#entries = new Map([...entries].map((entry) => [producerKey(entry), entry]));
    this.ownWatermark = ownWatermark;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<LiveProducer> {
    return this.#entries.values();
  }

  find(name: ProducerName): LiveProducer | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(producerKey(name));
  }

  /** The watermark that no frame may move the shard's beyond; `maxWatermark` where nobody holds it. */
  get lowest(): bigint {
    this.#lowest ??= lowestOf(this.#entries.values());
    return this.#lowest;
  }

  /** What the frames so far and the producers allow together. */
  get watermark(): bigint {
    return lowerOf(this.ownWatermark, this.lowest);
  }

  /**
   * Takes in a logged frame of a producer that may or may not be live. One that brings no rows keeps nobody
   * live: who sends nothing but records that are rejected would hold the stream.
   */
  accept(name: ProducerName, { sequence, watermark, appendTime, rows }: Accepted): void {
    const entry = this.find(name);
    if (!entry) return;
    const settled = sequence > entry.sequence ? entry.watermark : entry.settled;
    this.#set({
      ...entry,
      sequence: Math.max(sequence, entry.sequence),
      settled: sequence < entry.sequence ? higherOf(settled, watermark) : settled,
      watermark: higherOf(entry.watermark, watermark),
      activeAt: rows > 0 ? appendTime : entry.activeAt,
    });
  }

  /** Takes in a logged change. */
  change({ tokenId, producer, ...change }: ProducerChange, appendTime: number): void {
    const key = producerKey({ tokenId, producer });
    const known = this.#entries.get(key);
    if (change.isForgotten) {
      this.#entries.delete(key);
      this.#lowest = undefined;
      return;
    }
    const { registration = known?.registration ?? 0, watermark = minWatermark } = change;
    const isNew = change.registration !== undefined;
    const entry = known ?? { watermark: minWatermark, settled: minWatermark, sequence: -1 };
    this.#set({
      ...{ tokenId, producer, registration, sequence: entry.sequence },
      watermark: higherOf(entry.watermark, watermark),
      settled: higherOf(entry.settled, watermark),
      isClosed: isNew ? false : (change.isClosed ?? known?.isClosed ?? false),
      activeAt: isNew ? appendTime : (known?.activeAt ?? appendTime),
    });
  }

  /** What holds once the changes are logged. */
  with(changes: readonly ProducerChange[]): LiveProducers {
    const copy = new LiveProducers(this.#entries.values(), this.ownWatermark);
    for (const change of changes) copy.change(change, 0);
    return copy;
  }

  /** The same producers for a shard that begins with them: each is registered anew before it sends there. */
  closed(): LiveProducers {
    const entries = [...this.#entries.values()].map((entry) => ({ ...entry, isClosed: true }));
    return new LiveProducers(entries, this.ownWatermark);
  }

  #set(entry: LiveProducer): void {
    const key = producerKey(entry);
    const before = this.#entries.get(key);
    if (!before || before.watermark === this.#lowest) this.#lowest = undefined;
    this.#entries.set(key, entry);
  }
}

/** What a group commit has accepted so far of live producers, above those that it does not touch. */
export class LiveGroup {
  readonly #live: LiveProducers;
  readonly #raised = new Map<string, bigint>();
  #lowest: bigint;

  constructor(live: LiveProducers) {
    this.#live = live;
    this.#lowest = live.lowest;
  }

  /** The watermark that the next frame may not move the shard's beyond. */
  get lowest(): bigint {
    return this.#lowest;
  }

  /** Takes in an accepted frame. */
  accept(name: ProducerName, watermark: bigint): void {
    const entry = this.#live.find(name);
    if (!entry) return;
    const key = producerKey(name);
    const before = this.#raised.get(key) ?? entry.watermark;
    if (watermark <= before) return;
    this.#raised.set(key, watermark);
    if (before === this.#lowest) this.#lowest = lowestOf(this.#live.entries(), this.#raised);
  }
}

function lowestOf(entries: Iterable<LiveProducer>, raised?: ReadonlyMap<string, bigint>): bigint {
  let lowest = maxWatermark;
  for (const entry of entries) {
    lowest = lowerOf(lowest, raised?.get(producerKey(entry)) ?? entry.watermark);
  }
  return lowest;
}
