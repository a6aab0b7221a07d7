/**
 * A row on its way through a chain.
 */
import type { Row } from "../../interpreter/values/sql-value.ts";

/** What a row says of its table. The numbers travel between stages and lie in state. */
export const RowKind = { Insert: 0, UpdateBefore: 1, UpdateAfter: 2, Delete: 3 } as const;
export type RowKind = (typeof RowKind)[keyof typeof RowKind];

export const rowKindNames: readonly string[] = Object.freeze(["+I", "-U", "+U", "-D"]);

export interface ChainRow {
  readonly kind: RowKind;
  readonly values: Row;
  /** The key group by which it came here: what is kept of it moves with that. */
  readonly group: number;
}

/** Where an operator's rows go. */
export type Emit = (row: ChainRow) => void;

/** True for what is added, false for what is taken back. */
export function isAdded({ kind }: Pick<ChainRow, "kind">): boolean {
  return kind === RowKind.Insert || kind === RowKind.UpdateAfter;
}
