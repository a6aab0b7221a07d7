/**
 * Cascades of steps, as definitions and as slow, obvious answers: each step is made from scratch of all rows
 * of the one before.
 *
 * Of step i the outputs are its key columns, `n<i>` (its rows), `k<i>` (those with a value), `s<i>` (their
 * sum) and `m<i>` (their mean). A value is the amount of an event, or the sum of the step before. The first
 * step has the largest amount too, `x0`, an INT; the second adds these up: `x1`. A step may have bounds: the
 * least sum and the largest mean of the step before, `l<i>` and `g<i>`; how many different sums, what these
 * come to and their mean, `d<i>`, `e<i>` and `f<i>`; the second the least and the largest user and how many
 * there are, `v1`, `w1` and `c1`. The first step has how many different amounts, and what these come to:
 * `d0` and `e0`.
 */
import { type EventRow, groupRows, type WindowSpec } from "./windowed-batch.ts";

type Value = number | string | null;
type TableRow = Readonly<Record<string, Value>>;

/** Rows of one key, and its columns. */
interface Group {
  readonly keys: TableRow;
  readonly rows: TableRow[];
}

/** A step over results. */
export interface StepSpec {
  /** Columns of the step before. */
  readonly key: readonly string[];
  /** Results whose value is smaller, or that have none, are left out; undefined: none are. */
  readonly least: number | undefined;
  /** Whether it has what needs all values. */
  readonly hasBounds: boolean;
}

/** The windows of a cascade's first step, and of the second. */
export interface CascadeWindows {
  readonly first: WindowSpec;
  readonly lateness: number;
  readonly bound: number;
  /** The size of the second step's windows; undefined: it has none. */
  readonly second: number | undefined;
}

/** The views of all steps as `[…outputs, final]`, in no order. */
export function cascadeBatch(
  frames: readonly (readonly EventRow[])[],
  least: number | undefined,
  steps: readonly StepSpec[],
  { first, lateness, bound, second }: CascadeWindows,
): unknown[][][] {
  const { groups, watermark } = groupRows(frames, {
    ...{ window: first, lateness, bound, keyOf: ({ user }) => JSON.stringify(user) },
    passes: ({ amount }) => least === undefined || (amount !== null && amount >= least),
  });
  const hasWindow = first.kind !== "none";
  const results = groups.map(({ start, end, isFinal, rows }) => {
    const bounds = hasWindow ? { window_start: start, window_end: end } : {};
    const amounts = rows.map(({ amount }) => amount);
    const known = amounts.filter((amount) => amount !== null);
    const x0 = known.length === 0 ? null : Math.max(...known);
    const { d0, e0 } = distinctOf(0, amounts);
    const distinct = hasDistinct(first) ? { d0, e0 } : {};
    const values = { ...aggregatesOf(0, amounts), x0, ...distinct } as TableRow;
    return { row: { user: rows[0]?.user ?? null, ...bounds, ...values } as TableRow, isFinal };
  });
  const views: unknown[][][] = [results.map(({ row, isFinal }) => [...Object.values(row), isFinal])];
  let table = results.filter(({ isFinal }) => isFinal || !hasWindow).map(({ row }) => row);
  steps.forEach((step, index) => {
    const size = index === 0 ? second : undefined;
    const made = makeStep(index + 1, table, step, size);
    const isFinal = (row: TableRow) => size !== undefined && Number(row.window_end) - 1 <= watermark;
    views.push(made.map((row) => [...Object.values(row), isFinal(row)]));
    table = size === undefined ? made : made.filter(isFinal);
  });
  return views;
}

