/**
 * JSON strings: finding their end, checking their UTF-8 and undoing their escapes.
 *
 * The scan for the end stops at any byte that needs a second look (quote, backslash, control, not ASCII),
 * so a plain string is checked by the scan itself. Strings without escapes stay in the input; the others
 * are written to a heap behind which 16 bytes may be overwritten. A surrogate without its partner becomes
 * U+FFFD, as TextEncoder has it.
 */
import { JSON_EXPECTED_CHARACTER, JSON_EXPECTED_ESCAPE, JSON_EXPECTED_HEX, JSON_EXPECTED_UTF8 } from "./abi";
import { BACKSLASH, QUOTE } from "./characters";
import { fail } from "./fault";

let heapNext: usize = 0;
let heapMissing: bool = false;
let hasEscapes: bool = false;

export function heapTop(): usize {
  return heapNext;
}

/**
 * Sets the next free byte of the heap, 0 = there is none. It must have room for as many bytes as the input,
 * times the most columns that one field has, and 64 more.
 */
export function heapTopSet(top: usize): void {
  heapNext = top;
  heapMissing = false;
}

/** Returns whether there is a heap, and notes where not that one was needed. */
export function heapReserve(): bool {
  if (!heapNext) heapMissing = true;
  return heapNext != 0;
}

/** True when a value needed the heap and there is none. */
export function heapIsMissing(): bool {
  return heapMissing;
}

/** Returns the address of the first quote, backslash, control byte or byte above 0x7f at or behind `at`. */
@inline
export function plainEnd(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    // As a signed number, a byte above 0x7f is below a space, just as the control bytes are.
    const special = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_s(bytes, i8x16.splat(0x20)),
    );
    const mask = i8x16.bitmask(special);
    if (mask) return at + ctz(mask);
    at += 16;
  }
}

/** Reads the string whose opening quote is at `at`; returns the address behind its closing quote. */
@inline
export function stringSkip(at: usize): usize {
  const special = plainEnd(at + 1);
  return <u32>load<u8>(special) == QUOTE ? special + 1 : stringSkipRest(special);
}

/**
 * As `stringSkip`; afterwards `nameHasEscapes` says whether the text is to be compared with
 * `escapedEquals`.
 */
export function nameSkip(at: usize): usize {
  hasEscapes = false;
  return stringSkip(at);
}

export function nameHasEscapes(): bool {
  return hasEscapes;
}

function stringSkipRest(special: usize): usize {
  const end = stringEnd(special);
  return end ? end + 1 : 0;
}

/** As `stringSkip`, and stores the string's address and length (without escapes) at `lane`. */
@inline
export function stringRead(at: usize, lane: usize): usize {
  const start = at + 1;
  const special = plainEnd(start);
  if (<u32>load<u8>(special) != QUOTE) return stringReadRest(start, special, lane);
  store<u32>(lane, <u32>start);
  store<u32>(lane, <u32>(special - start), 4);
  return special + 1;
}

function stringReadRest(start: usize, special: usize, lane: usize): usize {
  hasEscapes = false;
  const end = stringEnd(special);
  if (!end) return 0;
  if (!hasEscapes) {
    store<u32>(lane, <u32>start);
    store<u32>(lane, <u32>(end - start), 4);
    return end + 1;
  }
  if (!heapReserve()) return 0;
  const target = heapNext;
  heapNext = unescape(start, end, target);
  store<u32>(lane, <u32>target);
  store<u32>(lane, <u32>(heapNext - target), 4);
  // Readers of numbers and times in strings stop at the quote behind them.
  store<u8>(heapNext, QUOTE);
  return end + 1;
}

/**
 * Returns the address of the closing quote, or 0; `at` is the first special byte. Notes whether there are
 * escapes.
 */
function stringEnd(at: usize): usize {
  while (true) {
    const byte = <u32>load<u8>(at);
    if (byte == QUOTE) return at;
    if (byte == BACKSLASH) {
      hasEscapes = true;
      at = escapeSkip(at);
    } else if (byte < 0x20) {
      return fail(JSON_EXPECTED_CHARACTER, at);
    } else {
      at = utf8Skip(at);
    }
    if (!at) return 0;
    at = plainEnd(at);
  }
}

function escapeSkip(at: usize): usize {
  switch (<u32>load<u8>(at, 1)) {
    case 0x22:
    case 0x5c:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2;
    case 0x75:
      for (let digit: usize = 2; digit < 6; digit++) {
        if (hexValue(<u32>load<u8>(at + digit)) > 15) return fail(JSON_EXPECTED_HEX, at + digit);
      }
      return at + 6;
    default:
      return fail(JSON_EXPECTED_ESCAPE, at + 1);
  }
}

