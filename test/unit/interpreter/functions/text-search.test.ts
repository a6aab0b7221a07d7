/** Where text is within text, and what lies between. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each([
  ["POSITION('b' IN '😀b')", 2],
  ["POSITION('' IN 'abc')", 1],
  ["POSITION('x' IN 'abc')", 0],
  ["LOCATE('a', 'aba', 2)", 3],
  ["LOCATE('a', 'aba', 0)", 1],
  ["LOCATE('a', 'aba', -5)", 1],
  ["LOCATE('a', 'aba', 9)", 0],
  ["INSTR('abcabc', 'bc')", 2],
  ["INSTR('abcabc', 'bc', 3)", 5],
  ["INSTR('aaa', 'aa', 1, 2)", 2],
  ["INSTR('abcabc', 'bc', -1)", 5],
  ["INSTR('abcabc', 'bc', -1, 2)", 2],
  ["INSTR('abc', 'a', 0)", 0],
  ["INSTR('abc', 'a', 1, 0)", "failed"],
  ["INSTR('abc', 1)", "refused"],
  ["SPLIT_INDEX('a,b,,c', ',', 2)", ""],
  ["SPLIT_INDEX('a,b', ',', 2)", null],
  ["SPLIT_INDEX('a,b', ',', -1)", null],
  ["SPLIT_INDEX('a,b', 44, 1)", "b"],
  ["SPLIT_INDEX('a,b', 300, 0)", null],
  ["SPLIT_INDEX('', ',', 0)", null],
  ["SPLIT_INDEX('a b', '', 1)", "b"],
  ["SPLIT('a,b,', ',')", ["a", "b", ""]],
  ["SPLIT('', ',')", []],
  ["SPLIT('a😀', '')", ["a", "😀"]],
  ["SPLIT('a', CAST(NULL AS STRING))", null],
  ["SPLIT(1, ',')", "refused"],
  [
    "STR_TO_MAP('a=1,b=2=3,c')",
    [
      ["a", "1"],
      ["b", "2=3"],
      ["c", null],
    ],
  ],
  ["STR_TO_MAP('a=1,a=2')", [["a", "2"]]],
  [
    "STR_TO_MAP('a:1;;b:2;', ';+', ':')",
    [
      ["a", "1"],
      ["b", "2"],
    ],
  ],
  ["STR_TO_MAP('a:1', '(', ':')", "failed"],
  ["STR_TO_MAP('')", []],
  ["ELT(2, 'a', 'bc')", "bc"],
  ["ELT(3, 'a', 'bc')", null],
  ["ELT(CAST(NULL AS INT), 'a')", null],
  ["ELT(1, x'01', x'02')", { bytes: "01" }],
  ["ELT(-1, 'a')", "refused"],
  ["ELT(1, 'a', x'01')", "refused"],
  ["ELT(1)", "refused"],
  ["ELT(1.0, 'a')", "refused"],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toEqual(value);
});

test.each([
  ["ELT(1, 'a', 'b')", "CHAR(1)"],
  ["ELT(1, 'a', 'bc')", "VARCHAR(2)"],
  ["ELT(1, x'01', x'02')", "BINARY(1)"],
  ["SPLIT('a', ',')", "ARRAY<STRING> NOT NULL"],
  ["SPLIT_INDEX('a', ',', 1)", "STRING"],
  ["STR_TO_MAP('a')", "MAP<STRING, STRING>"],
  ["INSTR('a', 'b')", "INT NOT NULL"],
])("%s is of type %s", (sql, type) => {
  expect(typeTextOf(sql)).toBe(type);
});
