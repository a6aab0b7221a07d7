/**
 * What stands behind FROM: tables, subqueries, table functions, and their joins.
 */
import { parseCallOrColumn } from "./parse-call.ts";
import { parseHints } from "./parse-hints.ts";
import { isQueryAhead } from "./query-ahead.ts";
import type { Aliased, FunctionTable, Join, TableReference } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

type Alias = Pick<Aliased, "alias" | "columns">;

/** Reads tables with commas between, which are cross joins. */
export function parseTables(reader: TokenReader): TableReference {
  const { start } = reader.token;
  let left = parseJoins(reader);
  while (reader.accept(",")) {
    const right = parseJoins(reader);
    left = { kind: "join", type: "CROSS", isNatural: false, left, right, ...reader.since(start) };
  }
  return left;
}

function parseJoins(reader: TokenReader): TableReference {
  const { start } = reader.token;
  let left = parseTable(reader);
  for (;;) {
    const isNatural = reader.accept("NATURAL");
    const type = parseJoinType(reader);
    if (!type) {
      if (isNatural) reader.fail();
      return left;
    }
    const right = parseTable(reader);
    const hasCondition = !isNatural && type !== "CROSS";
    const condition: Pick<Join, "on" | "using"> = !hasCondition
      ? {}
      : reader.accept("ON")
        ? { on: reader.expression() }
        : reader.accept("USING")
          ? { using: reader.identifiers() }
          : {};
    left = { kind: "join", type, isNatural, left, right, ...condition, ...reader.since(start) };
  }
}

function parseJoinType(reader: TokenReader): Join["type"] | undefined {
  if (reader.accept("JOIN")) return "INNER";
  const type = reader.acceptOneOf("INNER", "CROSS", "LEFT", "RIGHT", "FULL");
  if (!type) return undefined;
  if (type !== "INNER" && type !== "CROSS") reader.accept("OUTER");
  reader.expect("JOIN");
  return type;
}

function parseTable(reader: TokenReader): TableReference {
  return reader.nested(() => {
    const { start } = reader.token;
    const isLateral = reader.accept("LATERAL");
    if (reader.comes("TABLE", "(")) {
      reader.take();
      const call = reader.parenthesized(() => parseTableFunction(reader));
      return finish(reader, start, { kind: "function table", call, isLateral });
    }
    if (reader.accept("UNNEST")) {
      const operand = reader.parenthesized(() => reader.expression());
      const hasOrdinality = reader.accept("WITH", "ORDINALITY");
      return finish(reader, start, { kind: "unnest", operand, hasOrdinality });
    }
    if (reader.is("(")) return parseParenthesized(reader, start, isLateral);
    return parseNamedTable(reader, start, isLateral);
  });
}

/** A query, or joins that belong together. */
function parseParenthesized(reader: TokenReader, start: number, isLateral: boolean): TableReference {
  const query = isQueryAhead(reader) ? reader.parenthesized(() => reader.query()) : undefined;
  if (query) return finish(reader, start, { kind: "derived table", query, isLateral });
  return reader.parenthesized(() => parseTables(reader));
}

function parseNamedTable(reader: TokenReader, start: number, isLateral: boolean): TableReference {
  if (!reader.isIdentifier) reader.fail("a table");
  if (isCallNext(reader)) {
    const call = parseTableFunction(reader);
    return finish(reader, start, { kind: "function table", call, isLateral });
  }
  const name = reader.name("a table");
  const before = parseHints(reader);
  const asOf = reader.accept("FOR") ? { asOf: parseAsOf(reader) } : {};
  const hints = before.length > 0 ? before : parseHints(reader);
  return finish(reader, start, { kind: "named table", name, hints, ...asOf });
}

/** True where a dotted name and a parenthesis come. */
function isCallNext(reader: TokenReader): boolean {
  let behind = 1;
  while (reader.peek(behind).word === ".") behind += 2;
  return reader.peek(behind).word === "(";
}

function parseTableFunction(reader: TokenReader): FunctionTable["call"] {
  const call = parseCallOrColumn(reader);
  return call.kind === "call" ? call : reader.fail("(");
}

function parseAsOf(reader: TokenReader) {
  reader.expect("SYSTEM_TIME", "AS", "OF");
  return reader.operand();
}

/** The alias behind a table, and its columns. */
function finish<Table extends { readonly kind: TableReference["kind"] }>(
  reader: TokenReader,
  start: number,
  table: Table,
): Table & Aliased {
  const aliased = { ...table, ...parseAlias(reader), ...reader.since(start) };
  if (reader.is("MATCH_RECOGNIZE")) reader.notSupported(reader.token, "MATCH_RECOGNIZE");
  return aliased;
}

function parseAlias(reader: TokenReader): Alias {
  if (!reader.accept("AS") && !reader.isIdentifier) return { columns: [] };
  const alias = reader.identifier();
  return { alias, columns: reader.is("(") ? reader.identifiers() : [] };
}
