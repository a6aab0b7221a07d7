/**
 * Results as server-sent events: `columns` once, then a `change` for each row with its kind, as they come.
 *
 * The rows of a query that ends are +I, and an event `end` is behind them. One that does not end is read for
 * as long as somebody listens; its job goes when nobody does.
 */
import { errorBodyOf } from "../../base/errors.ts";
import type { ResultJson } from "../../interpreter/values/result-json.ts";
import type { ResultColumn } from "../../protocol/sql-answers.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import type { ContinuousQuery } from "./continuous-query.ts";
import { answerOf, type StatementResult } from "./statement-result.ts";

/** Time between two looks for changes: at first, and at most where none come. */
const pollMs = 50;
const pollMsMax = 1000;

/** A comment is sent after so long without a change, or those between might take the connection for dead. */
const heartbeatMs = 15_000;

/** Returns the events of the last statement that has rows, or is a query that never ends. */
export function toEvents(results: readonly StatementResult[], clock: WallClock): ReadableStream<Uint8Array> {
  const last = results.findLast(({ table, query }) => table ?? query);
  const encoder = new TextEncoder();
  if (!last?.query) {
    const { columns = [], rows = [] } = last ? answerOf(last) : {};
    const changes = rows.map((row) => changeEvent("+I", row, columns));
    const text = [event("columns", columns), ...changes, event("end", {})].join("");
    return new Response(text).body as ReadableStream<Uint8Array>;
  }
  const { query } = last;
  const tail = new Tail(query, clock);
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(event("columns", query.columns))),
    pull: async (controller) => {
      try {
        controller.enqueue(encoder.encode(await tail.next()));
      } catch (thrown) {
        controller.enqueue(encoder.encode(event("error", errorBodyOf(thrown))));
        controller.close();
        await query.stop();
      }
    },
    cancel: () => query.stop(),
  });
}

/** Waits for changes. */
class Tail {
  readonly #query: ContinuousQuery;
  readonly #clock: WallClock;
  #waitMs = pollMs;

  constructor(query: ContinuousQuery, clock: WallClock) {
    this.#query = query;
    this.#clock = clock;
  }

  /** The next changes as events, or a comment where none came for a while. */
  async next(): Promise<string> {
    for (let waited = 0; waited < heartbeatMs; waited += this.#waitMs) {
      const changes = await this.#query.read();
      if (changes.length > 0) {
        this.#waitMs = pollMs;
        return changes.map(({ kind, row }) => changeEvent(kind, row, this.#query.columns)).join("");
      }
      await deadlineAfter(this.#clock, this.#waitMs).passed;
      this.#waitMs = Math.min(pollMsMax, this.#waitMs * 2);
    }
    return ": no change\n\n";
  }
}

function changeEvent(kind: string, row: readonly ResultJson[], columns: readonly ResultColumn[]): string {
  const named = Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
  return event("change", { kind, row: named });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
