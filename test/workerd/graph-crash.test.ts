/**
 * A job whose steps form a diamond, with late rows and the source's rows read by others, in the middle of
 * everything: objects die at random, a savepoint goes through it, and a partition where its ways meet is
 * divided.
 */
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { expect, test } from "vitest";
import { call, clicks, clicksBody, totalsBody } from "./api.ts";
import {
  countsOf,
  ignoreIdle,
  insist,
  partitionsOf,
  postUntilAccepted,
  randomOf,
  savepointOf,
  splitOf,
} from "./mortal-objects.ts";

const sum = { clicks: { function: "sum", argument: "clicks" } };
const count = { clicks: { function: "count" } };
const hours = { key: ["user"], window: { type: "tumble", size: "1h" }, aggregates: sum };

/** Where its ways meet: behind the shards the first step, two branches, and the steps over these. */
const meeting = 4;

test.each([5, 8])(
  "a diamond of steps is exact along all its ways, though objects die (seed %i)",
  { timeout: 120_000 },
  async (seed) => {
    const random = randomOf(seed);
    const name = `diamond${seed}`;
    await call("PUT", `/v1/streams/${name}`, clicksBody({ shards: 3, distributionKey: ["amount"] }));
    const steps = [
      { ...hours, uid: "left", parallelism: 3 },
      { ...hours, uid: "right", input: "seconds", parallelism: 2 },
      { ...hours, uid: "both", input: ["left", "right"], parallelism: 2 },
      { uid: "late", input: "seconds.late", key: ["user"], parallelism: 2, aggregates: count },
      { uid: "all", input: ["source"], key: ["user"], parallelism: 2, aggregates: count },
      { uid: "sum", input: ["all", "late"], key: ["user"], aggregates: sum },
    ];
    const first = { uid: "seconds", window: { type: "tumble", size: "1s" }, parallelism: 4 };
    const put = await call("PUT", `/v1/jobs/${name}`, totalsBody(name, { ...first, steps }));
    expect(put).toMatchObject({ status: 201, body: { state: "running" } });
    const views = ["both", "late", "all", "sum"].map((step) => `${name}.${step}`);
    const partitions = (await Promise.all(views.map(partitionsOf))).flat();
    let [isDone, isChanged, deaths] = [false, false, 0];
    const reaper = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 5 + random(40)));
        const partition = partitions[random(partitions.length)] as DurableObjectStub;
        if (random(15) === 0) await abortAllDurableObjects();
        else if (random(2) === 0) await evictDurableObject(partition).then(() => deaths++, ignoreIdle);
        else await runDurableObjectAlarm(partition).catch(ignoreIdle);
      }
    })();
    const changed = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 100 + random(300)));
      await savepointOf(name);
      await splitOf(`/v1/jobs/${name}/splits`, { stage: meeting, partition: 0 }, 1);
      await splitOf(`/v1/jobs/${name}/splits`, { stage: 1, partition: 1 }, 2);
      isChanged = true;
    })();
    const expected = new Map<string, number>();
    let sequence = 0;
    for (let behind = 0; behind < 15; sequence++) {
      const rows = Array.from({ length: 30 }, (_row, index) => {
        const user = `user${random(25)}`;
        expected.set(user, (expected.get(user) ?? 0) + 1);
        const back = random(4) === 0 ? random(30_000) : 0;
        return [sequence * 700 + index - back, user, random(9)] as [number, string, number];
      });
      await postUntilAccepted(name, clicks(...rows), "producer", sequence);
      if (isChanged) behind++;
    }
    await changed;
    const watermark = { watermark: "max" };
    const ended = await insist(
      ({ status }) => status === 200,
      "POST",
      `/v1/streams/${name}/watermark`,
      watermark,
    );
    isDone = true;
    await reaper;
    expect(deaths).toBeGreaterThan(0);
    const [both, late, all, total] = await Promise.all(views.map((view) => countsOf(view, ended.body.token)));
    expect(all).toEqual(expected);
    expect([...(late as Map<string, number>).values()].length).toBeGreaterThan(0);
    const lateOf = (user: string) => late?.get(user) ?? 0;
    const twice = [...expected].map(([user, clicked]) => [user, 2 * (clicked - lateOf(user))] as const);
    expect(both).toEqual(new Map(twice.filter(([, clicked]) => clicked > 0)));
    expect(total).toEqual(new Map([...expected].map(([user, clicked]) => [user, clicked + lateOf(user)])));
    const { state, late: counted } = (await call("GET", `/v1/jobs/${name}`)).body;
    expect([state, counted]).toEqual(["running", [...(late ?? [])].reduce((sum, [, one]) => sum + one, 0)]);
  },
);
