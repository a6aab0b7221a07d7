/**
 * What a barrier says: which savepoint of which run, how many channels bring it to a partition, and whether
 * the run's sources end with it.
 *
 * The barrier of a split enters the partition that is split, and no other: what lies before it is taken along
 * by the new partition, as the savepoint of a negative number.
 *
 * Sealed JSON in the record's frame (`sealed-json.ts`). Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";
import { readSealedJsonBytes, sealJsonBytes } from "./sealed-json.ts";

export interface Barrier {
  /** 0: of every run. */
  readonly run: number;
  readonly savepoint: number;
  /** Channels that bring it to the partition which logs it; 0 where it enters a shard. */
  readonly channels: number;
  /** Set where the run's time is at its end before the savepoint; the stream itself goes on. */
  readonly drains?: true;
  /** Set where the run ends with the savepoint: nothing behind the barrier may leave it any more. */
  readonly stops?: true;
  /** By how many channels it comes to each stage, by the generation of what the stage reads. */
  readonly sends?: Readonly<Record<string, number>>;
  readonly split?: SplitPoint;
}

/** How a partition is split: `child`, a new one behind all others, gets the key groups from `middle` on. */
export interface SplitPoint {
  readonly child: number;
  readonly middle: number;
}

/** The number under which what a split takes over is saved: no savepoint has a negative one. */
export function savepointOfSplit(split: number): number {
  return -split;
}

export function encodeBarrier(barrier: Barrier): Uint8Array {
  return sealJsonBytes(barrier);
}

/** Throws `FRAME_CORRUPT`. */
export function decodeBarrier(bytes: Uint8Array): Barrier {
  return readBarrier(readSealedJsonBytes(bytes, damaged));
}

/** Reads a barrier that is a field of another record. Throws `FRAME_CORRUPT`. */
export function readBarrier(stored: object): Barrier {
  const { run, savepoint, channels, drains, stops, sends, split } = stored as Barrier;
  const counts: unknown[] = Object.values(sends ?? {});
  const numbers = [run, savepoint, channels, ...counts, split?.child ?? 0, split?.middle ?? 0];
  if (!numbers.every(Number.isSafeInteger)) throw damaged("its numbers are none");
  const ends = { ...(drains === true && { drains }), ...(stops === true && { stops }) };
  const barrier: Barrier = { run, savepoint, channels, ...ends };
  return { ...barrier, ...(sends && { sends }), ...(split && { split }) };
}

function damaged(what: string): EngineError {
  return new EngineError("FRAME_CORRUPT", { message: `A barrier in the log cannot be read: ${what}.` });
}
