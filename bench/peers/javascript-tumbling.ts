/**
 * The same question as anyone would write it in JavaScript: `JSON.parse` on every line, and a `Map` per
 * window.
 */
import type { ClickEvent } from "../inputs/click-events.ts";
import type { TumblingRow } from "./tumbling-result.ts";

interface Totals {
  count: number;
  sum: number;
  max: number;
}

/** Windows by start, and in each the totals by key. */
export type JavaScriptResult = Map<number, Map<string, Totals>>;

export function tumbleInJavaScript(bodies: Iterable<Uint8Array>, windowMs: number): JavaScriptResult {
  const decoder = new TextDecoder();
  const windows: JavaScriptResult = new Map();
  for (const body of bodies) {
    for (const line of decoder.decode(body).split("\n")) {
      if (line === "") continue;
      const event = JSON.parse(line) as ClickEvent;
      const windowStart = event.ts - (event.ts % windowMs);
      let window = windows.get(windowStart);
      if (!window) {
        window = new Map();
        windows.set(windowStart, window);
      }
      const totals = window.get(event.user_id);
      if (totals) {
        totals.count++;
        totals.sum += event.amount;
        if (event.amount > totals.max) totals.max = event.amount;
      } else {
        window.set(event.user_id, { count: 1, sum: event.amount, max: event.amount });
      }
    }
  }
  return windows;
}

export function* javaScriptRows(result: JavaScriptResult): Generator<TumblingRow> {
  for (const [windowStart, window] of result) {
    for (const [key, totals] of window) yield { key, windowStart, ...totals };
  }
}
