/** Dates and timestamps in all spellings that are taken, and those that are not. */
import { describe, expect, test } from "vitest";
import type { DataType } from "../../../src/columnar/schema.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { words } from "../../arbitraries/json-values.ts";
import { dayOf } from "../../reference/json-times.ts";
import { column, decodeText, decodeValue, schemaOf, timestamp } from "../../support/json-records.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const date: DataType = { name: "DATE" };
const noon = BigInt(Date.UTC(2024, 1, 29, 12, 34, 56, 789));
const minute = BigInt(Date.UTC(2024, 1, 29, 12, 34));

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test.each([
    ["2024-02-29T12:34:56.789Z", noon],
    ["2024-02-29t12:34:56.789z", noon],
    ["2024-02-29T12:34:56.789", noon],
    ["2024-02-29 12:34:56.789", noon],
    ["2024/02/29 12:34:56.789", noon],
    ["2024-02-29T12:34:56.789999999Z", noon],
    ["2024-02-29T12:34:56.78Z", noon - 9n],
    ["2024-02-29T14:34:56.789+02:00", noon],
    ["2024-02-28T23:04:56.789-13:30", noon],
    ["2024-02-29T12:34:56Z", noon - 789n],
    ["2024-02-29 12:34", minute],
    ["2024/02/29 12:34", minute],
    ["2024/02/29T12:34Z", minute],
    ["2001/01/01 00:47", BigInt(Date.UTC(2001, 0, 1, 0, 47))],
    ["1969-12-31T23:59:59.9999", -1n],
    ["0000-01-01T00:00:00Z", -62167219200000n],
    ["9999-12-31T23:59:59.999-23:59", 253402387139999n],
  ])("TIMESTAMP %s", (text, millis) => {
    expect(decodeValue(kernel, timestamp, JSON.stringify(text))).toBe(millis);
    expect(decodeValue(kernel, timestamp, JSON.stringify(text).replaceAll("/", "\\/"))).toBe(millis);
    expect(decodeValue(kernel, { name: "TIMESTAMP_LTZ", precision: 3 }, JSON.stringify(text))).toBe(millis);
  });

  test.each([
    ["1700000000123", 1700000000123n],
    ["-1", -1n],
    ["1.7e12", 1700000000000n],
    ["8640000000000000", 8640000000000000n],
  ])("TIMESTAMP %s is milliseconds since 1970", (text, millis) => {
    expect(decodeValue(kernel, timestamp, text)).toBe(millis);
  });

  test.each(
    words(
      "2024-02-29 2024-02-29T12 2024-02-29T12:3 2024-02-29T12:34:5 2024-02-29T12:34:56.",
      "2024-02-29T12:34:56,7Z 2024-02/29T12:34 2024-2-29T12:34:56 24-02-29T12:34:56",
      "2024-02-29T12:34+0200 2024-02-29T12:34+02 2024-02-29T12:34+02-00 20240229T123456Z",
      "2024-02-29T12:34:56.7_Z 2024-02-29T12:34ZZ 2024-02-29_12:34 now 2024-02-29T12:34:56.789+2:00",
      "12:34 x",
    ),
  )("TIMESTAMP %s is malformed", (text) => {
    expect(decodeValue(kernel, timestamp, JSON.stringify(text))).toContain("such as");
  });

  test.each([
    '"2023-02-29T00:00Z"',
    '"2024-02-30T00:00Z"',
    '"1900-02-29T00:00Z"',
    '"2024-13-01T00:00Z"',
    '"2024-00-01T00:00Z"',
    '"2024-01-00T00:00Z"',
    '"2024-04-31 00:00"',
    '"2024-01-01T24:00Z"',
    '"2024-01-01T00:60Z"',
    '"2024-01-01T00:00:60Z"',
    '"2024-01-01T00:00+24:00"',
    '"2024-01-01T00:00+01:60"',
    "8640000000000001",
  ])("TIMESTAMP %s does not exist", (text) => {
    expect(decodeValue(kernel, timestamp, text)).toContain("a day and time that exist");
  });

  test("TIMESTAMP takes no fraction of a millisecond, and nothing but a string or a number", () => {
    expect(decodeValue(kernel, timestamp, "1700000000123.5")).toContain("a whole number of milliseconds");
    expect(decodeValue(kernel, timestamp, "true")).toContain("such as");
  });

  test("DATE takes every day of 400 years, with hyphens and with slashes", () => {
    const days: string[] = [];
    for (let day = -1_000; day < 145_100; day++)
      days.push(new Date(day * 86_400_000).toISOString().slice(0, 10));
    const lines = days.map((day, index) => `{"day":"${index % 2 ? day.replaceAll("-", "/") : day}"}\n`);
    const { rows, rejected } = decodeText(kernel, schemaOf(column("day", date)), lines.join(""));
    expect(rejected).toEqual([]);
    expect(rows.findIndex(([value], index) => value !== dayOf(days[index] ?? ""))).toBe(-1);
    expect(rows).toHaveLength(days.length);
  });

  test.each(['"2024-01-01T00:00"', '"2024-1-1"', '"01/01/2024"', '"2024-01/01"', "19000", '""'])(
    "DATE %s is malformed",
    (text) => {
      expect(decodeValue(kernel, date, text)).toContain("such as");
    },
  );
});
