/**
 * Statements as they were written, each with its place in the text.
 */

import type { Span } from "./syntax-error.ts";
import type {
  Expression,
  Identifier,
  IntervalLiteral,
  QualifiedName,
  Query,
  TypeName,
} from "./syntax-tree.ts";

export type Statement =
  | QueryStatement
  | Insert
  | StatementSet
  | CreateTable
  | CreateView
  | CreateFunction
  | AlterTable
  | AlterView
  | AlterFunction
  | Drop
  | Describe
  | Show
  | Explain
  | SetOption
  | ResetOption
  | Use
  | StopJob;

/** `'key' = 'value'`. */
export interface Option {
  readonly key: string;
  readonly value: string;
}

export interface QueryStatement extends Span {
  readonly kind: "query";
  readonly query: Query;
}

export interface Insert extends Span {
  readonly kind: "insert";
  readonly isOverwrite: boolean;
  readonly into: QualifiedName;
  readonly options: readonly Option[];
  readonly partition: readonly PartitionValue[];
  readonly columns: readonly QualifiedName[];
  readonly query: Query;
  readonly onConflict?: "ERROR" | "NOTHING" | "DEDUPLICATE";
}

export interface PartitionValue {
  readonly column: Identifier;
  readonly value: Expression;
}

export interface StatementSet extends Span {
  readonly kind: "statement set";
  readonly inserts: readonly Insert[];
}

// Tables.

export interface CreateTable extends Span {
  readonly kind: "create table";
  readonly isMaterialized: boolean;
  readonly isTemporary: boolean;
  /** What becomes of one that is there. */
  readonly existing: "error" | "keep" | "replace" | "alter";
  readonly name: QualifiedName;
  readonly definition: TableDefinition;
  readonly comment?: string;
  readonly distribution?: Distribution;
  readonly partitionedBy: readonly Identifier[];
  readonly options?: readonly Option[];
  readonly like?: LikeTable;
  /** Of a materialized table. */
  readonly freshness?: IntervalLiteral;
  readonly refreshMode?: "FULL" | "CONTINUOUS";
  readonly startMode?: StartMode;
  readonly query?: Query;
}

/** From where on a materialized table reads; FROM_NOW and FROM_TIMESTAMP may say more. */
export interface StartMode {
  readonly mode: string;
  readonly from?: Expression;
}

export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  readonly watermark?: WatermarkDefinition;
  readonly constraints: readonly KeyConstraint[];
}

export interface ColumnDefinition extends Span {
  /** Of several parts where it is a field of a ROW. */
  readonly name: QualifiedName;
  /** Undefined for a computed column, and where a query gives the type. */
  readonly type?: TypeName;
  readonly computed?: Expression;
  readonly metadata?: { readonly key?: string; readonly isVirtual: boolean };
  readonly constraint?: KeyConstraint;
  readonly comment?: string;
  /** Where ALTER puts it. */
  readonly position?: "first" | QualifiedName;
}

export interface WatermarkDefinition extends Span {
  readonly column: QualifiedName;
  readonly expression: Expression;
}

export interface KeyConstraint extends Span {
  readonly constraint: "PRIMARY KEY" | "UNIQUE";
  readonly name?: Identifier;
  /** Empty for that of one column. */
  readonly columns: readonly Identifier[];
  /** Undefined where nothing is said. */
  readonly isEnforced?: boolean;
}

export interface Distribution {
  readonly strategy?: "HASH" | "RANGE";
  readonly columns: readonly Identifier[];
  readonly buckets?: number;
}

export interface LikeTable {
  readonly source: QualifiedName;
  /** `INCLUDING ALL`, … */
  readonly options: readonly { readonly how: string; readonly what: string }[];
}

export interface AlterTable extends Span {
  readonly kind: "alter table";
  readonly isMaterialized: boolean;
  readonly ifExists: boolean;
  readonly name: QualifiedName;
  readonly change: TableChange;
}

