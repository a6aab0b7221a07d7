/**
 * What expressions are made of: literals, columns, calls, and what has a syntax of its own.
 */

import { parseCallOrColumn, parseTableArgument } from "./parse-call.ts";
import { parseFunction } from "./parse-function.ts";
import { parseIntervalUnit } from "./parse-type.ts";
import { isQueryAhead } from "./query-ahead.ts";
import { bareFunctions, reservedFunctions } from "./reserved-words.ts";
import type { Case, Collection, Expression, IntervalLiteral, Literal } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";
import type { Token } from "./tokens.ts";

export function parsePrimary(reader: TokenReader): Expression {
  const { token } = reader;
  switch (token.kind) {
    case "number":
      reader.take();
      return literal(token, "number");
    case "bytes":
      reader.take();
      return { ...literal(token, "bytes"), text: token.text.toUpperCase() };
    case "string":
    case "unicode":
      return parseString(reader);
    case "quoted":
      return parseCallOrColumn(reader);
    case "symbol":
      return parseSymbol(reader);
    case "word":
      return parseWord(reader);
    default:
      return reader.fail("an expression");
  }
}

function literal({ text, start, end }: Token, type: Literal["type"]): Literal {
  return { kind: "literal", type, text, start, end };
}

/** Texts that follow each other are one. */
function parseString(reader: TokenReader): Literal {
  const { start } = reader.token;
  let text = "";
  for (let isFirst = true; ; isFirst = false) {
    const { kind } = reader.token;
    if (kind === "unicode" && isFirst) text = parseUnicode(reader);
    else if (kind === "string") text += reader.take().text;
    else break;
  }
  return { kind: "literal", type: "string", text, ...reader.since(start) };
}

