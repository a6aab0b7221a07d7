/** Functions of people's own: what they are given, and what becomes of what they give. */
import { expect, test } from "vitest";
import { compileAggregate, compileAggregates } from "../../../src/interpreter/compile-aggregate.ts";
import { compileExpression } from "../../../src/interpreter/compile-expression.ts";
import type { CallExpression, RowExpression } from "../../../src/interpreter/row-expression.ts";
import type { SqlType } from "../../../src/interpreter/types/sql-type.ts";
import {
  aggregateFunction,
  scalarFunction,
  type UserFunction,
  UserFunctions,
} from "../../../src/interpreter/user-functions.ts";
import type { SqlValue } from "../../../src/interpreter/values/sql-value.ts";
import { stillContext } from "../../support/evaluated.ts";

const bigint: SqlType = { name: "BIGINT", isNullable: true };
const input: RowExpression = { node: "input", index: 0, type: bigint };

/** A scalar function that gives `value`, called where `type` is expected. */
function gives(value: unknown, type: SqlType, argument = "BIGINT") {
  const f = scalarFunction({
    name: "f",
    arguments: [argument],
    returns: "STRING",
    evaluate: () => value as string,
  });
  return called([f], type);
}

function called(functions: readonly UserFunction[], type: SqlType, row: readonly SqlValue[] = [null]) {
  const call: CallExpression = { node: "call", function: "user:f", arguments: [input], type };
  return compileExpression(call, { ...stillContext, functions: new UserFunctions(functions) })(row);
}

test("a whole number is a BIGINT too", () => {
  expect(gives(7, bigint)).toBe(7n);
});

test("nothing is null", () => {
  expect(gives(undefined, bigint)).toBe(null);
});

test("where an argument may not be null the value is, and the function is not called", () => {
  expect(gives("never", { name: "INT", isNullable: true }, "BIGINT NOT NULL")).toBe(null);
});

test.each<[unknown, SqlType, string]>([
  ["a", bigint, 'f gave string "a", and it returns BIGINT.'],
  [1.5, { name: "INT", isNullable: true }, "f gave number 1.5, and it returns INT."],
  [null, { name: "BOOLEAN", isNullable: false }, "f gave null, and it returns BOOLEAN NOT NULL."],
  [
    [1n, "a"],
    { name: "ARRAY", element: bigint, isNullable: true },
    'f gave string "a", and it returns BIGINT.',
  ],
])("%#: what is no value of its type is refused", (value, type, message) => {
  expect(() => gives(value, type)).toThrow(
    expect.objectContaining({ code: "SQL_EVALUATION_FAILED", message }),
  );
});

test("what it throws is the row's error", () => {
  const f = scalarFunction({
    name: "f",
    arguments: ["BIGINT"],
    returns: "BIGINT",
    evaluate: () => {
      throw new TypeError("no");
    },
  });
  const error = { code: "SQL_EVALUATION_FAILED", message: "f failed: no." };
  expect(() => called([f], bigint)).toThrow(expect.objectContaining(error));
});

test("a plan that calls what the worker has lost fails by name", () => {
  const g = scalarFunction({ name: "g", arguments: [], returns: "INT", evaluate: () => 1 });
  const details = { waitsForDeployment: true };
  const message = expect.stringContaining('registers no function "f", which this query calls; it has g');
  expect(() => called([g], bigint)).toThrow(
    expect.objectContaining({ code: "JOB_FAILED", message, details }),
  );
});

test("two functions have not one name", () => {
  const g = scalarFunction({ name: "g", arguments: [], returns: "INT", evaluate: () => 1 });
  expect(() => new UserFunctions([g, g])).toThrow('Two functions are registered as "g"');
});

test("what several aggregates are of is calculated once for a row, and only where a filter lets it", () => {
  let calls = 0;
  const counted = scalarFunction({
    name: "counted",
    arguments: ["BIGINT"],
    returns: "BIGINT",
    evaluate: (value) => {
      calls++;
      return value;
    },
  });
  const of = () => ({ node: "call", function: "user:counted", arguments: [input], type: bigint }) as const;
  const aggregates = ["SUM", "MAX"].map((name) => {
    const filter = { node: "input", index: 1, type: { name: "BOOLEAN", isNullable: true } } as const;
    return { function: name, arguments: [of()], type: bigint, isDistinct: false, filter };
  });
  const context = { ...stillContext, functions: new UserFunctions([counted]) };
  const [sum, most] = compileAggregates(aggregates, false, context);
  for (const [row, made] of [
    [[1n, true], 1],
    [[2n, false], 1],
    [[3n, true], 2],
  ] as const) {
    expect(sum?.valuesOf(row)).toEqual(most?.valuesOf(row));
    expect(calls).toBe(made);
  }
});

test("an accumulator that is stored goes on with its bigints", () => {
  const sum = aggregateFunction({
    name: "f",
    arguments: ["BIGINT NOT NULL"],
    returns: "BIGINT",
    create: () => ({ parts: [0n] }),
    accumulate: ({ parts }, value) => ({ parts: [...parts, value] }),
    merge: (one, other) => ({ parts: [...one.parts, ...other.parts] }),
    value: ({ parts }) => parts.reduce((total, part) => total + part),
  });
  const aggregate = { function: "user:f", arguments: [input], type: bigint, isDistinct: false };
  const context = { ...stillContext, functions: new UserFunctions([sum]) };
  const { accumulating } = compileAggregate(aggregate, false, context);
  const kept = accumulating.create();
  accumulating.accumulate(kept, [2n ** 60n]);
  accumulating.accumulate(kept, [null]);
  const restored = accumulating.decode(accumulating.encode(kept));
  accumulating.merge(restored, kept);
  expect(accumulating.value(restored)).toBe(2n ** 61n);
});
