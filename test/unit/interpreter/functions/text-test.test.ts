/** Questions of text. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each([
  ["STARTSWITH('abc', 'ab')", true],
  ["STARTSWITH('abc', '')", true],
  ["STARTSWITH('abc', 'abcd')", false],
  ["STARTSWITH(x'0102', x'01')", true],
  ["STARTSWITH(x'0102', x'010203')", false],
  ["ENDSWITH('abc', 'bc')", true],
  ["ENDSWITH('😀', '\ude00')", false],
  ["ENDSWITH(x'0102', x'02')", true],
  ["ENDSWITH(x'02', x'0102')", false],
  ["ENDSWITH('a', x'01')", "refused"],
  ["IS_ALPHA('aäΩ')", true],
  ["IS_ALPHA('a1')", false],
  ["IS_ALPHA('𝔸')", false],
  ["IS_ALPHA('')", false],
  ["IS_ALPHA(1)", false],
  ["IS_ALPHA(CAST(NULL AS STRING))", false],
  ["IS_ALPHA(x'01')", "refused"],
  ["IS_DIGIT('12')", true],
  ["IS_DIGIT('１２')", true],
  ["IS_DIGIT('1.2')", false],
  ["IS_DIGIT(12)", true],
  ["IS_DIGIT(1.2)", false],
  ["IS_DIGIT(1e0)", false],
  ["IS_DECIMAL('-1.5e3f')", true],
  ["IS_DECIMAL(' .5 ')", true],
  ["IS_DECIMAL('NaN')", true],
  ["IS_DECIMAL('0x1p3')", true],
  ["IS_DECIMAL('0x1')", false],
  ["IS_DECIMAL('1,0')", false],
  ["IS_DECIMAL('')", false],
  ["IS_DECIMAL(1e0)", true],
  ["IS_DECIMAL(1.5)", false],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toBe(value);
});

test("a question of what text has in it always has an answer", () => {
  expect(typeTextOf("IS_ALPHA(CAST(NULL AS STRING))")).toBe("BOOLEAN NOT NULL");
  expect(typeTextOf("STARTSWITH('a', CAST(NULL AS STRING))")).toBe("BOOLEAN");
});
