/**
 * Results as server-sent events: `answer` once, then a `change` for each row with its kind, as they come.
 *
 * `answer` is what JSON would be, but the query whose rows follow has its columns alone. The rows of a query
 * that ends are +I, and an event `end` is behind them. One that does not end is read for as long as somebody
 * listens; its job goes when nobody does. What goes wrong on the way is an `error`, and the last event.
 */
import { EngineError, errorBodyOf } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { ResultJson } from "../../interpreter/values/result-json.ts";
import type { ResultColumn, SqlAnswer } from "../../protocol/sql-answers.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import type { ContinuousQuery } from "./continuous-query.ts";
import { answerOf, type StatementResult } from "./statement-result.ts";

/** Time between two looks for changes: at first, and at most where none come. */
const pollMs = 50;
const pollMsMax = 1000;

/** A comment is sent after so long without a change, or those between might take the connection for dead. */
const heartbeatMs = 15_000;

/** Returns the events of the last query that never ends, or else of the last statement that has rows. */
export function toEvents(
  results: readonly StatementResult[],
  options: SqlAnswer["options"],
  clock: WallClock,
): ReadableStream<Uint8Array> {
  const followed = results.findLast(({ query }) => query) ?? results.findLast(({ table }) => table);
  const answers = results.map((result) => {
    const { rows, ...rest } = answerOf(result);
    return rows && result !== followed ? { ...rest, rows } : rest;
  });
  const head = event("answer", { results: answers, options } satisfies SqlAnswer);
  if (!followed?.query) {
    const { columns = [], rows = [] } = followed ? answerOf(followed) : {};
    const changes = rows.map((row) => changeEvent("+I", row, columns));
    return new Response([head, ...changes, event("end", {})].join("")).body as ReadableStream<Uint8Array>;
  }
  const tail = new Tail(followed.query, clock);
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encodeUtf8(head)),
    pull: async (controller) => {
      try {
        const text = await tail.next();
        if (!tail.isStopped) controller.enqueue(encodeUtf8(text));
      } catch (thrown) {
        if (tail.isStopped) return;
        controller.enqueue(encodeUtf8(event("error", errorBodyOf(thrown))));
        controller.close();
        await tail.stop();
      }
    },
    cancel: () => tail.stop(),
  });
}

/** Waits for changes; that a partition does not answer for a moment is no reason to end. */
class Tail {
  readonly #query: ContinuousQuery;
  readonly #clock: WallClock;
  #waitMs = pollMs;
  #isStopped = false;

  constructor(query: ContinuousQuery, clock: WallClock) {
    this.#query = query;
    this.#clock = clock;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Ends the query: what is being waited for is given up. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#query.stop();
  }

  /** The next changes as events, or a comment where none came for a while. */
  async next(): Promise<string> {
    let waited = 0;
    let failure: unknown;
    while (!this.#isStopped && waited < heartbeatMs) {
      failure = undefined;
      const changes = await this.#query.read().catch((thrown: unknown) => {
        if (!isPassing(thrown)) throw thrown;
        failure = thrown;
        return [];
      });
      if (changes.length > 0) {
        this.#waitMs = pollMs;
        return changes.map(({ kind, row }) => changeEvent(kind, row, this.#query.columns)).join("");
      }
      await deadlineAfter(this.#clock, this.#waitMs).passed;
      waited += this.#waitMs;
      this.#waitMs = Math.min(pollMsMax, this.#waitMs * 2);
    }
    if (failure !== undefined) throw failure;
    return ": no change\n\n";
  }
}

/** An object that starts again is back soon, and has the same changes at the same places. */
function isPassing(thrown: unknown): boolean {
  return thrown instanceof EngineError && thrown.code === "PARTITION_UNAVAILABLE";
}

function changeEvent(kind: string, row: readonly ResultJson[], columns: readonly ResultColumn[]): string {
  const named = Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
  return event("change", { kind, row: named });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
