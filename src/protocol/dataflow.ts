/**
 * A dataflow: what a job of SQL does, as stages of operators over rows. Plain JSON that is stored with the
 * job; the engine makes the plans of its tasks from it.
 *
 * A stage is what runs between two exchanges. One that has a `source` runs in the shards of that stream; any
 * other reads what earlier stages send it by the key of each input. Within a stage, operators are numbered
 * and read of ports (what comes in) and of operators before them; rows are pushed through, so an operator
 * with several inputs sees their union.
 *
 * Rows carry a kind: +I, -U, +U or -D. Columns are numbered within the rows of what is read.
 */
import type { CallOptions, RowExpression } from "../interpreter/row-expression.ts";
import type { SqlType } from "../interpreter/types/sql-type.ts";

export interface DataflowDefinition {
  /** The statements that it was made of, as people wrote them. */
  readonly sql: string;
  /** `table.local-time-zone`. */
  readonly timeZone: string;
  /** Those in the shards of streams come first, one for each stream; each behind those it reads of. */
  readonly stages: readonly DataflowStage[];
}

export interface DataflowStage {
  /** The name under which its state is saved; it stays when other parts of the query change. */
  readonly uid: string;
  readonly source?: SourceDefinition;
  /** By port. Absent for a stage with a source, whose rows come in by port 0. */
  readonly inputs?: readonly StageInput[];
  /** Partitions; absent: as many as the stream with the most shards has, or one where no input has a key. */
  readonly parallelism?: number;
  /** Of a source: what it keeps by keys. */
  readonly kept?: readonly KeptState[];
  readonly operators: readonly OperatorDefinition[];
  readonly sinks: readonly SinkDefinition[];
}

/** What is kept in the shards of a stream, where one stage has the operators of many. */
export interface KeptState {
  /** State is found by it; it stays when other parts of the query change. */
  readonly name: string;
  /** Absent: the view. */
  readonly operator?: number;
}

export interface SourceDefinition {
  readonly stream: string;
  /** The columns of the stream that are read, and what its log says of rows: the columns of port 0. */
  readonly columns: readonly ReadColumn[];
  /**
   * The watermark that a row allows, over the columns of port 0: a TIMESTAMP or TIMESTAMP_LTZ; it takes
   * effect behind the row's frame. Absent: the stream's own.
   */
  readonly watermark?: RowExpression;
  /** The column of the stream that holds a row's kind as a number from 0 to 3; absent: all are +I. */
  readonly kindColumn?: string;
  /**
   * What the stream must be distributed by, in this order: rows that agree in it are in one shard, and what
   * the stage keeps by a key that has all of it is whole there. Absent: rows may be in any shard.
   */
  readonly distribution?: readonly string[];
}

/**
 * Of the record that brings a row: when it was appended (TIMESTAMP_LTZ(3)), in which shard (INT), at which
 * offset (BIGINT).
 */
export type RecordFact = "timestamp" | "partition" | "offset";

export interface ReadColumn extends DataflowColumn {
  /** Absent: the column lies in the stream. */
  readonly metadata?: RecordFact;
}

export interface DataflowColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** Rows of an operator of an earlier stage. */
export interface StageInput {
  readonly stage: number;
  readonly operator: OperatorInput;
  /** Columns whose values decide the partition; empty: all go to the first. */
  readonly key: readonly number[];
  readonly types: readonly SqlType[];
}

/** What comes in by a port, or what an operator of the same stage makes. */
export type OperatorInput = { readonly port: number } | { readonly operator: number };

export type OperatorDefinition =
  | CalcOperator
  | ExpandOperator
  | UnnestOperator
  | LocalAggregateOperator
  | WindowAssignOperator
  | GroupAggregateOperator
  | WindowAggregateOperator
  | SetOperator
  | SortOperator
  | LimitOperator
  | ConstraintOperator
  | MaterializeOperator
  | DropUpdateBeforeOperator;

interface OperatorFacts {
  readonly inputs: readonly OperatorInput[];
}

/** Lets rows pass for which the condition is true, and makes new columns of them. */
export interface CalcOperator extends OperatorFacts {
  readonly operator: "calc";
  readonly condition?: RowExpression;
  /** Absent: the columns stay. */
  readonly projection?: readonly RowExpression[];
}

