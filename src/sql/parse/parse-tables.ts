/**
 * What stands behind FROM: tables, subqueries, table functions, and their joins.
 */
import { parseCallOrColumn } from "./parse-call.ts";
import { parseHints } from "./parse-hints.ts";
import { isQueryAhead } from "./query-ahead.ts";
import type { Aliased, FunctionTable, Join, TableReference } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

type Alias = Pick<Aliased, "alias" | "columns">;

/** Reads tables, with joins between them or commas, which are cross joins; all group from the left. */
export function parseTables(reader: TokenReader): TableReference {
  return parseJoins(reader, true);
}

function parseJoins(reader: TokenReader, takesCommas: boolean): TableReference {
  const { start } = reader.token;
  let left = parseTable(reader);
  for (let length = 0; ; reader.checkChain(++length)) {
    const isNatural = reader.accept("NATURAL");
    const type = takesCommas && !isNatural && reader.accept(",") ? "CROSS" : parseJoinType(reader);
    if (!type) {
      if (isNatural) reader.fail();
      return left;
    }
    const right = parseTable(reader);
    const condition = isNatural || type === "CROSS" ? {} : parseCondition(reader);
    left = { kind: "join", type, isNatural, left, right, ...condition, ...reader.since(start) };
  }
}

function parseCondition(reader: TokenReader): Pick<Join, "on" | "using"> {
  if (reader.accept("ON")) return { on: reader.expression() };
  return reader.accept("USING") ? { using: reader.identifiers() } : {};
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
      const operand = reader.parenthesized(() => {
        const collection = reader.expression();
        if (reader.is(",")) reader.notSupported(reader.token, "UNNEST of several collections; join one each");
        return collection;
      });
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
  if (isLateral) reader.fail();
  return reader.parenthesized(() => parseJoins(reader, false));
}

function parseNamedTable(reader: TokenReader, start: number, isLateral: boolean): TableReference {
  if (!reader.isIdentifier) reader.fail("a table");
  if (isCallNext(reader)) {
    const call = parseTableFunction(reader);
    return finish(reader, start, { kind: "function table", call, isLateral });
  }
  if (isLateral) reader.fail("a query in parentheses, or a table function");
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
  refuseClauses(reader);
  const aliased = { ...table, ...parseAlias(reader), ...reader.since(start) };
  refuseClauses(reader);
  return aliased;
}

/** What Flink takes behind a table and Millrace does not. */
function refuseClauses(reader: TokenReader): void {
  const { token } = reader;
  const isPivot = ["PIVOT", "UNPIVOT"].includes(token.word) && reader.peek(1).word === "(";
  if (isPivot || ["MATCH_RECOGNIZE", "TABLESAMPLE"].includes(token.word)) {
    reader.notSupported(token, token.word);
  }
}

function parseAlias(reader: TokenReader): Alias {
  if (!reader.accept("AS") && !reader.isIdentifier) return { columns: [] };
  const alias = reader.identifier();
  return { alias, columns: reader.is("(") ? reader.identifiers() : [] };
}
