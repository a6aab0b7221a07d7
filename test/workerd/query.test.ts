/** Views from outside: one key, window ranges, pages, tops, tokens and letters. */
import { beforeAll, expect, test } from "vitest";
import { call, clicks, clicksBody, post, totalsBody } from "./api.ts";

interface Row {
  readonly user: string;
  readonly window_start: string;
  readonly clicks: number;
  readonly total: number;
  readonly final: boolean;
}

const users = Array.from({ length: 30 }, (_, index) => `user${index}`);
let token = "";

/** Thirty users over three minutes in four shards; user n clicks n+1 times a minute with amount n. */
beforeAll(async () => {
  await call("PUT", "/v1/streams/seen", clicksBody({ shards: 4, distributionKey: ["user"] }));
  await call("PUT", "/v1/jobs/seen", totalsBody("seen"));
  const rows = [0, 1, 2].flatMap((minute) =>
    users.flatMap((user, index) =>
      Array.from(
        { length: index + 1 },
        (_, click) => [minute * 60_000 + click * 1000, user, index] as [number, string, number],
      ),
    ),
  );
  await post("seen", clicks(...rows));
  const ticked = await call("POST", "/v1/streams/seen/watermark", { watermark: 130_000 });
  token = encodeURIComponent(JSON.stringify(ticked.body.token));
});

async function query(
  parameters: string,
): Promise<{ status: number; body: { rows: Row[]; cursor?: string } & Record<string, unknown> }> {
  return await call("GET", `/v1/views/seen?token=${token}${parameters}`);
}

test("one key is read by its value, as JSON, or column by column", async () => {
  for (const key of ["key=user7", 'key="user7"', 'key={"user":"user7"}', "key.user=user7"]) {
    const { body } = await query(`&${encodeURI(key)}`);
    expect(body.rows.map(({ user, clicks: count, final }) => [user, count, final])).toEqual([
      ["user7", 8, false],
      ["user7", 8, true],
      ["user7", 8, true],
    ]);
    expect(Object.keys(body.watermarks as object)).toHaveLength(1);
  }
});

test("a key that is not there has no rows", async () => {
  expect((await query("&key=nobody")).body.rows).toEqual([]);
});

test("all keys come merged, newest windows first, with the watermark of every shard", async () => {
  const { body } = await query("&limit=1000");
  expect(body.rows).toHaveLength(90);
  const starts = body.rows.map((row) => row.window_start);
  expect(starts).toEqual([...starts].sort().reverse());
  expect(Object.keys(body.watermarks as object)).toEqual(["0", "1", "2", "3"]);
  for (const watermark of Object.values(body.watermarks as object)) {
    expect(watermark).toMatch(/^1970-01-01T00:02:[12]\d\.000Z$/);
  }
  expect(
    body.rows.filter(({ final }) => !final).every((row) => row.window_start === "1970-01-01 00:02:00"),
  ).toBe(true);
  expect(body.cursor).toBeUndefined();
});

test.each(["newest", "oldest"])("pages of the %s windows first hold every row once", async (order) => {
  const whole = await query(`&limit=1000&windows=${order}`);
  const paged: Row[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const { body } = await query(`&limit=7&windows=${order}${cursor ? `&cursor=${cursor}` : ""}`);
    paged.push(...body.rows);
    cursor = body.cursor;
    pages++;
  } while (cursor);
  expect(paged).toEqual(whole.body.rows);
  expect(pages).toBe(13);
});

test("a window range holds the windows that lie in it", async () => {
  const { body } = await query("&limit=1000&from=1970-01-01T00:01:00Z&to=1970-01-01 00:02");
  expect(new Set(body.rows.map((row) => row.window_start))).toEqual(new Set(["1970-01-01 00:01:00"]));
  expect(body.rows).toHaveLength(30);
});

test("the top rows by an output come from all shards", async () => {
  const { body } = await query("&top=total&limit=3&from=0&to=60000");
  expect(body.rows.map(({ user, total }) => [user, total])).toEqual([
    ["user29", 29 * 30],
    ["user28", 28 * 29],
    ["user27", 27 * 28],
  ]);
  const smallest = await query("&top=clicks&order=asc&limit=2&from=0&to=60000");
  expect(smallest.body.rows.map(({ user }) => user)).toEqual(["user0", "user1"]);
});

