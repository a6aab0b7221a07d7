import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../../../src/base/errors.ts";
import { compileExpression, compileExpressions } from "../../../src/interpreter/compile-expression.ts";
import { RepeatedCalls } from "../../../src/interpreter/repeated-calls.ts";
import type { CallExpression, RowExpression } from "../../../src/interpreter/row-expression.ts";
import type { EvaluationContext } from "../../../src/interpreter/scalar-function.ts";
import type { Row } from "../../../src/interpreter/values/sql-value.ts";

const int = { name: "INT", isNullable: true } as const;
const double = { name: "DOUBLE", isNullable: false } as const;
const column: RowExpression = { node: "input", index: 0, type: int };
const call = (name: string, ...operands: RowExpression[]): CallExpression => ({
  node: "call",
  function: name,
  arguments: operands,
  type: int,
});
const random: CallExpression = { node: "call", function: "RAND", arguments: [], type: double };

function contextCounting(): EvaluationContext & { readonly drawn: () => number } {
  let count = 0;
  const moment = { processingTime: 0, watermark: null, random: () => ++count / 1000 };
  return { timeZone: "UTC", moment, drawn: () => count };
}

test("equal calls are found once, and none that stands only within another", () => {
  const sum = call("+", column, column);
  const again = call("+", column, column);
  expect(new RepeatedCalls([call("*", sum, sum), call("*", again, again)]).calls).toEqual([
    sum,
    call("*", sum, sum),
  ]);
  expect(new RepeatedCalls([sum, call("+", column, call("-", column))]).calls).toEqual([]);
});

test("what is volatile is calculated each time", () => {
  const context = contextCounting();
  const evaluators = compileExpressions([random, random], context);
  expect(evaluators.map((evaluate) => evaluate([1]))).toEqual([0.001, 0.002]);
  expect(new RepeatedCalls([random, random]).calls).toEqual([]);
});

test("a call that is not reached is not calculated, though it is shared", () => {
  const division = call("/", { node: "literal", value: 1, type: int }, column);
  const isZero: CallExpression = { ...call("=", column, { node: "literal", value: 0, type: int }) };
  const guarded = call("CASE", isZero, column, division);
  const [safe, unsafe] = compileExpressions([guarded, division], contextCounting());
  expect(safe?.([0])).toBe(0);
  expect(() => unsafe?.([0])).toThrow(EngineError);
  expect(safe?.([1])).toBe(1);
  expect(unsafe?.([1])).toBe(1);
});

/** Trees over few columns and functions, so that much is equal. */
const { tree } = fc.letrec<{ tree: RowExpression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(0, 1).map((index): RowExpression => ({ node: "input", index, type: int })),
    fc
      .tuple(fc.constantFrom("+", "-", "*"), tie("tree"), tie("tree"))
      .map(([name, one, other]) => call(name, one, other)),
  ),
}));

test("together they have the values that they have alone", () => {
  const rows = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.option(fc.integer({ min: 0, max: 9 }))));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 5 }), rows, (expressions, values) => {
      const together = compileExpressions(expressions, contextCounting());
      const alone = expressions.map((each) => compileExpression(each, contextCounting()));
      for (const row of values as readonly Row[]) {
        expect(together.map((evaluate) => evaluate(row))).toEqual(alone.map((evaluate) => evaluate(row)));
      }
    }),
  );
});
