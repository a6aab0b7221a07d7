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
  if (first && items.length === 1) return { ...first, ...reader.since(start) };
  return { kind: "row", items, ...reader.since(start) };
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
      return parseInterval(reader);
    case "CASE":
      return parseCase(reader);
    case "ARRAY":
    case "MAP":
    case "MULTISET":
      if (next.word === "[") return parseCollection(reader, word);
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
