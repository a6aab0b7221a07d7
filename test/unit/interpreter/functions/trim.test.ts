/** What is cut off at the ends of text. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each([
  ["TRIM('  a b ')", "a b"],
  ["TRIM(BOTH FROM '  a ')", "a"],
  ["TRIM(LEADING ' a ')", "a "],
  ["TRIM(LEADING 'ab' FROM 'abbac')", "c"],
  ["TRIM(TRAILING 'ab' FROM 'cabba')", "c"],
  ["TRIM('😀' FROM '😀a😀😀')", "a"],
  ["TRIM('' FROM ' a ')", " a "],
  ["TRIM('aa')", "aa"],
  ["TRIM('a' FROM 'aaa')", ""],
  ["TRIM(CAST(NULL AS STRING) FROM 'a')", null],
  ["TRIM(x'20')", "refused"],
  ["BTRIM(' \ta ')", "\ta"],
  ["BTRIM('xyaxy', 'yx')", "a"],
  ["LTRIM('  a ')", "a "],
  ["LTRIM('aab', 'a')", "b"],
  ["RTRIM('  a ')", "  a"],
  ["RTRIM('baa', 'a')", "b"],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toBe(value);
});

test.each([
  ["TRIM(' a ')", "VARCHAR(3) NOT NULL"],
  ["TRIM('abcd' FROM ' a ')", "VARCHAR(3) NOT NULL"],
  ["BTRIM(' a ')", "STRING NOT NULL"],
  ["LTRIM(' a ', ' ')", "VARCHAR(3) NOT NULL"],
])("%s is of type %s", (sql, type) => {
  expect(typeTextOf(sql)).toBe(type);
});
