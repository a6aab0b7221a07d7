/**
 * XXH64, the one hash of keys and checksums. Bit-equal to the published algorithm; state on disk depends on
 * it.
 */
const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;

// @ts-ignore: decorator
@inline
function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1;
}

// @ts-ignore: decorator
@inline
function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4;
}

/** Hash of the bytes behind the last whole 32, then the final mix. `hash` already holds the length. */
// @ts-ignore: decorator
@inline
function finish(hash: u64, at: usize, end: usize): u64 {
  while (at + 8 <= end) {
    hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4;
    at += 8;
  }
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    at += 4;
  }
  while (at < end) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1;
    at++;
  }
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}

/** Hash of `bytes` (at least 32) at `pointer`: four lanes side by side. */
function hashLong(pointer: usize, bytes: usize, seed: u64): u64 {
  let first = seed + PRIME_1 + PRIME_2;
  let second = seed + PRIME_2;
  let third = seed;
  let fourth = seed - PRIME_1;
  let at = pointer;
  const end = pointer + bytes;
  do {
    first = round(first, load<u64>(at));
    second = round(second, load<u64>(at, 8));
    third = round(third, load<u64>(at, 16));
    fourth = round(fourth, load<u64>(at, 24));
    at += 32;
  } while (at + 32 <= end);
  let hash = rotl<u64>(first, 1) + rotl<u64>(second, 7) + rotl<u64>(third, 12) + rotl<u64>(fourth, 18);
  hash = merge(merge(merge(merge(hash, first), second), third), fourth);
  return finish(hash + <u64>bytes, at, end);
}

/** XXH64 of `bytes` bytes at `pointer`; reads exactly those. */
// @ts-ignore: decorator
@inline
export function xxhash64(pointer: usize, bytes: usize, seed: u64): u64 {
  if (bytes >= 32) return hashLong(pointer, bytes, seed);
  return finish(seed + PRIME_5 + <u64>bytes, pointer, pointer + bytes);
}

/** The same as a call, for hosts and long buffers. */
export function hashBytes(pointer: usize, bytes: usize, seed: u64): u64 {
  return xxhash64(pointer, bytes, seed);
}
