/**
 * Queries: from a tree of what was written to a tree of relations.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { mergeTypes } from "../../interpreter/types/merge-types.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type {
  Expression,
  Ordered,
  OrderItem,
  Query,
  Select,
  SelectItem,
  SetOperation,
  Star,
  Values,
  With,
} from "../parse/syntax-tree.ts";
import type { Field, Relation } from "../plan/logical-plan.ts";
import { type BindContext, type NamedRelation, namedAs, renamed } from "./bind-context.ts";
import { ExpressionBinder, implicitCast } from "./bind-expression.ts";
import { bindFrom, emptyRow } from "./bind-from.ts";
import { Grouping, hasAggregate } from "./grouping.ts";
import { optionOf, parseDuration } from "./session-options.ts";

/** Returns what a query means. Throws `SQL_INVALID` or `SQL_NOT_SUPPORTED` at the place. */
export function bindQuery(query: Query, context: BindContext): Relation {
  const inner = { ...context, bindQuery };
  switch (query.kind) {
    case "select":
      return bindSelect(query, inner);
    case "set operation":
      return ordered(bindSet(query, inner), query, inner);
    case "values":
      return ordered(bindValues(query, inner), query, inner);
    case "table query": {
      const { name, start, end } = query;
      const reference = { kind: "named table", name, hints: [], columns: [], start, end } as const;
      return ordered(bindFrom(reference, inner).relation, query, inner);
    }
    case "with":
      return ordered(bindWith(query, inner), query, inner);
  }
}

function bindWith({ tables, query }: With, context: BindContext): Relation {
  const named = new Map(context.named);
  for (const { name, columns, query: each } of tables) {
    const relation = bindQuery(each, { ...context, named });
    named.set(name.name, renamed(context.source, relation, columns, name));
  }
  return bindQuery(query, { ...context, named });
}

/** What a SELECT list is made of: where its expressions are bound, and what comes before it. */
interface Listing {
  readonly bind: (expression: Expression) => RowExpression;
  readonly input: NamedRelation;
  /** The relation that the list is over, once all is bound, and what its expressions are then. */
  readonly finish: (bound: readonly RowExpression[]) => {
    readonly relation: Relation;
    readonly bound: readonly RowExpression[];
  };
}

function bindSelect(select: Select, context: BindContext): Relation {
  const { source } = context;
  if (select.windows.length > 0) throw notSupported(source, select, "WINDOW");
  if (select.qualify) throw notSupported(source, select.qualify, "QUALIFY");
  const from = select.from ? bindFrom(select.from, context) : emptyRow;
  const input = filtered(from, select.where, context);
  const listing = isGrouped(select) ? groupedListing(select, input, context) : plainListing(input, source);
  const items = select.items.flatMap((item, index) => listItem(item, index, listing, source));
  const order = select.isDistinct ? [] : bindOrder(select, items, listing, source);
  const hidden = order.flatMap(({ hidden: more }) => more ?? []);
  const { relation, bound } = listing.finish([...items, ...hidden].map(({ expression }) => expression));
  const projected = project(relation, bound, [
    ...items.map(({ name }) => name),
    ...hidden.map((_, index) => `$order${index}`),
  ]);
  if (select.isDistinct) return ordered(distinct(projected, ttlOf(select, context)), select, context);
  const places = order.map(({ place, hidden: more, ...rest }) => {
    return { ...rest, column: more ? items.length + hidden.indexOf(more) : (place ?? 0) };
  });
  const sorted: Relation =
    places.length > 0
      ? { node: "sort", input: projected, order: places, fields: projected.fields }
      : projected;
  const limited = limit(sorted, select, source);
  return hidden.length > 0 ? firstFields(limited, items.length) : limited;
}

function isGrouped({ groupBy, having, items }: Select): boolean {
  return (
    groupBy !== undefined || having !== undefined || items.some(({ expression }) => hasAggregate(expression))
  );
}

function filtered(
  from: NamedRelation,
  where: Expression | undefined,
  { source }: BindContext,
): NamedRelation {
  if (!where) return from;
  if (hasAggregate(where)) {
    throw statementError(source, where, "WHERE has no aggregates: it is about rows; use HAVING for groups");
  }
  const binder = new ExpressionBinder(source, { columns: from.columns });
  const condition = binder.condition(where, "WHERE");
  const { relation } = from;
  return { ...from, relation: { node: "calc", input: relation, condition, fields: relation.fields } };
}

function plainListing(input: NamedRelation, source: SourceText): Listing {
  const binder = new ExpressionBinder(source, { columns: input.columns });
  return {
    bind: (expression) => binder.bind(expression),
    input,
    finish: (bound) => ({ relation: input.relation, bound }),
  };
}

