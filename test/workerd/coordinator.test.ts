/** Streams and jobs over HTTP, on real objects that restart. */

import { evictAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { call, clicks, clicksBody, post, totalsBody } from "./api.ts";

function token(answer: { body: { token: unknown } }): string {
  return encodeURIComponent(JSON.stringify(answer.body.token));
}

const coordinator = () => {
  const namespace = (env as unknown as { COORDINATOR: DurableObjectNamespace }).COORDINATOR;
  return namespace.get(namespace.idFromName("coordinator"));
};

test("a stream is created once, read back, listed and deleted", async () => {
  const created = await call("PUT", "/v1/streams/life", clicksBody());
  expect(created).toMatchObject({ status: 201, body: { stream: "life", state: "ready", schemaVersion: 1 } });
  const again = await call("PUT", "/v1/streams/life", created.body.definition);
  expect(again).toMatchObject({ status: 200, body: created.body });
  const read = await call("GET", "/v1/streams/life");
  expect(read).toMatchObject({
    status: 200,
    body: { ended: false, rows: 0, shards: [{ shard: 0, idle: false }] },
  });
  const list = await call("GET", "/v1/streams");
  expect(list.body.streams).toContainEqual(created.body);
  expect(await call("DELETE", "/v1/streams/life")).toMatchObject({ status: 204, body: undefined });
  expect(await call("GET", "/v1/streams/life")).toMatchObject({ status: 404 });
});

test("a stream that is made anew starts empty, also for a worker that remembers the old one", async () => {
  await call("PUT", "/v1/streams/anew", clicksBody());
  await post("anew", clicks([1000, "ann", 1], [2000, "ann", 1]));
  await call("DELETE", "/v1/streams/anew");
  expect(await post("anew", clicks([1000, "ann", 1]))).toMatchObject({
    status: 404,
    body: { code: "STREAM_NOT_FOUND" },
  });
  await call("PUT", "/v1/streams/anew", clicksBody());
  expect(await post("anew", clicks([1000, "ann", 1]))).toMatchObject({ status: 200, body: { accepted: 1 } });
  expect(await call("GET", "/v1/streams/anew")).toMatchObject({ body: { rows: 1 } });
});

test("a remembered map is refreshed when the stream was made anew meanwhile", async () => {
  await call("PUT", "/v1/streams/stale", clicksBody());
  await post("stale", clicks([1000, "ann", 1]));
  await call("DELETE", "/v1/streams/stale");
  await call("PUT", "/v1/streams/stale", clicksBody({ shards: 2, distributionKey: ["user"] }));
  expect(await post("stale", clicks([1000, "ann", 1]))).toMatchObject({ status: 200, body: { accepted: 1 } });
});

test("columns can be added, and a worker that remembers the old schema decodes the new one", async () => {
  const body = clicksBody();
  await call("PUT", "/v1/streams/grows", body);
  await post("grows", clicks([1000, "ann", 1]));
  const columns = [...(body.columns as unknown[]), { name: "city", type: "STRING" }];
  const grown = await call("PUT", "/v1/streams/grows", { ...body, columns });
  expect(grown).toMatchObject({ status: 200, body: { schemaVersion: 2, generation: expect.any(Number) } });
  await call("PUT", "/v1/jobs/grows", totalsBody("grows", { key: ["city"], window: undefined }));
  const posted = await post("grows", JSON.stringify({ time: 2000, user: "ann", amount: 2, city: "Oslo" }));
  expect(posted).toMatchObject({ status: 200, body: { accepted: 1 } });
  const view = await call("GET", `/v1/views/grows?token=${token(posted)}`);
  const byCity = Object.fromEntries(
    view.body.rows.map((row: { city: string; clicks: number }) => [row.city, row.clicks]),
  );
  expect(byCity).toEqual({ null: 1, Oslo: 1 });
});

test("another definition under the same name is a conflict", async () => {
  await call("PUT", "/v1/streams/fixed", clicksBody());
  const other = await call("PUT", "/v1/streams/fixed", clicksBody({ shards: 2 }));
  expect(other).toMatchObject({ status: 409, body: { code: "STREAM_CONFLICT" } });
  expect(other.body.detail).toContain("shards is 1 and cannot become 2");
});

test("a job is created once, read back, listed and deleted; its stream cannot go before", async () => {
  await call("PUT", "/v1/streams/worked", clicksBody());
  const created = await call("PUT", "/v1/jobs/works", totalsBody("worked"));
  expect(created).toMatchObject({ status: 201, body: { job: "works", state: "running", stream: "worked" } });
  expect(await call("PUT", "/v1/jobs/works", totalsBody("worked"))).toMatchObject({ status: 200 });
  const other = await call("PUT", "/v1/jobs/works", totalsBody("worked", { allowedLateness: "1s" }));
  expect(other).toMatchObject({ status: 409, body: { code: "JOB_CONFLICT" } });
  expect((await call("GET", "/v1/jobs")).body.jobs).toContainEqual(created.body);
  const inUse = await call("DELETE", "/v1/streams/worked");
  expect(inUse).toMatchObject({ status: 409, body: { code: "STREAM_IN_USE", jobs: ["works"] } });
  expect(await call("DELETE", "/v1/jobs/works")).toMatchObject({ status: 204 });
  expect(await call("GET", "/v1/views/works")).toMatchObject({ status: 404 });
  expect(await call("DELETE", "/v1/streams/worked")).toMatchObject({ status: 204 });
});

test("a paused job applies nothing and goes on where it stood", async () => {
  await call("PUT", "/v1/streams/paused", clicksBody());
  await call("PUT", "/v1/jobs/paused", totalsBody("paused", { window: undefined }));
  const before = await post("paused", clicks([1000, "ann", 1]));
  await call("GET", `/v1/views/paused?token=${token(before)}`);
  expect(await call("POST", "/v1/jobs/paused/pause")).toMatchObject({
    status: 200,
    body: { state: "paused" },
  });
  const during = await post("paused", clicks([2000, "ann", 1]));
  const waited = await call("GET", `/v1/views/paused?token=${token(during)}&timeout=50ms`);
  expect(waited).toMatchObject({ status: 504, body: { code: "QUERY_TIMEOUT" } });
  expect(waited.headers.get("retry-after")).toBe("1");
  expect((await call("GET", "/v1/views/paused")).body.rows).toMatchObject([{ clicks: 1 }]);
  expect(await call("GET", "/v1/jobs/paused")).toMatchObject({
    body: { state: "paused", lag: { records: 1 } },
  });
  expect(await call("POST", "/v1/jobs/paused/resume")).toMatchObject({
    status: 200,
    body: { state: "running" },
  });
  expect((await call("GET", `/v1/views/paused?token=${token(during)}`)).body.rows).toMatchObject([
    { clicks: 2 },
  ]);
});

test("catalog, events and results outlive every object", async () => {
  await call("PUT", "/v1/streams/lasting", clicksBody({ shards: 2, distributionKey: ["user"] }));
  await call("PUT", "/v1/jobs/lasting", totalsBody("lasting", { window: undefined }));
  let posted = await post("lasting", clicks([1000, "ann", 1], [1000, "bob", 1], [1000, "eve", 1]));
  for (let round = 0; round < 3; round++) {
    await evictAllDurableObjects();
    posted = await post("lasting", clicks([1000, "ann", 1], [1000, "bob", 1], [1000, "eve", 1]));
    expect(posted.status).toBe(200);
  }
  await evictAllDurableObjects();
  const view = await call("GET", `/v1/views/lasting?token=${token(posted)}`);
  expect(view.body.rows.map(({ clicks: count }: { clicks: number }) => count)).toEqual([4, 4, 4]);
  expect(await call("GET", "/v1/jobs/lasting")).toMatchObject({ body: { state: "running", rows: 12 } });
  // Eviction waits for what is under way in objects of the tests before.
}, 60_000);

test("the coordinator's alarm runs with nothing to do", async () => {
  await call("PUT", "/v1/streams/calm", clicksBody());
  await runDurableObjectAlarm(coordinator());
  expect(await call("GET", "/v1/streams/calm")).toMatchObject({ body: { state: "ready" } });
});
