/**
 * Queries, expressions and types as they were written, each with its place in the text.
 *
 * Nothing is resolved: a name is what stands there. What may be written in several ways is one thing here:
 * `!=` is `<>`, `FETCH` is a limit, `SUBSTRING(a FROM 1)` a call with two arguments.
 */
import type { Span } from "./syntax-error.ts";

export interface Identifier extends Span {
  readonly name: string;
  readonly isQuoted: boolean;
}

export interface QualifiedName extends Span {
  readonly parts: readonly Identifier[];
}

// Types.

export interface TypeName extends Span {
  /** In upper case: INT, VARCHAR, ROW, ARRAY, MAP, MULTISET, INTERVAL…; quoted or dotted: as in `path`. */
  readonly name: string;
  readonly path?: readonly Identifier[];
  /** Length, or precision and scale. */
  readonly parameters: readonly number[];
  /** Of ARRAY, MULTISET and MAP. */
  readonly of: readonly TypeName[];
  /** Of ROW. */
  readonly fields: readonly FieldType[];
  /** Of INTERVAL. */
  readonly interval?: IntervalUnit;
  readonly isNullable?: boolean;
}

export interface FieldType {
  readonly name: Identifier;
  readonly type: TypeName;
  readonly comment?: string;
}

/** `DAY(3) TO SECOND(6)`. */
export interface IntervalUnit {
  readonly from: string;
  readonly precision?: number;
  readonly to?: string;
  readonly toPrecision?: number;
}

// Expressions.

export type Expression =
  | Literal
  | Column
  | Star
  | Unary
  | Binary
  | Between
  | InList
  | Like
  | Is
  | Case
  | Cast
  | IntervalLiteral
  | Subquery
  | RowValue
  | Collection
  | ElementOf
  | FieldOf
  | Call
  | JsonCall
  | KeywordArgument
  | NamedArgument
  | TableArgument;

export interface Literal extends Span {
  readonly kind: "literal";
  readonly type:
    | "string"
    | "number"
    | "boolean"
    | "null"
    | "bytes"
    | "date"
    | "time"
    | "timestamp"
    | "timestamp_ltz";
  /** A number's digits, a text without quotes, TRUE, FALSE, NULL, hexadecimal digits. */
  readonly text: string;
}

export interface Column extends Span {
  readonly kind: "column";
  readonly parts: readonly Identifier[];
}

