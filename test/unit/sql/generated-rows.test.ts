/** Rows of the datagen connector: values as the options of a table say. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqlType } from "../../../src/interpreter/types/sql-type.ts";
import { generateRows } from "../../../src/sql/batch/generate-rows.ts";
import { generatorOfTable } from "../../../src/sql/catalog/generator-of-table.ts";
import type { TableDefinition } from "../../../src/sql/catalog/table-definition.ts";

const nullable = { isNullable: true } as const;

function tableOf(type: SqlType, options: Record<string, string> = {}): TableDefinition {
  const fields = Object.entries(options).map(([facet, value]) => [`fields.x.${facet}`, value]);
  return {
    name: "t",
    columns: [{ name: "x", type }],
    ...{ primaryKey: [], partitionedBy: [] },
    options: { connector: "datagen", ...Object.fromEntries(fields) },
  };
}

function valuesOf(type: SqlType, options: Record<string, string> = {}, rows = 300) {
  const generator = generatorOfTable(tableOf(type, options));
  return generateRows(generator, { from: 0, rows, now: 1_000_000, seed: 7 }).map(([value]) => value);
}

test("whole numbers lie between min and max, and reach both", () => {
  const bits = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 } as const;
  const types = fc.constantFrom("TINYINT", "SMALLINT", "INT", "BIGINT");
  fc.assert(
    fc.property(types, fc.bigInt({ min: -128n, max: 127n }), fc.nat(20), (name, min, span) => {
      const most = min + BigInt(span) > 127n ? 127n : min + BigInt(span);
      const values = valuesOf({ name, ...nullable }, { min: String(min), max: String(most) }, 1000);
      const numbers = values.map((value) => BigInt(value as number | bigint));
      for (const number of numbers) expect(number >= min && number <= most).toBe(true);
      expect(new Set(numbers)).toEqual(
        new Set(Array.from({ length: Number(most - min) + 1 }, (_, index) => min + BigInt(index))),
      );
    }),
    { numRuns: 30 },
  );
  for (const [name, width] of Object.entries(bits)) {
    const values = valuesOf({ name: name as keyof typeof bits, ...nullable }).map((value) =>
      BigInt(String(value)),
    );
    expect(values.every((value) => BigInt.asIntN(width, value) === value)).toBe(true);
    expect(values.some((value) => value < 0n) && values.some((value) => value > 0n)).toBe(true);
  }
});

test("the same batch is the same rows, another one has others", () => {
  const generator = generatorOfTable(tableOf({ name: "BIGINT", ...nullable }));
  const batch = { from: 0, rows: 20, now: 0, seed: 1 };
  expect(generateRows(generator, batch)).toEqual(generateRows(generator, batch));
  expect(generateRows(generator, batch)).not.toEqual(generateRows(generator, { ...batch, seed: 2 }));
});

test("texts, bytes, decimals, numbers, times and nulls", () => {
  const texts = valuesOf({ name: "VARCHAR", length: 2_147_483_647, ...nullable }) as string[];
  expect(texts.every((text) => /^[0-9a-f]{100}$/.test(text))).toBe(true);
  const varying = valuesOf({ name: "VARCHAR", length: 5, ...nullable }, { "var-len": "true" }) as string[];
  expect(new Set(varying.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4, 5]));
  const bytes = valuesOf({ name: "BINARY", length: 4, ...nullable }) as Uint8Array[];
  expect(bytes.every(({ length }) => length === 4)).toBe(true);
  const decimal = { name: "DECIMAL", precision: 5, scale: 2, ...nullable } as const;
  const decimals = valuesOf(decimal, { min: "-1.5", max: "2" }) as bigint[];
  expect(decimals.every((value) => value >= -150n && value <= 200n)).toBe(true);
  const numbers = valuesOf({ name: "DOUBLE", ...nullable }, { min: "-0.5", max: "0.5" }) as number[];
  expect(numbers.every((value) => Math.abs(value) <= 0.5)).toBe(true);
  const stamp = { name: "TIMESTAMP", precision: 3, ...nullable } as const;
  expect(new Set(valuesOf(stamp))).toEqual(new Set([1_000_000_000_000n]));
  const past = valuesOf(stamp, { "max-past": "10 s" }) as bigint[];
  expect(past.every((value) => value > 990_000_000_000n && value <= 1_000_000_000_000n)).toBe(true);
  const nulls = valuesOf({ name: "BOOLEAN", ...nullable }, { "null-rate": "0.5" });
  expect(new Set(nulls)).toEqual(new Set([true, false, null]));
});

test("sequences count from start to end, of every type that counts", () => {
  const options = { kind: "sequence", start: "-1", end: "2" };
  const three = (type: SqlType) => valuesOf(type, options, 4);
  expect(generatorOfTable(tableOf({ name: "INT", ...nullable }, options)).numberOfRows).toBe(4);
  expect(three({ name: "INT", ...nullable })).toEqual([-1, 0, 1, 2]);
  expect(three({ name: "BIGINT", ...nullable })).toEqual([-1n, 0n, 1n, 2n]);
  expect(three({ name: "DECIMAL", precision: 3, scale: 1, ...nullable })).toEqual([-10n, 0n, 10n, 20n]);
  expect(three({ name: "VARCHAR", length: 9, ...nullable })).toEqual(["-1", "0", "1", "2"]);
});

test("long rows are fewer in a second, where nobody says how many", () => {
  const text = { name: "VARCHAR", length: 2_147_483_647, ...nullable } as const;
  const rateOf = (length: string) => generatorOfTable(tableOf(text, { length })).rowsPerSecond;
  expect([rateOf("100"), rateOf("1000"), rateOf("10000")]).toEqual([10_000, 2_082, 209]);
});
