/**
 * Which (sequence, part) pairs of which producers a shard has accepted: what makes a retry harmless.
 *
 * A producer is known by token id and name. Of each the pairs of its last `producerSequencesKept` sequences
 * are kept in flat arrays of numbers, since there may be many thousand producers with 64 pairs each. The
 * table changes only when a row was logged; what a group commit has accepted so far lies in a `ProducerGroup`
 * above it.
 *
 * Tasks that write to the stream are producers too (`channelTokenId`). What one sends comes in order, each
 * call behind the answer to the one before, so its last pair tells of all before; it is kept longer.
 */
import { producerSequencesKept, producerTableBytesMax } from "../../base/limits.ts";
import { channelTokenId } from "./channel-name.ts";
import { compareSequences } from "./channel-sequence.ts";
import type { ProducerFacts } from "./decide-acceptance.ts";
import { producerKey } from "./producer-changes.ts";
import type { ChannelSequence, ProducerPart } from "./records.ts";
import type { ProducerStamp } from "./row-codec.ts";

export interface AcceptedPair {
  readonly sequence: number;
  readonly part: number;
  readonly checksum: bigint;
  readonly offset: number;
}

/** Memory of one producer besides its pairs and its names, and of one pair. */
const entryBytes = 400;
const pairBytes = 32;
const numbersPerPair = 3;

/** A job that stood still, or had failed, may go on so much later and send again what it had sent; ms. */
const writerKeptMs = 30 * 86_400_000;

const firstCapacity = 4;

export class AcceptedPairs {
  /** Triples of sequence, part and offset, in the order of acceptance. */
  #numbers = new Float64Array(firstCapacity * numbersPerPair);
  #checksums = new BigUint64Array(firstCapacity);
  #count = 0;
  #highest = -1;

  /** Highest accepted sequence, -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  get bytes(): number {
    return this.#checksums.length * pairBytes;
  }

  /** The last pair alone, of a producer that sends in order. */
  replace(pair: AcceptedPair): void {
    this.#count = 0;
    this.add(pair);
  }

