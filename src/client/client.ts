/**
 * The HTTP API as typed calls. Every call answers what the server answered or throws a RequestError.
 *
 * No platform: it runs where there is a `fetch`. docs/http-api.md describes the routes.
 */
import type {
  IngestAnswer,
  JobAnswer,
  JobStatusAnswer,
  StreamAnswer,
  StreamStatusAnswer,
  ViewAnswer,
  WatermarkAnswer,
} from "../protocol/answers.ts";
import type { DeadLettersAnswer, LettersAnswer, ReplayAnswer, ReplayBody } from "../protocol/dead-letters.ts";
import type { JobBody } from "../protocol/job-spec.ts";
import type { ResumeBody, SkipBody } from "../protocol/mending-body.ts";
import type { SqlAnswer, SqlBody } from "../protocol/sql-answers.ts";
import type { StreamBody } from "../protocol/stream-spec.ts";
import type { Token, Tokens } from "../protocol/token.ts";
import { AccessTokens } from "./access-tokens.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { EventSocket, type EventSocketOptions } from "./event-socket.ts";
import { type EventsBody, ndjsonOf } from "./events-body.ts";
import { type FollowedRow, type FollowOptions, followView } from "./follow-view.ts";
import { type Followed, readFollowed } from "./read-changes.ts";
import { Savepoints } from "./savepoints.ts";
import { Splits } from "./splits.ts";

/** With both, the events are counted once however often they are sent. */
export interface ProducerStamp {
  readonly producer: string;
  readonly sequence: number;
}

/** A view's rows that are wanted; all of them where nothing is said. */
export interface ViewQuery {
  /** Every key column with its value: the one row (or a row per window) of that key. */
  readonly key?: Readonly<Record<string, string | number | boolean | null>>;
  /** Windows that start at or after `from` and end at or before `to`. */
  readonly from?: string;
  readonly to?: string;
  /** The `limit` rows with the largest value of this output column, or the smallest. */
  readonly top?: string;
  readonly order?: "asc" | "desc";
  /** Which windows come first; the newest, where nothing is said. */
  readonly windows?: "newest" | "oldest";
  readonly limit?: number;
  readonly cursor?: string;
  /**
   * Waits until the view reflects what this token stands for; of a job that reads several streams, tokens by
   * the name of their stream.
   */
  readonly token?: Token | Tokens;
  /** How long to wait for the token, such as "10s". */
  readonly timeout?: string;
}

/** The letters of a stream that are wanted; all of them where nothing is said. */
export interface DeadLettersQuery {
  readonly reason?: "rejected" | "late" | "bad";
  /** Rows that this job found late or bad. */
  readonly job?: string;
  /** Arrived at or after `from` and before `to`. */
  readonly from?: string;
  readonly to?: string;
  /** Those that were replayed alone, or those that were not. */
  readonly replayed?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
}

/** A row that nothing more is known of: outputs by name, and `final`. */
export type ViewRow = ViewAnswer["rows"][number];

/** `Row` is what the caller knows of the job's outputs; it is not checked. */
export type ViewPage<Row> = Omit<ViewAnswer, "rows"> & { readonly rows: readonly Row[] };

/** What goes with statements: options as SET would set them, and values for `?` or `:name`. */
export type SqlOptions = Omit<SqlBody, "sql">;

/** Formats of the rows of the last statement that has some; in `text` the results of all are drawn. */
export type RowsFormat = keyof typeof rowsFormats;

const rowsFormats = Object.freeze({
  ndjson: "application/x-ndjson",
  csv: "text/csv",
  arrow: "application/vnd.apache.arrow.stream",
  text: "text/plain",
});

export class MillraceClient {
  readonly streams: Streams;
  readonly jobs: Jobs;
  readonly views: Views;
  readonly savepoints: Savepoints;
  readonly splits: Splits;
  readonly tokens: AccessTokens;
  readonly #connection: Connection;

