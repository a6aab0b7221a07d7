/**
 * Columns and calls, with all that may stand in a call and behind it.
 */
import type {
  Call,
  Column,
  Expression,
  FrameBound,
  Identifier,
  NamedArgument,
  OrderItem,
  Star,
  TableArgument,
  WindowFrame,
  WindowSpec,
} from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

/** Reads `a.b`, `a.*`, `f(…)`: what a dotted name begins. */
export function parseCallOrColumn(reader: TokenReader): Column | Star | Call {
  const { start } = reader.token;
  const parts: Identifier[] = [reader.member()];
  while (reader.accept(".")) {
    if (reader.accept("*")) return { kind: "star", of: parts, ...reader.since(start) };
    parts.push(reader.member());
  }
  if (!reader.is("(")) return { kind: "column", parts, ...reader.since(start) };
  return parseCall(reader, parts, start);
}

function parseCall(reader: TokenReader, parts: readonly Identifier[], start: number): Call {
  const name = { parts, ...reader.since(start) };
  reader.expect("(");
  const isDistinct = reader.acceptOneOf("DISTINCT", "ALL") === "DISTINCT";
  const given = reader.is(")") ? [] : reader.list(() => parseArgument(reader));
  let nulls = parseNulls(reader);
  const orderBy = parseOrderBy(reader);
  nulls ??= parseNulls(reader);
  reader.expect(")");
  nulls ??= parseNulls(reader);
  if (reader.comes("WITHIN", "DISTINCT")) reader.notSupported(reader.token, "WITHIN DISTINCT");
  const withinGroup = reader.accept("WITHIN", "GROUP")
    ? { withinGroup: reader.parenthesized(() => parseOrderBy(reader)) }
    : {};
  const filter =
    reader.comes("FILTER", "(") && reader.accept("FILTER")
      ? {
          filter: reader.parenthesized(() => {
            reader.expect("WHERE");
            return reader.expression();
          }),
        }
      : {};
  nulls ??= parseNulls(reader);
  const over = reader.accept("OVER")
    ? { over: reader.is("(") ? parseWindowSpec(reader) : reader.identifier() }
    : {};
  const rest = { ...withinGroup, ...filter, ...(nulls && { nulls }), ...over };
  return { kind: "call", name, arguments: given, isDistinct, orderBy, ...rest, ...reader.since(start) };
}

function parseNulls(reader: TokenReader): Call["nulls"] {
  if (reader.peek(1).word !== "NULLS") return undefined;
  const nulls = reader.acceptOneOf("IGNORE", "RESPECT");
  if (nulls) reader.expect("NULLS");
  return nulls;
}

function parseArgument(reader: TokenReader): Expression {
  if (reader.peek(1).word !== "=>") return parseValue(reader);
  const { start } = reader.token;
  const name = reader.member();
  reader.expect("=>");
  const value = parseValue(reader);
  return { kind: "named argument", name, value, ...reader.since(start) } satisfies NamedArgument;
}

function parseValue(reader: TokenReader): Expression {
  const value = reader.expression();
  const what = "a query as an argument with PARTITION BY: name the query with CREATE VIEW";
  if (reader.comes("PARTITION", "BY")) reader.notSupported(reader.token, what);
  return value;
}

/** Reads `TABLE t PARTITION BY a ORDER BY b`. */
export function parseTableArgument(reader: TokenReader): TableArgument {
  const { start } = reader.token;
  reader.expect("TABLE");
  const table = reader.is("(") ? reader.parenthesized(() => reader.query()) : reader.name();
  const partitionBy = reader.accept("PARTITION", "BY") ? parsePartition(reader) : [];
  const orderBy = reader.accept("ORDER", "BY") ? parseOrder(reader) : [];
  return { kind: "table argument", table, partitionBy, orderBy, ...reader.since(start) };
}

/** Several in parentheses, or one: a comma behind it begins the next argument. */
function parsePartition(reader: TokenReader): Expression[] {
  if (!reader.is("(")) return [reader.operand()];
  return reader.parenthesized(() => reader.list(() => reader.expression()));
}

function parseOrder(reader: TokenReader): OrderItem[] {
  if (!reader.is("(")) return [parseOrderItem(reader)];
  return reader.parenthesized(() => reader.list(() => parseOrderItem(reader)));
}

export function parseOrderBy(reader: TokenReader): OrderItem[] {
  return reader.accept("ORDER", "BY") ? reader.list(() => parseOrderItem(reader)) : [];
}

function parseOrderItem(reader: TokenReader): OrderItem {
  const { start } = reader.token;
  const expression = reader.expression();
  const isDescending = reader.acceptOneOf("ASC", "DESC") === "DESC";
  const nulls = reader.accept("NULLS") ? { nulls: reader.expectOneOf("FIRST", "LAST") } : {};
  return { expression, isDescending, ...nulls, ...reader.since(start) };
}

/** Reads a window in parentheses. */
export function parseWindowSpec(reader: TokenReader): WindowSpec {
  const { start } = reader.token;
  const inner = reader.parenthesized(() => {
    const isBase = reader.isIdentifier && !["RANGE", "ROWS"].includes(reader.token.word);
    const base = isBase ? { base: reader.identifier() } : {};
    const partitionBy = reader.accept("PARTITION", "BY") ? reader.list(() => reader.expression()) : [];
    const orderBy = parseOrderBy(reader);
    const unit = reader.acceptOneOf("ROWS", "RANGE");
    return { ...base, partitionBy, orderBy, ...(unit && { frame: parseFrame(reader, unit) }) };
  });
  return { kind: "window", ...inner, ...reader.since(start) };
}

function parseFrame(reader: TokenReader, unit: WindowFrame["unit"]): WindowFrame {
  if (!reader.accept("BETWEEN")) return { unit, from: parseBound(reader) };
  const from = parseBound(reader);
  reader.expect("AND");
  return { unit, from, to: parseBound(reader) };
}

function parseBound(reader: TokenReader): FrameBound {
  if (reader.accept("CURRENT")) {
    reader.expect("ROW");
    return { bound: "current" };
  }
  const distance = reader.accept("UNBOUNDED") ? {} : { distance: reader.expression() };
  return { bound: reader.expectOneOf("PRECEDING", "FOLLOWING"), ...distance };
}
