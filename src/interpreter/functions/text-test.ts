/**
 * Questions of text that are true or false, patterns aside.
 */
import type { ScalarFunction } from "../scalar-function.ts";
import { booleanShape, bytes, numeric, returns, returnsNotNull, takes, text } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** Half a character is no part of one: an unpaired surrogate is only in text that has it unpaired. */
function endTest(name: string, holds: (value: string, part: string) => boolean, at: "first" | "last") {
  return {
    name,
    usage: `${name}(text, text) or ${name}(bytes, bytes)`,
    signatures: [takes([text, text], returns(booleanShape)), takes([bytes, bytes], returns(booleanShape))],
    prepare: () => (value, part) => {
      if (typeof value === "string") return holds(value.toWellFormed(), (part as string).toWellFormed());
      const [whole, sought] = [value as Uint8Array, part as Uint8Array];
      const offset = at === "first" ? 0 : whole.length - sought.length;
      return offset >= 0 && sought.every((byte, index) => byte === whole[offset + index]);
    },
  } satisfies ScalarFunction;
}

/** False for null. `ofNumber` says what a number of a type is. */
function contentTest(name: string, pattern: RegExp, ofNumber: (type: SqlType) => boolean): ScalarFunction {
  const result = returnsNotNull(booleanShape);
  return {
    name,
    usage: `${name}(text or number)`,
    signatures: [takes([text], result), takes([numeric], result)],
    takesNulls: true,
    prepare: ({ types: [type] }) => {
      const isNumber = ofNumber(type as SqlType);
      return (value) => {
        if (value === null) return false;
        return typeof value === "string" ? pattern.test(value) : isNumber;
      };
    },
  };
}

const wholeNumbers: readonly SqlValue[] = Object.freeze(["TINYINT", "SMALLINT", "INT", "BIGINT"]);

/** Letters of the first plane: those beyond are two UTF-16 units, and neither is a letter. */
const letters = /^(?:(?![\u{10000}-\u{10ffff}])\p{L})+$/u;
const digits = /^(?:(?![\u{10000}-\u{10ffff}])\p{Nd})+$/u;
const decimalDigits = String.raw`(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const hexDigits = String.raw`0[xX](?:[\da-fA-F]+\.?|[\da-fA-F]*\.[\da-fA-F]+)[pP][+-]?\d+`;
const double = String.raw`[\0- ]*[+-]?(?:NaN|Infinity|(?:${decimalDigits}|${hexDigits})[fFdD]?)[\0- ]*`;
/** What Java reads as a double, or as a whole number in the digits of any script. */
const decimal = new RegExp(String.raw`^(?:[+-]?\p{Nd}{1,19}|${double})$`, "u");

export const textTestFunctions: readonly ScalarFunction[] = [
  endTest("STARTSWITH", (value, part) => value.startsWith(part), "first"),
  endTest("ENDSWITH", (value, part) => value.endsWith(part), "last"),
  contentTest("IS_ALPHA", letters, () => false),
  contentTest("IS_DIGIT", digits, ({ name }) => wholeNumbers.includes(name)),
  contentTest("IS_DECIMAL", decimal, ({ name }) => name !== "DECIMAL"),
];
