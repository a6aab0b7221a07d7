/**
 * Savepoints over HTTP: taken of a running job, restored under other parallelism, in another job, and listed.
 */
import { expect, test } from "vitest";
import { call, clicks, clicksBody, post, totalsBody } from "./api.ts";

const timeout = { timeout: 30_000 };

function tokenOf(answer: { body: { token: Record<string, number> } }): string {
  return encodeURIComponent(JSON.stringify(answer.body.token));
}

/** The rows of a view by user. */
async function totalsOf(view: string, token: string): Promise<Record<string, [number, number]>> {
  const { status, body } = await call("GET", `/v1/views/${view}?limit=1000&token=${token}&timeout=20s`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return Object.fromEntries(
    body.rows.map(({ user, clicks: count, total }: Record<string, unknown>) => [user, [count, total]]),
  );
}

/** Every user of 60 clicks once; the totals grow with the round. */
function roundOf(round: number): string {
  return clicks(
    ...Array.from({ length: 60 }, (_, user): [number, string, number] => [round * 1000, `u${user}`, round]),
  );
}

function totalsAfter(rounds: number): Record<string, [number, number]> {
  const total = (rounds * (rounds - 1)) / 2;
  return Object.fromEntries(Array.from({ length: 60 }, (_, user) => [`u${user}`, [rounds, total]]));
}

test("a job goes on from its savepoint with more and with fewer partitions, exactly", {
  timeout: 30_000,
}, async () => {
  await call("PUT", "/v1/streams/saved", clicksBody({ shards: 2 }));
  const body = (changes: object) => totalsBody("saved", { window: undefined, parallelism: 3, ...changes });
  await call("PUT", "/v1/jobs/saving", body({}));
  await post("saved", roundOf(0));
  await post("saved", roundOf(1));
  const taken = await call("POST", "/v1/jobs/saving/savepoints", {});
  expect(taken).toMatchObject({
    status: 201,
    body: { job: "saving", state: "done", stop: false, drain: false, tasks: { done: 5, of: 5 } },
  });
  const { parts, bytes } = taken.body;
  expect(parts).toEqual({ done: 3, of: 3 });
  expect(bytes.of).toBeGreaterThan(1000);
  expect(bytes.done).toBe(bytes.of);
  const last = await post("saved", roundOf(2));
  const token = tokenOf(last);
  expect(await totalsOf("saving", token)).toEqual(totalsAfter(3));
  const fromSavepoint = taken.body.savepoint;
  for (const parallelism of [1, 5]) {
    const fork = `fork${parallelism}`;
    const put = await call("PUT", `/v1/jobs/${fork}`, body({ parallelism, fromSavepoint }));
    expect(put).toMatchObject({ status: 201, body: { state: "running" } });
    expect(await totalsOf(fork, token)).toEqual(totalsAfter(3));
  }
  const listed = await call("GET", "/v1/jobs/saving/savepoints");
  expect(listed.body.savepoints).toMatchObject([{ savepoint: fromSavepoint, state: "done" }]);
  // What it holds is what the view showed at the cut.
  const held: Record<string, unknown> = {};
  let cursor = "";
  do {
    const page = await call("GET", `/v1/savepoints/${fromSavepoint}/state?operator=step-0&limit=25${cursor}`);
    expect(page.status).toBe(200);
    for (const { values } of page.body.rows) held[values.user] = [values.clicks, values.total];
    cursor = page.body.cursor ? `&cursor=${page.body.cursor}` : "";
  } while (cursor !== "");
  expect(held).toEqual(totalsAfter(2));
  const strange = await call("GET", `/v1/savepoints/${fromSavepoint}/state?operator=no`);
  expect(strange).toMatchObject({ status: 404, body: { code: "SAVEPOINT_NOT_FOUND" } });
  const one = await call("GET", `/v1/savepoints/${fromSavepoint}`);
  expect(one).toMatchObject({ status: 200, body: taken.body });
});

test("a job that drains fires the windows of all its steps first; its stream goes on", {
  timeout: 30_000,
}, async () => {
  await call("PUT", "/v1/streams/draining", clicksBody({ shards: 2 }));
  const body = totalsBody("draining", {
    parallelism: 3,
    window: { type: "tumble", size: "1s" },
    steps: [
      {
        key: [],
        window: { type: "tumble", size: "10s" },
        aggregates: { users: { function: "count" }, all: { function: "sum", argument: "total" } },
      },
    ],
  });
  await call("PUT", "/v1/jobs/drained", body);
  for (const round of [1, 2]) expect((await post("draining", roundOf(round))).body.accepted).toBe(60);
  expect(await call("POST", "/v1/jobs/drained/savepoints", { drain: true })).toMatchObject({ status: 400 });
  const taken = await call("POST", "/v1/jobs/drained/savepoints", { stop: true, drain: true });
  expect(taken).toMatchObject({ status: 201, body: { state: "done", stop: true, drain: true } });
  expect(await call("GET", "/v1/views/drained")).toMatchObject({ status: 404 });
  // The stream has not ended: it takes rows, which other jobs count.
  const later = await post("draining", roundOf(3));
  await call("PUT", "/v1/jobs/other", totalsBody("draining", { window: undefined }));
  expect(await totalsOf("other", tokenOf(later))).toMatchObject({ u7: [3, 6] });
  const { savepoint } = taken.body;
  await call("PUT", "/v1/jobs/drained", { ...body, parallelism: 2, fromSavepoint: savepoint });
  const rows = await call("GET", `/v1/views/drained?token=${tokenOf(later)}&timeout=20s`);
  expect(rows.body.rows).toMatchObject([{ users: 120, all: 180, final: true }]);
  const firsts = await call("GET", "/v1/views/drained.0?limit=1000");
  expect(firsts.body.rows).toHaveLength(120);
  expect(firsts.body.rows.every(({ final }: { final: boolean }) => final)).toBe(true);
  const late = await call("GET", "/v1/jobs/drained");
  expect(late.body.shards.filter(({ stage }: { stage: number }) => stage === 1)).toHaveLength(2);
});

test("a job over two streams drains both, and no other job of theirs", timeout, async () => {
  for (const stream of ["left", "right"]) {
    await call("PUT", `/v1/streams/${stream}`, clicksBody({ shards: 2 }));
    await post(stream, roundOf(1));
  }
  const body = totalsBody("", { source: ["left", "right"], parallelism: 2 });
  for (const job of ["both", "still"]) await call("PUT", `/v1/jobs/${job}`, body);
  const taken = await call("POST", "/v1/jobs/both/savepoints", { stop: true, drain: true });
  expect(taken).toMatchObject({ status: 201, body: { state: "done", tasks: { done: 6, of: 6 } } });
  const { savepoint } = taken.body;
  const state = await call("GET", `/v1/savepoints/${savepoint}/state?limit=1000`);
  expect(state.body.rows).toHaveLength(60);
  expect(state.body.rows.every(({ final }: { final: boolean }) => final)).toBe(true);
  expect(state.body.rows[0].values).toMatchObject({ clicks: 2, total: 2 });
  await call("PUT", "/v1/jobs/both", { ...body, fromSavepoint: savepoint });
  for (const stream of ["left", "right"]) await post(stream, roundOf(2));
  await expect
    .poll(async () => (await call("GET", "/v1/jobs/both")).body.late, { timeout: 10_000 })
    .toBe(120);
  const open = await call("GET", "/v1/views/still?limit=1");
  expect(open.body.rows).toMatchObject([{ final: false }]);
});

test("a job that stops with a savepoint starts again where it was, and late rows stay late", {
  timeout: 30_000,
}, async () => {
  await call("PUT", "/v1/streams/stopping", clicksBody({ shards: 2 }));
  const body = totalsBody("stopping", { parallelism: 2 });
  await call("PUT", "/v1/jobs/stopped", body);
  await post("stopping", clicks([1000, "ann", 1], [2000, "bob", 2]));
  const moved = await call("POST", "/v1/streams/stopping/watermark", { watermark: "1970-01-01T00:00:30Z" });
  await totalsOf("stopped", tokenOf(moved));
  const taken = await call("POST", "/v1/jobs/stopped/savepoints", { stop: true });
  expect(taken).toMatchObject({ status: 201, body: { state: "done" } });
  expect(await call("GET", "/v1/views/stopped")).toMatchObject({ status: 404 });
  await post("stopping", clicks([3000, "ann", 4]));
  const { savepoint } = taken.body;
  await call("PUT", "/v1/jobs/stopped", { ...body, parallelism: 4, fromSavepoint: savepoint });
  const fired = await call("POST", "/v1/streams/stopping/watermark", { watermark: "1970-01-01T00:01:00Z" });
  expect(await totalsOf("stopped", tokenOf(fired))).toEqual({ ann: [2, 5], bob: [1, 2] });
  const late = await post("stopping", clicks([4000, "ann", 9]));
  expect(await totalsOf("stopped", tokenOf(late))).toEqual({ ann: [2, 5], bob: [1, 2] });
  expect((await call("GET", "/v1/jobs/stopped")).body).toMatchObject({ rows: 3, late: 1 });
});

test("state moves between the shards and partitions of its own, whatever its key", timeout, async () => {
  await call("PUT", "/v1/streams/moving", clicksBody({ shards: 2, distributionKey: ["user"] }));
  const body = (changes: object) => totalsBody("moving", { window: undefined, ...changes });
  // By user and amount: in a shard, but not where the whole key's hash would be.
  const local = { first: { key: ["user"] }, wide: { key: ["user", "amount"] } };
  await call("PUT", "/v1/jobs/first", body(local.first));
  await call("PUT", "/v1/jobs/wide", body(local.wide));
  await post("moving", roundOf(1));
  await post("moving", roundOf(2));
  const stages = async (job: string) => {
    const { shards } = (await call("GET", `/v1/jobs/${job}`)).body;
    return shards.map(({ stage }: { stage: number }) => stage).join("");
  };
  const save = async (job: string) => (await call("POST", `/v1/jobs/${job}/savepoints`)).body.savepoint;
  const rowsIn = async (view: string, token: string) => {
    const { rows } = (await call("GET", `/v1/views/${view}?limit=1000&token=${token}&timeout=20s`)).body;
    return rows.map(({ final: _, ...row }: Record<string, unknown>) => JSON.stringify(row)).sort();
  };
  for (const [job, changes] of Object.entries(local)) {
    const fromSavepoint = await save(job);
    await call("PUT", `/v1/jobs/${job}Same`, body({ ...changes, fromSavepoint }));
    await call("PUT", `/v1/jobs/${job}Spread`, body({ ...changes, parallelism: 3, fromSavepoint }));
  }
  expect(await stages("firstSame")).toBe("00");
  expect(await stages("firstSpread")).toBe("00111");
  const back = await save("firstSpread");
  expect(
    await call("PUT", "/v1/jobs/firstBack", body({ ...local.first, fromSavepoint: back })),
  ).toMatchObject({
    status: 201,
  });
  expect(await stages("firstBack")).toBe("00");
  const token = tokenOf(await post("moving", roundOf(3)));
  for (const job of ["firstSame", "firstSpread", "firstBack"]) {
    expect(await rowsIn(job, token)).toEqual(await rowsIn("first", token));
    expect((await call("GET", `/v1/jobs/${job}`)).body).toMatchObject({ rows: 180, filtered: 0, late: 0 });
  }
  for (const job of ["wideSame", "wideSpread"]) {
    expect(await rowsIn(job, token)).toEqual(await rowsIn("wide", token));
  }
  expect(await rowsIn("wide", token)).toHaveLength(180);
  const wideBack = await save("wideSpread");
  const refused = await call("PUT", "/v1/jobs/wideBack", body({ ...local.wide, fromSavepoint: wideBack }));
  expect(refused).toMatchObject({ status: 409, body: { code: "SAVEPOINT_UNFIT" } });
});

test("a changed job goes on with the state that fits it, and with no other", timeout, async () => {
  await call("PUT", "/v1/streams/changing", clicksBody({ shards: 2 }));
  const perSecond = { parallelism: 2, uid: "seconds", window: { type: "tumble", size: "1s" } };
  const most = {
    key: [],
    window: { type: "tumble", size: "1min" },
    aggregates: { most: { function: "max", argument: "total" } },
  };
  await call("PUT", "/v1/jobs/changing", totalsBody("changing", { ...perSecond, steps: [most] }));
  await post("changing", clicks([1000, "ann", 1], [1000, "bob", 5]));
  const taken = await call("POST", "/v1/jobs/changing/savepoints", { stop: true });
  expect(taken).toMatchObject({ status: 201, body: { state: "done" } });
  const fromSavepoint = taken.body.savepoint;
  const sums = {
    uid: "sums",
    key: [],
    window: { type: "tumble", size: "1min" },
    aggregates: { sum: { function: "sum", argument: "total" } },
  };
  const wanted = totalsBody("changing", {
    ...perSecond,
    ...{ fromSavepoint, twoPhase: false, filter: ["<>", "user", { literal: "bob" }] },
    aggregates: { n: { function: "count" }, total: { function: "sum", argument: "amount" } },
    steps: [sums],
  });
  expect(await call("PUT", "/v1/jobs/changing", wanted)).toMatchObject({
    status: 409,
    body: {
      code: "SAVEPOINT_UNFIT",
      nonRestored: [{ operator: "step-1", reason: "the job has no such step" }],
    },
  });
  const put = await call("PUT", "/v1/jobs/changing", { ...wanted, allowNonRestoredState: true });
  expect(put).toMatchObject({ status: 201, body: { definition: { allowNonRestoredState: true } } });
  await post("changing", clicks([1500, "ann", 2], [1500, "bob", 7]));
  const moved = await call("POST", "/v1/streams/changing/watermark", { watermark: "max" });
  const view = await call("GET", `/v1/views/changing?token=${tokenOf(moved)}&timeout=20s`);
  // Ann's 1 and bob's 5 were saved; then bob is filtered.
  expect(view.body.rows).toMatchObject([{ sum: 8, final: true }]);
  const seconds = await call("GET", "/v1/views/changing.0");
  expect(
    seconds.body.rows.map(({ user, n, total }: Record<string, unknown>) => [user, n, total]).sort(),
  ).toEqual([
    ["ann", 2, 3],
    ["bob", 1, 5],
  ]);
});

test("a savepoint that does not fit is refused with what differs, and one can be deleted", {
  timeout: 30_000,
}, async () => {
  await call("PUT", "/v1/streams/unfit", clicksBody({ shards: 2 }));
  await call("PUT", "/v1/streams/unfit2", clicksBody({ shards: 2 }));
  await call("PUT", "/v1/jobs/unfit", totalsBody("unfit", { parallelism: 3 }));
  const { savepoint } = (await call("POST", "/v1/jobs/unfit/savepoints")).body;
  const restore = (source: string, changes: object) =>
    call(
      "PUT",
      "/v1/jobs/unfitToo",
      totalsBody(source, { parallelism: 3, fromSavepoint: savepoint, ...changes }),
    );
  const window = { type: "tumble", size: "2min" };
  expect(await restore("unfit", { window })).toMatchObject({
    status: 409,
    body: {
      code: "SAVEPOINT_UNFIT",
      detail: expect.stringContaining('"step-0": its window was'),
      nonRestored: [{ operator: "step-0" }],
    },
  });
  expect(await restore("unfit2", {})).toMatchObject({ status: 409, body: { code: "SAVEPOINT_UNFIT" } });
  expect((await call("GET", "/v1/jobs")).body.jobs.map(({ job }: { job: string }) => job)).not.toContain(
    "unfitToo",
  );
  expect(await call("DELETE", `/v1/savepoints/${savepoint}`)).toMatchObject({ status: 204 });
  expect(await restore("unfit", {})).toMatchObject({ status: 404, body: { code: "SAVEPOINT_NOT_FOUND" } });
  expect(await call("DELETE", `/v1/savepoints/${savepoint}`)).toMatchObject({ status: 404 });
  expect(await call("DELETE", "/v1/savepoints/x")).toMatchObject({ status: 404 });
});
