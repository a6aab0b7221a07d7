/**
 * Trees of SQL expressions and queries, as the parser makes them but for their places.
 */
import fc from "fast-check";
import type {
  Expression,
  Identifier,
  Literal,
  OrderItem,
  Query,
  SelectItem,
  TableReference,
  TypeName,
} from "../../src/sql/parse/syntax-tree.ts";

const place = { start: 0, end: 0 };

const names = fc.oneof(
  fc.constantFrom("a", "user_id", "Straße", "tumble", "day"),
  fc.constantFrom("select", "two words", "back`tick", "1st", ""),
);

const identifier: fc.Arbitrary<Identifier> = names.map((name) => {
  return { name, isQuoted: !/^(?:a|user_id|Straße|tumble|day)$/.test(name), ...place };
});

const literal: fc.Arbitrary<Literal> = fc
  .oneof(
    fc.constantFrom("0", "12", "1.5", "1e3", "-7", ".5").map((text) => ["number", text] as const),
    fc.constantFrom("", "it's", "two\nlines", "-- no comment").map((text) => ["string", text] as const),
    fc.constantFrom("TRUE", "FALSE").map((text) => ["boolean", text] as const),
    fc.constantFrom(["null", "NULL"] as const, ["bytes", "00FF"] as const),
    fc.constantFrom(["date", "2026-01-01"] as const, ["time", "12:00:00"] as const),
    fc.constantFrom("timestamp", "timestamp_ltz").map((type) => [type, "2026-01-01 00:00:00"] as const),
  )
  .map(([type, text]) => ({ kind: "literal", type: type as Literal["type"], text, ...place }));

const bare = { parameters: [], of: [], fields: [] };

const { type } = fc.letrec<{ type: TypeName }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small" },
    fc
      .tuple(
        fc.constantFrom("INT", "STRING", "DECIMAL", "TIMESTAMP_LTZ"),
        fc.constantFrom(undefined, true, false),
      )
      .map(([name, isNullable]) => {
        const parameters = name === "DECIMAL" ? [10, 2] : [];
        return { ...bare, name, parameters, ...(isNullable !== undefined && { isNullable }), ...place };
      }),
    tie("type").map((of) => ({ ...bare, name: "ARRAY", of: [of], ...place })),
    fc
      .tuple(tie("type"), tie("type"))
      .map(([key, value]) => ({ ...bare, name: "MAP", of: [key, value], ...place })),
    fc
      .tuple(identifier, tie("type"))
      .map(([name, of]) => ({ ...bare, name: "ROW", fields: [{ name, type: of }], ...place })),
  ),
}));

const operators = ["OR", "AND", "=", "<>", "<=", "+", "-", "||", "*", "/", "%"] as const;

interface Trees {
  expression: Expression;
  query: Query;
  table: TableReference;
  ordering: OrderItem[];
}

