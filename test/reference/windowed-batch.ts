/**
 * The slow, obvious answer of a windowed aggregate: every row is put into every window that takes it, then
 * folded.
 *
 * Rows come as frames; a frame's rows are judged by the watermark before it.
 */

export interface WindowSpec {
  readonly kind: "tumble" | "hop" | "cumulate" | "none";
  readonly size: number;
  readonly step: number;
  readonly offset: number;
}

/** A group of rows with one key in one window; without a window, start and end mean nothing. */
export interface Group<Row> {
  readonly start: number;
  readonly end: number;
  readonly isFinal: boolean;
  readonly rows: readonly Row[];
}

export interface Grouped<Row> {
  readonly groups: readonly Group<Row>[];
  /** Rows that no window took. */
  readonly late: readonly Row[];
  /** After the last frame. */
  readonly watermark: number;
}

/** What a job does with rows besides folding them. `keyOf` gives equal text for equal keys. */
export interface Grouping<Row> {
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly bound: number;
  /** The watermark after each frame, where it does not follow from the rows so far. */
  readonly watermarks?: readonly number[];
  keyOf(row: Row): string;
  passes(row: Row): boolean;
}

/** Groups rows by key and window, in their order. Rows that do not pass still move the watermark. */
export function groupRows<Row extends { readonly time: number }>(
  frames: readonly (readonly Row[])[],
  { window, lateness, bound, watermarks, keyOf, passes }: Grouping<Row>,
): Grouped<Row> {
  const groups = new Map<string, { start: number; end: number; rows: Row[] }>();
  let watermark = Number.NEGATIVE_INFINITY;
  const late: Row[] = [];
  for (const [index, frame] of frames.entries()) {
    for (const row of frame.filter(passes)) {
      const windows = windowsOf(row.time, window);
      const taken = windows.filter(({ end }) => end - 1 + lateness > watermark);
      if (taken.length === 0) late.push(row);
      for (const { start, end } of taken) {
        const name = `${end} ${keyOf(row)}`;
        const group = groups.get(name) ?? { start, end, rows: [] };
        group.rows.push(row);
        groups.set(name, group);
      }
    }
    const newest = frame.reduce((time, row) => Math.max(time, row.time), Number.NEGATIVE_INFINITY);
    watermark = watermarks ? (watermarks[index] ?? watermark) : Math.max(watermark, newest - bound);
  }
  const isFinal = (end: number) => window.kind !== "none" && end - 1 <= watermark;
  return {
    groups: [...groups.values()].map((group) => ({ ...group, isFinal: isFinal(group.end) })),
    late,
    watermark,
  };
}

export interface EventRow {
  readonly user: string | null;
  readonly time: number;
  readonly amount: number | null;
  readonly item: string | null;
}

export interface BatchAnswer {
  /** [user, start, end, n, total, least, most, first, last, final], times in ms; start and end of windows. */
  readonly rows: unknown[][];
  readonly late: number;
}

/** The answer of the job of `laws.test.ts`: `n`, `total`, `least`, `most`, `first` and `last` by user. */
export function windowedBatch(
  frames: readonly (readonly EventRow[])[],
  window: WindowSpec,
  lateness: number,
  bound: number,
): BatchAnswer {
  const keyOf = ({ user }: EventRow) => JSON.stringify(user);
  const { groups, late } = groupRows(frames, { window, lateness, bound, keyOf, passes: () => true });
  const rows = groups.map(({ start, end, isFinal, rows: inside }) => {
    const bounds = window.kind === "none" ? [] : [start, end];
    return [inside[0]?.user, ...bounds, ...fold(inside), isFinal];
  });
  return { rows, late: late.length };
}

function fold(rows: readonly EventRow[]): unknown[] {
  const amounts = rows.flatMap(({ amount }) => (amount === null ? [] : [amount]));
  const items = rows.flatMap(({ item }) => (item === null ? [] : [item]));
  const least = items.reduce<string | null>((a, b) => (a === null || b < a ? b : a), null);
  return [
    rows.length,
    amounts.length === 0 ? null : amounts.reduce((a, b) => a + b, 0),
    least,
    amounts.length === 0 ? null : Math.max(...amounts),
    items[0] ?? null,
    amounts.at(-1) ?? null,
  ];
}

function windowsOf(time: number, { kind, size, step, offset }: WindowSpec): { start: number; end: number }[] {
  if (kind === "none") return [{ start: 0, end: Number.POSITIVE_INFINITY }];
  const windows: { start: number; end: number }[] = [];
  const first = Math.floor((time - offset) / size) * size + offset;
  if (kind === "tumble") return [{ start: first, end: first + size }];
  if (kind === "hop") {
    for (let start = Math.floor((time - offset) / step) * step + offset; start > time - size; start -= step) {
      windows.push({ start, end: start + size });
    }
    return windows;
  }
  for (let end = first + step; end <= first + size; end += step)
    if (end > time) windows.push({ start: first, end });
  return windows;
}
