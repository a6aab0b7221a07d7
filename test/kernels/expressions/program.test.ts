/** Programs of column instructions compute what the row-by-row reference computes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DataType, kindOf } from "../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { bindExpression } from "../../../src/engine/expressions/bind.ts";
import { compileProgram } from "../../../src/engine/expressions/compile.ts";
import type { TypedExpression } from "../../../src/engine/expressions/typed-expression.ts";
import { readValueAt } from "../../../src/kernel/column-batch.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { Program } from "../../../src/kernel/program.ts";
import type { ExpressionJson } from "../../../src/protocol/expression-json.ts";
import {
  columnValuesArbitrary,
  conditionArbitrary,
  expressionArbitrary,
  expressionColumns,
  shallowExpressionArbitrary,
} from "../../arbitraries/expressions.ts";
import { evaluate } from "../../reference/expressions.ts";
import { fillSelection } from "../../support/fill-selection.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const scope = {
  names: expressionColumns.map(({ name }) => name),
  lookup: (name: string): TypedExpression | undefined => {
    const column = expressionColumns.findIndex((candidate) => candidate.name === name);
    const { type, nullable } = expressionColumns[column] ?? {};
    return type && nullable !== undefined ? { node: "column", column, type, nullable } : undefined;
  },
};

const kinds = expressionColumns.map(({ type }) => kindOf(type));
const sourceColumns = expressionColumns.map(({ type }, streamColumn) => ({ streamColumn, type }));

function bind(json: ExpressionJson): TypedExpression {
  return bindExpression(json, scope, []);
}

/**
 * Runs a program over the columns of `expressionColumns` and returns its computed columns and selected rows.
 */
function run(
  kernel: Kernel,
  values: readonly (readonly LaneValue[])[],
  computed: readonly TypedExpression[],
  filter?: TypedExpression,
): { columns: LaneValue[][]; selected: number[] } {
  const code = JSON.parse(JSON.stringify(compileProgram({ sourceColumns, computed, filter })));
  const program = new Program(kernel, code, [...kinds.keys()]);
  const { batch, release } = fillBatch(kernel, kinds, values);
  program.run(batch);
  const { pointer, count } = program.select();
  const selected = pointer === 0 ? [...Array(count).keys()] : [...kernel.memory.u32(pointer, count)];
  const columns = computed.map((_, index) =>
    Array.from({ length: batch.rows }, (_, row) =>
      readValueAt(kernel.memory, program, kinds.length + index, row),
    ),
  );
  program.release();
  release();
  return { columns, selected };
}

