/** Columns of values in the shapes that encodings look for, and in none. */
import fc from "fast-check";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import type { Kind } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";

export interface ColumnValues {
  readonly kind: Kind;
  readonly values: readonly LaneValue[];
}

const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const extremes = fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 1n, 2n ** 62n, -(2n ** 62n));

/** Each yields, for one column, an arbitrary of its single values. */
const integers: fc.Arbitrary<fc.Arbitrary<bigint>> = fc.oneof(
  fc.constant(fc.oneof(i64, extremes)),
  fc.tuple(i64, fc.integer({ min: 0, max: 63 })).map(([base, bits]) => {
    const range = fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) });
    return range.map((offset) => BigInt.asIntN(64, base + offset));
  }),
);

const doubles: fc.Arbitrary<fc.Arbitrary<number>> = fc.oneof(
  fc.constant(fc.double()),
  fc.constant(fc.constantFrom(Number.NaN, 0, -0, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE)),
  fc.constant(fc.constantFrom(0, 0.5, -0.25, 1e15, 2 ** 51, 2 ** 53, -(2 ** 51))),
  fc.integer({ min: 0, max: 11 }).map((scale) => {
    return fc.maxSafeInteger().map((integer) => Math.trunc(integer / 1000) / 10 ** scale);
  }),
  fc.integer({ min: 0, max: 4 }).map((scale) => {
    return fc.integer({ min: -100_000, max: 100_000 }).map((integer) => integer / 10 ** scale);
  }),
);

const encoder = new TextEncoder();
const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const prefixes = fc.oneof(bytes(4), bytes(20), fc.uint8Array({ minLength: 250, maxLength: 270 }));

const strings: fc.Arbitrary<fc.Arbitrary<Uint8Array>> = fc.oneof(
  fc.constant(bytes(8)),
  fc.constant(bytes(60)),
  fc.array(bytes(30), { minLength: 1, maxLength: 5 }).map((words) => fc.constantFrom(...words)),
  prefixes.map((prefix) => bytes(24).map((tail) => Uint8Array.of(...prefix, ...tail))),
  fc.tuple(prefixes, fc.integer({ min: 1, max: 20 }), fc.boolean()).map(([prefix, digits, isPadded]) => {
    return fc.bigInt({ min: 0n, max: 10n ** BigInt(digits) - 1n }).map((number) => {
      const text = isPadded ? number.toString().padStart(digits, "0") : number.toString();
      return Uint8Array.of(...prefix, ...encoder.encode(text));
    });
  }),
  fc.constant(
    fc.constantFrom("0", "1", "01", "12", "007", "", "-1", "9".repeat(18), "9".repeat(19)).map(utf8),
  ),
);

function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

function columnOf(rows: number): fc.Arbitrary<ColumnValues> {
  const nulls = fc.constantFrom(0, 0, 1, 4, 8);
  const withNulls = (value: fc.Arbitrary<LaneValue>, eighths: number): fc.Arbitrary<readonly LaneValue[]> =>
    fc.array(
      fc.tuple(value, fc.nat(7)).map(([present, die]) => (die < eighths ? null : present)),
      { minLength: rows, maxLength: rows },
    );
  const shape = (kind: Kind, values: fc.Arbitrary<fc.Arbitrary<LaneValue>>): fc.Arbitrary<ColumnValues> =>
    fc
      .tuple(values, nulls)
      .chain(([value, eighths]) => withNulls(value, eighths))
      .map((column) => ({ kind, values: column }));
  const sorted = shape(KIND_I64, integers).map(({ kind, values }) => ({
    kind,
    values: [...values].sort((left, right) => (Number(left ?? 0n) < Number(right ?? 0n) ? -1 : 1)),
  }));
  return fc.oneof(shape(KIND_I64, integers), sorted, shape(KIND_F64, doubles), shape(KIND_BYTES, strings));
}

/** Up to four columns of one length, 0 to `rowsMax`. */
export function columnsArbitrary(rowsMax: number): fc.Arbitrary<readonly ColumnValues[]> {
  return fc
    .integer({ min: 0, max: rowsMax })
    .chain((rows) => fc.array(columnOf(rows), { minLength: 1, maxLength: 4 }));
}
