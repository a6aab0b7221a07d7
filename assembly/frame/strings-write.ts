/**
 * STRINGS blocks, the writing side (layout: `section.ts`).
 *
 * Values are BYTES lanes without nulls. Reads up to 16 bytes behind a value.
 */
import { isDiverse } from "./dictionary";
import { digitsParse, isDigit } from "./digits";
import { integersMeasure, integersMeasureNarrow, integersWrite } from "./integers";
import { numbersDigits, numbersFrom, numbersPrefix } from "./numbers";
import { DIGITS_MAX, PREFIX_BYTES_MAX, STRINGS_NUMBERS, STRINGS_PLAIN } from "./section";

/** What the last `stringsMeasure` found; `stringsWrite` goes by it. */
let form: u32 = 0;
let prefix: u32 = 0;
let digits: u32 = 0;
let lengthLeast: u32 = 0;
let lengthMost: u32 = 0;
let bytesTotal: u32 = 0;
let numbers: usize = 0;
let numbersCount: u32 = 0;
let numbersAreNarrow: bool = false;

/** True where the last measured strings are kept as numbers. */
export function stringsAreNumbers(): bool {
  return form == STRINGS_NUMBERS;
}

/** True where the last measured strings are all the same, and none a number. */
export function stringsAreEqual(): bool {
  return form == STRINGS_PLAIN && lengthLeast == lengthMost && prefix == lengthMost;
}

/** True where the last measured strings are numbers that repeat too little for a dictionary. */
export function stringsAreDiverse(): bool {
  return form == STRINGS_NUMBERS && isDiverse(numbers, numbersCount, numbersAreNarrow);
}

/**
 * Chooses how to write the strings values[0..count), count > 0; returns the bytes of the block.
 *
 * `integers`, i64[count], and `narrow`, i32[count] and 16 bytes, receive their lengths or numbers for
 * `stringsWrite`.
 */
export function stringsMeasure(values: usize, count: u32, integers: usize, narrow: usize): u32 {
  numbersCount = count;
  numbersAreNarrow = numbersFrom(values, count, narrow);
  if (numbersAreNarrow) {
    form = STRINGS_NUMBERS;
    prefix = numbersPrefix();
    digits = numbersDigits();
    numbers = narrow;
    return 3 + prefix + integersMeasureNarrow(narrow, count, 0);
  }
  survey(values, count);
  if (lengthMost > 0 && toNumbers(values, count, integers)) {
    form = STRINGS_NUMBERS;
    numbers = integers;
    return 3 + prefix + integersMeasure(integers, count, narrow);
  }
  form = STRINGS_PLAIN;
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(narrow + (<usize>i << 2), load<u32>(values + (<usize>i << 3), 4) - prefix);
  }
  return 2 + prefix + integersMeasureNarrow(narrow, count, 0) + bytesTotal - prefix * count;
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

/** Writes the block that was measured last, of the same values; returns its end. */
export function stringsWrite(values: usize, count: u32, target: usize): usize {
  store<u8>(target, form);
  store<u8>(target, prefix, 1);
  memory.copy(target + 2, <usize>load<u32>(values), <usize>prefix);
  let at = target + 2 + <usize>prefix;
  if (form == STRINGS_NUMBERS) {
    store<u8>(at, digits);
    return integersWrite(at + 1);
  }
  at = integersWrite(at);
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
