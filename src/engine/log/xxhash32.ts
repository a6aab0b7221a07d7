/**
 * XXH32, seed 0: the checksum of what the log itself writes.
 *
 * The 64-bit hash of keys and frames needs BigInt outside of a kernel, at a tenth of this speed, and an
 * append may not wait for a kernel. Frames carry their own checksum, so this one runs over headers and
 * acceptance rows only.
 */
const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

/** Returns the XXH32 of `bytes[0, length)` as an unsigned 32-bit integer. */
export function xxhash32(bytes: Uint8Array, length: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let at = 0;
  let hash = prime5;
  if (length >= 16) {
    let first = (prime1 + prime2) | 0;
    let second = prime2 | 0;
    let third = 0;
    let fourth = -prime1 | 0;
    for (; at + 16 <= length; at += 16) {
      first = round(first, view.getUint32(at, true));
      second = round(second, view.getUint32(at + 4, true));
      third = round(third, view.getUint32(at + 8, true));
      fourth = round(fourth, view.getUint32(at + 12, true));
    }
    hash = rotate(first, 1) + rotate(second, 7) + rotate(third, 12) + rotate(fourth, 18);
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(view.getUint32(at, true), prime3)) | 0, 17), prime4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(view.getUint8(at), prime5)) | 0, 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function round(lane: number, input: number): number {
  return Math.imul(rotate((lane + Math.imul(input, prime2)) | 0, 13), prime1);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
