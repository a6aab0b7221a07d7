/** The API as a caller sees it, for tests inside workerd. */
import { exports } from "cloudflare:workers";
import { expect } from "vitest";
import { expectDescribed } from "./described.ts";

/** A JSON value that tests look into without knowing its shape. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** Calls the Worker, whose answer must be described; a body that is no text or bytes is sent as JSON. */
export async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  const response = await exports.default.fetch(`http://localhost${path}`, {
    method,
    headers: isRaw || body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: isRaw ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const answer = await answerOf(response);
  expectDescribed(method, path, answer, answer.body);
  return answer;
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

/** Runs statements, which must all go well; answers the result of the last. */
export async function runSql(sql: string): Promise<Json> {
  const { status, body } = await call("POST", "/v1/sql", { sql });
  expect(status, JSON.stringify(body)).toBe(200);
  return body.results.at(-1);
}

/** The rows of the last of some statements. */
export async function rowsOf(sql: string): Promise<unknown[][]> {
  return (await runSql(sql)).rows;
}

/** A stream's body: clicks with a time, a user and an amount, five seconds out of order. */
export function clicksBody(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "amount", type: "INT" },
    ],
    eventTime: { column: "time", outOfOrderness: "5s" },
    ...changes,
  };
}

/** A job's body: clicks and amounts per user and minute. */
export function totalsBody(source: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    source,
    key: ["user"],
    window: { type: "tumble", size: "1min" },
    aggregates: { clicks: { function: "count" }, total: { function: "sum", argument: "amount" } },
    ...changes,
  };
}

/** Clicks as NDJSON; times in ms. */
export function clicks(...rows: readonly [time: number, user: string, amount: number | null][]): string {
  return rows.map(([time, user, amount]) => JSON.stringify({ time, user, amount })).join("\n");
}

export const ndjson = { "content-type": "application/x-ndjson" };

/** Posts clicks; fails the test where they are refused. */
export async function post(
  stream: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return await call("POST", `/v1/streams/${stream}/events`, body, { ...ndjson, ...headers });
}