/** `*`, or `t.*`. */
export interface Star extends Span {
  readonly kind: "star";
  readonly of: readonly Identifier[];
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly operator: "NOT" | "-" | "+";
  readonly operand: Expression;
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Between extends Span {
  readonly kind: "between";
  readonly isNot: boolean;
  readonly isSymmetric: boolean;
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
}

export interface InList extends Span {
  readonly kind: "in";
  readonly isNot: boolean;
  readonly operand: Expression;
  readonly among: readonly Expression[] | Query;
}

export interface Like extends Span {
  readonly kind: "like";
  readonly operator: "LIKE" | "SIMILAR TO";
  readonly isNot: boolean;
  readonly operand: Expression;
  readonly pattern: Expression;
  readonly escape?: Expression;
}

export interface Is extends Span {
  readonly kind: "is";
  readonly isNot: boolean;
  /** NULL, TRUE, JSON OBJECT…; `DISTINCT FROM` has an `other`. */
  readonly what: string;
  readonly operand: Expression;
  readonly other?: Expression;
}

export interface Case extends Span {
  readonly kind: "case";
  readonly operand?: Expression;
  readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
  readonly otherwise?: Expression;
}

export interface Cast extends Span {
  readonly kind: "cast";
  /** TRY_CAST gives null where the cast fails. */
  readonly isTry: boolean;
  readonly operand: Expression;
  readonly type: TypeName;
}

export interface IntervalLiteral extends Span {
  readonly kind: "interval";
  readonly isNegative: boolean;
  readonly text: string;
  readonly unit: IntervalUnit;
}

export interface Subquery extends Span {
  readonly kind: "subquery";
  /** `scalar` where it stands for a value; ALL and ANY behind a comparison. */
  readonly role: "scalar" | "exists" | "all" | "any";
  readonly query: Query;
}

export interface RowValue extends Span {
  readonly kind: "row";
  readonly items: readonly Expression[];
}

export interface Collection extends Span {
  readonly kind: "collection";
  readonly of: "ARRAY" | "MAP" | "MULTISET";
  readonly items: readonly Expression[];
}

/** `a[i]`. */
export interface ElementOf extends Span {
  readonly kind: "element";
  readonly operand: Expression;
  readonly index: Expression;
}

/** A field of something that is not a plain name: `f(x).y`; `(r).*` has none. */
export interface FieldOf extends Span {
  readonly kind: "field";
  readonly operand: Expression;
  readonly field: Identifier | undefined;
}

export interface Call extends Span {
  readonly kind: "call";
  readonly name: QualifiedName;
  readonly arguments: readonly Expression[];
  readonly isDistinct: boolean;
  readonly orderBy: readonly OrderItem[];
  readonly filter?: Expression;
  readonly nulls?: "IGNORE" | "RESPECT";
  readonly withinGroup?: readonly OrderItem[];
  readonly over?: WindowSpec | Identifier;
}

/** A JSON function; its clauses are those of the SQL standard. */
export interface JsonCall extends Span {
  readonly kind: "json";
  readonly name: string;
  readonly arguments: readonly Expression[];
  readonly pairs: readonly { readonly key: Expression; readonly value: Expression }[];
  readonly returning?: TypeName;
  readonly onEmpty?: JsonBehavior;
  readonly onError?: JsonBehavior;
  readonly onNull?: JsonBehavior;
  /** WITH CONDITIONAL, WITHOUT… */
  readonly wrapper?: string;
}

/** NULL, ERROR, EMPTY ARRAY…, or a DEFAULT. */
export type JsonBehavior = string | Expression;

/** A word that an argument may be: a unit of time, BOTH… */
export interface KeywordArgument extends Span {
  readonly kind: "keyword";
  readonly word: string;
}

export interface NamedArgument extends Span {
  readonly kind: "named argument";
  readonly name: Identifier;
  readonly value: Expression;
}

/** `TABLE t PARTITION BY a`, as an argument. */
export interface TableArgument extends Span {
  readonly kind: "table argument";
  readonly table: QualifiedName | Query;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
}

export interface OrderItem extends Span {
  readonly expression: Expression;
  readonly isDescending: boolean;
  readonly nulls?: "FIRST" | "LAST";
}

export interface WindowSpec extends Span {
  readonly kind: "window";
  readonly base?: Identifier;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly OrderItem[];
  readonly frame?: WindowFrame;
}

export interface WindowFrame {
  readonly unit: "ROWS" | "RANGE";
  readonly from: FrameBound;
  /** Undefined: CURRENT ROW, and not written. */
  readonly to?: FrameBound;
}

export type FrameBound =
  | { readonly bound: "current" }
  | {
      readonly bound: "PRECEDING" | "FOLLOWING";
      /** Undefined: UNBOUNDED. */
      readonly distance?: Expression;
    };

// Queries.

export type Query = Select | SetOperation | Values | TableQuery | With;

/** What may stand behind any query. */
export interface Ordered extends Span {
  readonly orderBy: readonly OrderItem[];
  readonly limit?: Expression;
  readonly offset?: Expression;
}

export interface Select extends Ordered {
  readonly kind: "select";
  readonly isDistinct: boolean;
  readonly hints: readonly Hint[];
  readonly items: readonly SelectItem[];
  readonly from?: TableReference;
  readonly where?: Expression;
  /** Undefined: no GROUP BY. */
  readonly groupBy?: readonly GroupItem[];
  readonly having?: Expression;
  readonly windows: readonly { readonly name: Identifier; readonly spec: WindowSpec }[];
  readonly qualify?: Expression;
}

export interface SelectItem extends Span {
  readonly expression: Expression;
  readonly alias?: Identifier;
}

export interface SetOperation extends Ordered {
  readonly kind: "set operation";
  readonly operator: "UNION" | "EXCEPT" | "INTERSECT";
  readonly isAll: boolean;
  readonly left: Query;
  readonly right: Query;
}

export interface Values extends Ordered {
  readonly kind: "values";
  readonly rows: readonly Expression[];
}

/** `TABLE t`. */
export interface TableQuery extends Ordered {
  readonly kind: "table query";
  readonly name: QualifiedName;
}

export interface With extends Ordered {
  readonly kind: "with";
  readonly tables: readonly NamedQuery[];
  readonly query: Query;
}

export interface NamedQuery {
  readonly name: Identifier;
  readonly columns: readonly Identifier[];
  readonly query: Query;
}

export type GroupItem =
  | { readonly group: "expression"; readonly expression: Expression }
  | { readonly group: "empty" }
  | { readonly group: "CUBE" | "ROLLUP"; readonly expressions: readonly Expression[] }
  | { readonly group: "GROUPING SETS"; readonly sets: readonly GroupItem[] };

export interface Hint {
  readonly name: string;
  readonly options: readonly HintOption[];
}

export interface HintOption {
  readonly key: string;
  readonly value?: string;
}

export type TableReference = NamedTable | DerivedTable | FunctionTable | Unnest | Join;

export interface Aliased extends Span {
  readonly alias?: Identifier;
  readonly columns: readonly Identifier[];
}

export interface NamedTable extends Aliased {
  readonly kind: "named table";
  readonly name: QualifiedName;
  readonly hints: readonly Hint[];
  /** FOR SYSTEM_TIME AS OF. */
  readonly asOf?: Expression;
}

export interface DerivedTable extends Aliased {
  readonly kind: "derived table";
  readonly query: Query;
  readonly isLateral: boolean;
}

/** `TABLE(TUMBLE(TABLE t, …))`, `LATERAL TABLE(f(x))`. */
export interface FunctionTable extends Aliased {
  readonly kind: "function table";
  readonly call: Call;
  readonly isLateral: boolean;
}

export interface Unnest extends Aliased {
  readonly kind: "unnest";
  readonly operand: Expression;
  readonly hasOrdinality: boolean;
}

export interface Join extends Span {
  readonly kind: "join";
  readonly type: "INNER" | "LEFT" | "RIGHT" | "FULL" | "CROSS";
  readonly isNatural: boolean;
  readonly left: TableReference;
  readonly right: TableReference;
  readonly on?: Expression;
  readonly using?: readonly Identifier[];
}
