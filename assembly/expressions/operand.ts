/**
 * Operands of the instruction that runs: where a register's rows of the current chunk lie.
 *
 * A literal is one lane for all rows: its steps are 0. Its lane is there twice and its validity 16 times, so
 * that vector loads read it like a column. Loops may read and write one lane, and 15 validity bytes, past the
 * last row.
 */
import { COLUMN_LANES, COLUMN_NULL_COUNT, COLUMN_VALIDITY } from "../abi";
import { PLACE_COLUMN, PLACE_LITERAL, REGISTER_COLUMN, REGISTER_PLACE } from "./abi";

@unmanaged
export class Operand {
  column: usize;
  place: u32;
  lanes: usize;
  validity: usize;
  /** Bytes from a row's lane to the next: 8, or 0 for a literal. */
  laneStep: usize;
  /** Bytes from a row's validity to the next: 1, or 0 for a literal. */
  validityStep: usize;
  hasNulls: bool;
}

export const target = changetype<Operand>(memory.data(32, 8));
export const first = changetype<Operand>(memory.data(32, 8));
export const second = changetype<Operand>(memory.data(32, 8));
export const third = changetype<Operand>(memory.data(32, 8));

/** Points `operand` at the rows from `base` on of the REGISTER at `register`. */
export function operandSet(operand: Operand, register: usize, base: usize): void {
  const column = <usize>load<u32>(register, REGISTER_COLUMN);
  const place = load<u32>(register, REGISTER_PLACE);
  const offset: usize = place == PLACE_COLUMN ? base : 0;
  const step: usize = place == PLACE_LITERAL ? 0 : 1;
  operand.column = column;
  operand.place = place;
  operand.lanes = <usize>load<u32>(column, COLUMN_LANES) + offset * 8;
  operand.validity = <usize>load<u32>(column, COLUMN_VALIDITY) + offset;
  operand.laneStep = step * 8;
  operand.validityStep = step;
  operand.hasNulls = load<u32>(column, COLUMN_NULL_COUNT) > 0;
}

/**
 * Ends an instruction whose target's lanes are written: `nulls` of `rows` are null, their validity is written
 * where that is above zero. Lanes of nulls become zero. A column's validity is always written, since a later
 * chunk may hold its first null.
 */
export function targetFinish(nulls: u32, rows: u32, base: usize): void {
  const isColumn = target.place == PLACE_COLUMN;
  if (nulls > 0) clearNullLanes(rows);
  else if (isColumn) memory.fill(target.validity, 1, rows);
  const before: u32 = isColumn && base > 0 ? load<u32>(target.column, COLUMN_NULL_COUNT) : 0;
  store<u32>(target.column, before + nulls, COLUMN_NULL_COUNT);
}

/** Writes the target's validity: present where `first` and `second` both are. Returns the nulls. */
export function validityOfBoth(rows: u32): u32 {
  if (first.hasNulls && second.hasNulls) return validityAnd(first, second, rows);
  if (first.hasNulls) return validityAnd(first, first, rows);
  if (second.hasNulls) return validityAnd(second, second, rows);
  return 0;
}

/** Writes the target's validity: as `first`'s. Returns the nulls. */
export function validityOfFirst(rows: u32): u32 {
  return first.hasNulls ? validityAnd(first, first, rows) : 0;
}

/** As `validityOfBoth`, but written in any case: for operations that make nulls of their own. */
export function validityOfBothAlways(rows: u32): void {
  if (validityOfBoth(rows) == 0) memory.fill(target.validity, 1, rows);
}

/** Nulls among the first `rows` of the target's written validity. */
export function targetNulls(rows: u32): u32 {
  let present: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) present += load<u8>(target.validity + row);
  return rows - present;
}

function validityAnd(a: Operand, b: Operand, rows: u32): u32 {
  let p = a.validity;
  let q = b.validity;
  let t = target.validity;
  const pStep = a.validityStep * 16;
  const qStep = b.validityStep * 16;
  const end = t + rows;
  while (t < end) {
    v128.store(t, v128.and(v128.load(p), v128.load(q)));
    t += 16;
    p += pStep;
    q += qStep;
  }
  return targetNulls(rows);
}

function clearNullLanes(rows: u32): void {
  let lane = target.lanes;
  let validity = target.validity;
  const end = validity + rows;
  while (validity < end) {
    store<i64>(lane, load<i64>(lane) & -(<i64>load<u8>(validity)));
    lane += 8;
    validity++;
  }
}
