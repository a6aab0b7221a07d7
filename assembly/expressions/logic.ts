/**
 * Three-valued logic, choices between columns, and comparisons of BYTES.
 *
 * A null's lane is zero, that is false: AND and OR need only get the validity right.
 */
import { COLUMN_LANES } from "../abi";
import { OP_EQUAL_BYTES, OP_LESS_BYTES, OP_LESS_OR_EQUAL_BYTES, OP_NOT_EQUAL_BYTES } from "./abi";
import { first, Operand, second, target, targetNulls, third } from "./operand";

/**
 * target[i] = first[i] AND second[i]: false where one is false, else null where one is null. Returns the
 * nulls.
 */
export function logicalAnd(rows: u32): u32 {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    store<i64>(target.lanes + row * 8, a & b);
  }
  if (!first.hasNulls && !second.hasNulls) return 0;
  for (let row: usize = 0; row < rows; row++) {
    const isFirst = isPresent(first, row);
    const isSecond = isPresent(second, row);
    const isFirstFalse = isFirst & <u32>(load<i64>(first.lanes + row * first.laneStep) == 0);
    const isSecondFalse = isSecond & <u32>(load<i64>(second.lanes + row * second.laneStep) == 0);
    store<u8>(target.validity + row, <u8>((isFirst & isSecond) | isFirstFalse | isSecondFalse));
  }
  return targetNulls(rows);
}

/**
 * target[i] = first[i] OR second[i]: true where one is true, else null where one is null. Returns the nulls.
 */
export function logicalOr(rows: u32): u32 {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    store<i64>(target.lanes + row * 8, a | b);
  }
  if (!first.hasNulls && !second.hasNulls) return 0;
  for (let row: usize = 0; row < rows; row++) {
    const either = <u32>load<i64>(target.lanes + row * 8);
    store<u8>(target.validity + row, <u8>((isPresent(first, row) & isPresent(second, row)) | either));
  }
  return targetNulls(rows);
}

/** target[i] = 1 where first[i] is null (`whenNull` 1) or is not (`whenNull` 0). Never null. */
export function isNull(whenNull: u32, rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    store<i64>(target.lanes + row * 8, <i64>(isPresent(first, row) ^ whenNull));
  }
}

/** target[i] = first[i] is true ? second[i] : third[i]. Returns the nulls. */
export function choose(rows: u32): u32 {
  for (let row: usize = 0; row < rows; row++) {
    const isTrue = load<i64>(first.lanes + row * first.laneStep) != 0;
    const then = load<i64>(second.lanes + row * second.laneStep);
    const otherwise = load<i64>(third.lanes + row * third.laneStep);
    store<i64>(target.lanes + row * 8, select(then, otherwise, isTrue));
  }
  if (!second.hasNulls && !third.hasNulls) return 0;
  for (let row: usize = 0; row < rows; row++) {
    const isTrue = load<i64>(first.lanes + row * first.laneStep) != 0;
    store<u8>(target.validity + row, <u8>select(isPresent(second, row), isPresent(third, row), isTrue));
  }
  return targetNulls(rows);
}

/** target[i] = first[i], or second[i] where that is null. Returns the nulls. */
export function coalesce(rows: u32): u32 {
  for (let row: usize = 0; row < rows; row++) {
    const a = load<i64>(first.lanes + row * first.laneStep);
    const b = load<i64>(second.lanes + row * second.laneStep);
    store<i64>(target.lanes + row * 8, select(a, b, isPresent(first, row)));
  }
  if (!first.hasNulls || !second.hasNulls) return 0;
  for (let row: usize = 0; row < rows; row++) {
    store<u8>(target.validity + row, <u8>(isPresent(first, row) | isPresent(second, row)));
  }
  return targetNulls(rows);
}

/** target[i] = first[i] OP second[i] for BYTES, by unsigned bytes, then by length. `op` is a constant. */
@inline
export function bytesCompare(op: i32, rows: u32): void {
  for (let row: usize = 0; row < rows; row++) {
    const p = first.lanes + row * first.laneStep;
    const q = second.lanes + row * second.laneStep;
    const pBytes = load<u32>(p, 4);
    const qBytes = load<u32>(q, 4);
    let result: bool;
    if (op == OP_EQUAL_BYTES || op == OP_NOT_EQUAL_BYTES) {
      const isEqual = pBytes == qBytes && bytesOrder(load<u32>(p), load<u32>(q), pBytes) == 0;
      result = isEqual == (op == OP_EQUAL_BYTES);
    } else {
      const order = bytesOrder(load<u32>(p), load<u32>(q), min(pBytes, qBytes));
      if (op == OP_LESS_BYTES) result = order < 0 || (order == 0 && pBytes < qBytes);
      else result = order < 0 || (order == 0 && pBytes <= qBytes);
    }
    store<i64>(target.lanes + row * 8, <i64>result);
  }
}

/**
 * Writes the row numbers whose BOOLEAN in the COLUMN at `column` is true to `rows` (room for u32[count]), in
 * order, and returns how many.
 *
 *   selection  u32[count] of row numbers to look at, or 0 for the rows 0..count-1; it may be `rows` itself
 */
export function selectTrue(column: usize, selection: usize, count: u32, rows: usize): u32 {
  const lanes = <usize>load<u32>(column, COLUMN_LANES);
  let out = rows;
  if (selection == 0) {
    for (let row: u32 = 0; row < count; row++) {
      store<u32>(out, row);
      out += <usize>load<u32>(lanes + <usize>row * 8) << 2;
    }
  } else {
    for (let index: usize = 0; index < count; index++) {
      const row = load<u32>(selection + index * 4);
      store<u32>(out, row);
      out += <usize>load<u32>(lanes + <usize>row * 8) << 2;
    }
  }
  return <u32>((out - rows) >> 2);
}

@inline
function isPresent(operand: Operand, row: usize): u32 {
  return operand.hasNulls ? <u32>load<u8>(operand.validity + row * operand.validityStep) : 1;
}

/** Below, at or above zero as the first `bytes` at `p` come before, equal or come after those at `q`. */
function bytesOrder(p: usize, q: usize, bytes: u32): i32 {
  let rest = bytes;
  while (rest >= 8) {
    const a = load<u64>(p);
    const b = load<u64>(q);
    if (a != b) return bswap<u64>(a) < bswap<u64>(b) ? -1 : 1;
    p += 8;
    q += 8;
    rest -= 8;
  }
  while (rest > 0) {
    const difference = <i32>load<u8>(p) - <i32>load<u8>(q);
    if (difference != 0) return difference;
    p++;
    q++;
    rest--;
  }
  return 0;
}
