/**
 * Expressions over a row after binding: columns by place, every function with known types, conversions
 * written out as casts. Plain JSON, which is stored in plans.
 *
 * Operators are functions too, named as they are written: `=`, `AND`, `IS NULL`, `CASE`, `CAST`, `ROW`,
 * `ARRAY`, `ITEM` (`a[i]`), `FIELD` (`a.b`; its second argument is the field's place).
 */
import type { SqlType } from "./types/sql-type.ts";
import type { ValueJson } from "./values/value-json.ts";

export type RowExpression = InputExpression | LiteralExpression | CallExpression;

export interface InputExpression {
  readonly node: "input";
  /** Its place in the row. */
  readonly index: number;
  readonly type: SqlType;
}

export interface LiteralExpression {
  readonly node: "literal";
  readonly value: ValueJson;
  readonly type: SqlType;
}

export interface CallExpression {
  readonly node: "call";
  /** As in `functions/built-in.ts`. */
  readonly function: string;
  readonly arguments: readonly RowExpression[];
  readonly type: SqlType;
  readonly options?: CallOptions;
}

/** What a call says beside its arguments, by name: `onEmpty: "ERROR"`, `wrapper: "WITH CONDITIONAL"`. */
export type CallOptions = Readonly<Record<string, string>>;

/** Calls `visit` for an expression and all its parts. */
export function walkExpression(expression: RowExpression, visit: (part: RowExpression) => void): void {
  visit(expression);
  if (expression.node === "call") for (const part of expression.arguments) walkExpression(part, visit);
}

/** Returns the same expression with other inputs. */
export function mapInputs(
  expression: RowExpression,
  replace: (input: InputExpression) => RowExpression,
): RowExpression {
  if (expression.node === "input") return replace(expression);
  if (expression.node === "literal") return expression;
  return { ...expression, arguments: expression.arguments.map((part) => mapInputs(part, replace)) };
}

/** Returns the places of the columns that an expression reads, in order. */
export function inputsOf(expression: RowExpression): number[] {
  const places = new Set<number>();
  walkExpression(expression, (part) => part.node === "input" && places.add(part.index));
  return [...places].sort((one, other) => one - other);
}
