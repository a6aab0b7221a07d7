/**
 * Laws of aggregates: whatever came and was taken back, in however many parts, restored wherever, the value
 * is that of the rows which remain.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { encodeRow } from "../../../../src/interpreter/values/value-codec.ts";
import { toHex } from "../../../../src/interpreter/values/value-json.ts";
import { sqlValues } from "../../../arbitraries/sql-values.ts";
import { Aggregated, bindCall, type RowChange, typeOf } from "../../../support/aggregated.ts";

/** From the rows that remain to the value: slow and obvious. */
type Model = (rows: readonly Row[]) => SqlValue;

interface Law {
  readonly call: string;
  readonly type: string;
  readonly values: fc.Arbitrary<SqlValue>;
  readonly model: Model;
  /** What two values must have in common. Absent: all. */
  readonly seen?: (value: SqlValue) => unknown;
}

const orNull = (values: fc.Arbitrary<SqlValue>): fc.Arbitrary<SqlValue> => fc.option(values, { freq: 4 });
const few = orNull(fc.integer({ min: -4, max: 4 }));
const quarters = orNull(fc.integer({ min: -40, max: 40 }).map((value) => value / 4));
const words = orNull(fc.constantFrom("", "a", "b", "ab", "é"));

function present(rows: readonly Row[]): SqlValue[] {
  return rows.flatMap(([value]) => (value === null || value === undefined ? [] : [value]));
}

/** Of those that are not null; null of none. */
function ofPresent(model: (values: readonly SqlValue[]) => SqlValue): Model {
  return (rows) => {
    const values = present(rows);
    return values.length === 0 ? null : model(values);
  };
}

function distinct(model: Model): Model {
  return (rows) => {
    const seen = new Map(rows.map((row) => [JSON.stringify(row, (_key, value) => String(value)), row]));
    return model([...seen.values()]);
  };
}

const sum = (values: readonly SqlValue[]): number =>
  values.reduce<number>((total, value) => total + Number(value), 0);

const sumOf = ofPresent(sum);
const countOf: Model = (rows) => BigInt(present(rows).length);

function variance(values: readonly SqlValue[], divisor: number): number | null {
  const mean = sum(values) / values.length;
  return divisor === 0 ? null : sum(values.map((value) => (Number(value) - mean) ** 2)) / divisor;
}

const rounded = (value: SqlValue): unknown =>
  value === null ? null : Math.round(Number(value) * 1e6) / 1e6 + 0;
const sortedText = (value: SqlValue): unknown =>
  value === null ? null : (value as string).split(",").sort();
const sortedList = (value: SqlValue): unknown =>
  value === null ? null : [...(value as Row)].map(String).sort();

const laws: readonly Law[] = [
  { call: "COUNT(*)", type: "INT", values: few, model: (rows) => BigInt(rows.length) },
  { call: "COUNT(a)", type: "INT", values: few, model: countOf },
  { call: "COUNT(DISTINCT a)", type: "INT", values: few, model: distinct(countOf) },
  { call: "COUNT(DISTINCT a)", type: "DOUBLE", values: quarters, model: distinct(countOf) },
  {
    call: "SUM(a)",
    type: "INT",
    values: orNull(sqlValues(typeOf("INT NOT NULL"))),
    model: ofPresent((values) => Number(BigInt.asIntN(32, BigInt(sum(values))))),
  },
  {
    call: "SUM(a)",
    type: "DECIMAL(38, 0)",
    values: orNull(sqlValues(typeOf("DECIMAL(38, 0) NOT NULL"))),
    model: ofPresent((values) => {
      const total = values.reduce<bigint>((so, value) => so + (value as bigint), 0n);
      return total < 10n ** 38n && total > -(10n ** 38n) ? total : null;
    }),
  },
  { call: "SUM(a)", type: "DOUBLE", values: quarters, model: sumOf, seen: rounded },
  { call: "SUM(DISTINCT a)", type: "INT", values: few, model: distinct(sumOf) },
  {
    call: "AVG(a)",
    type: "INT",
    values: few,
    model: ofPresent((values) => Math.trunc(sum(values) / values.length)),
    seen: rounded,
  },
  {
    call: "AVG(a)",
    type: "DOUBLE",
    values: quarters,
    model: ofPresent((all) => sum(all) / all.length),
    seen: rounded,
  },
  {
    call: "MIN(a)",
    type: "DOUBLE",
    values: quarters,
    model: ofPresent((all) => Math.min(...all.map(Number))),
  },
  { call: "MAX(a)", type: "INT", values: few, model: ofPresent((all) => Math.max(...all.map(Number))) },
  {
    call: "MAX(a)",
    type: "STRING",
    values: words,
    model: ofPresent((all) => [...all].sort().at(-1) as string),
  },
  {
    call: "VAR_POP(a)",
    type: "DOUBLE",
    values: quarters,
    model: ofPresent((all) => variance(all, all.length)),
    seen: rounded,
  },
  {
    call: "VAR_SAMP(a)",
    type: "DOUBLE",
    values: quarters,
    model: ofPresent((all) => variance(all, all.length - 1)),
    seen: rounded,
  },
  {
    call: "LISTAGG(a)",
    type: "STRING",
    values: words,
    model: ofPresent((all) => all.join(",")),
    seen: sortedText,
  },
  {
    call: "ARRAY_AGG(a)",
    type: "INT",
    values: few,
    model: (rows) => (rows.length === 0 ? null : rows.map(([value]) => value as SqlValue)),
    seen: sortedList,
  },
  {
    call: "ARRAY_AGG(DISTINCT a) IGNORE NULLS",
    type: "INT",
    values: few,
    model: ofPresent((all) => [...new Set(all)]),
    seen: sortedList,
  },
  {
    call: "COLLECT(a)",
    type: "STRING",
    values: words,
    model: (rows) => {
      const values = present(rows);
      return [...new Set(values)].map((value) => [value, values.filter((each) => each === value).length]);
    },
    seen: (value) => toHex(encodeRow([typeOf("MULTISET<STRING>")], [value])),
  },
  {
    call: "PERCENTILE(a, 0.5)",
    type: "DOUBLE",
    values: quarters,
    model: ofPresent((all) => {
      const sorted = all.map(Number).sort((one, other) => one - other);
      const place = (sorted.length - 1) / 2;
      return ((sorted[Math.floor(place)] ?? 0) + (sorted[Math.ceil(place)] ?? 0)) / 2;
    }),
  },
];