function groupedListing(select: Select, input: NamedRelation, context: BindContext): Listing {
  const grouping = new Grouping(context.source, input, select.groupBy ?? []);
  const having = select.having && grouping.condition(select.having, "HAVING");
  return {
    bind: (expression) => grouping.bind(expression),
    input,
    finish: (bound) => {
      const groups = grouping.relation(ttlOf(select, context));
      const { fields } = groups;
      const kept: Relation = having
        ? { node: "calc", input: groups, condition: grouping.place(having), fields }
        : groups;
      return { relation: kept, bound: bound.map((each) => grouping.place(each)) };
    },
  };
}

/** How long state is kept: what STATE_TTL says of any table, or the session. */
function ttlOf({ hints }: Select, { options, source }: BindContext): number | undefined {
  const hinted = hints.filter(({ name }) => name.toUpperCase() === "STATE_TTL");
  const [first] = hinted.flatMap((hint) => hint.options);
  if (!first) return parseDuration(optionOf(options, "table.exec.state.ttl"));
  const ttl = parseDuration(first.value ?? "");
  if (ttl !== undefined) return ttl;
  const span = { start: 0, end: Math.min(6, source.text.length) };
  throw statementError(source, span, `STATE_TTL takes a duration such as '1 d', not '${first.value}'`);
}

interface ListedItem {
  readonly name: string;
  readonly expression: RowExpression;
}

function listItem(item: SelectItem, index: number, listing: Listing, source: SourceText): ListedItem[] {
  const { expression, alias } = item;
  if (expression.kind === "star") return starItems(expression, listing, source);
  return [
    { name: alias?.name ?? nameOf(expression) ?? `EXPR$${index}`, expression: listing.bind(expression) },
  ];
}

function nameOf(expression: Expression): string | undefined {
  if (expression.kind === "column") return expression.parts.at(-1)?.name;
  return expression.kind === "field" ? expression.field?.name : undefined;
}

/** The columns that a star stands for, each bound as if it were written. */
function starItems(star: Star, { input, bind }: Listing, source: SourceText): ListedItem[] {
  const { columns } = input;
  const table = star.of.at(-1)?.name;
  const chosen = columns.filter((column) => table === undefined || column.table === table);
  if (chosen.length === 0) {
    const what =
      table === undefined ? "There is no table whose columns * could be" : `There is no table ${table}`;
    throw statementError(source, star, what);
  }
  const { start, end } = star;
  return chosen.map((column) => {
    const part = (name: string) => ({ name, isQuoted: true, start, end });
    const parts = column.table === undefined ? [part(column.name)] : [part(column.table), part(column.name)];
    const expression = bind({ kind: "column", parts, start, end });
    return { name: column.name, expression };
  });
}

/** Makes columns; what is a column of the input as it is keeps its attributes. */
export function project(
  input: Relation,
  bound: readonly RowExpression[],
  names: readonly string[],
): Relation {
  const fields = bound.map((expression, index): Field => {
    const name = names[index] ?? "";
    const { type } = expression;
    if (expression.node === "input") {
      const { time, window } = input.fields[expression.index] as Field;
      return { name, type, ...(time && { time }), ...(window && { window }) };
    }
    const isProcessing = expression.node === "call" && expression.function === "PROCTIME";
    return { name, type, ...(isProcessing && { time: "processing" as const }) };
  });
  const isSame =
    bound.length === input.fields.length &&
    bound.every((each, index) => each.node === "input" && each.index === index);
  return isSame ? { ...input, fields } : { node: "calc", input, projection: bound, fields };
}

function firstFields(input: Relation, count: number): Relation {
  const bound = input.fields
    .slice(0, count)
    .map(({ type }, index): RowExpression => ({ node: "input", index, type }));
  return project(
    input,
    bound,
    input.fields.map(({ name }) => name),
  );
}

/** Each different row once. */
function distinct(input: Relation, ttlMs: number | undefined): Relation {
  return {
    node: "aggregate",
    input,
    key: input.fields.map((_, index) => index),
    aggregates: [],
    ...(ttlMs !== undefined && ttlMs > 0 && { ttlMs }),
    fields: input.fields.map(({ name, type }) => ({ name, type })),
  };
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
function bindOrder(
  { orderBy }: Select,
  items: readonly ListedItem[],
  listing: Listing,
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
    const expression = listing.bind(item.expression);
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
      `ORDER BY ${expression.text}: there are ${names.length} columns`,
    );
  }
  if (expression.kind !== "column" || expression.parts.length !== 1) return undefined;
  const place = names.indexOf(expression.parts[0]?.name ?? "");
  return place < 0 ? undefined : place;
}

