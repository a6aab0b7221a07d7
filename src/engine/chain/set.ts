/**
 * INTERSECT and EXCEPT: how often a row is in the result follows from how often each side has it.
 */

import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import type { SetOperator } from "../../protocol/dataflow.ts";
import { isAdded, RowKind } from "./chain-row.ts";
import type { Operator, OperatorContext } from "./operator.ts";

/** How often a row came by each side, less how often it was taken back. */
type Counts = readonly [left: number, right: number];

const countTypes: readonly SqlType[] = Object.freeze([
  { name: "BIGINT", isNullable: false } as const,
  { name: "BIGINT", isNullable: false } as const,
]);

const countsCodec = Object.freeze({
  encode: (counts: Counts) => encodeRow(countTypes, counts.map(BigInt)),
  decode: (bytes: Uint8Array): Counts => {
    const [left, right] = decodeRow(countTypes, bytes);
    return [Number(left), Number(right)];
  },
});

export function openSet({ set, isAll, types }: SetOperator, { emit, state }: OperatorContext): Operator {
  const counts = state.table<Counts>(countsCodec);
  const timesOf = ([left, right]: Counts): number => {
    const [one, other] = [Math.max(0, left), Math.max(0, right)];
    if (set === "intersect") return isAll ? Math.min(one, other) : Math.min(one, other, 1);
    return isAll ? Math.max(0, one - other) : Number(one > 0 && other === 0);
  };
  return {
    push: (row, input) => {
      const slot = counts.get(row.group, encodeRow(types, row.values as Row));
      const before = slot.value ?? [0, 0];
      const change = isAdded(row) ? 1 : -1;
      const after: Counts = input === 0 ? [before[0] + change, before[1]] : [before[0], before[1] + change];
      counts.put(slot, after[0] === 0 && after[1] === 0 ? undefined : after);
      const more = timesOf(after) - timesOf(before);
      const kind = more > 0 ? RowKind.Insert : RowKind.Delete;
      for (let left = Math.abs(more); left > 0; left--) emit({ ...row, kind });
    },
  };
}
