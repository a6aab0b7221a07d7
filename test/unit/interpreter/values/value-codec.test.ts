/** Rows as bytes: they come back, equal ones are equal, and damaged ones are told. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import type { SqlShape, SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../../../src/interpreter/values/value-codec.ts";
import { toHex } from "../../../../src/interpreter/values/value-json.ts";
import { sqlTypes, sqlValues } from "../../../arbitraries/sql-values.ts";

const nullable = (shape: SqlShape): SqlType => ({ ...shape, isNullable: true });
const bigint = nullable({ name: "BIGINT" });
const text = nullable({ name: "VARCHAR", length: 9 });
const map = nullable({ name: "MAP", key: text, value: bigint });

test.each<[string, SqlType, SqlValue, string]>([
  ["null", bigint, null, "01 01"],
  ["0", bigint, 0n, "01 00 00"],
  ["-1", bigint, -1n, "01 00 01"],
  ["64", bigint, 64n, "01 00 8001"],
  ["2^63 - 1", bigint, 2n ** 63n - 1n, "01 00 feffffffffffffffff01"],
  ["-2^63", bigint, -(2n ** 63n), "01 00 ffffffffffffffffff01"],
  ["2^51, where doubles end", bigint, 2n ** 51n, "01 00 8080808080808008"],
  [
    "2^51 in a number",
    nullable({ name: "INTERVAL DAY TO SECOND", resolution: "DAY", precision: 2, fraction: 3 }),
    2 ** 51,
    "01 00 8080808080808008",
  ],
  ["TRUE", nullable({ name: "BOOLEAN" }), true, "01 00 01"],
  ["1.5", nullable({ name: "DOUBLE" }), 1.5, "01 00 000000000000f83f"],
  ["-0", nullable({ name: "DOUBLE" }), -0, "01 00 0000000000000080"],
  ["NaN", nullable({ name: "FLOAT" }), Number.NaN, "01 00 0000c07f"],
  ["é", text, "é", "01 00 02c3a9"],
  ["bytes", nullable({ name: "VARBINARY", length: 9 }), Uint8Array.of(0, 255), "01 00 0200ff"],
  ["array", nullable({ name: "ARRAY", element: bigint }), [1n, null], "01 00 02 02 02"],
  [
    "map",
    map,
    [
      ["b", null],
      ["a", 1n],
    ],
    "01 00 02 08 0161 02 0162",
  ],
  ["multiset", nullable({ name: "MULTISET", element: text }), [["a", 3]], "01 00 01 00 0161 06"],
  [
    "row",
    nullable({
      name: "ROW",
      fields: [
        { name: "a", type: bigint },
        { name: "b", type: text },
      ],
    }),
    [null, ""],
    "01 00 01 00",
  ],
])("%s is written as the table says", (_title, type, value, bytes) => {
  expect(toHex(encodeRow([type], [value]))).toBe(bytes.replaceAll(" ", ""));
  expect(encodeRow([type], [...decodeRow([type], encodeRow([type], [value]))])).toEqual(
    encodeRow([type], [value]),
  );
});

const typedRows = fc
  .array(sqlTypes, { maxLength: 10 })
  .chain((types) => fc.tuple(fc.constant(types), fc.tuple(...types.map(sqlValues))));

/** Pairs of maps in another order. */
function reversed(type: SqlType, value: SqlValue): SqlValue {
  if (value === null) return null;
  const list = value as Row;
  switch (type.name) {
    case "ARRAY":
      return list.map((each) => reversed(type.element, each));
    case "ROW":
      return type.fields.map((field, index) => reversed(field.type, list[index] as SqlValue));
    case "MAP":
      return list
        .map((pair) => {
          const [key, of] = pair as [SqlValue, SqlValue];
          return [reversed(type.key, key), reversed(type.value, of)];
        })
        .reverse();
    case "MULTISET":
      return list
        .map((pair) => {
          const [key, count] = pair as [SqlValue, SqlValue];
          return [reversed(type.element, key), count];
        })
        .reverse();
    default:
      return value;
  }
}

describe("rows of any types", () => {
  test("come back as they were, maps in the order of their keys", () => {
    const property = fc.property(typedRows, ([types, row]) => {
      const bytes = encodeRow(types, row);
      const back = decodeRow(types, bytes);
      expect(encodeRow(types, back)).toEqual(bytes);
      const hasMap = JSON.stringify(types).match(/MAP|MULTISET/);
      if (!hasMap) expect(back).toEqual(row);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test("have the same bytes where only the order of maps differs", () => {
    const property = fc.property(typedRows, ([types, row]) => {
      const other = types.map((type, index) => reversed(type, row[index] as SqlValue));
      expect(encodeRow(types, other)).toEqual(encodeRow(types, row));
    });
    fc.assert(property, { numRuns: 200 });
  });

  test("that are damaged are told, or are other rows", () => {
    const damage = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const property = fc.property(typedRows, damage, fc.nat(10), ([types, row], changes, cut) => {
      const bytes = encodeRow(types, row);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      try {
        expect(decodeRow(types, bytes.subarray(0, bytes.length - cut))).toHaveLength(types.length);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EngineError);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  test("that are no rows at all are told", () => {
    const property = fc.property(fc.array(sqlTypes, { maxLength: 4 }), fc.uint8Array(), (types, bytes) => {
      try {
        expect(decodeRow(types, Uint8Array.of(1, ...bytes))).toHaveLength(types.length);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EngineError);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});

test("bytes of a later version are refused by name", () => {
  expect(() => decodeRow([bigint], Uint8Array.of(2, 0, 0))).toThrow(
    expect.objectContaining({ code: "VERSION_UNKNOWN" }),
  );
});
