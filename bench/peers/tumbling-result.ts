/**
 * What every contestant of a tumbling bench must arrive at: a row per key and window.
 *
 * As amounts have two decimals, sums are compared in cents: all of them round to the same, whatever the order
 * in which a contestant added. Only what was counted twice, lost or put into a wrong window shows.
 */
import { digest } from "../harness/figures.ts";

export interface TumblingRow {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly windowStart: number;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

/** Returns a digest of the rows that does not depend on their order. */
export function digestRows(rows: Iterable<TumblingRow>): string {
  const lines: string[] = [];
  for (const { key, windowStart, count, sum, max } of rows) {
    lines.push(`${key} ${windowStart} ${count} ${Math.round(sum * 100)} ${Math.round(max * 100)}`);
  }
  return `${lines.length} rows ${digest(lines.sort().join("\n"))}`;
}
