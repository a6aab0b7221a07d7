/**
 * Queries: SELECT, VALUES, set operations, WITH, and what may stand behind any of them.
 */
import { parseOrderBy, parseWindowSpec } from "./parse-call.ts";
import { parseHints } from "./parse-hints.ts";
import { parseTables } from "./parse-tables.ts";
import type {
  Expression,
  GroupItem,
  NamedQuery,
  Ordered,
  Query,
  Select,
  SelectItem,
  SetOperation,
} from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

export function parseQuery(reader: TokenReader): Query {
  const { start } = reader.token;
  if (!reader.accept("WITH")) return parseTail(reader, parseSetOperation(reader, 0), start);
  if (reader.is("RECURSIVE")) reader.notSupported(reader.token, "WITH RECURSIVE");
  const tables = reader.list((): NamedQuery => {
    const name = reader.identifier();
    const columns = reader.is("(") ? reader.identifiers() : [];
    reader.expect("AS");
    return { name, columns, query: reader.parenthesized(() => reader.query()) };
  });
  const query = reader.query();
  return { kind: "with", tables, query, orderBy: [], ...reader.since(start) };
}

/** ORDER BY, LIMIT, OFFSET and FETCH. */
function parseTail(reader: TokenReader, query: Query, start: number): Query {
  const orderBy = parseOrderBy(reader);
  let bounds: Pick<Ordered, "limit" | "offset"> = {};
  for (;;) {
    const bound = parseBound(reader);
    if (!bound) break;
    bounds = { ...bounds, ...bound };
  }
  if (orderBy.length === 0 && Object.keys(bounds).length === 0) return query;
  return { ...unordered(query), orderBy, ...bounds, ...reader.since(start) };
}

/** A query in parentheses keeps its own order and bounds: others are those of a query over it. */
function unordered(query: Query): Query {
  const { kind, orderBy, limit, offset, start, end } = query;
  if (kind !== "with" && orderBy.length === 0 && !limit && !offset) return query;
  const place = { start, end };
  const items = [{ expression: { kind: "star", of: [], ...place } as const, ...place }];
  const from = { kind: "derived table", query, isLateral: false, columns: [], ...place } as const;
  return { kind: "select", isDistinct: false, hints: [], items, from, windows: [], orderBy: [], ...place };
}

function parseBound(reader: TokenReader): Pick<Ordered, "limit" | "offset"> | undefined {
  if (reader.accept("LIMIT")) {
    if (reader.accept("ALL")) return {};
    const limit = reader.expression();
    return reader.accept(",") ? { offset: limit, limit: reader.expression() } : { limit };
  }
  if (reader.accept("OFFSET")) {
    const offset = reader.expression();
    reader.acceptOneOf("ROWS", "ROW");
    return { offset };
  }
  if (!reader.accept("FETCH")) return undefined;
  reader.expectOneOf("FIRST", "NEXT");
  const limit = reader.expression();
  reader.expectOneOf("ROWS", "ROW");
  reader.expect("ONLY");
  return { limit };
}

/** INTERSECT binds tighter than UNION and EXCEPT, which group from the left. */
function parseSetOperation(reader: TokenReader, least: number): Query {
  const { start } = reader.token;
  let left = parseSimpleQuery(reader);
  for (let length = 0; ; reader.checkChain(++length)) {
    const { word } = reader.token;
    if (!reader.is("UNION", "EXCEPT", "MINUS", "INTERSECT")) return left;
    const strength = word === "INTERSECT" ? 2 : 1;
    if (strength <= least) return left;
    reader.take();
    const isAll = reader.acceptOneOf("ALL", "DISTINCT") === "ALL";
    const right = reader.nested(() => parseSetOperation(reader, strength));
    const operator = (word === "MINUS" ? "EXCEPT" : word) as SetOperation["operator"];
    left = { kind: "set operation", operator, isAll, left, right, orderBy: [], ...reader.since(start) };
  }
}

function parseSimpleQuery(reader: TokenReader): Query {
  const { start } = reader.token;
  if (reader.is("SELECT")) return parseSelect(reader);
  if (reader.accept("VALUES")) {
    const rows = reader.list(() => reader.expression());
    return { kind: "values", rows, orderBy: [], ...reader.since(start) };
  }
  if (reader.is("TABLE") && reader.peek(1).word !== "(") {
    reader.take();
    return { kind: "table query", name: reader.name(), orderBy: [], ...reader.since(start) };
  }
  if (reader.is("(")) return reader.parenthesized(() => reader.query());
  return reader.fail("a query");
}

function parseSelect(reader: TokenReader): Select {
  const { start } = reader.token;
  reader.expect("SELECT");
  const hints = parseHints(reader);
  const isDistinct = reader.acceptOneOf("DISTINCT", "ALL") === "DISTINCT";
  const items = reader.list(() => parseItem(reader));
  const from = reader.accept("FROM") ? { from: parseTables(reader) } : {};
  const where = reader.accept("WHERE") ? { where: reader.expression() } : {};
  const groupBy = reader.accept("GROUP") ? { groupBy: parseGroupBy(reader) } : {};
  const having = reader.accept("HAVING") ? { having: reader.expression() } : {};
  const windows = reader.accept("WINDOW")
    ? reader.list(() => {
        const name = reader.identifier();
        reader.expect("AS");
        return { name, spec: parseWindowSpec(reader) };
      })
    : [];
  const qualify = reader.accept("QUALIFY") ? { qualify: reader.expression() } : {};
  const clauses = { ...from, ...where, ...groupBy, ...having, windows, ...qualify };
  return { kind: "select", isDistinct, hints, items, ...clauses, orderBy: [], ...reader.since(start) };
}

function parseItem(reader: TokenReader): SelectItem {
  const { start } = reader.token;
  const expression = reader.expression();
  const hasAlias = reader.accept("AS") || reader.isIdentifier;
  const alias = hasAlias ? { alias: reader.identifier() } : {};
  return { expression, ...alias, ...reader.since(start) };
}

function parseGroupBy(reader: TokenReader): GroupItem[] {
  reader.expect("BY");
  if (reader.comes("DISTINCT")) reader.notSupported(reader.token, "GROUP BY DISTINCT");
  reader.accept("ALL");
  return reader.list(() => parseGroupItem(reader));
}

function parseGroupItem(reader: TokenReader): GroupItem {
  if (reader.accept("GROUPING", "SETS")) {
    const sets = reader.parenthesized(() => reader.list(() => reader.nested(() => parseGroupItem(reader))));
    return { group: "GROUPING SETS", sets };
  }
  const group = reader.acceptOneOf("CUBE", "ROLLUP");
  if (group) {
    const expressions: Expression[] = reader.parenthesized(() => reader.list(() => reader.expression()));
    return { group, expressions };
  }
  if (reader.accept("(", ")")) return { group: "empty" };
  return { group: "expression", expression: reader.expression() };
}
