/**
 * Rows that are known by other columns than a table's key, made rows of that key: where several have one key,
 * the last of them is shown, or the first; or none may.
 *
 * All rows of a key are kept in the order in which they came, so that one that is taken back shows the one
 * before it again.
 */

import { evaluationError } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import { toHex } from "../../interpreter/values/value-json.ts";
import type { MaterializeOperator } from "../../protocol/dataflow.ts";
import { isAdded, RowKind } from "./chain-row.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { Slot } from "./state-table.ts";

export function openMaterialize(plan: MaterializeOperator, { state, emit }: OperatorContext): Operator {
  const { key, keyTypes, types, conflict, table } = plan;
  const rowsType: SqlType = {
    name: "ARRAY",
    isNullable: false,
    element: {
      name: "ROW",
      isNullable: false,
      fields: types.map((type, index) => ({ name: `f${index}`, type })),
    },
  };
  const rows = state.table<readonly Row[]>({
    encode: (value) => encodeRow([rowsType], [value]),
    decode: (bytes) => decodeRow([rowsType], bytes)[0] as readonly Row[],
  });
  const nameOf = (row: Row) => toHex(encodeRow(types, row));
  /** Keys of the record that had several rows at some time. */
  const crowded = new Map<string, Slot<readonly Row[]>>();
  return {
    push: ({ kind, group, values }) => {
      const keyBytes = encodeRow(
        keyTypes,
        key.map((column) => values[column] ?? null),
      );
      const slot = rows.get(group, keyBytes);
      const before = slot.value ?? [];
      const after = isAdded({ kind }) ? [...before, values] : withoutLast(before, nameOf, nameOf(values));
      rows.put(slot, after.length === 0 ? undefined : after);
      if (conflict === "error" && after.length > 1) crowded.set(slot.name, slot);
      const [was, is] = [before, after].map((list) => (conflict === "nothing" ? list[0] : list.at(-1)));
      if (was && is && nameOf(was) === nameOf(is)) return;
      if (is) emit({ kind: was ? RowKind.UpdateAfter : RowKind.Insert, group, values: is });
      else if (was) emit({ kind: RowKind.Delete, group, values: was });
    },
    endRows: () => {
      for (const { value = [] } of crowded.values()) {
        if (value.length > 1) throw evaluationError(`Several rows have one PRIMARY KEY of ${table}.`);
      }
      crowded.clear();
    },
  };
}

/** The rows without the last that is equal; those that never came are not taken back. */
function withoutLast(rows: readonly Row[], nameOf: (row: Row) => string, name: string): readonly Row[] {
  const place = rows.findLastIndex((row) => nameOf(row) === name);
  return place < 0 ? rows : [...rows.slice(0, place), ...rows.slice(place + 1)];
}