/** Makes several rows of each: GROUPING SETS. */
export interface ExpandOperator extends OperatorFacts {
  readonly operator: "expand";
  readonly projections: readonly (readonly RowExpression[])[];
}

/** A row for each element of a collection: the columns of the row, then those of the element. */
export interface UnnestOperator extends OperatorFacts {
  readonly operator: "unnest";
  /** ARRAY or MULTISET (each value as often as it is there); a MAP gives key and value. */
  readonly collection: RowExpression;
  /** An element that is a ROW gives its fields. */
  readonly elementTypes: readonly SqlType[];
  /** LEFT JOIN: a row without elements stays, with nulls. */
  readonly isLeft: boolean;
  /** Behind the element comes its place from 1. */
  readonly hasOrdinality: boolean;
}

/** The time of a row that windows are made of: a column, or when its record was appended. */
export type WindowTime = { readonly column: number } | { readonly processing: true };

export type WindowShape =
  | { readonly kind: "tumble"; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly kind: "hop"; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly kind: "cumulate"; readonly sizeMs: number; readonly stepMs: number; readonly offsetMs: number }
  | { readonly kind: "session"; readonly gapMs: number };

/**
 * The columns of the row, then window_start, window_end and window_time, as the time column's type with
 * three digits (start and end of a TIMESTAMP_LTZ are TIMESTAMP, in the session's zone). Several rows where
 * windows overlap. A session is known when it closes: its rows are kept until then, by `key`.
 */
export interface WindowAssignOperator extends OperatorFacts {
  readonly operator: "window assign";
  readonly window: WindowShape;
  readonly time: WindowTime;
  /** PARTITION BY of a session; else empty. */
  readonly key: readonly number[];
  readonly types: readonly SqlType[];
}

export interface AggregateCall {
  /** As in `interpreter/aggregates/built-in.ts`. */
  readonly function: string;
  readonly arguments: readonly RowExpression[];
  readonly filter?: RowExpression;
  readonly isDistinct: boolean;
  readonly type: SqlType;
  readonly options?: CallOptions;
}

/**
 * Rows of one record added up by key: the key, then what `GroupAggregateOperator` keeps of such rows, whose
 * `addsParts` takes it. Rows are +I.
 */
export interface LocalAggregateOperator extends OperatorFacts {
  readonly operator: "local aggregate";
  readonly key: readonly number[];
  readonly keyTypes: readonly SqlType[];
  readonly aggregates: readonly AggregateCall[];
  /** Of the rows that it makes. */
  readonly types: readonly SqlType[];
}

interface AggregateFacts extends OperatorFacts {
  readonly key: readonly number[];
  readonly keyTypes: readonly SqlType[];
  readonly aggregates: readonly AggregateCall[];
  /** Rows may be taken back: -U and -D come in. */
  readonly isRetracting: boolean;
}

/** A result for each key that changes with every row: the key, then the aggregates. */
export interface GroupAggregateOperator extends AggregateFacts {
  readonly operator: "group aggregate";
  /** What a result was is sent before what it is. */
  readonly sendsUpdateBefore: boolean;
  /** State that did not change for so long is forgotten; absent: kept forever. */
  readonly ttlMs?: number;
  /** Changes of one frame are folded to one for each key. */
  readonly isFolding: boolean;
  /** What comes in are the rows of a `LocalAggregateOperator` with these aggregates; the key is in front. */
  readonly addsParts?: true;
}

/**
 * A result for each key and window when the watermark passes its end: the key, the aggregates, then
 * `properties`. A global one (no key) has no result for a window without rows.
 */
export interface WindowAggregateOperator extends AggregateFacts {
  readonly operator: "window aggregate";
  readonly window: WindowShape | AttachedWindow;
  readonly time: WindowTime;
  /** A TIMESTAMP_LTZ's start and end are TIMESTAMP of the session's zone. */
  readonly properties: readonly WindowProperty[];
  /** The functions in GROUP BY: TUMBLE(time, size); a late row of an overlapping window counts in none. */
  readonly isLegacy: boolean;
  /** Late by no more than this, a row changes the results of its windows again; 0 for sessions. */
  readonly latenessMs: number;
}