  add(pair: AcceptedPair): void {
    this.#highest = Math.max(this.#highest, pair.sequence);
    if (this.#count === this.#checksums.length) this.#makeRoom();
    this.#numbers.set([pair.sequence, pair.part, pair.offset], this.#count * numbersPerPair);
    this.#checksums[this.#count] = pair.checksum;
    this.#count++;
  }

  /** Searches from the newest: retries come soon. */
  find(sequence: number, part: number): { checksum: bigint; offset: number } | undefined {
    if (this.#isForgotten(sequence)) return undefined;
    for (let index = this.#count - 1; index >= 0; index--) {
      const at = index * numbersPerPair;
      if (this.#numbers[at] !== sequence || this.#numbers[at + 1] !== part) continue;
      return { checksum: this.#checksums[index] as bigint, offset: this.#numbers[at + 2] as number };
    }
    return undefined;
  }

  /** The pair that was added last. */
  get last(): AcceptedPair | undefined {
    return this.list().at(-1);
  }

  /** The pairs that are still known, in the order of acceptance. */
  list(): AcceptedPair[] {
    this.#forget();
    const pairs: AcceptedPair[] = [];
    for (let index = 0; index < this.#count; index++) {
      const at = index * numbersPerPair;
      pairs.push({
        sequence: this.#numbers[at] as number,
        part: this.#numbers[at + 1] as number,
        offset: this.#numbers[at + 2] as number,
        checksum: this.#checksums[index] as bigint,
      });
    }
    return pairs;
  }

  #isForgotten(sequence: number): boolean {
    return sequence <= this.#highest - producerSequencesKept;
  }

  #forget(): void {
    let kept = 0;
    for (let index = 0; index < this.#count; index++) {
      const at = index * numbersPerPair;
      if (this.#isForgotten(this.#numbers[at] as number)) continue;
      this.#numbers.copyWithin(kept * numbersPerPair, at, at + numbersPerPair);
      this.#checksums[kept] = this.#checksums[index] as bigint;
      kept++;
    }
    this.#count = kept;
  }

  /** Forgets what is too old; grows only when that frees less than half, so that both are rare. */
  #makeRoom(): void {
    this.#forget();
    const capacity = this.#checksums.length;
    if (this.#count * 2 <= capacity) return;
    const numbers = new Float64Array(capacity * 2 * numbersPerPair);
    const checksums = new BigUint64Array(capacity * 2);
    numbers.set(this.#numbers);
    checksums.set(this.#checksums);
    this.#numbers = numbers;
    this.#checksums = checksums;
  }
}

export interface ProducerEntry {
  readonly tokenId: string;
  readonly producer: string;
  readonly pairs: AcceptedPairs;
  /** Append time of the last accepted frame, ms. */
  appendTime: number;
}

export class ProducerTable {
  readonly #entries = new Map<string, ProducerEntry>();
  #bytes = 0;

  /** Memory that the table takes, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<ProducerEntry> {
    return this.#entries.values();
  }

  find(tokenId: string, producer: string): ProducerEntry | undefined {
    return this.#entries.get(producerKey({ tokenId, producer }));
  }

  /** Makes the producer known, before its first pair. */
  open(tokenId: string, producer: string, appendTime: number): ProducerEntry {
    const entry = { tokenId, producer, appendTime, pairs: new AcceptedPairs() };
    this.#entries.set(producerKey({ tokenId, producer }), entry);
    this.#bytes += weightOf(entry);
    return entry;
  }

  /** Lists the pair of a logged frame. */
  accept(stamp: ProducerStamp, offset: number, appendTime: number): void {
    const { tokenId, producer, sequence, part, checksum } = stamp;
    const entry = this.find(tokenId, producer) ?? this.open(tokenId, producer, appendTime);
    const before = entry.pairs.bytes;
    if (tokenId === channelTokenId) entry.pairs.replace({ sequence, part, checksum, offset });
    else entry.pairs.add({ sequence, part, checksum, offset });
    entry.appendTime = appendTime;
    this.#bytes += entry.pairs.bytes - before;
  }

  /**
   * Forgets the producers whose last append is not behind `time`, and tasks when that is `writerKeptMs` more
   * ago; returns how many.
   */
  expire(time: number): number {
    const before = this.#entries.size;
    for (const [key, entry] of this.#entries) {
      if (!isExpired(entry, time)) continue;
      this.#entries.delete(key);
      this.#bytes -= weightOf(entry);
    }
    return before - this.#entries.size;
  }

  /** Whether `expire(time)` would forget any. */
  hasExpired(time: number): boolean {
    for (const entry of this.#entries.values()) if (isExpired(entry, time)) return true;
    return false;
  }
}

/** What a group commit has accepted so far, above the table that it does not touch. */
export class ProducerGroup {
  readonly #table: ProducerTable;
  readonly #pending = new Map<string, AcceptedPairs>();

  constructor(table: ProducerTable) {
    this.#table = table;
  }

  factsOf(tokenId: string, { producer, sequence, part }: ProducerPart): Omit<ProducerFacts, "isRegistered"> {
    const logged = this.#table.find(tokenId, producer)?.pairs;
    const pending = this.#pending.get(producerKey({ tokenId, producer }));
    if (tokenId === channelTokenId) {
      const last = pending?.last ?? logged?.last;
      const isBehind =
        last !== undefined && compareSequences({ offset: sequence, part }, positionOf(last)) <= 0;
      const writtenAt = isBehind ? last.offset : undefined;
      return { highest: undefined, listed: undefined, hasRoom: true, writtenAt };
    }
    const highest = Math.max(logged?.highest ?? -1, pending?.highest ?? -1);
    return {
      highest: highest < 0 ? undefined : highest,
      listed: pending?.find(sequence, part) ?? logged?.find(sequence, part),
      hasRoom: this.#table.bytes < producerTableBytesMax,
      writtenAt: undefined,
    };
  }

  claim(tokenId: string, claimed: ProducerPart, offset: number): void {
    const key = producerKey({ tokenId, producer: claimed.producer });
    const pending = this.#pending.get(key) ?? new AcceptedPairs();
    this.#pending.set(key, pending);
    pending.add({ ...claimed, offset });
  }
}

function positionOf({ sequence, part }: AcceptedPair): ChannelSequence {
  return { offset: sequence, part };
}

function isExpired({ tokenId, appendTime }: ProducerEntry, time: number): boolean {
  return appendTime + (tokenId === channelTokenId ? writerKeptMs : 0) <= time;
}

function weightOf({ tokenId, producer, pairs }: ProducerEntry): number {
  return entryBytes + 2 * (tokenId.length + producer.length) + pairs.bytes;
}
