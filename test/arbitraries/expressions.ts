/**
 * Well-typed expressions as JSON over a fixed set of columns, and rows of such columns with extremes and
 * nulls.
 */
import fc from "fast-check";
import type { Column, DataType } from "../../src/columnar/schema.ts";
import { parseType } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { ExpressionJson } from "../../src/protocol/expression-json.ts";

type Class = "integer" | "double" | "decimal" | "boolean" | "string" | "bytes" | "timestamp" | "date";

const typesByClass: Readonly<Record<Class, readonly string[]>> = {
  integer: ["INT", "BIGINT"],
  double: ["DOUBLE"],
  decimal: [
    "DECIMAL(18,0)",
    "DECIMAL(10,2)",
    "DECIMAL(18,18)",
    "DECIMAL(18,9)",
    "DECIMAL(5,5)",
    "DECIMAL(1,0)",
  ],
  boolean: ["BOOLEAN"],
  string: ["STRING"],
  bytes: ["BYTES"],
  timestamp: ["TIMESTAMP(3)"],
  date: ["DATE"],
};

const numeric: readonly Class[] = ["integer", "double", "decimal"];
const classes = Object.keys(typesByClass) as Class[];

/** Two columns of every type, one nullable and one not; `name` tells the type and which it is. */
export const expressionColumns: readonly Column[] = classes.flatMap((group) =>
  typesByClass[group].flatMap((text, index) =>
    [true, false].map((nullable) => ({
      name: `${group}_${index}_${nullable ? "nullable" : "present"}`,
      type: parseType(text) as DataType,
      nullable,
    })),
  ),
);

/** A value of `type`, null now and then where it may be. */
export function valueArbitrary({ type, nullable }: Column): fc.Arbitrary<LaneValue> {
  const value = presentArbitrary(type);
  return nullable
    ? fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 4, arbitrary: value })
    : value;
}

function presentArbitrary(type: DataType): fc.Arbitrary<LaneValue> {
  switch (type.name) {
    case "BOOLEAN":
      return fc.constantFrom(0n, 1n);
    case "INT":
      return integers(2n ** 31n - 1n, -(2n ** 31n));
    case "DECIMAL":
      return integers(10n ** BigInt(type.precision) - 1n);
    case "DOUBLE":
      return fc.oneof(
        fc.double(),
        fc.integer({ min: -20, max: 20 }).map((value) => value / 4),
        fc.constantFrom(
          Number.NaN,
          Infinity,
          -Infinity,
          0,
          -0,
          2 ** 63,
          -(2 ** 63),
          2 ** 31,
          1e18,
          1e17 + 16,
          5e-324,
        ),
        fc.maxSafeInteger().map((value) => value * 1000),
      );
    case "STRING":
    case "BYTES":
      return fc.oneof(
        fc.uint8Array({ maxLength: 3 }),
        fc.uint8Array({ minLength: 7, maxLength: 18, max: 1 }),
        fc
          .constantFrom("a", "ab", "aaaaaaaaa", "aaaaaaaab", "")
          .map((text) => new TextEncoder().encode(text)),
      );
    default:
      return integers(2n ** 63n - 1n, -(2n ** 63n));
  }
}

function integers(max: bigint, min = -max): fc.Arbitrary<bigint> {
  return fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: -9n < min ? min : -9n, max: 9n > max ? max : 9n }),
    fc.constantFrom(min, max, min + 1n, max - 1n, 0n),
  );
}

/** Builds each arbitrary once; without it their number would grow with a power of the depth. */
class ExpressionArbitraries {
  readonly #built = new Map<string, fc.Arbitrary<ExpressionJson>>();

  /** An expression of `group`, at most `depth` calls deep. */
  of(group: Class, depth: number): fc.Arbitrary<ExpressionJson> {
    const key = `${group} ${depth}`;
    const built = this.#built.get(key) ?? expressionOf(group, depth, this);
    this.#built.set(key, built);
    return built;
  }
}

