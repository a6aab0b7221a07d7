/** JSON of groups: members and items, nulls, what is JSON already, and keys that come twice. */
import { describe, expect, test } from "vitest";
import { findFunction } from "../../../../src/interpreter/functions/built-in.ts";
import { formatSqlType } from "../../../../src/interpreter/types/sql-type.ts";
import { Aggregated, bindCall, type RowChange, typeOf } from "../../../support/aggregated.ts";

const types = [typeOf("STRING"), typeOf("INT")];

function aggregated(call: string, changes: readonly RowChange[]): Aggregated {
  const result = new Aggregated(bindCall(call, types), true);
  for (const change of changes) result.apply(change);
  result.restore();
  return result;
}

const come = (...rows: readonly (readonly [string | null, number | null])[]): RowChange[] =>
  rows.map((row) => ({ row }));
const goes = (key: string | null, value: number | null): RowChange => ({
  row: [key, value],
  isRetraction: true,
});

describe.skipIf(!findFunction("JSON_STRING"))("JSON aggregates", () => {
  test.each<[call: string, changes: readonly RowChange[], expected: string]>([
    ["JSON_OBJECTAGG(a VALUE b)", [], "{}"],
    ["JSON_OBJECTAGG(KEY a VALUE b)", come(["b", 1], ['"', null]), '{"\\"":null,"b":1}'],
    ["JSON_OBJECTAGG(a VALUE b ABSENT ON NULL)", come(["b", 1], ["a", null]), '{"b":1}'],
    ["JSON_OBJECTAGG(a VALUE b)", [...come(["a", 1]), goes("a", 1), ...come(["a", 2])], '{"a":2}'],
    ["JSON_OBJECTAGG(a VALUE JSON_ARRAY(b))", come(["a", 1]), '{"a":[1]}'],
    ["JSON_ARRAYAGG(a)", [], "[]"],
    ["JSON_ARRAYAGG(a)", come(["x", 1], [null, 1], ["y", 1]), '["x","y"]'],
    ["JSON_ARRAYAGG(b NULL ON NULL)", come(["x", 1], ["x", null], ["x", 2]), "[1,null,2]"],
    ["JSON_ARRAYAGG(b NULL ON NULL)", [...come(["x", 1], ["x", null]), goes("x", null)], "[1]"],
    ["JSON_ARRAYAGG(JSON_OBJECT('x' VALUE b))", come(["x", 1]), '[{"x":1}]'],
  ])("%s", (call, changes, expected) => {
    expect(aggregated(call, changes).value).toBe(expected);
    expect(formatSqlType(bindCall(call, types).type)).toBe("VARCHAR(2000) NOT NULL");
  });

  test("a key that was taken back in a later part may come again", () => {
    const first = aggregated("JSON_OBJECTAGG(a VALUE b)", come(["a", 1], ["b", 1]));
    first.merge(aggregated("JSON_OBJECTAGG(a VALUE b)", [goes("a", 1), ...come(["a", 2])]));
    expect(first.value).toBe('{"a":2,"b":1}');
  });

  test.each([[come(["a", 1], ["a", 1])], [come([null, 1])]])("keys are there, and once", (changes) => {
    const evaluate = () => aggregated("JSON_OBJECTAGG(a VALUE b)", changes);
    expect(evaluate).toThrow(expect.objectContaining({ code: "SQL_EVALUATION_FAILED" }));
  });
});
