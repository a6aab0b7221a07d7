/**
 * The hash of a cell of a chain's state. Where a cell lies is decided by it, and lies in storage: it can
 * never change.
 *
 * Two lanes of 32 bits, each a multiplicative hash of all bytes, mixed into each other at the end: these are
 * numbers that JavaScript calculates with at full speed, unlike the 64 bits of the kernel's hash.
 */

/** Returns an unsigned 64-bit hash of the bytes; `seed` tells apart cells of the same bytes. */
export function stateHash(bytes: Uint8Array, seed: number): bigint {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    high = Math.imul(high ^ byte, 0x9e3779b1);
    low = Math.imul(low ^ byte, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}