function expressionOf(
  group: Class,
  depth: number,
  arbitraries: ExpressionArbitraries,
): fc.Arbitrary<ExpressionJson> {
  const column = fc.constantFrom(
    ...expressionColumns.flatMap(({ name }) => (name.startsWith(group) ? [name] : [])),
  );
  const leaf = fc.oneof({ weight: 5, arbitrary: column }, { weight: 1, arbitrary: literalOf(group) });
  if (depth === 0) return leaf;
  const part = (of: Class): fc.Arbitrary<ExpressionJson> => arbitraries.of(of, depth - 1);
  const either = (...of: readonly Class[]): fc.Arbitrary<ExpressionJson> => fc.oneof(...of.map(part));
  const call = (operator: string, ...parts: readonly fc.Arbitrary<ExpressionJson>[]) =>
    fc.tuple(fc.constant(operator), ...parts) as fc.Arbitrary<ExpressionJson>;
  const choices = [
    leaf,
    call("case", part("boolean"), part(group), part(group)),
    call("case", part("boolean"), part(group), part("boolean"), part(group)),
    call("coalesce", part(group), part(group)),
  ];
  if (numeric.includes(group)) {
    const target = fc.constantFrom(...typesByClass[group]);
    choices.push(
      ...["+", "-", "*", "/", "%"].map((operator) => call(operator, part(group), part(group))),
      call("-", part(group)),
      call("abs", part(group)),
      call("cast", either(...numeric, "boolean"), target),
    );
  }
  if (group === "double") {
    choices.push(
      call("floor", part("double")),
      call("ceil", part("double")),
      call("+", column, either(...numeric)),
    );
  }
  if (group === "decimal") {
    choices.push(
      ...["+", "-", "*", "/", "%"].map((operator) => call(operator, part("decimal"), part("integer"))),
    );
    choices.push(...["-", "/", "%"].map((operator) => call(operator, part("integer"), part("decimal"))));
  }
  if (group === "integer") choices.push(call("-", part("timestamp"), part("timestamp")));
  if (group === "timestamp") {
    choices.push(
      call("+", part("timestamp"), part("integer")),
      call("-", part("timestamp"), part("integer")),
    );
  }
  if (group === "boolean") choices.push(...conditions(part, either, call));
  return fc.oneof(...choices);
}

type Part = (...of: readonly Class[]) => fc.Arbitrary<ExpressionJson>;
type Call = (
  operator: string,
  ...parts: readonly fc.Arbitrary<ExpressionJson>[]
) => fc.Arbitrary<ExpressionJson>;

function conditions(part: Part, either: Part, call: Call): fc.Arbitrary<ExpressionJson>[] {
  const compared = classes.map((group) =>
    fc
      .constantFrom("=", "<>", "<", "<=", ">", ">=")
      .chain((operator) => call(operator, part(group), part(group))),
  );
  return [
    fc.oneof(...compared),
    fc
      .constantFrom("=", "<", ">=")
      .chain((operator) => call(operator, either(...numeric), either(...numeric))),
    call("and", part("boolean"), part("boolean")),
    call("or", part("boolean"), part("boolean"), part("boolean")),
    call("not", part("boolean")),
    call("is null", either(...classes)),
    call("is not null", either(...classes)),
    call("between", part("integer"), part("integer"), part("decimal")),
    call("in", part("string"), part("string"), part("string")),
    call("cast", either(...numeric), fc.constant("BOOLEAN")),
  ];
}

function literalOf(group: Class): fc.Arbitrary<ExpressionJson> {
  switch (group) {
    case "integer":
      return fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 }), fc.maxSafeInteger());
    case "double":
      return fc.oneof(fc.constantFrom(0.5, -2.25, 1e-3), fc.constant({ literal: "NaN", type: "DOUBLE" }));
    case "decimal":
      return fc.constantFrom<ExpressionJson>(
        { literal: "1.05", type: "DECIMAL(3,2)" },
        { literal: "-999999999999999999", type: "DECIMAL(18,0)" },
        { literal: null, type: "DECIMAL(4,2)" },
      );
    case "boolean":
      return fc.oneof(fc.boolean(), fc.constant({ literal: null, type: "BOOLEAN" }));
    case "string":
      return fc.constantFrom("aaaaaaaab", "").map((literal) => ({ literal }));
    case "bytes":
      return fc.constant({ literal: "AQ==", type: "BYTES" });
    case "timestamp":
      return fc.constant({ literal: "2001-02-03 04:05", type: "TIMESTAMP(3)" });
    case "date":
      return fc.constant({ literal: "1969-12-31", type: "DATE" });
  }
}

/** Any expression, and one that is a condition. */
const arbitraries = new ExpressionArbitraries();
export const expressionArbitrary = fc.constantFrom(...classes).chain((group) => arbitraries.of(group, 4));
/** One or two operators deep: what goes wrong in one is not hidden by the next. */
export const shallowExpressionArbitrary = fc
  .tuple(fc.constantFrom(...classes, "decimal" as const, "decimal" as const), fc.integer({ min: 1, max: 2 }))
  .chain(([group, depth]) => arbitraries.of(group, depth));
export const conditionArbitrary = arbitraries.of("boolean", 4);

/** Rows of `expressionColumns`, by column. */
export function columnValuesArbitrary(rowsMax: number): fc.Arbitrary<readonly (readonly LaneValue[])[]> {
  return fc
    .integer({ min: 0, max: rowsMax })
    .chain((rows) =>
      fc.tuple(
        ...expressionColumns.map((column) =>
          fc.array(valueArbitrary(column), { minLength: rows, maxLength: rows }),
        ),
      ),
    );
}