interface Step {
  readonly value: SqlValue;
  /** Which of the rows that are there is taken back; the first one that is equal goes. */
  readonly takesBack?: number;
  readonly after: "go on" | "restore" | "another part";
}

function steps(values: fc.Arbitrary<SqlValue>, mayRetract: boolean): fc.Arbitrary<Step[]> {
  const step = fc.record({
    value: values,
    ...(mayRetract && { takesBack: fc.option(fc.nat(20), { nil: undefined }) }),
    after: fc.constantFrom<Step["after"]>("go on", "go on", "restore", "another part"),
  });
  return fc.array(step as fc.Arbitrary<Step>, { maxLength: 30 });
}

/** Runs the steps; returns the value and the rows that remain. */
function run(law: Law, taken: readonly Step[], isRetracting: boolean) {
  const types: readonly SqlType[] = [typeOf(law.type)];
  const call = bindCall(law.call, types);
  const parts = [new Aggregated(call, isRetracting)];
  const remaining: Row[] = [];
  for (const { value, takesBack, after } of taken) {
    const part = parts.at(-1) as Aggregated;
    part.apply(
      takesBack === undefined || remaining.length === 0
        ? added(remaining, value)
        : takenBack(remaining, takesBack, types),
    );
    if (after === "restore") part.restore();
    if (after === "another part") parts.push(new Aggregated(call, isRetracting));
  }
  const [first, ...later] = parts as [Aggregated, ...Aggregated[]];
  for (const part of later) first.merge(part);
  return { value: first.value, remaining };
}

function added(remaining: Row[], value: SqlValue): RowChange {
  remaining.push([value]);
  return { row: [value] };
}

function takenBack(remaining: Row[], index: number, types: readonly SqlType[]): RowChange {
  const row = remaining[index % remaining.length] as Row;
  const key = toHex(encodeRow(types, row));
  remaining.splice(
    remaining.findIndex((each) => toHex(encodeRow(types, each)) === key),
    1,
  );
  return { row, isRetraction: true };
}

describe.each(laws)("$call of $type", (law) => {
  const { seen = (value: SqlValue) => value } = law;

  test("is that of the rows which remain", () => {
    const property = fc.property(steps(law.values, true), (taken) => {
      const { value, remaining } = run(law, taken, true);
      expect(seen(value)).toEqual(seen(law.model(remaining)));
    });
    fc.assert(property, { numRuns: 60 });
  });

  test("is that of all rows where none is taken back", () => {
    const property = fc.property(steps(law.values, false), (taken) => {
      const { value, remaining } = run(law, taken, false);
      expect(seen(value)).toEqual(seen(law.model(remaining)));
    });
    fc.assert(property, { numRuns: 40 });
  });
});

/** Rows that are all different have one order, however they are taken back. */
describe.each<[call: string, model: Model]>([
  ["FIRST_VALUE(a)", (rows) => rows[0]?.[0] ?? null],
  ["LAST_VALUE(a)", (rows) => rows.at(-1)?.[0] ?? null],
  ["ARRAY_AGG(a)", (rows) => (rows.length === 0 ? null : rows.map(([value]) => value as SqlValue))],
  ["ARRAY_AGG(DISTINCT a)", (rows) => (rows.length === 0 ? null : rows.map(([value]) => value as SqlValue))],
])("%s of different values", (call, model) => {
  test.each([true, false])("keeps their order, taken back: %s", (isRetracting) => {
    const law: Law = { call, type: "INT", values: fc.constant(0), model };
    const property = fc.property(steps(law.values, isRetracting), (taken) => {
      const numbered = taken.map((step, index) => ({ ...step, value: index }));
      const { value, remaining } = run(law, numbered, isRetracting);
      expect(value).toEqual(model(remaining));
    });
    fc.assert(property, { numRuns: 60 });
  });
});