/** The input's rows say their window in these columns, from a window before. */
export interface AttachedWindow {
  readonly kind: "attached";
  readonly start: number;
  readonly end: number;
  /** That window goes by a TIMESTAMP_LTZ: its bounds are times of the session's zone. */
  readonly isOfInstants?: boolean;
}

/** `time` is the last millisecond of the window, `processing` when it fired. */
export interface WindowProperty {
  readonly property: "start" | "end" | "time" | "processing";
  readonly type: SqlType;
}

/** INTERSECT and EXCEPT, by the whole row. The first input is the left side, the second the right. */
export interface SetOperator extends OperatorFacts {
  readonly operator: "set";
  readonly set: "intersect" | "except";
  readonly isAll: boolean;
  readonly types: readonly SqlType[];
}

export interface SortField {
  readonly column: number;
  readonly isDescending: boolean;
  readonly areNullsFirst: boolean;
}

/**
 * Rows in order: those of each time when the watermark passes it; without a time column, all when the input
 * ends. Rows are +I.
 */
export interface SortOperator extends OperatorFacts {
  readonly operator: "sort";
  readonly time?: number;
  readonly order: readonly SortField[];
  readonly types: readonly SqlType[];
}

/** The first `count` rows behind `offset`, by arrival; where one is taken back, the next takes its place. */
export interface LimitOperator extends OperatorFacts {
  readonly operator: "limit";
  readonly offset: number;
  readonly count: number;
  readonly isRetracting: boolean;
  readonly types: readonly SqlType[];
}

/** What a table demands of its rows. */
export interface ConstraintOperator extends OperatorFacts {
  readonly operator: "constraint";
  readonly columns: readonly DataflowColumn[];
  /** A null where none may be fails the job, or drops the row. Absent: not looked at. */
  readonly notNull?: "error" | "drop";
  /** NOT NULL of fields, and of elements too. */
  readonly nested?: "rows" | "rows and collections";
  /** CHAR and BINARY are padded, longer values cut; or that fails the job. Absent: not looked at. */
  readonly length?: "trim and pad" | "error";
}

/**
 * Rows of a table's key, of rows that are known otherwise: ON CONFLICT. Where several have one key the last
 * is shown (`deduplicate`), or the first (`nothing`), or the job fails.
 */
export interface MaterializeOperator extends OperatorFacts {
  readonly operator: "materialize";
  readonly table: string;
  readonly key: readonly number[];
  readonly keyTypes: readonly SqlType[];
  readonly types: readonly SqlType[];
  readonly conflict: "deduplicate" | "nothing" | "error";
}

/** For those who know rows by their key: -U is left out. */
export interface DropUpdateBeforeOperator extends OperatorFacts {
  readonly operator: "drop update before";
}

export type SinkDefinition = StreamSink | ViewSink | ChangelogSink | DiscardingSink;

interface SinkFacts {
  /** The table's name. */
  readonly name: string;
  readonly of: OperatorInput;
  readonly columns: readonly DataflowColumn[];
}

/** Appends rows, which are +I, to a stream that people made; columns by their names. */
export interface StreamSink extends SinkFacts {
  readonly sink: "stream";
  readonly stream: string;
}

/** Keeps the last row of each key: a view that can be queried. */
export interface ViewSink extends SinkFacts {
  readonly sink: "view";
  readonly key: readonly number[];
  /** Positions in `key` of the columns by whose hash rows are in their partition; absent: all, in order. */
  readonly routing?: readonly number[];
  /** How long after its last change a row is kept; null: forever. */
  readonly retentionMs: number | null;
}

/**
 * Keeps rows with their kinds in the order in which they came, for so long, to be read one after the other.
 * The stage has one partition.
 */
export interface ChangelogSink extends SinkFacts {
  readonly sink: "changelog";
  readonly retentionMs: number;
}

/** Drops all; `print` shows them in the log first. */
export interface DiscardingSink extends SinkFacts {
  readonly sink: "blackhole" | "print";
}
