/**
 * Jobs whose steps read several others, or one that others read too, as slow, obvious answers: each step is
 * made from scratch of all rows of what it reads.
 *
 * A step's outputs are its key columns, its window's bounds, `n` (its rows) and `v` (the sum of their `v`);
 * `low` and `high`, of `v`, where it has bounds.
 */
import { groupRows, type WindowSpec } from "./windowed-batch.ts";

export interface GraphRow {
  readonly time: number;
  readonly user: string | null;
  readonly item: string | null;
  readonly v: number | null;
}

export type KeyName = "user" | "item";

/** The results of an earlier step, 0 for the job's own; `source`; or what came too late for the job's own. */
export type GraphInput = number | "source" | "late";

export interface GraphStep {
  readonly inputs: readonly GraphInput[];
  readonly key: readonly KeyName[];
  /** Rows whose value is smaller, or that have none, are left out; undefined: none are. */
  readonly least: number | undefined;
  /** The size of its windows; undefined: it has none. */
  readonly size: number | undefined;
  readonly hasBounds: boolean;
}

export interface Graph {
  readonly key: readonly KeyName[];
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly bound: number;
  readonly steps: readonly GraphStep[];
}

interface Result extends GraphRow {
  readonly start: number;
  readonly end: number;
  readonly isFinal: boolean;
  readonly of: readonly GraphRow[];
}

/** The views of all steps, the job's own first, as `[…outputs, final]`, in no order; and the late rows. */
export function graphBatch(
  frames: readonly (readonly GraphRow[])[],
  { key, window, lateness, bound, steps }: Graph,
): { readonly views: unknown[][][]; readonly late: number } {
  const keyOf = (row: GraphRow) => nameOf(row, key);
  const grouping = { window, lateness, bound, keyOf, passes: () => true };
  const { groups, late, watermark } = groupRows(frames, grouping);
  const hasWindow = window.kind !== "none";
  const first = groups.map(({ start, end, isFinal, rows }) => resultOf(rows, key, { start, end, isFinal }));
  const tables: GraphRow[][] = [first.filter(({ isFinal }) => isFinal || !hasWindow)];
  const views = [first.map((result) => viewRow(result, key, hasWindow, false))];
  for (const step of steps) {
    const read = step.inputs.flatMap((input): readonly GraphRow[] => {
      if (input === "late") return late;
      return input === "source" ? frames.flat() : (tables[input] ?? []);
    });
    const isWindowed = step.size !== undefined;
    const results = stepResults(read, step, watermark);
    tables.push(results.filter(({ isFinal }) => isFinal || !isWindowed));
    views.push(results.map((result) => viewRow(result, step.key, isWindowed, step.hasBounds)));
  }
  return { views, late: late.length };
}

function stepResults(
  read: readonly GraphRow[],
  { key, least, size }: GraphStep,
  watermark: number,
): Result[] {
  const groups = new Map<string, GraphRow[]>();
  const endOf = ({ time }: GraphRow) => (size === undefined ? 0 : Math.floor(time / size + 1) * size);
  for (const row of read) {
    if (least !== undefined && (row.v === null || row.v < least)) continue;
    const name = `${endOf(row)} ${nameOf(row, key)}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups.values()].map((rows) => {
    const end = endOf(rows[0] as GraphRow);
    const isFinal = size !== undefined && end - 1 <= watermark;
    return resultOf(rows, key, { start: end - (size ?? 0), end, isFinal });
  });
}

/** A result as a row: its time is the last of its window. */
function resultOf(
  of: readonly GraphRow[],
  key: readonly KeyName[],
  bounds: Pick<Result, "start" | "end" | "isFinal">,
): Result {
  const keyed = (name: KeyName) => (key.includes(name) ? (of[0]?.[name] ?? null) : null);
  const values = knownOf(of);
  const v = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
  return { ...{ time: bounds.end - 1, user: keyed("user"), item: keyed("item"), v }, ...bounds, of };
}

function viewRow(result: Result, key: readonly KeyName[], hasWindow: boolean, hasBounds: boolean): unknown[] {
  const values = knownOf(result.of);
  const bounds = values.length === 0 ? [null, null] : [Math.min(...values), Math.max(...values)];
  return [
    ...key.map((name) => result[name]),
    ...(hasWindow ? [result.start, result.end] : []),
    ...[result.of.length, result.v],
    ...(hasBounds ? bounds : []),
    result.isFinal,
  ];
}

function knownOf(rows: readonly GraphRow[]): number[] {
  return rows.flatMap(({ v }) => (v === null ? [] : [v]));
}

function nameOf(row: GraphRow, key: readonly KeyName[]): string {
  return JSON.stringify(key.map((name) => row[name]));
}
