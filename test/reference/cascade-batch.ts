/**
 * Cascades of steps, as definitions and as slow, obvious answers: each step is made from scratch of all rows
 * of the one before.
 *
 * Of step i the outputs are its key columns, `n<i>` (its rows), `k<i>` (those with a value), `s<i>` (their
 * sum) and `m<i>` (their mean). A value is the amount of an event, or the sum of the step before. The first
 * step has the largest amount too, `x0`, an INT; the second adds these up: `x1`. A step may have the least
 * sum and the largest mean of the step before, `l<i>` and `g<i>`.
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
  /** Whether it has bounds: no step with a window has. */
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
    const values = { ...aggregatesOf(0, amounts), x0: known.length === 0 ? null : Math.max(...known) };
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
    };
    return {
      ...{ ...keys, ...sums, ...(number === 1 ? { x1: x1 ?? null } : {}) },
      ...(hasBounds && size === undefined ? bounds : {}),
    };
  });
}

function boundOf(values: readonly (number | null)[], choose: (...values: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : choose(...known);
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
      ...(number === 1 ? { x1: { function: "sum", argument: "x0" } } : {}),
      ...(hasBounds && {
        [`l${number}`]: { function: "min", argument: `s${number - 1}` },
        [`g${number}`]: { function: "max", argument: `m${number - 1}` },
      }),
    },
  };
}
