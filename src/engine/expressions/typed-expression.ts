/**
 * Expressions after binding: columns by number, every operator with known types, conversions written out as
 * casts.
 *
 * Parts may be shared (a computed column used twice is one object): walk it as a graph, or the work doubles
 * at each level.
 */
import type { DataType } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";

export type TypedExpression = ColumnExpression | LiteralExpression | CallExpression;

export interface ColumnExpression {
  readonly node: "column";
  /** Index among the stream's columns. */
  readonly column: number;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface LiteralExpression {
  readonly node: "literal";
  readonly value: LaneValue;
  readonly type: DataType;
  readonly nullable: boolean;
}

export interface CallExpression {
  readonly node: "call";
  readonly operator: TypedOperator;
  readonly arguments: readonly TypedExpression[];
  readonly type: DataType;
  /** False where the result is never null if the columns keep their promises. */
  readonly nullable: boolean;
}

/**
 * `case` has condition, result and other result. Arithmetic and comparisons take operands of one type, but
 * DECIMAL, INT and BIGINT mix, as do INT and BIGINT, and timestamps with integers.
 */
export type TypedOperator =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "negate"
  | "abs"
  | "floor"
  | "ceil"
  | "="
  | "<>"
  | "<"
  | "<="
  | "and"
  | "or"
  | "not"
  | "is null"
  | "is not null"
  | "case"
  | "coalesce"
  | "cast";

/** Returns the stream columns that an expression reads. */
export function columnsOf(expression: TypedExpression): Set<number> {
  const columns = new Set<number>();
  const seen = new Set<TypedExpression>();
  const walk = (part: TypedExpression): void => {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.node === "column") columns.add(part.column);
    if (part.node === "call") for (const argument of part.arguments) walk(argument);
  };
  walk(expression);
  return columns;
}
