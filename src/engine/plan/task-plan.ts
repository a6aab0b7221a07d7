/**
 * The plan of a task: everything a partition must know to run a job, as plain JSON that is stored with the
 * run.
 *
 * One numbering runs through it: the task's **input columns** are the source columns that the job needs, in
 * `sourceColumns` order, followed by `computedColumns`. Key columns, the event time and the arguments of
 * accumulators are indices of input columns. A frame is decoded to the source columns in exactly this order;
 * `Program` adds the rest.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import type { DataType } from "../../columnar/schema.ts";
import type { ProgramCode } from "../../kernel/program-code.ts";
import type { EdgeKind } from "../exchange/edges.ts";
import type { KeyGroupRange } from "../shard-map.ts";
import type { ChainEdge, ChainPlan } from "./chain-plan.ts";

/**
 * Plan versions: what is stored with a run keeps its meaning.
 *   1  first version; sums of DECIMAL wrap at 64 bits
 *   2  sums of DECIMAL have 128 bits
 */
export interface TaskPlan {
  readonly planVersion: 1 | 2;
  /** The name of the stream; where several are read, of all. */
  readonly source: string;
  readonly startFrom: "earliest" | "latest";
  readonly sourceColumns: readonly SourceColumn[];
  readonly computedColumns: readonly ComputedColumn[];
  /** Makes the computed columns and the filter's selection; does nothing where there are neither. */
  readonly program: ProgramCode;
  readonly eventTimeColumn: number;
  /** In the order of the job; empty for a global aggregate. */
  readonly key: readonly KeyColumn[];
  /**
   * Positions in `key` of the stream's distribution key, in its order: they name a key's shard. Empty for one
   * shard.
   */
  readonly routingKey: readonly number[];
  /** Null: a continuously updated aggregate. */
  readonly window: WindowPlan | null;
  readonly accumulators: readonly AccumulatorSpec[];
  /** Columns of the view in order: the key, window_start and window_end (with a window), the aggregates. */
  readonly outputs: readonly OutputColumn[];
  readonly latenessMs: number;
  /** How long after its last change a result is kept; null: forever. */
  readonly retentionMs: number | null;
  /**
   * Set where rows stand for several, added up by the stage before: the input column that says for how many.
   */
  readonly rowCountColumn?: number;
  /**
   * Set where rows may be taken back, or changes of results are sent on: the accumulator that counts a key's
   * rows. A cell in which it is not above zero is as if it were not there.
   */
  readonly recordCounter?: number;
  /** Set on a task that keeps no state and no view, but sends its rows on to the next stage. */
  readonly send?: SendPlan;
  /** Set where accumulators need all values that a key has. */
  readonly countedValues?: CountedValuesPlan;
  /** What else the task sends, one edge for each step that reads of it. */
  readonly edges?: readonly EdgePlan[];
  /** Set on a task of a dataflow: what it does instead of all else. */
  readonly chain?: ChainPlan;
}

/** Values that are all kept, with how many rows have each. */
export interface CountedValuesPlan {
  /** In the order in which accumulators need them: tables are named by their places. */
  readonly columns: readonly CountedColumn[];
  /** The input column of the rows' weights; absent where no row is ever taken back. */
  readonly weightColumn?: number;
}

/** An input column whose values are kept, and the accumulators that are made of them, by their indices. */
export interface CountedColumn {
  readonly column: number;
  /** Those of distinct values. */
  readonly distinct: readonly number[];
  /** The least or the largest. */
  readonly bounds: readonly number[];
  /** The first or the last: values are kept by their arrival. */
  readonly ends: readonly number[];
}

/**
 * What a task sends to one step. Of the columns that there are the source columns are taken and the program
 * is run over them, as for the rows of a stream.
 *
 *   results  a row per key when a window fires, and a row for what a key's result was and one for what it is
 *            now when one changes that had been sent. Columns are the task's outputs; `window_time` behind
 *            them, the last millisecond of the window, where there is one; then the weight
 *   input    the rows of its input as they come
 *   late     those that came too late for it
 *   chain    what a chain makes for it; columns are those that are sent
 */
export interface EdgePlan {
  readonly of: "results" | "input" | "late" | "chain";
  /** Of a chain's. */
  readonly chain?: ChainEdge;
  readonly sourceColumns: readonly SourceColumn[];
  readonly program: ProgramCode;
  readonly send: SendPlan;
}

