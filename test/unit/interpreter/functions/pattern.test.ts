/** Text and patterns. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

const open = "'(' || ''";

test.each([
  ["'abc' LIKE 'a%'", true],
  ["'abc' NOT LIKE 'a%'", false],
  ["'a%c' LIKE 'a!%c' ESCAPE '!'", true],
  ["'abc' LIKE 'a!%c' ESCAPE '!'", false],
  ["'abc' LIKE 'a!bc' ESCAPE '!'", "refused"],
  ["'abc' LIKE 'abc!' ESCAPE '!'", "refused"],
  ["'abc' LIKE 'abc' ESCAPE '!!'", "refused"],
  ["'abc' LIKE 'abc' || '!' ESCAPE '!'", "failed"],
  ["'abc' LIKE CAST(NULL AS STRING)", null],
  ["1 LIKE '1'", "refused"],
  ["'abc' SIMILAR TO '(a|x)%'", true],
  ["'abc' SIMILAR TO 'b'", false],
  ["'abc' NOT SIMILAR TO 'b'", true],
  ["'a%' SIMILAR TO 'a!%' ESCAPE '!'", true],
  ["'abc' SIMILAR TO '['", "failed"],
  ["REGEXP('foobar', 'o+')", true],
  ["REGEXP('foobar', '')", false],
  ["REGEXP('foobar', 'x')", false],
  [`REGEXP('foobar', ${open})`, false],
  ["REGEXP('foobar', '(')", "refused"],
  ["REGEXP_COUNT('abab', 'b')", 2],
  ["REGEXP_COUNT('ab', '')", 3],
  ["REGEXP_COUNT('ab', '(')", null],
  ["REGEXP_EXTRACT('foobar', 'o(o)(x)?b')", "oob"],
  ["REGEXP_EXTRACT('foobar', 'o(o)(x)?b', 1)", "o"],
  ["REGEXP_EXTRACT('foobar', 'o(o)(x)?b', 2)", null],
  ["REGEXP_EXTRACT('foobar', 'o(o)(x)?b', 3)", null],
  ["REGEXP_EXTRACT('foobar', 'o(o)(x)?b', -1)", null],
  ["REGEXP_EXTRACT('foobar', '(', 1)", "refused"],
  [`REGEXP_EXTRACT('foobar', ${open}, 1)`, null],
  ["REGEXP_EXTRACT('foobar', 'o', CAST(1 AS BIGINT))", "refused"],
  ["REGEXP_EXTRACT_ALL('a1b2', '([a-z])([0-9])')", ["a", "b"]],
  ["REGEXP_EXTRACT_ALL('a1b2', '[0-9]', CAST(0 AS BIGINT))", ["1", "2"]],
  ["REGEXP_EXTRACT_ALL('a1b2', '[0-9]')", null],
  ["REGEXP_EXTRACT_ALL('a1b2', '[0-9]', -1)", null],
  ["REGEXP_EXTRACT_ALL('a1b2', '(', 0)", null],
  ["REGEXP_INSTR('abc', 'c')", 3],
  ["REGEXP_INSTR('abc', 'x')", 0],
  ["REGEXP_INSTR('abc', '(')", null],
  ["REGEXP_REPLACE('abcb', 'b', '$1')", "a$1c$1"],
  ["REGEXP_REPLACE('abc', '(', 'x')", "refused"],
  [`REGEXP_REPLACE('abc', ${open}, 'x')`, null],
  ["REGEXP_SUBSTR('abc', '[bc]+')", "bc"],
  ["REGEXP_SUBSTR('abc', 'x')", null],
  ["REGEXP_SUBSTR(1, 'x')", "refused"],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toEqual(value);
});

test.each([
  ["'a' LIKE 'a'", "BOOLEAN NOT NULL"],
  ["REGEXP('a', 'a')", "BOOLEAN NOT NULL"],
  ["REGEXP_COUNT('a', 'a')", "INT"],
  ["REGEXP_EXTRACT('a', 'a')", "STRING"],
  ["REGEXP_EXTRACT_ALL('a', 'a')", "ARRAY<STRING>"],
  ["REGEXP_REPLACE('a', 'a', 'b')", "STRING"],
])("%s is of type %s", (sql, type) => {
  expect(typeTextOf(sql)).toBe(type);
});
