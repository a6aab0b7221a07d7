/**
 * BYTES: a string in base64 (RFC 4648, section 4), strictly: padded, no white space, no bits left over.
 */
import { JSON_EXPECTED_TYPE } from "./abi";
import { QUOTE } from "./characters";
import { fail } from "./fault";
import { heapReserve, heapTop, heapTopSet, stringRead } from "./strings";

const text = memory.data(8, 8);
const PADDING: u32 = 0x3d;

/** Reads a base64 string and stores the address and length of its bytes, which go to the heap. */
export function base64Read(at: usize, lane: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) return fail(JSON_EXPECTED_TYPE, at);
  if (!heapReserve()) return 0;
  // A text with escapes is written here too, and then overwritten by its own bytes.
  const target = heapTop();
  const next = stringRead(at, text);
  if (!next) return 0;
  const start = <usize>load<u32>(text);
  const bytes = load<u32>(text, 4);
  if (bytes & 3) return fail(JSON_EXPECTED_TYPE, at);
  let to = target;
  let padding: u32 = 0;
  if (bytes && <u32>load<u8>(start + bytes - 1) == PADDING) {
    padding = 1 + u32(<u32>load<u8>(start + bytes - 2) == PADDING);
  }
  for (let from = start; from < start + bytes; from += 4) {
    const isLast = from + 4 == start + bytes;
    const dropped: u32 = isLast ? padding : 0;
    const third: u32 = dropped > 1 ? 0 : sextet(<u32>load<u8>(from, 2));
    const fourth: u32 = dropped > 0 ? 0 : sextet(<u32>load<u8>(from, 3));
    const first = sextet(<u32>load<u8>(from));
    const second = sextet(<u32>load<u8>(from, 1));
    if ((first | second | third | fourth) > 63) return fail(JSON_EXPECTED_TYPE, at);
    const group = (first << 18) | (second << 12) | (third << 6) | fourth;
    if (group & ((1 << (dropped << 3)) - 1)) return fail(JSON_EXPECTED_TYPE, at);
    store<u8>(to, group >> 16);
    store<u8>(to, group >> 8, 1);
    store<u8>(to, group, 2);
    to += 3 - dropped;
  }
  heapTopSet(to);
  store<u32>(lane, <u32>target);
  store<u32>(lane, <u32>(to - target), 4);
  return next;
}

/** Returns the value of a base64 digit, above 63 for any other byte. */
@inline
function sextet(byte: u32): u32 {
  if ((byte | 0x20) - 0x61 < 26) return byte < 0x61 ? byte - 0x41 : byte - 0x47;
  if (byte - 0x30 < 10) return byte + 4;
  return byte == 0x2b ? 62 : byte == 0x2f ? 63 : 64;
}
