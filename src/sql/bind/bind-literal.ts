/**
 * Literals and their types: the narrowest that holds what is written.
 */
import { parseDecimal } from "../../columnar/decimal-text.ts";
import type { LiteralExpression } from "../../interpreter/row-expression.ts";
import { decimalPrecisionMax, type SqlShape } from "../../interpreter/types/sql-type.ts";
import { parseIntervalText } from "../../interpreter/values/interval-text.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import { parseDateText, parseTimestampText, parseTimeText } from "../../interpreter/values/time-text.ts";
import { decodeValueJson, encodeValueJson, fromHex } from "../../interpreter/values/value-json.ts";
import { type SourceText, statementError } from "../parse/syntax-error.ts";
import type { IntervalLiteral, Literal } from "../parse/syntax-tree.ts";
import { resolveType } from "./resolve-type.ts";

export function bindLiteral(source: SourceText, literal: Literal): LiteralExpression {
  const { type, text } = literal;
  switch (type) {
    case "null":
      return { node: "literal", value: null, type: { name: "NULL", isNullable: true } };
    case "boolean":
      if (text === "UNKNOWN")
        return { node: "literal", value: null, type: { name: "BOOLEAN", isNullable: true } };
      return literalOf(text === "TRUE", { name: "BOOLEAN" });
    case "string":
      return textLiteral(text);
    case "bytes":
      if (text.length % 2 === 1) {
        throw statementError(source, literal, "Bytes have two hexadecimal digits each, and one is missing");
      }
      return literalOf(fromHex(text), { name: "BINARY", length: text.length / 2 });
    case "number":
      return bindNumber(source, literal);
    default:
      return bindTime(source, literal);
  }
}

/** The negative of a number, of the same type: what `-1` says is a constant too. */
export function negatedLiteral(literal: LiteralExpression): LiteralExpression {
  const value = decodeValueJson(literal.value);
  const negated =
    typeof value === "bigint" ? -value : literal.type.name === "INT" ? 0 - Number(value) : -Number(value);
  return { ...literal, value: encodeValueJson(negated) };
}

/** A text as a literal, with so many characters. */
export function textLiteral(text: string): LiteralExpression {
  return literalOf(text, { name: "CHAR", length: [...text].length });
}

function literalOf(value: SqlValue, shape: SqlShape): LiteralExpression {
  return { node: "literal", value: encodeValueJson(value), type: { ...shape, isNullable: false } };
}

/** With an exponent a DOUBLE; with a point, or beyond BIGINT, a DECIMAL. */
function bindNumber(source: SourceText, literal: Literal): LiteralExpression {
  const { text } = literal;
  if (/e/i.test(text)) return literalOf(Number(text), { name: "DOUBLE" });
  const number = parseDecimal(text);
  if (!number || number.precision > decimalPrecisionMax) {
    throw statementError(source, literal, `A number has at most ${decimalPrecisionMax} digits`);
  }
  const { unscaled, precision, scale } = number;
  if (!text.includes(".")) {
    if (unscaled === BigInt.asIntN(32, unscaled)) return literalOf(Number(unscaled), { name: "INT" });
    if (unscaled === BigInt.asIntN(64, unscaled)) return literalOf(unscaled, { name: "BIGINT" });
  }
  return literalOf(unscaled, { name: "DECIMAL", precision, scale });
}

const examples = {
  date: "DATE '2020-02-29'",
  time: "TIME '12:30:00'",
  timestamp: "TIMESTAMP '2020-02-29 12:30:00'",
  timestamp_ltz: "TIMESTAMP_LTZ '2020-02-29 12:30:00'",
} as const;

function bindTime(source: SourceText, literal: Literal): LiteralExpression {
  const { text } = literal;
  const type = literal.type as keyof typeof examples;
  const precision = Math.min(9, /\.(\d+)\s*$/.exec(text)?.[1]?.length ?? 0);
  if (type === "date") {
    const days = parseDateText(text);
    if (days !== undefined) return literalOf(days, { name: "DATE" });
  } else if (type === "time") {
    const nanos = parseTimeText(text);
    if (nanos !== undefined) return literalOf(Number(nanos / 1_000_000n), { name: "TIME", precision });
  } else {
    const nanos = parseTimestampText(text);
    const name = type === "timestamp" ? "TIMESTAMP" : "TIMESTAMP_LTZ";
    if (nanos !== undefined) return literalOf(nanos, { name, precision });
  }
  const [what] = examples[type].split(" ");
  throw statementError(source, literal, `'${text}' is no ${what}; expected one such as ${examples[type]}`);
}

export function bindInterval(source: SourceText, literal: IntervalLiteral): LiteralExpression {
  const { text, unit, isNegative } = literal;
  const type = resolveType(source, {
    name: "INTERVAL",
    parameters: [],
    of: [],
    fields: [],
    interval: unit,
    isNullable: false,
    start: literal.start,
    end: literal.end,
  });
  const value = parseIntervalText(text, unit.from, unit.to);
  if (value === undefined) {
    const example =
      unit.to === undefined ? `INTERVAL '5' ${unit.from}` : "INTERVAL '1 12:30:00' DAY TO SECOND";
    const units = unit.to === undefined ? unit.from : `${unit.from} TO ${unit.to}`;
    throw statementError(
      source,
      literal,
      `'${text}' is no INTERVAL ${units}; expected one such as ${example}`,
    );
  }
  return literalOf(isNegative ? -value : value, type);
}
