/**
 * The demo's results as a table.
 */
import Table from "cli-table3";

/** A row of the view `airport_delays`. */
export interface DelayRow {
  readonly origin: string;
  readonly window_start: string;
  readonly flights: number;
  readonly mean_delay: number;
  readonly worst_delay: number;
  readonly final: boolean;
}

/** Draws rows in their order; a window that can still change is marked as open. */
export function formatDelays(rows: readonly DelayRow[]): string {
  const table = new Table({
    head: ["airport", "hour", "flights", "mean delay", "worst delay", "window"],
    colAligns: ["left", "left", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    table.push([
      row.origin,
      row.window_start.replace("T", " ").slice(0, 16),
      row.flights,
      row.mean_delay.toFixed(1),
      row.worst_delay,
      row.final ? "final" : "open",
    ]);
  }
  return table.toString();
}
