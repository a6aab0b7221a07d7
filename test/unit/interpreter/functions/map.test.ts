/** Maps and multisets, and what is made of them. */
import { describe, expect, test } from "vitest";
import { evaluateSql } from "../../../support/sql-expression.ts";

describe("constructors", () => {
  test("keys and values have types of their own; a key that comes again replaces the value", () => {
    expect(evaluateSql("MAP['k', CAST(1 AS BIGINT), 'l', 2, 'k', n]", { n: ["INT", null] })).toEqual({
      type: "MAP<CHAR(1) NOT NULL, BIGINT> NOT NULL",
      value: [
        ["k", null],
        ["l", 2n],
      ],
    });
  });

  test("keys are the same by what they hold", () => {
    expect(evaluateSql("MAP[ARRAY[1], 'a', ARRAY[1], 'b']").value).toEqual([[[1], "b"]]);
    const bytes = Uint8Array.of(1, 2);
    const columns = { one: ["BYTES", bytes], other: ["BYTES", bytes.slice()] } as const;
    expect(evaluateSql("MAP[one, 'a', other, 'b']", columns).value).toEqual([[bytes, "b"]]);
  });

  test("a multiset counts", () => {
    expect(evaluateSql("MULTISET[2, 1, 2]")).toEqual({
      type: "MULTISET<INT NOT NULL> NOT NULL",
      value: [
        [2, 2],
        [1, 1],
      ],
    });
  });

  test.each(["MAP[1]", "MAP[1, 2, 'a', 3]", "MAP[1, 2, 3, TRUE]", "MULTISET[1, 'a']"])(
    "%s is refused",
    (sql) => {
      expect(() => evaluateSql(sql)).toThrow("does not take");
    },
  );
});

describe("parts of a map", () => {
  const columns = {
    m: [
      "MAP<INT NOT NULL, STRING>",
      [
        [1, "a"],
        [2, null],
      ],
    ],
    none: ["MAP<INT, STRING>", null],
  } as const;

  test.each([
    ["MAP_KEYS(m)", "ARRAY<INT NOT NULL>", [1, 2]],
    ["MAP_VALUES(m)", "ARRAY<STRING>", ["a", null]],
    [
      "MAP_ENTRIES(m)",
      "ARRAY<ROW<`key` INT NOT NULL, `value` STRING>>",
      [
        [1, "a"],
        [2, null],
      ],
    ],
    ["MAP_KEYS(none)", "ARRAY<INT>", null],
    ["MAP_KEYS(MAP[n, 1])", "ARRAY<INT> NOT NULL", [null]],
    [
      "MAP_UNION(m, MAP[2, 'b', 3, 'c'])",
      "MAP<INT NOT NULL, STRING>",
      [
        [1, "a"],
        [2, "b"],
        [3, "c"],
      ],
    ],
    ["MAP_UNION(m, none)", "MAP<INT, STRING>", null],
    [
      "MAP_FROM_ARRAYS(ARRAY[1, 2, 1], ARRAY['a', 'b', 'c'])",
      "MAP<INT NOT NULL, CHAR(1) NOT NULL> NOT NULL",
      [
        [1, "c"],
        [2, "b"],
      ],
    ],
  ])("%s is a %s", (sql, type, value) => {
    expect(evaluateSql(sql, { ...columns, n: ["INT", null] })).toEqual({ type, value });
  });

  test("arrays of several lengths are no map", () => {
    expect(() => evaluateSql("MAP_FROM_ARRAYS(ARRAY[1, 2], ARRAY['a'])")).toThrow("2 keys and 1 values");
  });

  test.each([
    "MAP_KEYS(1)",
    "MAP_KEYS()",
    "MAP_VALUES(ARRAY[1])",
    "MAP_UNION(m, MAP['a', 'b'])",
    "MAP_FROM_ARRAYS(ARRAY[1], 1)",
  ])("%s is refused", (sql) => {
    expect(() => evaluateSql(sql, columns)).toThrow("does not take");
  });
});
