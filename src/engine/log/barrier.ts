/**
 * What a barrier says: which savepoint of which run, how many channels bring it to a partition, and whether
 * the run's sources end with it.
 *
 * JSON in the record's frame. Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";

export interface Barrier {
  readonly run: number;
  readonly savepoint: number;
  /** Channels that bring it to the partition which logs it; 0 where it enters a shard. */
  readonly channels: number;
  /** Set where the run's time is at its end before the savepoint; the stream itself goes on. */
  readonly drains?: true;
}

export function encodeBarrier(barrier: Barrier): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(barrier));
}

/** Throws `FRAME_CORRUPT`. */
export function decodeBarrier(bytes: Uint8Array): Barrier {
  try {
    const { run, savepoint, channels, drains } = JSON.parse(new TextDecoder().decode(bytes));
    const barrier = { run, savepoint, channels, ...(drains === true && { drains: true as const }) };
    if ([run, savepoint, channels].every(Number.isSafeInteger)) return barrier;
  } catch {
    // Told below, as any other damage.
  }
  throw new EngineError("FRAME_CORRUPT", { message: "A barrier in the log cannot be read." });
}
