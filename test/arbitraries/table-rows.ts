/** Generators of keys, values and batches for keyed tables. */
import fc from "fast-check";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { AccumulatorSpec } from "../../src/kernel/table-layout.ts";
import type { ModelKey } from "../reference/table-model.ts";
import type { TestRow } from "../support/keyed-rows.ts";

/** One accumulator of every kind, all nullable. The second COUNT counts values that are not null. */
export const everyAccumulator: readonly AccumulatorSpec[] = [
  { operation: "count" },
  { operation: "count" },
  { operation: "sumDecimal", nullable: true },
  { operation: "sum", kind: KIND_I64, nullable: true },
  { operation: "sum", kind: KIND_F64, nullable: true },
  ...([KIND_I64, KIND_F64, KIND_BYTES] as const).flatMap((kind) =>
    (["min", "max", "first", "last"] as const).map((operation) => ({ operation, kind, nullable: true })),
  ),
];

const key: fc.Arbitrary<ModelKey> = fc.oneof(
  // Hashes spread over all pages.
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 3 }))
      .map(([number, nulls]) => keyOf(`key-${number}`, nulls, spread(BigInt(number * 4 + nulls)))),
  },
  // Long keys.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2048 }))
      .map(([number, length]) =>
        keyOf(`${number}-`.padEnd(length, "x"), 0, spread(BigInt(number * 5000 + length))),
      ),
  },
  // Different keys with the same 64-bit hash, the empty key among them: few enough for one page.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 }))
      .map(([length, nulls]) => keyOf("c".repeat(length), nulls, 0x8000_0000_0000_0001n)),
  },
  // Hashes that agree in all but their lowest bits.
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: 3 }).map((number) => keyOf(`low-${number}`, 0, BigInt(number))),
  },
);

const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 700 }).map((length) => "é".repeat(length)) },
);

const i64 = fc.oneof(fc.bigInt({ min: -9n, max: 9n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const f64 = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double(), fc.constantFrom(-0, 0, Number.NaN));

/** A value for the accumulator's column, now and then null. */
function valueFor(spec: AccumulatorSpec, index: number): fc.Arbitrary<LaneValue | undefined> {
  if (index === 0) return fc.constant(undefined);
  const kind = "kind" in spec ? spec.kind : KIND_I64;
  const value: fc.Arbitrary<LaneValue> =
    kind === KIND_I64 ? i64 : kind === KIND_F64 ? f64 : text.map((chars) => new TextEncoder().encode(chars));
  return fc.option(value, { freq: 8, nil: null });
}

export const tableRow: fc.Arbitrary<TestRow> = fc.record({
  key,
  values: fc.tuple(...everyAccumulator.map(valueFor)),
});

/** One batch; `selected` decides by row which ones are applied, undefined = all. */
export const tableBatch = fc.record({
  rows: fc.array(tableRow, { maxLength: 60, size: "max" }),
  selected: fc.option(fc.infiniteStream(fc.boolean()), { freq: 2, nil: undefined }),
});

export type TableBatch = typeof tableBatch extends fc.Arbitrary<infer Batch> ? Batch : never;

function keyOf(chars: string, nulls: number, hash: bigint): ModelKey {
  return { bytes: new TextEncoder().encode(chars), nulls, hash };
}

/** A 64-bit mix whose first bits differ for neighboring numbers. */
export function spread(number: bigint): bigint {
  const mixed = BigInt.asUintN(64, (number + 1n) * 0x9e37_79b9_7f4a_7c15n);
  return BigInt.asUintN(64, (mixed ^ (mixed >> 29n)) * 0xbf58_476d_1ce4_e5b9n);
}
