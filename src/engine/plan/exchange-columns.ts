/**
 * What travels between two stages of a dataflow, as a stream of its own.
 *
 *   $tag      BIGINT: the port for which the row is, times four, and the row's kind
 *   $row      BYTES: the row's values, by `encodeRow` with the port's types
 *   $key0 …   the values by whose hash a row goes to a partition, each in its lane; or one column of BYTES,
 *             all of them by `encodeRow`, where they are too many or ports have different lanes for them
 *
 * The tag stands in for an event time, which such a stream has none of: time travels in the channels.
 */
import { keyColumnsMax } from "../../base/limits.ts";
import { type Column, kindOf } from "../../columnar/schema.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { StageInput } from "../../protocol/dataflow.ts";
import { columnTypeOf } from "./lane-values.ts";

export const tagColumn = 0;
export const rowColumn = 1;
/** Index of the first key column. */
export const firstKeyColumn = 2;

export const tagName = "$tag";

/** Kinds of rows that a tag tells apart. */
export const kindsPerPort = 4;

export interface ExchangeColumns {
  readonly columns: readonly Column[];
  /** False where the key travels as one column of BYTES. */
  readonly keyLanes: boolean;
}

/**
 * The columns of what the inputs of a stage bring. Keys lie in lanes of the form that views have, so that
 * rows come to the partition where a query by the view's key looks for them.
 */
export function exchangeColumnsOf(inputs: readonly StageInput[]): ExchangeColumns {
  const [first] = inputs;
  const keyed = first?.key ?? [];
  const types = keyTypesOf(first);
  const kindsOf = (input: StageInput) => keyTypesOf(input).map((type) => kindOf(columnTypeOf(type, "text")));
  const kinds = String(kindsOf(first as StageInput));
  const keyLanes = keyed.length <= keyColumnsMax && inputs.every((input) => String(kindsOf(input)) === kinds);
  const keys = keyLanes
    ? types.map((type, index) => ({ name: `$key${index}`, type: columnTypeOf(type, "text"), nullable: true }))
    : [{ name: "$key0", type: { name: "BYTES" } as const, nullable: false }];
  return {
    keyLanes,
    columns: [
      { name: tagName, type: { name: "BIGINT" }, nullable: false },
      { name: "$row", type: { name: "BYTES" }, nullable: false },
      ...keys,
    ],
  };
}

export function keyTypesOf(input: Pick<StageInput, "key" | "types"> | undefined): SqlType[] {
  return (input?.key ?? []).map((column) => input?.types[column] as SqlType);
}
