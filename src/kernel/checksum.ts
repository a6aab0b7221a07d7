/**
 * The checksum of bytes that already lie in kernel memory.
 */
import type { Kernel } from "./kernel.ts";

/** Returns the XXH64 (seed 0) of `bytes` bytes at `pointer`, as an unsigned 64-bit integer. */
export function checksumOf(kernel: Kernel, pointer: number, bytes: number): bigint {
  return BigInt.asUintN(64, kernel.exports.hashBytes(pointer, bytes, 0n));
}
