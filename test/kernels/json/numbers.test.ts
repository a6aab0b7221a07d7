/** Numbers keep every digit that their type has, and are refused where it has not enough. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DataType } from "../../../src/columnar/schema.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { numberText, words } from "../../arbitraries/json-values.ts";
import { Random } from "../../arbitraries/random.ts";
import {
  bigint,
  column,
  decodeText,
  decodeValue,
  double,
  schemaOf,
  timestamp,
} from "../../support/json-records.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const int: DataType = { name: "INT" };
const decimal = (precision: number, scale: number): DataType => ({ name: "DECIMAL", precision, scale });

/** Doubles that are easy to round wrongly: ties, neighbors of ties, ends of the range, many digits. */
const hardDoubles = words(
  "0.1 0.2 0.3 1.1 123.456 1e22 1e23 9007199254740991 9007199254740992 9007199254740993",
  "9007199254740995 9007199254740993.0000000000000000000000000000000001",
  "9007199254740992.9999999999999999999999999999999999 1.7976931348623157e308 1.7976931348623158e308",
  "179769313486231570814527423731704356798070567525844996598917e249 2.2250738585072011e-308",
  "2.2250738585072012e-308 2.2250738585072014e-308 4.9406564584124654e-324 5e-324 3e-324",
  "2.4703282292062327e-324 2.4703282292062328e-324 2.4703282292062329e-324 1e-323 1e-400 0e400 -0 -0.0",
  "0 6.631236846766476e-316 3.2378839133029012895883522212405e-319",
  "6.80564733841876926926749214863536422912e38",
  "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001e95",
  "100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000e-98",
  "8.5 0.5e1 1E1 1e+1 12345678 123456789 1234567890123456789 12345678901234567890",
  "0.12345678901234567890123 1.00000000000000011102230246251565404236316680908203124",
  "1.00000000000000011102230246251565404236316680908203125",
  "1.00000000000000011102230246251565404236316680908203126",
  "0.00000000000000000000000000000000000000000000000001",
);

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test.each(hardDoubles)("DOUBLE %s is the double that JSON.parse gives", (text) => {
    expect(decodeValue(kernel, double, text)).toBe(JSON.parse(text));
    expect(decodeValue(kernel, double, text.startsWith("-") ? text.slice(1) : `-${text}`)).toBe(
      JSON.parse(text.startsWith("-") ? text.slice(1) : `-${text}`),
    );
  });

  test("a tie of 768 digits is rounded to even, and one digit behind it decides", () => {
    // The midpoint of the two smallest normal doubles above zero has 767 significant digits.
    const tie = 2n ** 53n + 1n;
    const digits = `${tie * 5n ** 1075n}`;
    for (const tail of ["", "0", "1", `${"0".repeat(5000)}1`, "0".repeat(5000)]) {
      const text = `${digits}${tail}e${-1075 - tail.length}`;
      expect(decodeValue(kernel, double, text)).toBe(Number(text));
    }
    const below = `${tie * 5n ** 1075n - 1n}e-1075`;
    expect(decodeValue(kernel, double, below)).toBe(Number(below));
  });

  test("DOUBLE is the double that JSON.parse gives, for numbers of all forms", () => {
    const schema = schemaOf(column("value", double));
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const texts = Array.from({ length: 20 }, () => numberText(random, false));
        const finite = texts.filter((text) => Number.isFinite(Number(text)));
        const { rows } = decodeText(kernel, schema, texts.map((text) => `{"value":${text}}\n`).join(""));
        expect(rows.map(([value]) => value)).toEqual(finite.map(Number));
      }),
      { numRuns: 200 },
    );
  });

  test.each(["1.8e308", "1e309", "-1e400", "1e99999999999999999999", `1${"0".repeat(400)}`])(
    "DOUBLE %s is out of range",
    (text) => {
      expect(decodeValue(kernel, double, text)).toContain("expected DOUBLE: a number within");
    },
  );

  test.each([
    ["0", 0n],
    ["-0", 0n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ["-9223372036854775808", -(2n ** 63n)],
    ["9007199254740993", 9007199254740993n],
    ["5.0", 5n],
    ["1e3", 1000n],
    ["1.5e1", 15n],
    ["1200e-2", 12n],
    ["0.00e-9999999999999999999", 0n],
    ["922337203685477580700000e-5", 2n ** 63n - 1n],
    ["0.000000000000000000000001e24", 1n],
    ['"123"', 123n],
    ['"-12.0"', -12n],
    ['"\\u0031\\u0032"', 12n],
  ] as const)("BIGINT %s is %s", (text, value) => {
    expect(decodeValue(kernel, bigint, text)).toBe(value);
  });

  test.each([
    ["9223372036854775808", "-9223372036854775808 to 9223372036854775807"],
    ["-9223372036854775809", "-9223372036854775808 to 9223372036854775807"],
    ["1e19", "-9223372036854775808 to 9223372036854775807"],
    ["1e99999999999999999999", "-9223372036854775808 to 9223372036854775807"],
    ["1.5", "BIGINT: an integer."],
    ["1e-1", "BIGINT: an integer."],
    ["9223372036854775807.1", "BIGINT: an integer."],
    ['"abc"', "BIGINT: an integer, as a number or in a string."],
    ['""', "BIGINT: an integer, as a number or in a string."],
    ['" 1"', "BIGINT: an integer, as a number or in a string."],
    ['"1 "', "BIGINT: an integer, as a number or in a string."],
    ['"01"', "BIGINT: an integer, as a number or in a string."],
    ["true", "BIGINT: an integer, as a number or in a string."],
    ["[1]", "BIGINT: an integer, as a number or in a string."],
  ])("BIGINT %s is refused: %s", (text, message) => {
    expect(decodeValue(kernel, bigint, text)).toContain(message);
  });

  test("INT ends at 32 bits and takes no string", () => {
    expect(decodeValue(kernel, int, "2147483647")).toBe(2147483647n);
    expect(decodeValue(kernel, int, "-2147483648")).toBe(-2147483648n);
    expect(decodeValue(kernel, int, "2147483648")).toContain("-2147483648 to 2147483647");
    expect(decodeValue(kernel, int, "-2147483649")).toContain("-2147483648 to 2147483647");
    expect(decodeValue(kernel, int, '"1"')).toContain("INT: an integer");
  });

  test.each([
    [decimal(10, 2), "12.34", 1234n],
    [decimal(10, 2), "12.3", 1230n],
    [decimal(10, 2), "-0.01", -1n],
    [decimal(10, 2), "12.3400000000000000000000000000000", 1234n],
    [decimal(10, 2), "1.234e1", 1234n],
    [decimal(10, 2), '"99999999.99"', 9999999999n],
    [decimal(18, 18), "0.999999999999999999", 999999999999999999n],
    [decimal(18, 0), "999999999999999999", 999999999999999999n],
    [decimal(18, 6), "123456789012.345678", 123456789012345678n],
  ] as const)("%o %s keeps every digit", (type, text, value) => {
    expect(decodeValue(kernel, type, text)).toBe(value);
  });

  test.each([
    [decimal(10, 2), "12.345", "DECIMAL(10, 2): at most 2 digits behind the point"],
    [decimal(10, 2), "100000000", "DECIMAL(10, 2): at most 8 digits before the point"],
    [decimal(18, 18), "1", "DECIMAL(18, 18): at most 0 digits before the point"],
    [decimal(4, 2), '"x"', "DECIMAL(4, 2): a number, or a string that holds one"],
  ] as const)("%o %s is refused: %s", (type, text, message) => {
    expect(decodeValue(kernel, type, text)).toContain(message);
  });

  test.each("01 -01 - . .5 5. 1e 1e+ +1 1.e1 0x1 1_0 Infinity NaN 1.5.2 --1 1e5.5 00".split(" "))(
    "%s is no JSON, wanted or not",
    (text) => {
      for (const type of [double, bigint, decimal(18, 2), timestamp]) {
        const lines = ["0", text].map(
          (value) => `{"value":${value}}\n{"other":${value}}\n{"other":[${value}]}\n`,
        );
        const schema = schemaOf(column("value", type, { nullable: true }));
        const { rows, rejected } = decodeText(kernel, schema, lines.join(""));
        expect(rows).toHaveLength(3);
        expect(rejected.map(({ reason }) => reason)).toEqual([1, 1, 1]);
      }
    },
  );
});
