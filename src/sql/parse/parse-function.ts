/**
 * Functions whose arguments have words between them.
 */
import { parseJsonFunction } from "./parse-json-function.ts";
import { parseType, parseUnit } from "./parse-type.ts";
import type { Call, Expression, KeywordArgument } from "./syntax-tree.ts";
import type { TokenReader } from "./token-reader.ts";

type Rule = (reader: TokenReader) => readonly Expression[];

const rules: Readonly<Record<string, Rule>> = {
  EXTRACT: (reader) => {
    const unit = parseUnitSymbol(reader);
    reader.expect("FROM");
    return [unit, reader.expression()];
  },
  TRIM: (reader) => {
    const { start } = reader.token;
    const side = reader.acceptOneOf("BOTH", "LEADING", "TRAILING");
    if (!side) {
      const first = reader.expression();
      if (!reader.accept("FROM")) return [first];
      return [{ kind: "keyword", word: "BOTH", start, end: start }, first, reader.expression()];
    }
    const symbol: KeywordArgument = { kind: "keyword", word: side, ...reader.since(start) };
    if (reader.accept("FROM")) return [symbol, reader.expression()];
    const what = reader.expression();
    return reader.accept("FROM") ? [symbol, what, reader.expression()] : [symbol, what];
  },
  SUBSTRING: (reader) => {
    const text = reader.expression();
    if (!reader.accept("FROM")) return [text, ...moreArguments(reader)];
    const from = reader.expression();
    return reader.accept("FOR") ? [text, from, reader.expression()] : [text, from];
  },
  POSITION: (reader) => {
    const what = reader.operand();
    reader.expect("IN");
    return [what, reader.expression()];
  },
  OVERLAY: (reader) => {
    const text = reader.expression();
    if (!reader.accept("PLACING")) return [text, ...moreArguments(reader)];
    const given = [text, reader.expression()];
    reader.expect("FROM");
    given.push(reader.expression());
    return reader.accept("FOR") ? [...given, reader.expression()] : given;
  },
  TIMESTAMPADD: parseUnitFirst,
  TIMESTAMPDIFF: parseUnitFirst,
  FLOOR: parseRounding,
  CEIL: parseRounding,
  CEILING: parseRounding,
};

/** Reads a call whose function has a syntax of its own; undefined where it has none. */
export function parseFunction(reader: TokenReader): Expression | undefined {
  const { token } = reader;
  const { word, start } = token;
  if (word.startsWith("JSON_")) {
    const json = parseJsonFunction(reader);
    if (json) return json;
  }
  if (word === "CAST" || word === "TRY_CAST") {
    reader.take();
    const inner = reader.parenthesized(() => {
      const operand = reader.expression();
      reader.expect("AS");
      const type = parseType(reader);
      if (reader.is("FORMAT")) reader.notSupported(reader.token, `CAST with FORMAT; ${formatted}`);
      return { operand, type };
    });
    return { kind: "cast", isTry: word === "TRY_CAST", ...inner, ...reader.since(start) };
  }
  if (word === "EXISTS") {
    reader.take();
    const query = reader.parenthesized(() => reader.query());
    return { kind: "subquery", role: "exists", query, ...reader.since(start) };
  }
  if (word === "CONVERT" || word === "TRANSLATE") refuseCharacterSet(reader);
  const rule = rules[word];
  if (!rule) return undefined;
  reader.take();
  const name = { parts: [{ name: word, isQuoted: false, ...reader.since(start) }], ...reader.since(start) };
  const given = reader.parenthesized(() => rule(reader));
  return {
    kind: "call",
    name,
    arguments: given,
    isDistinct: false,
    orderBy: [],
    ...reader.since(start),
  } satisfies Call;
}

const formatted = "write DATE_FORMAT, or TO_TIMESTAMP with a format";

/** `CONVERT(a USING utf8)`. */
function refuseCharacterSet(reader: TokenReader): void {
  let inner = 2;
  while (!["USING", ",", ")", ""].includes(reader.peek(inner).word) || reader.peek(inner).kind === "string")
    inner++;
  if (reader.peek(inner).word !== "USING") return;
  reader.notSupported(reader.token, `${reader.token.word} with USING; write ENCODE or DECODE`);
}

function parseUnitSymbol(reader: TokenReader): KeywordArgument {
  const { start } = reader.token;
  const { from } = parseUnit(reader);
  return { kind: "keyword", word: from, ...reader.since(start) };
}

function parseUnitFirst(reader: TokenReader): Expression[] {
  return [parseUnitSymbol(reader), ...moreArguments(reader)];
}

/** `FLOOR(x)`, or `FLOOR(x TO DAY)`. */
function parseRounding(reader: TokenReader): Expression[] {
  const operand = reader.expression();
  return reader.accept("TO") ? [operand, parseUnitSymbol(reader)] : [operand, ...moreArguments(reader)];
}

function moreArguments(reader: TokenReader): Expression[] {
  const more: Expression[] = [];
  while (reader.accept(",")) more.push(reader.expression());
  return more;
}
