/**
 * Where the rows of a relation are: the columns by whose hash they came to their partition.
 *
 * Rows that agree in these columns are in one partition, so that all groups by these and any more are whole
 * there. That goes for the shards of a stream where its table is DISTRIBUTED BY columns: a shard's hash is of
 * the values as they lie in the stream, so it must never tell apart what is equal to SQL.
 */
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { ScanRelation } from "../bind/logical-plan.ts";

/** Columns in the order in which they are hashed; empty: all rows are in one partition. */
export type Placement = readonly number[];

/**
 * The columns of a scan that its stream is distributed by; undefined where equal rows may lie apart, and of a
 * stream that is made with one shard: what is done there may have more partitions than that.
 */
export function placementOfScan({ table, columns, fields }: ScanRelation): Placement | undefined {
  const { distribution, options } = table;
  const shards = Number(options.shards ?? distribution?.buckets ?? 1);
  const names = shards > 1 ? (distribution?.columns ?? []) : [];
  const placement = names.map((name) => columns.indexOf(name));
  const isFaithful = placement.every((column) => isHashedAsRead(fields[column]?.type));
  return placement.length > 0 && isFaithful ? placement : undefined;
}

/**
 * True where values that are equal as SQL reads them are equal in the stream: a FLOAT lies there as a DOUBLE,
 * and several of these are one FLOAT.
 */
function isHashedAsRead(type: SqlType | undefined): boolean {
  return type !== undefined && type.name !== "FLOAT" && laneTypeOf(type) !== undefined;
}

/** True where all groups by `key` are whole where rows are placed so. */
export function keepsWhole(placement: Placement, key: readonly number[]): boolean {
  // One partition has any group whole, but need not do the work of all.
  if (placement.length === 0) return key.length === 0;
  return placement.every((column) => key.includes(column));
}

/** The columns where they have moved to; undefined where `placeOf` says -1: one is not there any more. */
export function movedTo(
  columns: readonly number[] | undefined,
  placeOf: (column: number) => number,
): readonly number[] | undefined {
  const moved = columns?.map(placeOf);
  return moved?.includes(-1) ? undefined : moved;
}

/** Where a projection has a column as it is; -1: nowhere. */
export function placeIn(projection: readonly RowExpression[], column: number): number {
  return projection.findIndex((each) => each.node === "input" && each.index === column);
}