/** ORDER BY and LIMIT behind what is not a plain SELECT: by its columns alone. */
function ordered(input: Relation, query: Ordered, { source }: BindContext): Relation {
  const names = input.fields.map(({ name }) => name);
  const order = query.orderBy.map((item) => {
    const column = placeInList(item.expression, names, source);
    if (column !== undefined) return { column, ...directionOf(item) };
    const binder = new ExpressionBinder(source, { columns: namedAs(input, undefined).columns });
    const bound = binder.bind(item.expression);
    if (bound.node === "input") return { column: bound.index, ...directionOf(item) };
    throw statementError(
      source,
      item,
      "Behind a set operation or DISTINCT, ORDER BY takes columns of the result",
    );
  });
  const sorted: Relation = order.length > 0 ? { node: "sort", input, order, fields: input.fields } : input;
  return limit(sorted, query, source);
}

function limit(input: Relation, query: Ordered, source: SourceText): Relation {
  if (!query.limit && !query.offset) return input;
  const count = query.limit ? countOf(query.limit, source, "LIMIT") : Number.MAX_SAFE_INTEGER;
  const offset = query.offset ? countOf(query.offset, source, "OFFSET") : 0;
  return { node: "limit", input, offset, count, fields: input.fields };
}

function countOf(expression: Expression, source: SourceText, clause: string): number {
  const bound = new ExpressionBinder(source, { columns: [] }).bind(expression);
  const value = bound.node === "literal" ? decodeValueJson(bound.value) : undefined;
  if (typeof value === "number" || typeof value === "bigint") {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(Number(value)))
      return Number(value);
  }
  throw statementError(source, expression, `${clause} takes a whole number from 0`);
}

function bindValues({ rows, ...span }: Values, { source }: BindContext): Relation {
  const binder = new ExpressionBinder(source, { columns: [] });
  const bound = rows.map((row) => (row.kind === "row" ? row.items : [row]).map((item) => binder.bind(item)));
  const [first = []] = bound;
  const uneven = bound.findIndex((row) => row.length !== first.length);
  if (uneven >= 0) {
    const message = `All rows of VALUES have as many columns: the first ${first.length}, this ${bound[uneven]?.length}`;
    throw statementError(source, rows[uneven] ?? span, message);
  }
  const types = commonTypes(
    bound.map((row) => row.map(({ type }) => type)),
    source,
    span,
    "VALUES",
  );
  return {
    node: "values",
    rows: bound.map((row) => row.map((each, index) => implicitCast(each, types[index] as SqlType))),
    fields: types.map((type, index) => ({ name: `EXPR$${index}`, type })),
  };
}

/** The type that each column of several relations or rows has in common. */
function commonTypes(
  all: readonly (readonly SqlType[])[],
  source: SourceText,
  span: Span,
  what: string,
): SqlType[] {
  return (all[0] ?? []).map((_, column) => {
    const types = all.map((row) => row[column] as SqlType);
    const merged = mergeTypes(types);
    if (merged) return merged;
    const shapes = [...new Set(types.map((type) => formatShape(type)))].join(" and ");
    const message = `Column ${column + 1} of ${what} has types with nothing in common: ${shapes}; cast one`;
    throw statementError(source, span, message);
  });
}

function bindSet(query: SetOperation, context: BindContext): Relation {
  const { operator, isAll, ...span } = query;
  const sides = [query.left, query.right].map((side) => bindQuery(side, context));
  const [left, right] = sides as [Relation, Relation];
  if (left.fields.length !== right.fields.length) {
    const message = `Both sides of ${operator} have as many columns: ${left.fields.length} and ${right.fields.length}`;
    throw statementError(context.source, span, message);
  }
  const types = commonTypes(
    sides.map(({ fields }) => fields.map(({ type }) => type)),
    context.source,
    span,
    operator,
  );
  const [first, second] = sides.map((side) => castTo(side, types)) as [Relation, Relation];
  const fields = first.fields.map(({ name, time }, index): Field => {
    const type = types[index] as SqlType;
    // Time goes on where both sides have it.
    return { name, type, ...(time && second.fields[index]?.time === time && { time }) };
  });
  const plain = fields.map(({ name, type }) => ({ name, type }));
  if (operator !== "UNION") {
    const set = operator === "EXCEPT" ? ("except" as const) : ("intersect" as const);
    return { node: "set", set, isAll, left: first, right: second, fields: plain };
  }
  const inputs = [first, second].flatMap((side) => (side.node === "union" ? side.inputs : [side]));
  const union: Relation = { node: "union", inputs, fields };
  return isAll ? union : distinct(union, parseDuration(optionOf(context.options, "table.exec.state.ttl")));
}

/** The same columns as other types. */
export function castTo(relation: Relation, types: readonly SqlType[]): Relation {
  const bound = relation.fields.map(({ type }, index) =>
    implicitCast({ node: "input", index, type }, types[index] as SqlType),
  );
  if (bound.every(({ node }) => node === "input")) return relation;
  return project(
    relation,
    bound,
    relation.fields.map(({ name }) => name),
  );
}
