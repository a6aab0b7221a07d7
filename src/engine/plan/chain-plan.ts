/**
 * What a task of a dataflow does, as part of its plan: its ports, its operators as they were defined, and
 * what becomes of the rows that they make.
 */

import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { KeptState, OperatorDefinition, OperatorInput, ReadColumn } from "../../protocol/dataflow.ts";

export interface ChainPlan {
  /** `table.local-time-zone`. */
  readonly timeZone: string;
  /** Set in the shards of a stream: how its rows are read. Others read what an exchange brings. */
  readonly source?: ChainSource;
  /** Types of the rows of each port. */
  readonly ports: readonly (readonly SqlType[])[];
  /** Columns of what is read by whose hash rows come to a partition; empty where all come to it. */
  readonly route: readonly number[];
  readonly operators: readonly OperatorDefinition[];
  /** What is kept in the shards of a stream: its place here is its number. Absent: operators' places are. */
  readonly kept?: readonly KeptState[];
  /** Rows that the results table keeps; the plan's key, accumulators and outputs are of it. */
  readonly result?: ResultPlan;
  /** Names of tables whose rows are shown in the log. */
  readonly prints?: readonly PrintPlan[];
}

export interface ChainSource {
  /** Those of port 0; what is no metadata are the task's source columns, in order. */
  readonly columns: readonly ReadColumn[];
  readonly watermark?: RowExpression;
  /** The source column of a row's kind. */
  readonly kindColumn?: number;
}

/** A view's last row of each key, or a changelog's rows as they come. */
export interface ResultPlan {
  readonly kind: "view" | "changelog";
  readonly of: OperatorInput;
  readonly types: readonly SqlType[];
  /** Of a view: columns of the row that are its key, in the order of the plan's. */
  readonly key: readonly number[];
}

export interface PrintPlan {
  readonly name: string;
  readonly of: OperatorInput;
  readonly types: readonly SqlType[];
}

/** What an edge of a chain brings. */
export type ChainEdge =
  /** To a later stage: the rows of each of its ports that are made here. */
  | { readonly to: "stage"; readonly inputs: readonly ChainSend[]; readonly keyLanes: boolean }
  /** To a stream that people made: its columns in order; null where the rows have none. */
  | {
      readonly to: "stream";
      readonly name: string;
      readonly of: OperatorInput;
      readonly columns: readonly (ChainColumn | null)[];
    };

export interface ChainSend {
  readonly port: number;
  readonly of: OperatorInput;
  readonly key: readonly number[];
  readonly types: readonly SqlType[];
}

export interface ChainColumn {
  readonly column: number;
  readonly type: SqlType;
}
