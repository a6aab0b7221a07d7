/** Arrow streams, read back by Arrow's own implementation. */
import { tableFromIPC } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { toArrowStream } from "../../../../src/host/sql/arrow-stream.ts";
import { tableOf } from "./run-sql.ts";

async function readBack(sql: string) {
  return tableFromIPC(toArrowStream(await tableOf(sql)));
}

/** A value as plain JavaScript has it, with big integers as text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}`;
  if (value instanceof Uint8Array) return [...value];
  if (ArrayBuffer.isView(value)) return [...(value as Uint32Array)];
  const { toJSON } = (value ?? {}) as { readonly toJSON?: () => unknown };
  if (toJSON) return plain(toJSON.call(value));
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

describe("each type is declared as SQL has it and its values come back", () => {
  test.each([
    ["TRUE", "Bool", true],
    ["CAST(-5 AS TINYINT)", "Int8", -5],
    ["CAST(-5 AS SMALLINT)", "Int16", -5],
    ["-5", "Int32", -5],
    ["9007199254740993", "Int64", "9007199254740993"],
    ["CAST(1.5 AS FLOAT)", "Float32", 1.5],
    ["CAST(0.1 AS DOUBLE)", "Float64", 0.1],
    ["'é😀'", "Utf8", "é😀"],
    ["x'00ff'", "Binary", [0, 255]],
    ["DATE '1969-12-31'", "Date32<DAY>", -86_400_000],
    ["TIME '12:30:00.25'", "Time32<MILLISECOND>", 45_000_250],
    ["INTERVAL '2' YEAR", "Interval<YEAR_MONTH>", [2, 0]],
    ["INTERVAL '1' SECOND", "Duration<MICROSECOND>", "1000000"],
    ["ARRAY[1, 2]", "List<Int32>", [1, 2]],
    ["CAST(NULL AS STRING)", "Utf8", null],
    ["NULL", "Null", null],
  ])("%s", async (expression, type, value) => {
    const column = (await readBack(`SELECT ${expression} AS x`)).getChildAt(0);
    expect(String(column?.type)).toBe(type);
    expect(plain(column?.get(0))).toEqual(value);
  });
});

test("a DECIMAL keeps all of its digits", async () => {
  const digits = "-12345678901234567890123456789012345.678";
  const column = (await readBack(`SELECT CAST('${digits}' AS DECIMAL(38, 3)) AS x`)).getChildAt(0);
  expect(column?.type).toMatchObject({ precision: 38, scale: 3, bitWidth: 128 });
  const words = new BigUint64Array(new Uint32Array(column?.get(0)).buffer);
  const unscaled = BigInt.asIntN(128, (words[0] ?? 0n) | ((words[1] ?? 0n) << 64n));
  expect(unscaled).toBe(BigInt(digits.replace(".", "")));
});

test.each([
  [0, "MILLISECOND", 951_827_696_000n],
  [3, "MILLISECOND", 951_827_696_123n],
  [6, "MICROSECOND", 951_827_696_123_456n],
  [9, "NANOSECOND", 951_827_696_123_456_789n],
])("TIMESTAMP(%i) is counted in a %s", async (precision, unit, expected) => {
  const sql = `SELECT CAST('2000-02-29 12:34:56.123456789' AS TIMESTAMP(${precision})) AS x`;
  const column = (await readBack(sql)).getChildAt(0);
  expect(String(column?.type)).toBe(`Timestamp<${unit}>`);
  expect(column?.data[0]?.values[0]).toBe(expected);
});

test("TIMESTAMP_LTZ is in UTC", async () => {
  const table = await readBack(
    "SET 'table.local-time-zone' = 'Europe/Berlin';" +
      " SELECT CAST(TIMESTAMP '1970-01-01 01:00:01' AS TIMESTAMP_LTZ(3)) AS x",
  );
  expect(String(table.schema.fields[0]?.type)).toBe("Timestamp<MILLISECOND, UTC>");
  expect(table.getChildAt(0)?.data[0]?.values[0]).toBe(1000n);
});

test("a time that Arrow has no room for is refused", async () => {
  const table = await tableOf("SELECT CAST('9999-12-31 00:00:00' AS TIMESTAMP(9)) AS x");
  expect(() => toArrowStream(table)).toThrow("CAST it to TIMESTAMP(6)");
});

test("ROW, MAP and what is nested in them", async () => {
  const table = await readBack(
    `SELECT CAST(ROW(1, 'a') AS ROW<id INT, name STRING>) AS r,
            MAP['k', TIMESTAMP '1970-01-01 00:00:01.5'] AS m,
            ARRAY[ARRAY[1], ARRAY[2, 3]] AS a`,
  );
  const [row, map, list] = table.schema.fields.map(({ name }) => table.getChild(name));
  expect(String(row?.type)).toBe("Struct<{id:Int32, name:Utf8}>");
  expect(plain(row?.get(0))).toEqual({ id: 1, name: "a" });
  expect(Object.fromEntries(map?.get(0) as Iterable<[string, number]>)).toEqual({ k: 1500 });
  expect(plain(list?.get(0))).toEqual([[1], [2, 3]]);
});

test("nullability is the column's", async () => {
  const { schema } = await readBack("SELECT 1 AS a, CAST(NULL AS INT) AS b");
  expect(schema.fields.map(({ nullable }) => nullable)).toEqual([false, true]);
});

test("no rows have their columns, no columns are an empty stream", async () => {
  const { schema, numRows } = await readBack("SELECT 1 AS a WHERE FALSE");
  expect([schema.fields.map(({ name }) => name), numRows]).toEqual([["a"], 0]);
  expect(tableFromIPC(toArrowStream({ fields: [], rows: [] })).schema.fields).toEqual([]);
});

test("many rows come in batches", () => {
  const fields = [{ name: "n", type: { name: "INT", isNullable: true } }] as const;
  const rows = Array.from({ length: 70_000 }, (_, index) => [index % 7 === 0 ? null : index]);
  const table = tableFromIPC(toArrowStream({ fields, rows }));
  expect([table.batches.length, table.numRows]).toEqual([2, 70_000]);
  expect([table.getChild("n")?.get(69_999), table.getChild("n")?.get(7)]).toEqual([69_999, null]);
});
