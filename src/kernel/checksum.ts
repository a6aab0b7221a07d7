/**
 * The checksum of bytes, most of which lie in kernel memory already.
 */
import { READ_AHEAD_BYTES } from "../../assembly/abi.ts";
import type { Kernel } from "./kernel.ts";

/** Returns the XXH64 (seed 0) of `bytes` bytes at `pointer`, as an unsigned 64-bit integer. */
export function checksumOf(kernel: Kernel, pointer: number, bytes: number): bigint {
  return BigInt.asUintN(64, kernel.exports.hashBytes(pointer, bytes, 0n));
}

/** Returns the same of bytes that lie elsewhere. */
export function checksumOfBytes(kernel: Kernel, bytes: Uint8Array): bigint {
  const pointer = kernel.memory.allocate(bytes.length + READ_AHEAD_BYTES);
  kernel.memory.bytes.set(bytes, pointer);
  const checksum = checksumOf(kernel, pointer, bytes.length);
  kernel.memory.release(pointer);
  return checksum;
}
