/**
 * Two jobs over a stream of orders, as definitions and as slow, obvious answers with BigInt: computed
 * columns, a filter with three-valued logic, keys and aggregates of every exact type.
 *
 * Prices are DECIMAL(9, 2), here as whole cents.
 */
import { type Group, groupRows, type WindowSpec } from "./windowed-batch.ts";

export interface OrderRow {
  readonly time: number;
  readonly account: bigint | null;
  readonly placed: number | null;
  readonly cents: bigint | null;
  readonly quantity: number | null;
  readonly rush: boolean | null;
}

export const orderColumns = [
  { name: "time", type: "TIMESTAMP(3)" },
  { name: "account", type: "BIGINT" },
  { name: "placed", type: "TIMESTAMP(3)" },
  { name: "price", type: "DECIMAL(9, 2)" },
  { name: "quantity", type: "INT" },
  { name: "rush", type: "BOOLEAN" },
];

/** By account, time of placing and whether the price is large; orders of no or a positive quantity. */
export const salesBody = {
  source: "events",
  filter: ["or", ["is null", "quantity"], [">", "quantity", 0]],
  columns: {
    revenue: ["*", "price", "quantity"],
    age: ["-", "time", "placed"],
    large: [">=", "price", 100],
  },
  key: ["account", "placed", "large"],
  aggregates: {
    n: { function: "count" },
    priced: { function: "count", argument: "price" },
    revenue_sum: { function: "sum", argument: "revenue" },
    price_mean: { function: "avg", argument: "price" },
    cheapest: { function: "min", argument: "price" },
    newest: { function: "max", argument: "placed" },
    ages: { function: "sum", argument: "age" },
    last_quantity: { function: "last_value", argument: "quantity" },
  },
};

/** By price and rush; all orders that are not known to be rush orders of nobody. */
export const pricesBody = {
  source: "events",
  filter: ["not", ["and", "rush", ["is null", "account"]]],
  key: ["price", "rush"],
  aggregates: {
    accounts: { function: "sum", argument: "account" },
    lowest: { function: "min", argument: "account" },
    double_mean: { function: "avg", argument: ["+", "quantity", 1] },
    first_placed: { function: "first_value", argument: "placed" },
  },
};

type Answer = { readonly rows: unknown[][]; readonly late: number };
type Frames = readonly (readonly OrderRow[])[];

export function salesBatch(frames: Frames, window: WindowSpec, lateness: number, bound: number): Answer {
  return answerOf(frames, {
    ...{ window, lateness, bound },
    passes: ({ quantity }) => quantity === null || quantity > 0,
    keyOf: ({ account, placed, cents }) => `${account} ${placed} ${largeOf(cents)}`,
    outputs: (rows) => {
      const [first] = rows as [OrderRow];
      const prices = present(rows.map(({ cents }) => cents));
      const revenues = present(rows.map(({ cents, quantity }) => product(cents, quantity)));
      const placed = present(rows.map((row) => row.placed));
      return {
        keys: [numberOf(first.account), timeOf(first.placed), largeOf(first.cents)],
        values: [
          rows.length,
          prices.length,
          decimalOf(sum(revenues), 2n),
          meanOf(prices),
          decimalOf(least(prices), 2n),
          timeOf(placed.length === 0 ? null : Math.max(...placed)),
          numberOf(
            sum(present(rows.map((row) => (row.placed === null ? null : BigInt(row.time - row.placed))))),
          ),
          present(rows.map(({ quantity }) => quantity)).at(-1) ?? null,
        ],
      };
    },
  });
}

export function pricesBatch(frames: Frames, window: WindowSpec, lateness: number, bound: number): Answer {
  return answerOf(frames, {
    ...{ window, lateness, bound },
    // NOT (rush AND account IS NULL): unknown only where rush is unknown and the account is null.
    passes: ({ rush, account }) => rush === false || account !== null,
    keyOf: ({ cents, rush }) => `${cents} ${rush}`,
    outputs: (rows) => {
      const [first] = rows as [OrderRow];
      const accounts = present(rows.map(({ account }) => account));
      const quantities = present(rows.map(({ quantity }) => quantity)).map((quantity) =>
        BigInt.asIntN(32, BigInt(quantity) + 1n),
      );
      return {
        keys: [decimalOf(first.cents, 2n), first.rush],
        values: [
          numberOf(sum(accounts)),
          numberOf(least(accounts)),
          quantities.length === 0 ? null : Number(sum(quantities)) / quantities.length,
          timeOf(present(rows.map(({ placed }) => placed))[0] ?? null),
        ],
      };
    },
  });
}

interface Job {
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly bound: number;
  passes(row: OrderRow): boolean;
  keyOf(row: OrderRow): string;
  outputs(rows: readonly OrderRow[]): { keys: readonly unknown[]; values: readonly unknown[] };
}

function answerOf(frames: Frames, job: Job): Answer {
  const { groups, late } = groupRows(frames, job);
  const rows = groups.map(({ start, end, isFinal, rows: inside }: Group<OrderRow>) => {
    const { keys, values } = job.outputs(inside);
    const bounds = job.window.kind === "none" ? [] : [timeOf(start), timeOf(end)];
    return [...keys, ...bounds, ...values, isFinal];
  });
  return { rows, late: late.length };
}

function present<Value>(values: readonly (Value | null)[]): Value[] {
  return values.flatMap((value) => (value === null ? [] : [value]));
}

/** Wraps as BIGINT does; sums of DECIMAL never come near. */
function sum(values: readonly bigint[]): bigint | null {
  return values.length === 0
    ? null
    : BigInt.asIntN(
        64,
        values.reduce((a, b) => a + b, 0n),
      );
}

function least(values: readonly bigint[]): bigint | null {
  return values.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null);
}

/** A DECIMAL of 18 digits; what does not fit is null. */
function product(cents: bigint | null, quantity: number | null): bigint | null {
  if (cents === null || quantity === null) return null;
  const unscaled = cents * BigInt(quantity);
  return unscaled > -(10n ** 18n) && unscaled < 10n ** 18n ? unscaled : null;
}

function largeOf(cents: bigint | null): boolean | null {
  return cents === null ? null : cents >= 10_000n;
}

/** Cents' mean with six digits, half away from zero. */
function meanOf(cents: readonly bigint[]): string | null {
  const total = sum(cents);
  if (total === null) return null;
  const count = BigInt(cents.length);
  const magnitude = ((total < 0n ? -total : total) * 10_000n * 2n + count) / (2n * count);
  return decimalOf(total < 0n ? -magnitude : magnitude, 6n);
}

function decimalOf(unscaled: bigint | null, scale: bigint): string | null {
  if (unscaled === null) return null;
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  const [whole, fraction] = [magnitude / 10n ** scale, magnitude % 10n ** scale];
  return `${unscaled < 0n ? "-" : ""}${whole}.${String(fraction).padStart(Number(scale), "0")}`;
}

function numberOf(value: bigint | null): number | string | null {
  return value === null ? null : Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** As views write a TIMESTAMP(3). */
export function timeOf(ms: number | null): string | null {
  return ms === null
    ? null
    : new Date(ms)
        .toISOString()
        .replace("T", " ")
        .replace(/(\.000)?Z$/, "");
}
