/**
 * The slow, obvious answer of a windowed aggregate: every row is put into every window that takes it, then
 * folded.
 *
 * Rows come as frames; a frame's rows are judged by the watermark before it. `n`, `total`, `least`, `most`,
 * `first` and `last` are what a test's job computes over the columns amount and item.
 */

export interface EventRow {
  readonly user: string | null;
  readonly time: number;
  readonly amount: number | null;
  readonly item: string | null;
}

export interface WindowSpec {
  readonly kind: "tumble" | "hop" | "cumulate" | "none";
  readonly size: number;
  readonly step: number;
  readonly offset: number;
}

export interface BatchAnswer {
  /**
   * [user, start, end, n, total, least, most, first, last, final], times in ms; without a window no start and
   * end.
   */
  readonly rows: unknown[][];
  readonly late: number;
}

export function windowedBatch(
  frames: readonly (readonly EventRow[])[],
  window: WindowSpec,
  lateness: number,
  bound: number,
): BatchAnswer {
  const cells = new Map<string, { user: string | null; start: number; end: number; rows: EventRow[] }>();
  let watermark = Number.NEGATIVE_INFINITY;
  let late = 0;
  for (const frame of frames) {
    for (const row of frame) {
      const windows = windowsOf(row.time, window);
      const taken = windows.filter(({ end }) => end - 1 + lateness > watermark);
      if (taken.length === 0) late++;
      for (const { start, end } of taken) {
        const name = JSON.stringify([row.user, end]);
        const cell = cells.get(name) ?? { user: row.user, start, end, rows: [] };
        cell.rows.push(row);
        cells.set(name, cell);
      }
    }
    const newest = frame.reduce((time, row) => Math.max(time, row.time), Number.NEGATIVE_INFINITY);
    watermark = Math.max(watermark, newest - bound);
  }
  const rows = [...cells.values()].map(({ user, start, end, rows: inside }) => {
    const bounds = window.kind === "none" ? [] : [start, end];
    return [user, ...bounds, ...fold(inside), window.kind !== "none" && end - 1 <= watermark];
  });
  return { rows, late };
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
