/**
 * ORDER BY, LIMIT and OFFSET.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { type SourceText, statementError } from "../parse/syntax-error.ts";
import type { Expression, Ordered, OrderItem, Select } from "../parse/syntax-tree.ts";
import type { BindContext } from "./bind-context.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import type { Relation } from "./logical-plan.ts";

/** An expression of a SELECT list. */
export interface ListedItem {
  readonly name: string;
  readonly expression: RowExpression;
}

interface BoundOrder {
  readonly place?: number;
  readonly hidden?: ListedItem;
  readonly isDescending: boolean;
  readonly areNullsFirst: boolean;
}

/** Null is the least value, unless the query says where it comes. */
function directionOf({ isDescending, nulls }: OrderItem) {
  return { isDescending, areNullsFirst: nulls ? nulls === "FIRST" : !isDescending };
}

/** Orders by a column of the list, by its number, or by anything that the list could have. */
export function bindOrder(
  { orderBy }: Select,
  items: readonly ListedItem[],
  bind: (expression: Expression) => RowExpression,
  source: SourceText,
): BoundOrder[] {
  return orderBy.map((item) => {
    const direction = directionOf(item);
    const listed = placeInList(
      item.expression,
      items.map(({ name }) => name),
      source,
    );
    if (listed !== undefined) return { place: listed, ...direction };
    const expression = bind(item.expression);
    const same = items.findIndex((each) => JSON.stringify(each.expression) === JSON.stringify(expression));
    return same >= 0 ? { place: same, ...direction } : { hidden: { name: "", expression }, ...direction };
  });
}

function placeInList(
  expression: Expression,
  names: readonly string[],
  source: SourceText,
): number | undefined {
  if (expression.kind === "literal" && expression.type === "number") {
    const number = Number(expression.text);
    if (Number.isInteger(number) && number >= 1 && number <= names.length) return number - 1;
    throw statementError(
      source,
      expression,
      `A number in ORDER BY is the place of a column, from 1 to ${names.length}, not ${expression.text}`,
    );
  }
  if (expression.kind !== "column" || expression.parts.length !== 1) return undefined;
  const place = names.indexOf(expression.parts[0]?.name ?? "");
  return place < 0 ? undefined : place;
}

/** ORDER BY and LIMIT behind what is not a plain SELECT: by its columns alone. */
export function ordered(input: Relation, query: Ordered, { source }: BindContext): Relation {
  const names = input.fields.map(({ name }) => name);
  const order = query.orderBy.map((item) => {
    const column = placeInList(item.expression, names, source);
    if (column !== undefined) return { column, ...directionOf(item) };
    const columns = names.join(", ");
    const message = `Behind DISTINCT or a set operation, ORDER BY takes columns of the result: ${columns}`;
    throw statementError(source, item, message);
  });
  const sorted: Relation = order.length > 0 ? { node: "sort", input, order, fields: input.fields } : input;
  return limit(sorted, query, source);
}

export function limit(input: Relation, query: Ordered, source: SourceText): Relation {
  if (!query.limit && !query.offset) return input;
  const count = query.limit ? countOf(query.limit, source, "LIMIT") : Number.MAX_SAFE_INTEGER;
  const offset = query.offset ? countOf(query.offset, source, "OFFSET") : 0;
  return { node: "limit", input, offset, count, fields: input.fields };
}

function countOf(expression: Expression, source: SourceText, clause: string): number {
  const bound = new ExpressionBinder(source, { columns: [] }).bind(expression);
  const value = bound.node === "literal" ? decodeValueJson(bound.value) : undefined;
  const isWhole = bound.type.name === "INT" || bound.type.name === "BIGINT";
  if (isWhole && (typeof value === "number" || typeof value === "bigint")) {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(Number(value)))
      return Number(value);
  }
  throw statementError(source, expression, `${clause} takes a whole number from 0`);
}