test("a token that the view has not reached answers after the timeout", async () => {
  const answer = await call("GET", "/v1/views/seen?token=0:999999&timeout=100ms");
  expect(answer).toMatchObject({ status: 504, body: { code: "QUERY_TIMEOUT" } });
});

test.each([
  ["limit=0", "limit"],
  ["limit=1001", "limit"],
  ["limit=ten", "limit"],
  ["from=yesterday", "from"],
  ["from=2001-01-02&to=2001-01-01", "to"],
  ["windows=all", "windows"],
  ["order=up&top=clicks", "order"],
  ["top=click", 'did you mean "clicks"'],
  ["token=1", "token"],
  ["token=9:1", "shard 9"],
  ["timeout=31s", "timeout"],
  ["cursor=abc", "cursor"],
  ["key=a&key.user=a", "key"],
  ["key.usr=a", 'did you mean "user"'],
  ["key={}", "key.user"],
  ["limit=1&limit=2", "twice"],
  ["colour=red", "colour"],
])("the query %s is refused and the place named", async (parameters, words) => {
  const answer = await call("GET", `/v1/views/seen?${encodeURI(parameters)}`);
  expect(answer).toMatchObject({ status: 400, body: { code: "QUERY_INVALID" } });
  expect(answer.body.detail).toContain(words);
});

test("a cursor of another order is refused", async () => {
  const { body } = await query("&limit=1");
  const answer = await query(`&limit=1&windows=oldest&cursor=${body.cursor}`);
  expect(answer).toMatchObject({ status: 400, body: { code: "QUERY_INVALID" } });
});

test("keys of several columns and types are found", async () => {
  await call("PUT", "/v1/streams/typed", clicksBody({ shards: 2, distributionKey: ["user"] }));
  await call("PUT", "/v1/jobs/typed", totalsBody("typed", { key: ["amount", "user"], window: undefined }));
  const posted = await post("typed", clicks([1, "ann", 5], [2, "ann", 5], [3, "bob", 5], [4, "ann", null]));
  const at = `token=${encodeURIComponent(JSON.stringify(posted.body))}`;
  for (const key of ["key.user=ann&key.amount=5", `key=${encodeURIComponent('{"amount":5,"user":"ann"}')}`]) {
    const { body } = await call("GET", `/v1/views/typed?${at}&${key}`);
    expect(body.rows).toMatchObject([{ user: "ann", amount: 5, clicks: 2, total: 10 }]);
  }
  const nullKey = encodeURIComponent('{"amount":null,"user":"ann"}');
  const { body } = await call("GET", `/v1/views/typed?${at}&key=${nullKey}`);
  expect(body.rows).toMatchObject([{ user: "ann", amount: null, clicks: 1, total: null }]);
  const wrong = await call("GET", "/v1/views/typed?key.user=ann&key.amount=five");
  expect(wrong.body.detail).toContain("expected a value of INT");
});

test("rows that came too late are counted and can be read as letters", async () => {
  await call("PUT", "/v1/streams/tardy", clicksBody());
  await call("PUT", "/v1/jobs/tardy", totalsBody("tardy"));
  await post("tardy", clicks([200_000, "ann", 1]));
  const posted = await post("tardy", clicks([1000, "bob", 7]));
  await call("GET", `/v1/views/tardy?token=${encodeURIComponent(JSON.stringify(posted.body))}`);
  expect(await call("GET", "/v1/jobs/tardy")).toMatchObject({ body: { late: 1 } });
  const { body } = await call("GET", "/v1/jobs/tardy/letters");
  expect(body.letters).toMatchObject([
    { shard: 0, offset: posted.body.token[0], row: 0, content: { user: "bob" } },
  ]);
});

test("letters of several shards come page by page, each once", async () => {
  await call("PUT", "/v1/streams/wild", clicksBody({ shards: 3 }));
  for (let index = 0; index < 12; index++) await post("wild", `bad ${index}\nworse ${index}`);
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const { body } = await call(
      "GET",
      `/v1/streams/wild/dead-letters?limit=5${cursor ? `&cursor=${cursor}` : ""}`,
    );
    expect(body.letters.length).toBeLessThanOrEqual(5);
    for (const { shard, offset, row } of body.letters) seen.add(`${shard}/${offset}/${row}`);
    cursor = body.cursor;
  } while (cursor);
  expect(seen.size).toBe(24);
});