export type TableChange =
  | { readonly change: "set"; readonly options: readonly Option[] }
  | { readonly change: "reset"; readonly keys: readonly string[] }
  | { readonly change: "rename"; readonly to: QualifiedName }
  | { readonly change: "rename column"; readonly column: QualifiedName; readonly to: QualifiedName }
  | { readonly change: "add" | "modify"; readonly definition: TableDefinition }
  | { readonly change: "add distribution" | "modify distribution"; readonly distribution: Distribution }
  | { readonly change: "drop columns"; readonly columns: readonly QualifiedName[] }
  | { readonly change: "drop constraint"; readonly constraint: Identifier }
  | { readonly change: "drop primary key" | "drop watermark" | "drop distribution" | "suspend" }
  | { readonly change: "resume"; readonly options?: readonly Option[] }
  | { readonly change: "refresh"; readonly partition: readonly PartitionValue[] }
  | { readonly change: "freshness"; readonly freshness: IntervalLiteral }
  | { readonly change: "refresh mode"; readonly refreshMode: "FULL" | "CONTINUOUS" }
  | { readonly change: "query"; readonly query: Query };

// Views and functions.

export interface CreateView extends Span {
  readonly kind: "create view";
  readonly isTemporary: boolean;
  readonly ifNotExists: boolean;
  readonly name: QualifiedName;
  readonly columns: readonly { readonly name: Identifier; readonly comment?: string }[];
  readonly comment?: string;
  readonly query: Query;
}

export interface AlterView extends Span {
  readonly kind: "alter view";
  readonly ifExists: boolean;
  readonly name: QualifiedName;
  readonly change: { readonly to: QualifiedName } | { readonly query: Query };
}

export interface FunctionFacts extends Span {
  readonly isTemporary: boolean;
  readonly isSystem: boolean;
  readonly name: QualifiedName;
  /** The name under which the worker registers it. */
  readonly implementation: string;
  readonly language?: string;
}

export interface CreateFunction extends FunctionFacts {
  readonly kind: "create function";
  readonly ifNotExists: boolean;
}

export interface AlterFunction extends FunctionFacts {
  readonly kind: "alter function";
  readonly ifExists: boolean;
}

// Everything else.

export interface Drop extends Span {
  readonly kind: "drop";
  readonly what: "TABLE" | "MATERIALIZED TABLE" | "VIEW" | "FUNCTION";
  readonly isTemporary: boolean;
  readonly isSystem: boolean;
  readonly ifExists: boolean;
  readonly name: QualifiedName;
}

export interface Describe extends Span {
  readonly kind: "describe";
  readonly what: "TABLE" | "FUNCTION" | "JOB";
  readonly isExtended: boolean;
  /** A job's is a text. */
  readonly name: QualifiedName | string;
}

/** `SHOW TABLES FROM d LIKE '%'`, `SHOW CREATE TABLE t`, `SHOW JOBS`. */
export interface Show extends Span {
  readonly kind: "show";
  /** TABLES, CREATE TABLE, COLUMNS, CURRENT DATABASE… */
  readonly what: string;
  /** What SHOW CREATE is of, or what the things are in. */
  readonly of?: QualifiedName;
  readonly pattern?: { readonly isNot: boolean; readonly operator: "LIKE" | "ILIKE"; readonly text: string };
}

export interface Explain extends Span {
  readonly kind: "explain";
  readonly details: readonly string[];
  readonly statement: Statement;
}

/** Without a key: shows all. */
export interface SetOption extends Span {
  readonly kind: "set";
  readonly option?: Option;
}

/** Without a key: resets all. */
export interface ResetOption extends Span {
  readonly kind: "reset";
  readonly key?: string;
}

export interface Use extends Span {
  readonly kind: "use";
  readonly what: "CATALOG" | "DATABASE";
  readonly name: QualifiedName;
}

export interface StopJob extends Span {
  readonly kind: "stop job";
  readonly job: string;
  readonly withSavepoint: boolean;
  readonly withDrain: boolean;
}