  /**
   * @example
   * const millrace = new MillraceClient({ url: "http://127.0.0.1:8787" });
   * await millrace.streams.post("clicks", [{ time: "2026-01-01 10:00", user: "ada" }]);
   */
  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
    this.streams = new Streams(this.#connection);
    this.jobs = new Jobs(this.#connection);
    this.views = new Views(this.#connection);
    this.savepoints = new Savepoints(this.#connection);
    this.splits = new Splits(this.#connection);
    this.tokens = new AccessTokens(this.#connection);
  }

  /**
   * Runs one statement, or several with semicolons between them; answers a result for each.
   *
   * @example
   * const { results } = await millrace.sql("SELECT * FROM totals WHERE user = ?", { parameters: ["ada"] });
   */
  async sql(sql: string, options: SqlOptions = {}): Promise<SqlAnswer> {
    return await this.#connection.call("POST", "/v1/sql", { json: { sql, ...options } });
  }

  /** Does the same, and answers with the body in another format. */
  async sqlRows(format: RowsFormat, sql: string, options: SqlOptions = {}): Promise<Response> {
    const headers = { Accept: rowsFormats[format] };
    return await this.#connection.send("POST", "/v1/sql", { json: { sql, ...options }, headers });
  }

  /**
   * Does the same; a query over a stream, which never ends, has changes as they come. `signal` ends it.
   *
   * @example
   * const { changes } = await millrace.follow("SELECT user_id, COUNT(*) AS n FROM clicks GROUP BY user_id");
   * for await (const { kind, row } of changes ?? []) console.log(kind, row);
   */
  async follow(sql: string, options: SqlOptions = {}, signal?: AbortSignal): Promise<Followed> {
    const headers = { Accept: "application/json, text/event-stream" };
    const call = { json: { sql, ...options }, headers, signal };
    const response = await this.#connection.send("POST", "/v1/sql", call);
    return await readFollowed(response, (job) => this.jobs.delete(job));
  }

  /** Answers while the server is up. */
  async health(): Promise<{ readonly status: string }> {
    return await this.#connection.call("GET", "/v1/health");
  }
}

export class Streams {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Creates the stream, adds columns to it, or does nothing where it is as `body` says. */
  async put(stream: string, body: StreamBody): Promise<StreamAnswer> {
    return await this.#connection.call("PUT", pathOf("streams", stream), { json: body });
  }

  async get(stream: string): Promise<StreamStatusAnswer> {
    return await this.#connection.call("GET", pathOf("streams", stream));
  }

  async list(): Promise<readonly StreamAnswer[]> {
    const answer = await this.#connection.call<{ streams: StreamAnswer[] }>("GET", "/v1/streams");
    return answer.streams;
  }

  async delete(stream: string): Promise<void> {
    await this.#connection.call("DELETE", pathOf("streams", stream));
  }

  /** Appends events; an answer means that they are durable. For retries see Producer. */
  async post(stream: string, events: EventsBody, stamp?: ProducerStamp): Promise<IngestAnswer> {
    const text = ndjsonOf(events);
    const headers = {
      "Content-Type": "application/x-ndjson",
      ...(stamp ? { "Producer-Id": stamp.producer, Sequence: String(stamp.sequence) } : {}),
    };
    return await this.#connection.call("POST", pathOf("streams", stream, "events"), { text, headers });
  }

  /** Appends events over a WebSocket, for whoever sends many small batches. */
  open(stream: string, options: EventSocketOptions): EventSocket {
    const path = pathOf("streams", stream, "events");
    return new EventSocket((query, protocol) => this.#connection.open(path, query, protocol), options);
  }

  /** A page of what the stream rejected, and of the late and bad rows of the jobs that read it. */
  async deadLetters(stream: string, query: DeadLettersQuery = {}): Promise<DeadLettersAnswer> {
    const { replayed, ...plain } = query;
    const parameters = { ...plain, ...(replayed !== undefined && { replayed: String(replayed) }) };
    return await this.#connection.call("GET", pathOf("streams", stream, "dead-letters"), {
      query: parameters,
    });
  }

  /**
   * Appends letters once more, after what kept them out was mended; goes on until all that `body` asks for
   * were gone through. Repeating it, after whatever failure, appends nothing twice.
   *
   * @example
   * const { replayed } = await millrace.streams.replayDeadLetters("trips", { reason: "rejected" });
   */
  async replayDeadLetters(stream: string, body: ReplayBody): Promise<ReplayAnswer> {
    let sum: ReplayAnswer | undefined;
    for (let { cursor } = body; ; ) {
      const json = cursor === undefined ? body : { ...body, cursor };
      const path = pathOf("streams", stream, "dead-letters/replay");
      const answer = await this.#connection.call<ReplayAnswer>("POST", path, { json });
      sum = sum ? sumOf(sum, answer) : answer;
      cursor = answer.cursor;
      if (cursor === undefined || body.limit !== undefined) return sum;
    }
  }

  /** Moves event time by hand; "max" ends the stream. */
  async setWatermark(stream: string, watermark: string): Promise<WatermarkAnswer> {
    return await this.#connection.call("POST", pathOf("streams", stream, "watermark"), {
      json: { watermark },
    });
  }
}

export class Jobs {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Starts the job; does nothing where it exists as `body` says. */
  async put(job: string, body: JobBody): Promise<JobAnswer> {
    return await this.#connection.call("PUT", pathOf("jobs", job), { json: body });
  }

  async get(job: string): Promise<JobStatusAnswer> {
    return await this.#connection.call("GET", pathOf("jobs", job));
  }

  async list(): Promise<readonly JobAnswer[]> {
    const answer = await this.#connection.call<{ jobs: JobAnswer[] }>("GET", "/v1/jobs");
    return answer.jobs;
  }

  async pause(job: string): Promise<JobAnswer> {
    return await this.#connection.call("POST", pathOf("jobs", job, "pause"));
  }

  /** Has it go on where it stood, one that failed too; with `allowDataLoss` without log that is gone. */
  async resume(job: string, body: ResumeBody = {}): Promise<JobAnswer> {
    return await this.#connection.call("POST", pathOf("jobs", job, "resume"), { json: body });
  }

  /** Has a failed job go on without the row, or the record, that `shards[].error.at` of its status names. */
  async skip(job: string, body: SkipBody): Promise<JobAnswer> {
    return await this.#connection.call("POST", pathOf("jobs", job, "skip"), { json: body });
  }

  async delete(job: string): Promise<void> {
    await this.#connection.call("DELETE", pathOf("jobs", job));
  }

  /** Late and bad rows that the job kept. */
  async letters(job: string, cursor?: string): Promise<LettersAnswer> {
    return await this.#connection.call("GET", pathOf("jobs", job, "letters"), { query: { cursor } });
  }
}

export class Views {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Returns one page; `cursor` in the answer asks for the next one. */
  async query<Row = ViewRow>(view: string, query: ViewQuery = {}): Promise<ViewPage<Row>> {
    const { key, token, ...plain } = query;
    const parameters = {
      ...plain,
      ...(key ? { key: JSON.stringify(key) } : {}),
      ...(token ? { token: JSON.stringify(token) } : {}),
    };
    return await this.#connection.call("GET", pathOf("views", view), { query: parameters });
  }

  /** Reads every row that `query` asks for, page after page. */
  async *rows<Row = ViewRow>(view: string, query: ViewQuery = {}): AsyncGenerator<Row> {
    let cursor = query.cursor;
    do {
      const page = await this.query<Row>(view, cursor === undefined ? query : { ...query, cursor });
      yield* page.rows;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /**
   * Follows what changes in a view, each change once and in order, however often the connection breaks.
   *
   * @example
   * for await (const { snapshot, kind, row } of millrace.views.changes("totals", { snapshot: true })) {
   *   if (snapshot === "begin") totals.clear();
   *   if (kind === "+I" || kind === "+U") totals.set(row.user, row);
   *   if (kind === "-D") totals.delete(row.user);
   * }
   */
  changes<Row = ViewRow>(view: string, options: FollowOptions = {}): AsyncGenerator<FollowedRow<Row>, void> {
    return followView<Row>(this.#connection, pathOf("views", view, "changes"), options);
  }
}

/** What several calls came to that went on where the one before had ended. */
function sumOf(sum: ReplayAnswer, next: ReplayAnswer): ReplayAnswer {
  return {
    ...next,
    replayed: sum.replayed + next.replayed,
    resumed: sum.resumed + next.resumed,
    rejectedAgain: sum.rejectedAgain + next.rejectedAgain,
    alreadyReplayed: sum.alreadyReplayed + next.alreadyReplayed,
    cut: sum.cut + next.cut,
    gone: sum.gone + next.gone,
    errors: [...sum.errors, ...next.errors],
  };
}

function pathOf(kind: "streams" | "jobs" | "views", name: string, action?: string): string {
  return `/v1/${kind}/${encodeURIComponent(name)}${action ? `/${action}` : ""}`;
}