function rowsOf(values: readonly (readonly LaneValue[])[]): LaneValue[][] {
  return Array.from({ length: values[0]?.length ?? 0 }, (_, row) =>
    values.map((column) => column[row] as LaneValue),
  );
}

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test("computed columns hold what the reference computes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(expressionArbitrary, shallowExpressionArbitrary), { minLength: 1, maxLength: 6 }),
        columnValuesArbitrary(20),
        (expressions, values) => {
          const computed = expressions.map(bind);
          const { columns } = run(kernel, values, computed);
          const expected = computed.map((expression) =>
            rowsOf(values).map((row) => evaluate(expression, row)),
          );
          expect(columns).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("DECIMAL of every scale, with many digits: arithmetic, comparison and the nearest DOUBLE", () => {
    const digits = fc.integer({ min: 1, max: 18 }).chain((precision) => {
      const limit = 10n ** BigInt(precision) - 1n;
      return fc.bigInt({ min: -limit, max: limit });
    });
    const scale = fc.nat(18);
    fc.assert(
      fc.property(
        scale,
        scale,
        fc.array(fc.tuple(digits, digits), { minLength: 200, maxLength: 400 }),
        (left, right, rows) => {
          const types = [left, right].map((of): DataType => ({ name: "DECIMAL", precision: 18, scale: of }));
          const byName = (name: string): TypedExpression => {
            const column = name === "a" ? 0 : 1;
            return { node: "column", column, type: types[column] as DataType, nullable: false };
          };
          const operators = ["+", "-", "*", "/", "%", "<", "="];
          const computed = [
            ...operators.map((operator): ExpressionJson => [operator, "a", "b"]),
            ["cast", "a", "DOUBLE"] as const,
            ["cast", ["cast", "a", "DOUBLE"], `DECIMAL(18, ${right})`] as const,
          ].map((json) => bindExpression(json, { names: [], lookup: byName }, []));
          const spec = types.map((type, streamColumn) => ({ streamColumn, type }));
          const program = new Program(
            kernel,
            compileProgram({ sourceColumns: spec, computed, filter: undefined }),
            [0, 1],
          );
          const { batch, release } = fillBatch(
            kernel,
            [0, 0],
            [rows.map(([a]) => a), rows.map(([, b]) => b)],
          );
          program.run(batch);
          const found = computed.map((_, index) =>
            rows.map((_, row) => readValueAt(kernel.memory, program, 2 + index, row)),
          );
          program.release();
          release();
          expect(found).toEqual(computed.map((expression) => rows.map((row) => evaluate(expression, row))));
        },
      ),
      { numRuns: 20 },
    );
  });

  test("a result that is said to be never null is never null", () => {
    fc.assert(
      fc.property(expressionArbitrary, columnValuesArbitrary(20), (expression, values) => {
        const computed = bind(expression);
        const { columns } = run(kernel, values, [computed]);
        if (!computed.nullable) expect(columns[0]).not.toContain(null);
      }),
      { numRuns: 200 },
    );
  });

  test("a filter selects the rows for which it is true, and no others", () => {
    fc.assert(
      fc.property(conditionArbitrary, columnValuesArbitrary(40), (condition, values) => {
        const filter = bind(condition);
        const { selected } = run(kernel, values, [], filter);
        const expected = rowsOf(values).flatMap((row, index) =>
          evaluate(filter, row) === 1n ? [index] : [],
        );
        expect(selected).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("batches longer than a chunk, with the first null late, then shorter ones", () => {
    const type: DataType = { name: "BIGINT" };
    const sum = bind(["+", "integer_1_nullable", "integer_1_present"]);
    const filter = bind(["or", ["is null", "integer_1_nullable"], [">", ["%", "integer_1_present", 7], 3]]);
    const code = compileProgram({
      sourceColumns: [8, 9].map((_, index) => ({ streamColumn: index + 2, type })),
      computed: [sum, bind(["*", ["+", "integer_1_nullable", "integer_1_present"], 2])],
      filter,
    });
    const program = new Program(kernel, code, [0, 1]);
    for (const rows of [5000, 1, 1025, 16_384, 0, 2047]) {
      const nullable = Array.from({ length: rows }, (_, row) =>
        row > 2000 && row % 5 === 0 ? null : BigInt(row),
      );
      const present = Array.from({ length: rows }, (_, row) => BigInt(row * 3));
      const { batch, release } = fillBatch(kernel, [0, 0], [nullable, present]);
      program.run(batch);
      const values = (index: number) =>
        Array.from({ length: rows }, (_, row) => readValueAt(kernel.memory, program, index, row));
      const sums = nullable.map((value, row) => (value === null ? null : value + (present[row] as bigint)));
      expect(values(2)).toEqual(sums);
      expect(values(3)).toEqual(sums.map((value) => (value === null ? null : value * 2n)));
      const { pointer, count } = program.select();
      const expected = present.flatMap((value, row) =>
        nullable[row] === null || value % 7n > 3n ? [row] : [],
      );
      expect([...kernel.memory.u32(pointer, count)]).toEqual(expected);
      release();
    }
    program.release();
  });

  test("NaN is always the same bits, so that equal inputs make equal state", () => {
    const operators: ExpressionJson[] = [
      ["-", "a"],
      ["abs", ["-", "a"]],
      ["/", ["-", "a", "a"], 0],
      ["%", "a", ["cast", 0, "DOUBLE"]],
      ["*", ["-", "a"], "a"],
      ["floor", ["-", "a"]],
    ];
    const type: DataType = { name: "DOUBLE" };
    const column: TypedExpression = { node: "column", column: 0, type, nullable: false };
    const computed = operators.map((json) => bindExpression(json, { names: [], lookup: () => column }, []));
    const sources = [{ streamColumn: 0, type }];
    const program = new Program(
      kernel,
      compileProgram({ sourceColumns: sources, computed, filter: undefined }),
      [0],
    );
    const { batch, release } = fillBatch(kernel, [1], [[Number.NaN, Number.NaN, Number.NaN]]);
    program.run(batch);
    for (const index of operators.keys()) {
      const lanes = kernel.memory.view.getUint32(program.columnPointer(1 + index), true);
      expect([...kernel.memory.i64(lanes, 3)]).toEqual(Array(3).fill(0x7ff8000000000000n));
    }
    program.release();
    release();
  });

  test("a filter keeps to the rows it is given", () => {
    const filter = bind("boolean_0_present");
    const values = expressionColumns.map(({ name }) =>
      [1n, 0n, 1n, 1n].map((bit) => (name.startsWith("boolean") ? bit : null)),
    );
    const program = new Program(kernel, compileProgram({ sourceColumns, computed: [], filter }), [
      ...kinds.keys(),
    ]);
    const { batch, release } = fillBatch(kernel, kinds, values);
    const rows = fillSelection(kernel, [0, 1, 3]);
    program.run(batch);
    const { pointer, count } = program.select(rows);
    expect([...kernel.memory.u32(pointer, count)]).toEqual([0, 3]);
    program.release();
    release();
    kernel.memory.release(rows.pointer);
  });

  test("nothing stays allocated behind a released program", () => {
    const before = kernel.memory.bytesInUse;
    run(
      kernel,
      expressionColumns.map(() => [null, null]),
      [bind("string_0_nullable")],
      bind(["=", "integer_0_nullable", 1]),
    );
    expect(kernel.memory.bytesInUse).toBe(before);
  });
});