/** `U&'\00e9'`, with another escape where UESCAPE names one. */
function parseUnicode(reader: TokenReader): string {
  const token = reader.take();
  const mark = reader.accept("UESCAPE") ? reader.string() : "\\";
  if (mark.length !== 1 || /[\da-f+'"\s]/i.test(mark)) reader.refuse(token, "UESCAPE takes one character");
  const at = `\\u{${mark.charCodeAt(0).toString(16)}}`;
  const escaped = new RegExp(`${at}(?:${at}|([\\da-f]{4})|\\+([\\da-f]{6})|)`, "giu");
  return token.text.replaceAll(escaped, (found: string, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? "", 16);
    if (code <= 0x10_ffff) return String.fromCodePoint(code);
    if (found.length === 2) return mark;
    return reader.refuse(token, `${found} is no escape: four hexadecimal digits, or + and six, are one`);
  });
}

function parseSymbol(reader: TokenReader): Expression {
  const { start } = reader.token;
  if (reader.token.word === "{") return parseBraced(reader);
  if (reader.accept("*")) return { kind: "star", of: [], ...reader.since(start) };
  if (isParameter(reader)) return reader.parameter();
  if (!reader.is("(")) return reader.fail("an expression");
  if (isQueryAhead(reader)) {
    const query = reader.parenthesized(() => reader.query());
    return { kind: "subquery", role: "scalar", query, ...reader.since(start) };
  }
  reader.take();
  const items = reader.list(() => reader.expression());
  reader.expect(")");
  const [first] = items;
  if (first && items.length === 1) {
    refuseDifference(reader, first);
    return { ...first, ...reader.since(start) };
  }
  return { kind: "row", items, ...reader.since(start) };
}

/** `{fn ABS(a)}`, `{d '2024-01-01'}`: as JDBC has it. */
function parseBraced(reader: TokenReader): Expression {
  const { start } = reader.take();
  const what = reader.expectOneOf("FN", "D", "T", "TS");
  if (what === "FN") {
    const call = reader.operand();
    if (call.kind !== "call") reader.refuse(call, "{fn …} has one call of a function in it");
    reader.expect("}");
    return { ...call, ...reader.since(start) };
  }
  const type = what === "D" ? "date" : what === "T" ? "time" : "timestamp";
  const text = reader.string();
  reader.expect("}");
  return { kind: "literal", type, text, ...reader.since(start) };
}

/** `(a - b) DAY` is an interval in Flink. */
function refuseDifference(reader: TokenReader, inner: Expression): void {
  const isDifference = inner.kind === "binary" && inner.operator === "-";
  const unit = reader.token.word;
  if (!isDifference || !/^(?:YEAR|MONTH|DAY|HOUR|MINUTE|SECOND)$/.test(unit)) return;
  const instead = `TIMESTAMPDIFF(${unit}, b, a), which is a number`;
  reader.notSupported(reader.token, `(a - b) ${unit} as an interval; write ${instead}`);
}

/** `?`, or a name right behind a colon. */
function isParameter(reader: TokenReader): boolean {
  const { word, end } = reader.token;
  const next = reader.peek(1);
  return word === "?" || (word === ":" && next.kind === "word" && next.start === end);
}

function parseWord(reader: TokenReader): Expression {
  const { token } = reader;
  const { word, start } = token;
  const next = reader.peek(1);
  const constant = parseConstant(reader);
  if (constant) return constant;
  switch (word) {
    case "DEFAULT":
      return reader.notSupported(token, "DEFAULT as a value");
    case "INTERVAL":
      return isIntervalLiteral(reader) ? parseInterval(reader) : parseIntervalOf(reader);
    case "NEXT":
      if (next.word === "VALUE") reader.notSupported(token, "sequences");
      break;
    case "CASE":
      return parseCase(reader);
    case "ARRAY":
    case "MAP":
    case "MULTISET":
    case "CURSOR":
      if (next.word === "[" && word !== "CURSOR") return parseCollection(reader, word);
      refuseCollectionOfQuery(reader);
      break;
    case "ROW":
      if (next.word !== "(") break;
      reader.take();
      return { kind: "row", items: argumentsOf(reader), ...reader.since(start) };
    case "TABLE":
      if (next.kind === "word" || next.kind === "quoted" || next.word === "(")
        return parseTableArgument(reader);
      break;
    case "MODEL":
      if (next.kind === "word" || next.kind === "quoted") reader.notSupported(token, "MODEL");
      break;
  }
  const special = next.word === "(" ? parseFunction(reader) : undefined;
  if (special) return special;
  if (bareFunctions.has(word) && next.word !== "(") {
    reader.take();
    const name = { parts: [{ name: word, isQuoted: false, ...reader.since(start) }], ...reader.since(start) };
    return { kind: "call", name, arguments: [], isDistinct: false, orderBy: [], ...reader.since(start) };
  }
  const isFunction = next.word === "(" && reservedFunctions.has(word);
  if (!reader.isIdentifier && !isFunction) return reader.fail("an expression");
  return parseCallOrColumn(reader);
}

/** TRUE, NULL, DATE '…'. */
function parseConstant(reader: TokenReader): Literal | undefined {
  const { token } = reader;
  const next = reader.peek(1);
  switch (token.word) {
    case "TRUE":
    case "FALSE":
      reader.take();
      return { ...literal(token, "boolean"), text: token.word };
    case "NULL":
    case "UNKNOWN":
      if (token.word === "UNKNOWN" && next.word === "(") return undefined;
      reader.take();
      return { ...literal(token, "null"), text: "NULL" };
    case "DATE":
    case "TIME":
    case "TIMESTAMP":
      return parseTime(reader, token.word.toLowerCase() as "date" | "time" | "timestamp");
    default:
      return undefined;
  }
}

function parseTime(reader: TokenReader, plain: "date" | "time" | "timestamp"): Literal | undefined {
  const { start } = reader.token;
  const isLocal = plain === "timestamp" && ["WITH", "LOCAL", "TIME", "ZONE"].every(isNext);
  if (reader.peek(isLocal ? 5 : 1).kind !== "string") return undefined;
  for (let taken = 0; taken < (isLocal ? 5 : 1); taken++) reader.take();
  const text = reader.string();
  return { kind: "literal", type: isLocal ? "timestamp_ltz" : plain, text, ...reader.since(start) };

  function isNext(word: string, index: number): boolean {
    return reader.peek(index + 1).word === word;
  }
}

function isIntervalLiteral(reader: TokenReader): boolean {
  const { kind, word } = reader.peek(1);
  return kind !== "word" && kind !== "quoted" && word !== "(";
}

/** `INTERVAL a DAY`: so many days. */
function parseIntervalOf(reader: TokenReader): Expression {
  const { start } = reader.take();
  const left = reader.is("(") ? reader.parenthesized(() => reader.expression()) : parseCallOrColumn(reader);
  const unit = parseIntervalUnit(reader);
  if (unit.to) reader.notSupported(reader.since(start), "INTERVAL of an expression in two units");
  const span = reader.since(start);
  const right: IntervalLiteral = { kind: "interval", isNegative: false, text: "1", unit, ...span };
  return { kind: "binary", operator: "*", left, right, ...span };
}

/** `ARRAY(SELECT …)`: a query's rows as one value. */
function refuseCollectionOfQuery(reader: TokenReader): void {
  const { token } = reader;
  const opens = reader.peek(1).word === "(";
  if (!opens || !["SELECT", "WITH", "VALUES"].includes(reader.peek(2).word)) return;
  const instead =
    token.word === "CURSOR" ? "" : "; collect them in a subquery in FROM, with ARRAY_AGG or COLLECT";
  reader.notSupported(token, `${token.word}(query)${instead}`);
}

export function parseInterval(reader: TokenReader): IntervalLiteral {
  const { start } = reader.take();
  const isNegative = reader.acceptOneOf("-", "+") === "-";
  const { kind } = reader.token;
  if (kind !== "string" && kind !== "number") reader.fail("a text in quotes");
  const { text } = reader.take();
  const unit = parseIntervalUnit(reader);
  return { kind: "interval", isNegative, text, unit, ...reader.since(start) };
}

function parseCase(reader: TokenReader): Case {
  const { start } = reader.take();
  const operand = reader.is("WHEN") ? undefined : reader.expression();
  const branches: Case["branches"][number][] = [];
  while (reader.accept("WHEN")) {
    // Several values of an operand may have one result.
    const values = operand ? reader.list(() => reader.expression()) : [reader.expression()];
    reader.expect("THEN");
    const result = reader.expression();
    branches.push(...values.map((when) => ({ when, result })));
  }
  if (branches.length === 0) reader.fail();
  const otherwise = reader.accept("ELSE") ? reader.expression() : undefined;
  reader.expect("END");
  const ends = { ...(operand && { operand }), ...(otherwise && { otherwise }) };
  return { kind: "case", branches, ...ends, ...reader.since(start) };
}

function parseCollection(reader: TokenReader, of: Collection["of"]): Collection {
  const { start } = reader.take();
  reader.take();
  const items = reader.is("]") ? [] : reader.list(() => reader.expression());
  reader.expect("]");
  return { kind: "collection", of, items, ...reader.since(start) };
}

function argumentsOf(reader: TokenReader): Expression[] {
  return reader.parenthesized(() => (reader.is(")") ? [] : reader.list(() => reader.expression())));
}
