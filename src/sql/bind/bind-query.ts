/**
 * Queries: from a tree of what was written to a tree of relations.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { mergeTypes } from "../../interpreter/types/merge-types.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type {
  Expression,
  Query,
  Select,
  SelectItem,
  SetOperation,
  Star,
  Values,
  With,
} from "../parse/syntax-tree.ts";
import { type BindContext, type NamedRelation, renamed } from "./bind-context.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import { bindFrom, emptyRow } from "./bind-from.ts";
import { bindOrder, type ListedItem, limit, ordered } from "./bind-order.ts";
import { Grouping, hasAggregate } from "./grouping.ts";
import { implicitCast } from "./implicit-cast.ts";
import type { Field, Relation } from "./logical-plan.ts";
import { castTo, firstFields, project } from "./project.ts";
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
  const isGrouped = hasGroups(select, context);
  const listing = isGrouped ? groupedListing(select, input, context) : plainListing(input, context);
  const items = select.items.flatMap((item, index) => listItem(item, index, listing, source));
  const order = select.isDistinct ? [] : bindOrder(select, items, listing.bind, source);
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

function hasGroups({ groupBy, having, items }: Select, { catalog }: BindContext): boolean {
  return (
    groupBy !== undefined ||
    having !== undefined ||
    items.some(({ expression }) => hasAggregate(expression, catalog.function))
  );
}

function filtered(
  from: NamedRelation,
  where: Expression | undefined,
  { source, catalog }: BindContext,
): NamedRelation {
  if (!where) return from;
  if (hasAggregate(where, catalog.function)) {
    throw statementError(source, where, "WHERE has no aggregates: it is about rows; use HAVING for groups");
  }
  const binder = new ExpressionBinder(source, { columns: from.columns, functions: catalog.function });
  const condition = binder.condition(where, "WHERE");
  const { relation } = from;
  return { ...from, relation: { node: "calc", input: relation, condition, fields: relation.fields } };
}

function plainListing(input: NamedRelation, { source, catalog }: BindContext): Listing {
  const binder = new ExpressionBinder(source, { columns: input.columns, functions: catalog.function });
  return {
    bind: (expression) => binder.bind(expression),
    input,
    finish: (bound) => ({ relation: input.relation, bound }),
  };
}

function groupedListing(select: Select, input: NamedRelation, context: BindContext): Listing {
  const grouping = new Grouping(context, input, select.groupBy ?? []);
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

function bindValues({ rows, ...span }: Values, { source, catalog }: BindContext): Relation {
  const binder = new ExpressionBinder(source, { columns: [], functions: catalog.function });
  const bound = rows.map((row) => (row.kind === "row" ? row.items : [row]).map((item) => binder.bind(item)));
  const [first = []] = bound;
  const uneven = bound.findIndex((row) => row.length !== first.length);
  if (uneven >= 0) {
    const has = `the first has ${first.length}, this one ${bound[uneven]?.length}`;
    const message = `All rows of VALUES have as many columns: ${has}`;
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
    const has = `the left has ${left.fields.length}, the right ${right.fields.length}`;
    const message = `Both sides of ${operator} have as many columns: ${has}`;
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
