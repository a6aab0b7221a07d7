/** The client asks what docs/http-api.md describes, and its errors carry the problem document. */
import { expect, test } from "vitest";
import { MillraceClient } from "../../../src/client/client.ts";
import { RequestError } from "../../../src/client/request-error.ts";
import { fakeFetch } from "./fake-fetch.ts";

const url = "http://millrace.test/";

test("events go out as NDJSON with producer and sequence", async () => {
  const { asked, fetch } = fakeFetch([{ body: { accepted: 2 } }]);
  const { streams } = new MillraceClient({ url, token: "secret", fetch });
  await streams.post("clicks", [{ user: "ada" }, { user: "bob" }], { producer: "web-1", sequence: 7 });
  expect(asked).toEqual([
    {
      url: "http://millrace.test/v1/streams/clicks/events",
      method: "POST",
      headers: {
        Authorization: "Bearer secret",
        "Content-Type": "application/x-ndjson",
        "Producer-Id": "web-1",
        Sequence: "7",
      },
      body: '{"user":"ada"}\n{"user":"bob"}',
    },
  ]);
});

test("a query's key, token and bounds become parameters", async () => {
  const { asked, fetch } = fakeFetch([{ body: { rows: [] } }]);
  const { views } = new MillraceClient({ url, fetch });
  await views.query("delays", { key: { origin: "ATL", day: 3 }, from: "2001-01-01", token: { 0: 17 } });
  const { pathname, searchParams } = new URL(asked[0]?.url ?? "");
  expect(pathname).toBe("/v1/views/delays");
  expect(Object.fromEntries(searchParams)).toEqual({
    key: '{"origin":"ATL","day":3}',
    from: "2001-01-01",
    token: '{"0":17}',
  });
});

test("all rows are read by following the cursor", async () => {
  const { asked, fetch } = fakeFetch([
    { body: { rows: [{ n: 1 }, { n: 2 }], cursor: "next" } },
    { body: { rows: [{ n: 3 }] } },
  ]);
  const { views } = new MillraceClient({ url, fetch });
  const rows: unknown[] = [];
  for await (const row of views.rows("delays", { limit: 2 })) rows.push(row);
  expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  expect(asked.map((request) => new URL(request.url).search)).toEqual(["?limit=2", "?limit=2&cursor=next"]);
});

test("an error carries the problem document and says whether a retry may pass", async () => {
  const problem = {
    code: "BACKLOG_FULL",
    status: 429,
    detail: "Behind.",
    help: "Wait.",
    details: { bytes: 5 },
  };
  const { fetch } = fakeFetch([{ status: 429, headers: { "Retry-After": "2" }, body: problem }]);
  const error = await new MillraceClient({ url, fetch }).streams
    .get("clicks")
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(RequestError);
  expect(error).toMatchObject({
    code: "BACKLOG_FULL",
    status: 429,
    problem,
    retryAfterMs: 2000,
    canRetry: true,
  });
});

test("an answer that is no problem document is an error that shows it", async () => {
  const { fetch } = fakeFetch([{ status: 502, body: "<h1>Bad gateway</h1>" }]);
  const { jobs } = new MillraceClient({ url, fetch });
  await expect(jobs.list()).rejects.toThrow(/HTTP_STATUS: The server answered 502.*Bad gateway/);
});

test("savepoints are taken of a job, and known by their number behind that", async () => {
  const { asked, fetch } = fakeFetch([
    { body: { savepoint: 4 } },
    { body: { savepoint: 5 } },
    { body: { savepoints: [{ savepoint: 5 }] } },
    { body: { savepoint: 5 } },
    { body: { rows: [{ operator: "step-0" }], cursor: "next" } },
    { body: { rows: [{ operator: "step-1" }] } },
    {},
  ]);
  const { savepoints } = new MillraceClient({ url, fetch });
  await savepoints.create("fares");
  await savepoints.create("fares", { stop: true, drain: true });
  expect(await savepoints.list("fares")).toEqual([{ savepoint: 5 }]);
  expect(await savepoints.get(5)).toEqual({ savepoint: 5 });
  const operators: string[] = [];
  for await (const { operator } of savepoints.rows(5, { limit: 1 })) operators.push(operator);
  expect(operators).toEqual(["step-0", "step-1"]);
  expect(asked.at(-1)?.url).toContain("limit=1&cursor=next");
  await savepoints.delete(5);
  expect(asked.map(({ method, url: at, body }) => [method, new URL(at).pathname, body])).toEqual([
    ["POST", "/v1/jobs/fares/savepoints", "{}"],
    ["POST", "/v1/jobs/fares/savepoints", '{"stop":true,"drain":true}'],
    ["GET", "/v1/jobs/fares/savepoints", undefined],
    ["GET", "/v1/savepoints/5", undefined],
    ["GET", "/v1/savepoints/5/state", undefined],
    ["GET", "/v1/savepoints/5/state", undefined],
    ["DELETE", "/v1/savepoints/5", undefined],
  ]);
});

test("statements go out with their parameters, and come back as results", async () => {
  const { asked, fetch } = fakeFetch([{ body: { results: [], options: {} } }]);
  const answer = await new MillraceClient({ url, fetch }).sql("SELECT ?", { parameters: [1] });
  expect(answer).toEqual({ results: [], options: {} });
  expect(asked[0]).toMatchObject({ method: "POST", url: "http://millrace.test/v1/sql" });
  expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ sql: "SELECT ?", parameters: [1] });
});

test("rows are asked for in a format, and left unread", async () => {
  const { asked, fetch } = fakeFetch([{ body: "a\r\n1\r\n" }]);
  const response = await new MillraceClient({ url, fetch }).sqlRows("csv", "SELECT 1 AS a");
  expect(asked[0]?.headers.Accept).toBe("text/csv");
  expect(await response.text()).toBe("a\r\n1\r\n");
});

test("a replay goes on until nothing is left, and sums up; with a limit it is one call", async () => {
  const none = {
    dryRun: false,
    resumed: 0,
    rejectedAgain: 0,
    alreadyReplayed: 0,
    cut: 0,
    gone: 0,
    errors: [],
  };
  const answers = [
    { body: { ...none, replayed: 2, errors: [{ id: "1-0-0-1-0", message: "no" }], cursor: "next" } },
    { body: { ...none, replayed: 3, cut: 1 } },
    { body: { ...none, replayed: 1, cursor: "more" } },
    { body: { letters: [] } },
  ];
  const { asked, fetch } = fakeFetch(answers);
  const { streams } = new MillraceClient({ url, fetch });
  const sum = await streams.replayDeadLetters("trips", { reason: "rejected" });
  expect(sum).toMatchObject({ replayed: 5, cut: 1, errors: [{ id: "1-0-0-1-0" }] });
  expect(sum.cursor).toBeUndefined();
  const one = await streams.replayDeadLetters("trips", { reason: "rejected", limit: 1 });
  expect(one).toMatchObject({ replayed: 1, cursor: "more" });
  await streams.deadLetters("trips", { reason: "late", replayed: false });
  expect(asked.map(({ method, url: at, body }) => [method, at.slice(url.length), body])).toEqual([
    ["POST", "v1/streams/trips/dead-letters/replay", '{"reason":"rejected"}'],
    ["POST", "v1/streams/trips/dead-letters/replay", '{"reason":"rejected","cursor":"next"}'],
    ["POST", "v1/streams/trips/dead-letters/replay", '{"reason":"rejected","limit":1}'],
    ["GET", "v1/streams/trips/dead-letters?reason=late&replayed=false", undefined],
  ]);
});
