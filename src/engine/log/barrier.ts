/**
 * What a barrier says: which savepoint of which run, and how many channels bring it to a partition.
 *
 * JSON in the record's frame. Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";

export interface Barrier {
  readonly run: number;
  readonly savepoint: number;
  /** Channels that bring it to the partition which logs it; 0 where it enters a shard. */
  readonly channels: number;
}

export function encodeBarrier(barrier: Barrier): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(barrier));
}

/** Throws `FRAME_CORRUPT`. */
export function decodeBarrier(bytes: Uint8Array): Barrier {
  try {
    const { run, savepoint, channels } = JSON.parse(new TextDecoder().decode(bytes));
    if ([run, savepoint, channels].every(Number.isSafeInteger)) return { run, savepoint, channels };
  } catch {
    // Told below, as any other damage.
  }
  throw new EngineError("FRAME_CORRUPT", { message: "A barrier in the log cannot be read." });
}
