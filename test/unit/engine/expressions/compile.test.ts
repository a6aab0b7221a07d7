/** Programs: parts computed once, scratch columns reused. */
import { expect, test } from "vitest";
import type { DataType } from "../../../../src/columnar/schema.ts";
import { bindExpression } from "../../../../src/engine/expressions/bind.ts";
import { compileProgram } from "../../../../src/engine/expressions/compile.ts";
import type { TypedExpression } from "../../../../src/engine/expressions/typed-expression.ts";
import { Opcode } from "../../../../src/kernel/program-code.ts";
import type { ExpressionJson } from "../../../../src/protocol/expression-json.ts";

const type: DataType = { name: "BIGINT" };
const names = ["a", "b"];
const scope = {
  names,
  lookup: (name: string): TypedExpression | undefined => {
    const column = names.indexOf(name);
    return column < 0 ? undefined : { node: "column", column, type, nullable: true };
  },
};

function compile(computed: readonly ExpressionJson[], filter?: ExpressionJson) {
  const bind = (json: ExpressionJson) => bindExpression(json, scope, []);
  return compileProgram({
    sourceColumns: names.map((_, streamColumn) => ({ streamColumn, type })),
    computed: computed.map(bind),
    filter: filter === undefined ? undefined : bind(filter),
  });
}

test("equal parts of several expressions are computed once", () => {
  const { instructions } = compile(
    [
      ["*", ["+", "a", "b"], 2],
      ["+", "a", "b"],
    ],
    [">", ["+", "a", "b"], 2],
  );
  expect(instructions.map(([opcode]) => opcode)).toEqual([Opcode.AddI64, Opcode.MultiplyI64, Opcode.LessI64]);
});

test("two equal outputs are two columns", () => {
  const { instructions } = compile([["+", "a", "b"], ["+", "a", "b"], "a", 7]);
  expect(instructions.map(([opcode]) => opcode)).toEqual([
    Opcode.AddI64,
    Opcode.Copy,
    Opcode.Copy,
    Opcode.Copy,
  ]);
  expect(new Set(instructions.map(([, target]) => target)).size).toBe(4);
});

test("a long chain needs two scratch columns, and no target is its own operand", () => {
  const chain = Array.from({ length: 40 }).reduce<ExpressionJson>((inner) => ["-", ["*", inner, "b"]], "a");
  const { instructions, temporaries } = compile([chain]);
  expect(temporaries).toBe(2);
  for (const [, target, a, b, c] of instructions) expect([a, b, c]).not.toContain(target);
});

test("a program survives JSON", () => {
  const code = compile([
    ["+", "a", { literal: "9223372036854775807", type: "BIGINT" }],
    ["cast", -0.5, "DOUBLE"],
  ]);
  expect(JSON.parse(JSON.stringify(code))).toEqual(code);
});

test("expressions with too many literals are refused", () => {
  const computed = Array.from(
    { length: 5 },
    (_, index): ExpressionJson => [
      "in",
      "a",
      ...Array.from({ length: 900 }, (_, candidate) => index * 1000 + candidate),
    ],
  );
  expect(() => compile(computed)).toThrow(/use \d+ columns and literals; expected at most 4096/);
});
