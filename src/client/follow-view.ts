/**
 * Changes of a view as an endless loop: a connection that breaks is made again, behind the last change that
 * the loop has had, so that each comes once and in order.
 */
import type { Connection } from "./connection.ts";
import { RequestError } from "./request-error.ts";
import { readEvents, type ServerEvent } from "./server-events.ts";

export interface FollowOptions {
  /** Every key column with its value: the changes of that key alone. */
  readonly key?: Readonly<Record<string, string | number | boolean | null>>;
  /**
   * All rows that there are come first, as +I between two marks. Without it, going on where that is no longer
   * possible throws CHANGES_GONE; with it a new snapshot comes.
   */
  readonly snapshot?: boolean;
  /** Goes on behind the change with this id. */
  readonly lastEventId?: string;
  /** Ends the loop. */
  readonly signal?: AbortSignal;
}

/**
 * A change, or a mark: what was known is worth nothing from `begin` on, and with `end` the view is complete.
 * `id` is where to go on from; a snapshot that is not complete has none.
 */
export type FollowedRow<Row> =
  | {
      readonly kind: "+I" | "-U" | "+U" | "-D";
      readonly row: Row;
      readonly id: string | undefined;
      readonly snapshot?: undefined;
    }
  | { readonly snapshot: "begin" | "end"; readonly id: string | undefined; readonly kind?: undefined };

const firstWaitMs = 200;
const longestWaitMs = 10_000;

/** Follows the view at `path`; throws what no further attempt can change. */
export async function* followView<Row>(
  connection: Connection,
  path: string,
  { key, snapshot = false, lastEventId, signal }: FollowOptions,
): AsyncGenerator<FollowedRow<Row>, void> {
  let last = lastEventId;
  let failures = 0;
  while (!signal?.aborted) {
    try {
      const query = { ...(key && { key: JSON.stringify(key) }), snapshot: String(snapshot) };
      const headers = { Accept: "text/event-stream", ...(last !== undefined && { "Last-Event-ID": last }) };
      const response = await connection.send("GET", path, { query, headers, signal });
      for await (const event of readEvents(response)) {
        failures = 0;
        if (event.name === "error") throw failureOf(event);
        const followed = followedOf<Row>(event);
        // From the beginning of a snapshot on, nothing goes on from before it.
        last = followed?.snapshot === "begin" ? undefined : (event.id ?? last);
        if (followed) yield followed;
      }
    } catch (cause) {
      if (signal?.aborted) return;
      if (isFinal(cause, snapshot)) throw cause;
    }
    await pause(Math.min(longestWaitMs, firstWaitMs * 2 ** failures++), signal);
  }
}

function followedOf<Row>({ name, data, id }: ServerEvent): FollowedRow<Row> | undefined {
  if (name === "change") return { ...(data as { kind: "+I"; row: Row }), id };
  if (name === "snapshot") return { snapshot: (data as { state: "begin" | "end" }).state, id };
  return undefined;
}

/** Too slow a reader goes on where it was, and one of a view whose partitions changed takes a snapshot. */
function isFinal(cause: unknown, snapshot: boolean): boolean {
  if (!(cause instanceof RequestError)) return false;
  return !(cause.canRetry || cause.status >= 500 || (snapshot && cause.code === "CHANGES_GONE"));
}

function failureOf({ data }: ServerEvent): RequestError {
  const { code, status, message, help } = data as Record<"code" | "message" | "help", string> & {
    status: number;
  };
  return new RequestError({ code, status, detail: message, help });
}

/** Waits, for no longer than until it is ended. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const over = AbortSignal.timeout(ms);
  const ended = signal ? AbortSignal.any([over, signal]) : over;
  if (ended.aborted) return;
  await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
}
