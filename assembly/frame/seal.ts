/**
 * The checksum of a frame: XXH64, seed 0, over all bytes before it.
 */
import { xxhash64 } from "../hash/xxhash64";

/** Writes the checksum of the `bytes` bytes at `start` behind them. */
export function frameSeal(start: usize, bytes: u32): void {
  store<u64>(start + <usize>bytes, xxhash64(start, <usize>bytes, 0));
}

/** Whether the checksum behind the `bytes` bytes at `start` is theirs. */
export function frameIsSealed(start: usize, bytes: u32): bool {
  return load<u64>(start + <usize>bytes) == xxhash64(start, <usize>bytes, 0);
}