/** Checks the characters above 0x7f that begin at `at`; returns the address of the first byte behind them. */
function utf8Skip(at: usize): usize {
  while (true) {
    const lead = <u32>load<u8>(at);
    if (lead < 0x80) return at;
    const second = <u32>load<u8>(at, 1);
    if (lead < 0xe0) {
      if (lead < 0xc2 || !isContinuation(second)) return fail(JSON_EXPECTED_UTF8, at);
      at += 2;
    } else if (lead < 0xf0) {
      // No overlong forms below U+0800 and no surrogates.
      const isGood = lead == 0xe0 ? second >= 0xa0 : lead == 0xed ? second < 0xa0 : true;
      if (!isGood || !isContinuation(second) || !isContinuation(<u32>load<u8>(at, 2))) {
        return fail(JSON_EXPECTED_UTF8, at);
      }
      at += 3;
    } else {
      // No overlong forms below U+10000 and nothing above U+10FFFF.
      const isGood = lead == 0xf0 ? second >= 0x90 : lead == 0xf4 ? second < 0x90 : lead < 0xf4;
      if (
        !isGood || !isContinuation(second) ||
        !isContinuation(<u32>load<u8>(at, 2)) || !isContinuation(<u32>load<u8>(at, 3))
      ) {
        return fail(JSON_EXPECTED_UTF8, at);
      }
      at += 4;
    }
  }
}

@inline
function isContinuation(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}

/** Returns the value of a hexadecimal digit, above 15 for any other byte. */
@inline
function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

@inline
function hexUnit(at: usize): u32 {
  return (
    (hexValue(<u32>load<u8>(at)) << 12) | (hexValue(<u32>load<u8>(at, 1)) << 8) |
    (hexValue(<u32>load<u8>(at, 2)) << 4) | hexValue(<u32>load<u8>(at, 3))
  );
}

/** Copies a checked string without its escapes to `target`; returns the address behind the copy. */
function unescape(start: usize, end: usize, target: usize): usize {
  let at = start;
  while (true) {
    const bytes = v128.load(at);
    v128.store(target, bytes);
    const mask = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x5c)));
    const run: usize = mask ? <usize>ctz(mask) : 16;
    if (at + run >= end) return target + (end - at);
    at += run;
    target += run;
    if (!mask) continue;
    const kind = <u32>load<u8>(at, 1);
    if (kind != 0x75) {
      store<u8>(target++, escapedByte(kind));
      at += 2;
      continue;
    }
    const unit = hexUnit(at + 2);
    at += 6;
    if (unit - 0xd800 < 0x800) {
      const low: u32 = isLowSurrogateEscape(at) ? hexUnit(at + 2) : 0;
      if (unit < 0xdc00 && low) {
        target = utf8Write(target, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
        at += 6;
      } else {
        target = utf8Write(target, 0xfffd);
      }
    } else {
      target = utf8Write(target, unit);
    }
  }
}

@inline
function isLowSurrogateEscape(at: usize): bool {
  return <u32>load<u16>(at) == 0x755c && hexUnit(at + 2) - 0xdc00 < 0x400;
}

function escapedByte(kind: u32): u32 {
  switch (kind) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    default: return kind;
  }
}

function utf8Write(target: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(target, point);
    return target + 1;
  }
  if (point < 0x800) {
    store<u8>(target, 0xc0 | (point >> 6));
    store<u8>(target, 0x80 | (point & 0x3f), 1);
    return target + 2;
  }
  if (point < 0x10000) {
    store<u8>(target, 0xe0 | (point >> 12));
    store<u8>(target, 0x80 | ((point >> 6) & 0x3f), 1);
    store<u8>(target, 0x80 | (point & 0x3f), 2);
    return target + 3;
  }
  store<u8>(target, 0xf0 | (point >> 18));
  store<u8>(target, 0x80 | ((point >> 12) & 0x3f), 1);
  store<u8>(target, 0x80 | ((point >> 6) & 0x3f), 2);
  store<u8>(target, 0x80 | (point & 0x3f), 3);
  return target + 4;
}

/**
 * True when the escaped text of a checked string spells the `bytes` bytes at `name`.
 *
 * A surrogate without its partner becomes bytes that are no UTF-8, and so spells no name of a schema.
 */
export function escapedEquals(start: usize, end: usize, name: usize, bytes: u32): bool {
  const nameEnd = name + bytes;
  const scratch = memory.data(8);
  let at = start;
  while (at < end) {
    let next = at + 1;
    let written: usize = 1;
    store<u8>(scratch, load<u8>(at));
    if (<u32>load<u8>(at) == BACKSLASH) {
      const kind = <u32>load<u8>(at, 1);
      next = at + 2;
      if (kind == 0x75) {
        const unit = hexUnit(at + 2);
        const isPair = unit - 0xd800 < 0x400 && isLowSurrogateEscape(at + 6);
        next = at + (isPair ? 12 : 6);
        const point = isPair ? 0x10000 + ((unit - 0xd800) << 10) + (hexUnit(at + 8) - 0xdc00) : unit;
        written = utf8Write(scratch, point) - scratch;
      } else {
        store<u8>(scratch, escapedByte(kind));
      }
    }
    for (let index: usize = 0; index < written; index++) {
      if (name == nameEnd || load<u8>(name++) != load<u8>(scratch + index)) return false;
    }
    at = next;
  }
  return name == nameEnd;
}
