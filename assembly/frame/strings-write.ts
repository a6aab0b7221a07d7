/**
 * STRINGS blocks, the writing side (layout: `section.ts`).
 *
 * Values are BYTES lanes without nulls. Reads up to 8 bytes behind a value.
 */
import { digitsParse, isDigit } from "./digits";
import { integersMeasure, integersWrite } from "./integers";
import { DIGITS_MAX, PREFIX_BYTES_MAX, STRINGS_NUMBERS, STRINGS_PLAIN } from "./section";

/** What the last `stringsMeasure` found; `stringsWrite` goes by it. */
let form: u32 = 0;
let prefix: u32 = 0;
let digits: u32 = 0;
let lengthLeast: u32 = 0;
let lengthMost: u32 = 0;
let bytesTotal: u32 = 0;

/** True where the last measured strings are kept as numbers. */
export function stringsAreNumbers(): bool {
  return form == STRINGS_NUMBERS;
}

/** True where the last measured strings are all the same. */
export function stringsAreEqual(): bool {
  return lengthLeast == lengthMost && prefix == lengthMost;
}

/**
 * Chooses how to write the strings values[0..count), count > 0; returns the bytes of the block.
 *
 * `integers`, i64[count], receives their lengths or numbers for `stringsWrite`.
 */
export function stringsMeasure(values: usize, count: u32, integers: usize): u32 {
  survey(values, count);
  const head = 2 + prefix;
  if (lengthMost > 0 && toNumbers(values, count, integers)) {
    form = STRINGS_NUMBERS;
    return 3 + prefix + integersMeasure(integers, count);
  }
  form = STRINGS_PLAIN;
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i << 3;
    store<u64>(integers + at, <u64>(load<u32>(values + at, 4) - prefix));
  }
  return head + integersMeasure(integers, count) + bytesTotal - prefix * count;
}

/** Finds the common prefix, the range of lengths and their sum. */
function survey(values: usize, count: u32): void {
  const first = <usize>load<u32>(values);
  let common = min<u32>(load<u32>(values, 4), PREFIX_BYTES_MAX);
  let least = u32.MAX_VALUE;
  let most: u32 = 0;
  let total: u32 = 0;
  const head = common > 0 ? load<u64>(first) : 0;
  const end = values + (<usize>count << 3);
  for (let lane = values; lane < end; lane += 8) {
    const length = load<u32>(lane, 4);
    least = min<u32>(least, length);
    most = max<u32>(most, length);
    total += length;
    common = min<u32>(common, length);
    if (common == 0) continue;
    const pointer = <usize>load<u32>(lane);
    const difference = load<u64>(pointer) ^ head;
    if (difference) common = min<u32>(common, <u32>ctz<u64>(difference) >> 3);
    else if (common > 8) common = commonLength(first, pointer, common);
  }
  prefix = common;
  lengthLeast = least;
  lengthMost = most;
  bytesTotal = total;
}

function commonLength(left: usize, right: usize, limit: u32): u32 {
  for (let at: u32 = 8; at < limit; at += 8) {
    const difference = load<u64>(left + <usize>at) ^ load<u64>(right + <usize>at);
    if (difference) return min<u32>(limit, at + (<u32>ctz<u64>(difference) >> 3));
  }
  return limit;
}

/** Where every value is prefix and number: sets `prefix` and `digits`, fills `integers`, returns true. */
function toNumbers(values: usize, count: u32, integers: usize): bool {
  // Digits at the end of the common prefix belong to the numbers.
  const first = <usize>load<u32>(values);
  let start = prefix;
  while (start > 0 && isDigit(load<u8>(first + <usize>(start - 1)))) start--;
  if (lengthLeast <= start || lengthMost - start > DIGITS_MAX) return false;
  const hasOneLength = lengthLeast == lengthMost;
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>i << 3;
    const pointer = <usize>load<u32>(values + at) + <usize>start;
    const length = load<u32>(values + at, 4) - start;
    const number = digitsParse(pointer, length);
    if (number < 0) return false;
    if (!hasOneLength && length > 1 && load<u8>(pointer) == 0x30) return false;
    store<i64>(integers + at, number);
  }
  prefix = start;
  digits = hasOneLength ? lengthMost - start : 0;
  return true;
}

/** Writes the block that was measured last, of the same values and integers; returns its end. */
export function stringsWrite(values: usize, count: u32, integers: usize, target: usize): usize {
  store<u8>(target, form);
  store<u8>(target, prefix, 1);
  memory.copy(target + 2, <usize>load<u32>(values), <usize>prefix);
  let at = target + 2 + <usize>prefix;
  if (form == STRINGS_NUMBERS) {
    store<u8>(at, digits);
    return integersWrite(integers, count, at + 1);
  }
  at = integersWrite(integers, count, at);
  const skip = <usize>prefix;
  const end = values + (<usize>count << 3);
  for (let lane = values; lane < end; lane += 8) {
    const length = <usize>load<u32>(lane, 4) - skip;
    const source = <usize>load<u32>(lane) + skip;
    if (length <= 16) v128.store(at, v128.load(source));
    else memory.copy(at, source, length);
    at += length;
  }
  return at;
}