function makeStep(
  number: number,
  table: readonly TableRow[],
  { key, least, hasBounds }: StepSpec,
  size: number | undefined,
): TableRow[] {
  const groups = new Map<string, Group>();
  for (const row of table) {
    const value = row[`s${number - 1}`] as number | null;
    if (least !== undefined && (value === null || value < least)) continue;
    const end = size === undefined ? 0 : Math.floor((Number(row.window_end) - 1) / size + 1) * size;
    const bounds = size === undefined ? {} : { window_start: end - size, window_end: end };
    const keys = { ...Object.fromEntries(key.map((name) => [name, row[name] ?? null])), ...bounds };
    const name = JSON.stringify(keys);
    const group: Group = groups.get(name) ?? { keys, rows: [] };
    group.rows.push(row);
    groups.set(name, group);
  }
  return [...groups.values()].map(({ keys, rows }) => {
    const valuesOf = (name: string) => rows.map((row) => row[name] as number | null);
    const { [`s${number}`]: x1 } = aggregatesOf(number, valuesOf("x0"));
    const sums = aggregatesOf(number, valuesOf(`s${number - 1}`));
    const bounds = {
      [`l${number}`]: boundOf(valuesOf(`s${number - 1}`), Math.min),
      [`g${number}`]: boundOf(valuesOf(`m${number - 1}`), Math.max),
      ...distinctOf(number, valuesOf(`s${number - 1}`)),
      ...(number === 1 ? usersOf(rows) : {}),
    };
    return {
      ...{ ...keys, ...sums, ...(number === 1 ? { x1: x1 ?? null } : {}) },
      ...(hasBounds ? bounds : {}),
    };
  });
}

function boundOf(values: readonly (number | null)[], choose: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : choose(...known);
}

/** Only windows that share no slices have distinct values. */
export function hasDistinct({ kind }: WindowSpec): boolean {
  return kind === "none" || kind === "tumble";
}

function distinctOf(number: number, values: readonly (number | null)[]): TableRow {
  const {
    [`k${number}`]: d,
    [`s${number}`]: e,
    [`m${number}`]: f,
  } = aggregatesOf(number, [...new Set(values)]);
  return { [`d${number}`]: d ?? null, [`e${number}`]: e ?? null, [`f${number}`]: f ?? null };
}

function usersOf(rows: readonly TableRow[]): TableRow {
  const users = rows
    .flatMap(({ user }) => (user === null || user === undefined ? [] : [String(user)]))
    .sort();
  return { v1: users[0] ?? null, w1: users.at(-1) ?? null, c1: new Set(users).size };
}

function aggregatesOf(number: number, values: readonly (number | null)[]): TableRow {
  const known = values.filter((value) => value !== null);
  const sum = known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  return {
    [`n${number}`]: values.length,
    [`k${number}`]: known.length,
    [`s${number}`]: sum,
    [`m${number}`]: sum === null ? null : sum / known.length,
  };
}

/** What the definition of step `number` says of its aggregates and its filter. */
export function cascadeStepBody(number: number, least: number | undefined, hasBounds = false): object {
  const value = number === 0 ? "amount" : `s${number - 1}`;
  return {
    ...(least === undefined ? {} : { filter: [">=", value, least] }),
    aggregates: {
      [`n${number}`]: { function: "count" },
      [`k${number}`]: { function: "count", argument: value },
      [`s${number}`]: { function: "sum", argument: value },
      [`m${number}`]: { function: "avg", argument: ["cast", value, "DOUBLE"] },
      ...(number === 0 ? { x0: { function: "max", argument: "amount" } } : {}),
      ...(number === 0 && hasBounds
        ? {
            d0: { function: "count", argument: "amount", distinct: true },
            e0: { function: "sum", argument: "amount", distinct: true },
          }
        : {}),
      ...(number === 1 ? { x1: { function: "sum", argument: "x0" } } : {}),
      ...(number > 0 && hasBounds ? boundsBody(number) : {}),
    },
  };
}

function boundsBody(number: number): object {
  const value = `s${number - 1}`;
  return {
    [`l${number}`]: { function: "min", argument: value, distinct: true },
    [`g${number}`]: { function: "max", argument: `m${number - 1}` },
    [`d${number}`]: { function: "count", argument: value, distinct: true },
    [`e${number}`]: { function: "sum", argument: value, distinct: true },
    [`f${number}`]: { function: "avg", argument: ["cast", value, "DOUBLE"], distinct: true },
    ...(number === 1 && {
      v1: { function: "min", argument: "user" },
      w1: { function: "max", argument: "user" },
      c1: { function: "count", argument: "user", distinct: true },
    }),
  };
}
