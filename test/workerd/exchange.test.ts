/**
 * Jobs whose key is not the stream's: two stages with an exchange between them, over HTTP.
 */
import { expect, test } from "vitest";
import { call, clicks, clicksBody, post, totalsBody } from "./api.ts";

function tokenOf(answer: { body: { token: Record<string, number> } }): string {
  return encodeURIComponent(JSON.stringify(answer.body.token));
}

test("a job groups by any key, and shows what a token covers", async () => {
  await call("PUT", "/v1/streams/spread", clicksBody({ shards: 3, distributionKey: ["user"] }));
  const job = totalsBody("spread", { key: ["amount"], parallelism: 4, window: undefined });
  job.aggregates = { clicks: { function: "count" }, last: { function: "max", argument: "user" } };
  const put = await call("PUT", "/v1/jobs/byAmount", job);
  expect(put).toMatchObject({ status: 201, body: { state: "running", definition: { parallelism: 4 } } });
  for (let round = 1; round <= 5; round++) {
    const rows = ["ann", "bob", "cid", "dan"].map((user, index) => {
      return [round * 1000, user, index % 2] as [number, string, number];
    });
    const answer = await post("spread", clicks(...rows));
    const one = await call("GET", `/v1/views/byAmount?key=1&token=${tokenOf(answer)}`);
    expect(one).toMatchObject({
      status: 200,
      body: { rows: [{ amount: 1, clicks: 2 * round, last: "dan" }] },
    });
    const all = await call("GET", `/v1/views/byAmount?token=${tokenOf(answer)}`);
    expect(all.body.rows).toHaveLength(2);
  }
});

test("its windows fire by the watermark of all shards, and its late rows are in its letters", async () => {
  await call("PUT", "/v1/streams/ticking", clicksBody({ shards: 2 }));
  await call("PUT", "/v1/jobs/minutes", totalsBody("ticking", { allowedLateness: "0s" }));
  const first = await post("ticking", clicks([1000, "ann", 1], [59_000, "ann", 2]));
  const open = await call("GET", `/v1/views/minutes?token=${tokenOf(first)}`);
  expect(open.body.rows).toMatchObject([{ user: "ann", clicks: 2, final: false }]);
  const moved = await call("POST", "/v1/streams/ticking/watermark", { watermark: "1970-01-01T00:01:00Z" });
  const fired = await call("GET", `/v1/views/minutes?token=${tokenOf(moved)}`);
  expect(fired.body.rows).toMatchObject([{ user: "ann", clicks: 2, total: 3, final: true }]);
  const late = await post("ticking", clicks([2000, "ann", 9]));
  await call("GET", `/v1/views/minutes?token=${tokenOf(late)}`);
  const letters = await call("GET", "/v1/jobs/minutes/letters");
  expect(letters.body.letters).toMatchObject([{ content: { user: "ann", "count(*)": 1, "sum(amount)": 9 } }]);
  const status = await call("GET", "/v1/jobs/minutes");
  expect(status.body).toMatchObject({ state: "running", rows: 2, late: 1, unreachable: [] });
  expect(status.body.shards.map(({ stage }: { stage: number }) => stage)).toEqual([0, 0, 1, 1]);
});

test("a job that is deleted leaves nothing of its second stage, and can be made again", async () => {
  await call("PUT", "/v1/streams/again", clicksBody({ shards: 2 }));
  await call("PUT", "/v1/jobs/again", totalsBody("again", { window: undefined }));
  const before = await post("again", clicks([1000, "ann", 1]));
  await call("GET", `/v1/views/again?token=${tokenOf(before)}`);
  expect(await call("DELETE", "/v1/jobs/again")).toMatchObject({ status: 204 });
  await call("PUT", "/v1/jobs/again", totalsBody("again", { window: undefined, startFrom: "latest" }));
  const after = await post("again", clicks([2000, "bob", 5]));
  const view = await call("GET", `/v1/views/again?token=${tokenOf(after)}`);
  expect(view.body.rows).toMatchObject([{ user: "bob", clicks: 1, total: 5 }]);
});