const trees = fc.letrec<Trees>((tie: fc.LetrecTypedTie<Trees>) => {
  const expression = tie("expression");
  const list = fc.array(expression, { minLength: 1, maxLength: 3 });
  const name = fc.array(identifier, { minLength: 1, maxLength: 2 }).map((parts) => ({ parts, ...place }));
  const yes = fc.boolean();
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      literal,
      name.map(({ parts }): Expression => ({ kind: "column", parts, ...place })),
      fc
        .tuple(fc.constantFrom(...operators), expression, expression)
        .map(([operator, left, right]): Expression => ({ kind: "binary", operator, left, right, ...place })),
      fc
        .tuple(fc.constantFrom("NOT" as const, "-" as const, "+" as const), expression)
        .map(([operator, operand]): Expression => signed(operator, operand)),
      fc
        .tuple(expression, yes, yes, expression, expression)
        .map(([operand, isNot, isSymmetric, low, high]): Expression => {
          return { kind: "between", operand, isNot, isSymmetric, low, high, ...place };
        }),
      fc.tuple(expression, yes, fc.oneof(list, tie("query"))).map(
        ([operand, isNot, among]): Expression => ({
          kind: "in",
          operand,
          isNot,
          among: listed(among),
          ...place,
        }),
      ),
      fc
        .tuple(expression, yes, expression, fc.option(literal, { nil: undefined }))
        .map(([operand, isNot, pattern, mark]): Expression => {
          const ending = mark && { escape: mark };
          return { kind: "like", operator: "LIKE", operand, isNot, pattern, ...ending, ...place };
        }),
      fc
        .tuple(expression, yes, fc.constantFrom("NULL", "TRUE", "UNKNOWN", "JSON OBJECT"))
        .map(([operand, isNot, what]): Expression => ({ kind: "is", operand, isNot, what, ...place })),
      fc
        .tuple(fc.option(expression, { nil: undefined }), expression, expression)
        .map(([operand, when, result]): Expression => {
          return { kind: "case", ...(operand && { operand }), branches: [{ when, result }], ...place };
        }),
      fc
        .tuple(yes, expression, type)
        .map(([isTry, operand, to]): Expression => ({ kind: "cast", isTry, operand, type: to, ...place })),
      fc.tuple(yes, fc.constantFrom("1", "1 02:03")).map(([isNegative, text]): Expression => {
        const unit = text === "1" ? { from: "DAY" } : { from: "DAY", precision: 3, to: "MINUTE" };
        return { kind: "interval", isNegative, text, unit, ...place };
      }),
      fc
        .tuple(fc.constantFrom("scalar" as const, "exists" as const), tie("query"))
        .map(([role, query]): Expression => ({ kind: "subquery", role, query, ...place })),
      list.map((items): Expression => ({ kind: "row", items, ...place })),
      fc
        .tuple(expression, expression)
        .map(([operand, index]): Expression => ({ kind: "element", operand, index, ...place })),
      fc
        .tuple(expression, identifier)
        .map(([operand, field]): Expression => ({ kind: "field", operand, field, ...place })),
      fc
        .tuple(name, list, yes, tie("ordering"), fc.option(expression, { nil: undefined }))
        .map(([of, given, isDistinct, orderBy, filter]): Expression => {
          const facts = { name: of, arguments: given, isDistinct, orderBy, ...(filter && { filter }) };
          return { kind: "call", ...facts, ...place };
        }),
    ),
    ordering: fc.oneof(
      fc.constant<OrderItem[]>([]),
      fc
        .tuple(expression, yes, fc.constantFrom(undefined, "FIRST", "LAST"))
        .map(([by, isDescending, nulls]) => {
          return [{ expression: by, isDescending, ...(nulls && { nulls }), ...place } as OrderItem];
        }),
    ),
    table: fc.oneof(
      { depthSize: "small" },
      fc.tuple(name, fc.option(identifier, { nil: undefined })).map(([of, alias]): TableReference => {
        return { kind: "named table", name: of, hints: [], ...(alias && { alias }), columns: [], ...place };
      }),
      fc.tuple(tie("query"), identifier, yes).map(([query, alias, isLateral]): TableReference => {
        return { kind: "derived table", query, isLateral, alias, columns: [alias], ...place };
      }),
      fc
        .tuple(
          fc.constantFrom("INNER" as const, "LEFT" as const, "FULL" as const),
          tie("table"),
          tie("table"),
          expression,
        )
        .map(([how, left, right, on]): TableReference => {
          return { kind: "join", type: how, isNatural: false, left, right, on, ...place };
        }),
    ),
    query: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(list, tie("table"), fc.option(list, { nil: undefined }), tie("ordering"), yes)
        .map(([selected, from, groups, orderBy, isDistinct]): Query => {
          const items = selected.map((each): SelectItem => ({ expression: each, ...place }));
          const groupBy = groups?.map((each) => ({ group: "expression" as const, expression: each }));
          const clauses = { items, from, ...(groupBy && { groupBy }), windows: [], orderBy };
          return { kind: "select", isDistinct, hints: [], ...clauses, ...place };
        }),
      list.map((rows): Query => ({ kind: "values", rows, orderBy: [], ...place })),
      fc
        .tuple(
          fc.constantFrom("UNION", "EXCEPT", "INTERSECT"),
          yes,
          tie("query"),
          tie("query"),
          tie("ordering"),
        )
        .map(([operator, isAll, left, right, orderBy]): Query => {
          const how = operator as "UNION" | "EXCEPT" | "INTERSECT";
          return { kind: "set operation", operator: how, isAll, left, right, orderBy, ...place };
        }),
      fc.tuple(identifier, tie("query"), tie("query")).map(([of, inner, query]): Query => {
        const tables = [{ name: of, columns: [], query: inner }];
        return { kind: "with", tables, query, orderBy: [], ...place };
      }),
    ),
  };
});

/** A list of nothing but a query in parentheses is that query. */
function listed(among: readonly Expression[] | Query): readonly Expression[] | Query {
  if ("kind" in among) return among;
  const [only, second] = among;
  return only?.kind === "subquery" && only.role === "scalar" && !second ? only.query : among;
}

/** A minus before a number without a sign is the number's. */
function signed(operator: "NOT" | "-" | "+", operand: Expression): Expression {
  const isNumber = operator === "-" && operand.kind === "literal" && operand.type === "number";
  if (isNumber && !operand.text.startsWith("-")) return { ...operand, text: `-${operand.text}` };
  return { kind: "unary", operator, operand, ...place };
}

export const sqlExpression: fc.Arbitrary<Expression> = trees.expression;
export const sqlQuery: fc.Arbitrary<Query> = trees.query;