/** Rows to the partitions of the next stage. */
export interface SendPlan {
  /** Which of them a row goes to; absent: the one that owns the hash of its key. */
  readonly edge?: EdgeKind;
  /** The columns that travel, in order. */
  readonly columns: readonly SentColumn[];
  /** Set where rows are added up before they travel. */
  readonly local?: LocalPlan;
  /** Indices of input columns: by the hash edge, rows that are equal in them come to one partition. */
  readonly key: readonly number[];
  readonly to: SendTarget;
  /** Set where `to` is a stream that people made: rows are appended to it as those of a client. */
  readonly into?: SinkPlan;
}

/** What the rows of such a stream need besides. */
export interface SinkPlan {
  readonly schemaVersion: number;
  /** Index of the event time among the columns; -1 for none. */
  readonly eventTimeColumn: number;
  readonly outOfOrdernessMs: number;
}

export interface SentColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** An index of the task's input columns, or of the accumulators of `local`. */
  readonly from:
    | { readonly from: "column"; readonly column: number }
    | { readonly from: "accumulator"; readonly accumulator: number };
}

/** The first of two phases of an aggregate; columns are the task's input columns. */
export interface LocalPlan {
  readonly accumulators: readonly AccumulatorSpec[];
  readonly eventTimeColumn: number;
  /** Rows are added up within a slice of it. */
  readonly window: WindowPlan | null;
  readonly latenessMs: number;
}

/**
 * The partitions of the next stage: they are the shards of a stream that only its channels write to; or the
 * shards of a stream that people made.
 */
export interface SendTarget {
  readonly stream: string;
  readonly generation: number;
  readonly mapVersion: number;
  readonly partitions: number;
  /** Key groups of each; absent: evenly divided. */
  readonly ranges?: readonly KeyGroupRange[];
}

export interface SourceColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** Its index among the stream's columns. */
  readonly streamColumn: number;
}

export interface ComputedColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface KeyColumn {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** Its index among the task's input columns. */
  readonly column: number;
}

/**
 * Windows start at multiples of `sliceMs` past `offsetMs` (tumble and hop) or of `sizeMs` (cumulate).
 *
 * `sliceMs` is the piece that overlapping windows share: the size of a tumble, the slide of a hop, the step
 * of a cumulate. `sizeMs` is a multiple of it, and 0 <= offsetMs < sliceMs (cumulate: < sizeMs).
 */
export interface WindowPlan {
  readonly kind: "tumble" | "hop" | "cumulate";
  readonly sizeMs: number;
  readonly sliceMs: number;
  readonly offsetMs: number;
  /**
   * Set where windows of many slices fire by sums of slices that they share. Absent in plans from before
   * there were such sums: those of doubles may differ in their last digits by the order they are made in.
   */
  readonly sharesSums?: true;
}

export interface OutputColumn {
  readonly name: string;
  /** A sum or average of a DECIMAL has precision 38; such values never lie in a column of 8-byte lanes. */
  readonly type: DataType;
  readonly from: OutputSource;
}

/**
 * Where a view's value comes from. `accumulator`, `sum` and `count` are indices of `accumulators`. `sum` is
 * null where nothing is counted.
 */
export type OutputSource =
  | { readonly from: "key"; readonly key: number }
  | { readonly from: "windowStart" | "windowEnd" }
  | { readonly from: "accumulator"; readonly accumulator: number }
  | { readonly from: "sum"; readonly sum: number; readonly count: number }
  | {
      readonly from: "average";
      readonly sum: number;
      readonly count: number;
      readonly argumentType: DataType;
    };

/** Everything that a task with this plan sends, edge by edge. */
export function sendsOf({ send, edges = [] }: TaskPlan): SendPlan[] {
  return [...(send ? [send] : []), ...edges.map((edge) => edge.send)];
}

/** True where a task writes to streams that people made. */
export function writesToStreams({ edges = [] }: TaskPlan): boolean {
  return edges.some(({ send }) => send.into !== undefined);
}

/** True where a task's results are sent on. */
export function sendsResults({ edges = [] }: TaskPlan): boolean {
  return edges.some(({ of }) => of === "results");
}
