/**
 * Objects that die during ingest: by eviction, by abort, by an alarm that finds what they left. Counts stay
 * exact.
 */
import {
  abortAllDurableObjects,
  evictDurableObject,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { expect, test } from "vitest";
import { type Answer, call, clicks, clicksBody, post, totalsBody } from "./api.ts";
import { countsOf, ignoreIdle, partitionsOf, postUntilAccepted, randomOf } from "./mortal-objects.ts";

test.each([
  ["in their shards", 1, ["user"], {}],
  ["in their shards", 2, ["user"], {}],
  ["behind an exchange", 3, [], { parallelism: 8 }],
  ["behind an exchange", 4, ["amount"], {}],
])(
  "events that are grouped %s are counted once though objects die at random points (seed %i)",
  { timeout: 60_000 },
  async (_, seed, distributionKey, changes) => {
    const random = randomOf(seed);
    const stream = `mortal${seed}`;
    const view = `totals${seed}`;
    await call("PUT", `/v1/streams/${stream}`, clicksBody({ shards: 4, distributionKey }));
    await call("PUT", `/v1/jobs/${view}`, totalsBody(stream, changes));
    const partitions = await partitionsOf(view);
    const anyPartition = () => partitions[random(partitions.length)] as DurableObjectStub;
    const expected = new Map<string, number>();
    const token: Record<string, number> = {};
    const producers = Array.from({ length: 4 }, async (_, producer) => {
      for (let sequence = 0; sequence < 25; sequence++) {
        const rows = Array.from({ length: 20 }, (_row, index) => {
          const user = `user${random(40)}`;
          expected.set(user, (expected.get(user) ?? 0) + 1);
          return [sequence * 1000 + index, user, 1] as [number, string, number];
        });
        const body = clicks(...rows);
        const { body: answer } = await postUntilAccepted(stream, body, `producer${producer}`, sequence);
        if (random(4) === 0) await postUntilAccepted(stream, body, `producer${producer}`, sequence);
        for (const [shard, offset] of Object.entries(answer.token as Record<string, number>)) {
          token[shard] = Math.max(token[shard] ?? 0, offset);
        }
      }
    });
    let isDone = false;
    let deaths = 0;
    const reaper = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 5 + random(40)));
        const kind = random(10);
        if (kind === 0) await abortAllDurableObjects();
        else if (kind < 6) await evictDurableObject(anyPartition()).then(() => deaths++, ignoreIdle);
        else await runDurableObjectAlarm(anyPartition()).catch(ignoreIdle);
      }
    })();
    await Promise.all(producers);
    isDone = true;
    await reaper;
    expect(deaths).toBeGreaterThan(0);
    expect(await countsOf(view, token)).toEqual(expected);
    await abortAllDurableObjects();
    expect(await countsOf(view, token)).toEqual(expected);
  },
);

test("a job of three stages is exact though objects die at random points", { timeout: 60_000 }, async () => {
  const random = randomOf(11);
  await call("PUT", "/v1/streams/deep", clicksBody({ shards: 4, distributionKey: ["amount"] }));
  const window = { type: "tumble", size: "1s" };
  const hours = { type: "tumble", size: "1h" };
  const aggregates = { clicks: { function: "sum", argument: "clicks" } };
  const steps = [{ key: ["user"], parallelism: 2, window: hours, aggregates }];
  await call("PUT", "/v1/jobs/deep", totalsBody("deep", { window, parallelism: 8, steps }));
  const partitions = await partitionsOf("deep");
  expect(partitions).toHaveLength(4 + 8 + 2);
  const expected = new Map<string, number>();
  let isDone = false;
  const reaper = (async () => {
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 5 + random(30)));
      const partition = partitions[random(partitions.length)] as DurableObjectStub;
      if (random(12) === 0) await abortAllDurableObjects();
      else if (random(2) === 0) await evictDurableObject(partition).catch(ignoreIdle);
      else await runDurableObjectAlarm(partition).catch(ignoreIdle);
    }
  })();
  for (let sequence = 0; sequence < 60; sequence++) {
    const rows = Array.from({ length: 30 }, (_row, index) => {
      const user = `user${random(25)}`;
      expected.set(user, (expected.get(user) ?? 0) + 1);
      return [sequence * 700 + index, user, random(9)] as [number, string, number];
    });
    await postUntilAccepted("deep", clicks(...rows), "producer", sequence);
  }
  let ended: Answer | undefined;
  while (ended?.status !== 200) {
    ended = await call("POST", "/v1/streams/deep/watermark", { watermark: "max" }).catch(() => undefined);
  }
  isDone = true;
  await reaper;
  expect(await countsOf("deep", ended.body.token)).toEqual(expected);
  const { late, state } = (await call("GET", "/v1/jobs/deep")).body;
  expect([late, state]).toEqual([0, "running"]);
});

test("what an evicted object left unapplied is applied by its alarm, though no request comes", async () => {
  await call("PUT", "/v1/streams/left", clicksBody());
  await call("PUT", "/v1/jobs/leftTotals", totalsBody("left"));
  await post("left", clicks([1000, "ann", 1]));
  await abortAllDurableObjects();
  const [left] = await partitionsOf("leftTotals");
  const alarm = await runInDurableObject(left as DurableObjectStub, (_object, state) =>
    state.storage.getAlarm(),
  );
  expect(alarm).toBeTypeOf("number");
  expect(await countsOf("leftTotals", { "0": 1 })).toEqual(new Map([["ann", 1]]));
});

test("with `advance` an open window fires by its alarm alone, with `wait` it stays open", async () => {
  const now = Date.now();
  const window = { type: "tumble", size: "1s" };
  for (const idle of ["advance", "wait"]) {
    const body = clicksBody({
      idle,
      idleTimeout: "10001ms",
      eventTime: { column: "time", outOfOrderness: 0 },
    });
    await call("PUT", `/v1/streams/${idle}`, body);
    await call("PUT", `/v1/jobs/${idle}Totals`, totalsBody(idle, { window }));
    await call("PUT", `/v1/jobs/${idle}Exchanged`, totalsBody(idle, { window, parallelism: 2 }));
    await post(idle, clicks([now - 60_000, "ann", 1]));
    for (const view of [`${idle}Totals`, `${idle}Exchanged`]) {
      await call("GET", `/v1/views/${view}?token=${encodeURIComponent('{"0":1}')}`);
      for (const partition of await partitionsOf(view)) await evictDurableObject(partition).catch(ignoreIdle);
    }
  }
  for (const idle of ["advance", "wait"]) {
    const [shard] = await partitionsOf(`${idle}Totals`);
    const alarm = await runInDurableObject(shard as DurableObjectStub, (_object, state) =>
      state.storage.getAlarm(),
    );
    expect(alarm).toBeLessThanOrEqual(now + 20_000);
  }
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  const final = async (view: string) => (await call("GET", `/v1/views/${view}`)).body.rows[0].final;
  for (const kind of ["Totals", "Exchanged"]) {
    await expect.poll(() => final(`advance${kind}`), { timeout: 8000 }).toBe(true);
    expect(await final(`wait${kind}`)).toBe(false);
  }
}, 40_000);
