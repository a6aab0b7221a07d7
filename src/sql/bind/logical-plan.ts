/**
 * What a query means, as a tree of relations: names are places, types are known, nothing is said of how it
 * runs.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall, WindowShape, WindowTime } from "../../protocol/dataflow.ts";
import type { TableDefinition } from "../catalog/table-definition.ts";
import { optionOf, type SessionOptions } from "./session-options.ts";

export type Relation =
  | ScanRelation
  | ValuesRelation
  | CalcRelation
  | UnnestRelation
  | WindowRelation
  | AggregateRelation
  | UnionRelation
  | SetRelation
  | SortRelation
  | LimitRelation;

/** A column of a relation. */
export interface Field {
  readonly name: string;
  readonly type: SqlType;
  /** Event time has watermarks; processing time is when the row came. */
  readonly time?: "event" | "processing";
  /** A bound of the window that a row is in. */
  readonly window?: WindowBound;
}

export interface WindowBound {
  readonly bound: "start" | "end" | "time";
  /** All bounds of one window have its number. */
  readonly number: number;
  /** What the window goes by: of an instant, start and end are what clocks of the session's zone show. */
  readonly by: "timestamp" | "instant" | "processing";
}

interface RelationFacts {
  readonly fields: readonly Field[];
}

/** The columns of a table that are stored: computed ones are made by a calc above it. */
export interface ScanRelation extends RelationFacts {
  readonly node: "scan";
  readonly table: TableDefinition;
  /** The stored column that each field is, whatever a query calls it. */
  readonly columns: readonly string[];
  /** Bound over the fields; a table of which the stream's own watermark is used has none. */
  readonly watermark?: RowExpression;
}

export interface ValuesRelation extends RelationFacts {
  readonly node: "values";
  readonly rows: readonly (readonly RowExpression[])[];
}

export interface CalcRelation extends RelationFacts {
  readonly node: "calc";
  readonly input: Relation;
  readonly condition?: RowExpression;
  /** One for each field; absent: the fields of the input. */
  readonly projection?: readonly RowExpression[];
}

export interface UnnestRelation extends RelationFacts {
  readonly node: "unnest";
  readonly input: Relation;
  readonly collection: RowExpression;
  readonly elementTypes: readonly SqlType[];
  readonly isLeft: boolean;
  readonly hasOrdinality: boolean;
}

/** The fields of the input, then window_start, window_end and window_time. */
export interface WindowRelation extends RelationFacts {
  readonly node: "window";
  readonly input: Relation;
  readonly window: WindowShape;
  readonly time: WindowTime;
  /** PARTITION BY of a session. */
  readonly key: readonly number[];
  readonly number: number;
}

/** The key, the aggregates, and of a GROUP BY with a window its properties. */
export interface AggregateRelation extends RelationFacts {
  readonly node: "aggregate";
  readonly input: Relation;
  readonly key: readonly number[];
  /** Places in `key` of each set of GROUPING SETS; absent: all of it. Behind the key is the set's number. */
  readonly sets?: readonly (readonly number[])[];
  readonly aggregates: readonly AggregateCall[];
  readonly groupWindow?: GroupWindow;
  /** STATE_TTL, in milliseconds. */
  readonly ttlMs?: number;
  /** Rows may be added up before they travel. */
  readonly isInTwoPhases?: true;
}

/** TUMBLE(time, size) in GROUP BY. */
export interface GroupWindow {
  readonly window: WindowShape;
  readonly time: WindowTime;
  readonly properties: readonly ("start" | "end" | "time" | "processing")[];
}

export interface UnionRelation extends RelationFacts {
  readonly node: "union";
  readonly inputs: readonly Relation[];
}

export interface SetRelation extends RelationFacts {
  readonly node: "set";
  readonly set: "intersect" | "except";
  readonly isAll: boolean;
  readonly left: Relation;
  readonly right: Relation;
}

export interface SortRelation extends RelationFacts {
  readonly node: "sort";
  readonly input: Relation;
  readonly order: readonly {
    readonly column: number;
    readonly isDescending: boolean;
    readonly areNullsFirst: boolean;
  }[];
}

export interface LimitRelation extends RelationFacts {
  readonly node: "limit";
  readonly input: Relation;
  readonly offset: number;
  readonly count: number;
}

/** Returns the relations that one reads. */
export function inputsOfRelation(relation: Relation): readonly Relation[] {
  switch (relation.node) {
    case "scan":
    case "values":
      return [];
    case "union":
      return relation.inputs;
    case "set":
      return [relation.left, relation.right];
    default:
      return [relation.input];
  }
}

/** The tables that a relation reads, as often as it reads them. */
export function scansOf(relation: Relation): ScanRelation[] {
  return relation.node === "scan" ? [relation] : inputsOfRelation(relation).flatMap(scansOf);
}

/** A table of a query whose rows have no end; undefined where the query ends, as all do in batch mode. */
export function endlessScanOf(relation: Relation, options: SessionOptions): ScanRelation | undefined {
  if (optionOf(options, "execution.runtime-mode").toUpperCase() === "BATCH") return undefined;
  return scansOf(relation).find(({ table }) => table.options.connector !== "view");
}

/** The window whose start and end are both among the keys. */
export function windowGroupedBy(fields: readonly Field[], key: readonly number[]): number | undefined {
  const bounds = key.flatMap((column) => fields[column]?.window ?? []);
  return bounds.find(
    ({ bound, number }) =>
      bound === "start" && bounds.some((other) => other.bound === "end" && other.number === number),
  )?.number;
}

/** True where groups are of windows, or by some bound of one. */
export function isOfWindows({ groupWindow, key, input }: AggregateRelation): boolean {
  return groupWindow !== undefined || key.some((column) => input.fields[column]?.window !== undefined);
}

/** Where the rows of a query go. */
export interface InsertPlan {
  readonly table: TableDefinition;
  /** Its columns are those of the table, in order. */
  readonly input: Relation;
  readonly onConflict?: "ERROR" | "NOTHING" | "DEDUPLICATE";
  readonly isOverwrite: boolean;
}
