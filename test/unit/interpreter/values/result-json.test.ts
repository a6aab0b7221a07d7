/** Values as answers have them in JSON, and read back. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import {
  decodeResult,
  encodeResult,
  type ResultJson,
} from "../../../../src/interpreter/values/result-json.ts";
import type { SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { encodeRow } from "../../../../src/interpreter/values/value-codec.ts";
import { sqlTypes, sqlValues } from "../../../arbitraries/sql-values.ts";

const bytesOf = (type: SqlType, value: SqlValue) => [...encodeRow([type], [value])];

/** Times that have years of four digits, as SQL writes them. */
function hasOddTime(type: SqlType): boolean {
  switch (type.name) {
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
    case "DATE":
    case "TIME":
      return true;
    case "ARRAY":
    case "MULTISET":
      return hasOddTime(type.element);
    case "MAP":
      return hasOddTime(type.key) || hasOddTime(type.value);
    case "ROW":
      return type.fields.some((field) => hasOddTime(field.type));
    default:
      return false;
  }
}

test("a map may have the names of an object's own methods as keys", () => {
  const [text, number] = [
    { name: "VARCHAR", length: 20, isNullable: false },
    { name: "INT", isNullable: false },
  ] as const;
  const type: SqlType = { name: "MAP", key: text, value: number, isNullable: false };
  const value = ["toString", "valueOf", "__proto__"].map((key, index) => [key, index]);
  const json = JSON.parse(JSON.stringify(encodeResult(value, type))) as ResultJson;
  expect(decodeResult(json, type)).toEqual(value);
});

test("any value comes back from its JSON", () => {
  const typed = sqlTypes
    .filter((type) => !hasOddTime(type))
    .chain((type) => sqlValues(type).map((value) => ({ type, value })))
    // JSON's numbers are written without the sign of zero.
    .filter(({ value }) => !fc.stringify(value).includes("-0"));
  fc.assert(
    fc.property(typed, ({ type, value }) => {
      const json = JSON.parse(JSON.stringify(encodeResult(value, type))) as ResultJson;
      const read = decodeResult(json, type);
      expect(read).not.toBeUndefined();
      expect(bytesOf(type, read ?? null)).toEqual(bytesOf(type, value));
    }),
    { numRuns: 3000 },
  );
});

test.each<[SqlType["name"], bigint | number, string]>([
  ["TIMESTAMP", 0n, "1970-01-01 00:00:00.000"],
  ["TIMESTAMP_LTZ", 1_500_000_000n, "1970-01-01 00:00:01.500Z"],
  ["DATE", 59, "1970-03-01"],
  ["TIME", 3_661_000, "01:01:01.000"],
])("a %s is written as SQL writes it, and read", (name, value, text) => {
  const type = { name, precision: 3, isNullable: false } as SqlType;
  expect(encodeResult(value, type)).toBe(text);
  expect(decodeResult(text, type)).toBe(value);
});
