/**
 * Orders, and what a partition is given of them.
 */
import fc from "fast-check";
import { type OrderRow, timeOf } from "../reference/orders-batch.ts";
import type { Row } from "../support/partition-harness.ts";

const orNull = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { freq: 5 });

export const orderArbitrary: fc.Arbitrary<OrderRow> = fc.record({
  time: fc.integer({ min: -200, max: 400 }),
  account: orNull(
    fc.oneof(
      { weight: 4, arbitrary: fc.bigInt({ min: -2n, max: 2n }) },
      { weight: 1, arbitrary: fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n) },
    ),
  ),
  placed: orNull(fc.constantFrom(-1, 0, 1_600_000_000_001)),
  cents: orNull(fc.constantFrom(0n, -1n, 33n, 9_999n, 10_000n, 999_999_999n, -999_999_999n)),
  quantity: orNull(fc.constantFrom(-1, 0, 1, 3, 2_147_483_647)),
  rush: orNull(fc.boolean()),
});

export function orderRowOf({ time, account, placed, cents, quantity, rush }: OrderRow): Row {
  const price = cents === null ? null : (Number(cents) / 100).toFixed(2);
  return [timeOf(time), account === null ? null : String(account), timeOf(placed), price, quantity, rush];
}

export function sortedRows(rows: readonly unknown[][]): unknown[][] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