test("steps aggregate what the one before has fired, each with a view of its own", async () => {
  await call("PUT", "/v1/streams/cascade", clicksBody({ shards: 2 }));
  const job = totalsBody("cascade", {
    window: { type: "tumble", size: "1s" },
    parallelism: 3,
    steps: [
      {
        filter: [">", "clicks", 1],
        key: [],
        window: { type: "tumble", size: "10s" },
        aggregates: { users: { function: "count" }, most: { function: "max", argument: "total" } },
      },
    ],
  });
  const put = await call("PUT", "/v1/jobs/busy", job);
  expect(put).toMatchObject({ status: 201, body: { state: "running" } });
  const rows: [number, string, number][] = [];
  for (let second = 0; second < 20; second++) {
    rows.push([second * 1000, "ann", second], [second * 1000 + 1, "ann", 1], [second * 1000 + 2, "bob", 7]);
    if (second % 2 === 0) rows.push([second * 1000 + 3, "bob", 0]);
  }
  await post("cascade", clicks(...rows));
  const moved = await call("POST", "/v1/streams/cascade/watermark", { watermark: "max" });
  const perTenSeconds = await call("GET", `/v1/views/busy?windows=oldest&token=${tokenOf(moved)}`);
  expect(perTenSeconds).toMatchObject({ status: 200 });
  // Every second ann clicks twice, and bob does every other second.
  expect(perTenSeconds.body.rows).toMatchObject([
    { window_end: "1970-01-01 00:00:10", users: 15, most: 10, final: true },
    { window_end: "1970-01-01 00:00:20", users: 15, most: 20, final: true },
  ]);
  const perSecond = await call("GET", `/v1/views/busy.0?key=ann&windows=oldest&limit=1`);
  expect(perSecond.body).toMatchObject({ view: "busy.0", rows: [{ user: "ann", clicks: 2, total: 1 }] });
  expect(await call("GET", "/v1/views/busy.2")).toMatchObject({ status: 404 });
  const status = await call("GET", "/v1/jobs/busy");
  expect(status.body).toMatchObject({ state: "running", late: 0, unreachableStages: [] });
});

test("a job reads two streams as one, and shows what the tokens of both cover", async () => {
  await call("PUT", "/v1/streams/web", clicksBody({ shards: 2, distributionKey: ["user"] }));
  const { columns, ...body } = clicksBody() as { columns: { name: string }[] };
  const renamed = columns.map((each) => (each.name === "time" ? { ...each, name: "at" } : each));
  await call("PUT", "/v1/streams/app", { ...body, columns: renamed, eventTime: { column: "at" } });
  const put = await call("PUT", "/v1/jobs/both", totalsBody("", { source: ["web", "app"] }));
  expect(put).toMatchObject({
    status: 201,
    body: { state: "running", definition: { source: ["web", "app"] } },
  });
  const web = await post("web", clicks([1000, "ann", 1], [2000, "bob", 2], [9000, "ann", 4]));
  const app = await post("app", JSON.stringify({ at: 3000, user: "ann", amount: 8 }));
  const token = encodeURIComponent(JSON.stringify({ web: web.body.token, app: app.body.token }));
  const open = await call("GET", `/v1/views/both?key=ann&token=${token}`);
  expect(open.body.rows).toMatchObject([{ user: "ann", clicks: 3, total: 13, final: false }]);
  expect(await call("GET", "/v1/views/both?token=0:1")).toMatchObject({
    status: 400,
    body: {
      code: "QUERY_INVALID",
      detail:
        'token: found one of no stream, but the job reads "web", "app"; say of which, such as web:0:17.',
    },
  });

  // A window is over when it is over in both.
  const first = await call("POST", "/v1/streams/web/watermark", { watermark: "max" });
  const waiting = await call("GET", `/v1/views/both?key=ann&token=web:0:${first.body.token[0]}`);
  expect(waiting.body.rows).toMatchObject([{ clicks: 3, final: false }]);
  const second = await call("POST", "/v1/streams/app/watermark", { watermark: "max" });
  const over = encodeURIComponent(JSON.stringify({ web: first.body.token, app: second.body.token }));
  const fired = await call("GET", `/v1/views/both?token=${over}`);
  expect(fired.body.rows.map(({ final }: { final: boolean }) => final)).toEqual([true, true]);

  const status = await call("GET", "/v1/jobs/both");
  expect(status.body).toMatchObject({ state: "running", rows: 4, late: 0, unreachable: [] });
  expect(Object.keys(status.body.offsets)).toEqual(["web", "app"]);
  expect(await call("DELETE", "/v1/streams/app")).toMatchObject({
    status: 409,
    body: { code: "STREAM_IN_USE" },
  });
  expect(await call("DELETE", "/v1/jobs/both")).toMatchObject({ status: 204 });
  expect(await call("DELETE", "/v1/streams/app")).toMatchObject({ status: 204 });
});
