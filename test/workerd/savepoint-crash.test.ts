/**
 * A savepoint and splits in the middle of everything: three stages, events coming in, and objects that die at
 * random, the coordinator among them, while the savepoint is taken, while another job begins with it, and
 * while a shard and a partition of each later stage are divided.
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

test.each([21])(
  "a job of three stages is saved, begun again and divided exactly, though objects die (seed %i)",
  { timeout: 120_000 },
  async (seed) => {
    const random = randomOf(seed);
    const stream = `cut${seed}`;
    await call("PUT", `/v1/streams/${stream}`, clicksBody({ shards: 4, distributionKey: ["amount"] }));
    const job = (parallelism: number, last: number, changes: object) => {
      const aggregates = { clicks: { function: "sum", argument: "clicks" } };
      const step = { key: ["user"], parallelism: last, window: { type: "tumble", size: "1h" }, aggregates };
      const window = { type: "tumble", size: "1s" };
      return totalsBody(stream, { window, parallelism, steps: [step], ...changes });
    };
    const [view, fork] = [`whole${seed}`, `fork${seed}`];
    await call("PUT", `/v1/jobs/${view}`, job(8, 2, {}));
    const partitions = await partitionsOf(view);
    expect(partitions).toHaveLength(4 + 8 + 2);
    const expected = new Map<string, number>();
    let [isDone, deaths] = [false, 0];
    const reaper = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 5 + random(40)));
        const partition = partitions[random(partitions.length)] as DurableObjectStub;
        if (random(15) === 0) await abortAllDurableObjects();
        else if (random(2) === 0) await evictDurableObject(partition).then(() => deaths++, ignoreIdle);
        else await runDurableObjectAlarm(partition).catch(ignoreIdle);
      }
    })();
    let isChanged = false;
    const changed = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 100 + random(300)));
      const fromSavepoint = await savepointOf(view);
      const body = job(5, 3, { fromSavepoint });
      await insist(
        ({ status, body }) => status < 300 && body.state === "running",
        "PUT",
        `/v1/jobs/${fork}`,
        body,
      );
      await splitOf(`/v1/streams/${stream}/splits`, { shard: 1 }, 1);
      await splitOf(`/v1/jobs/${view}/splits`, { stage: 1, partition: 3 }, 1);
      await splitOf(`/v1/jobs/${view}/splits`, { stage: 2, partition: 0 }, 2);
      const changedPartitions = [...(await partitionsOf(view)), ...(await partitionsOf(fork))];
      partitions.splice(0, partitions.length, ...changedPartitions);
      isChanged = true;
      return fromSavepoint;
    })();
    let sequence = 0;
    for (let behind = 0; behind < 20; sequence++) {
      const rows = Array.from({ length: 30 }, (_row, index) => {
        const user = `user${random(25)}`;
        expected.set(user, (expected.get(user) ?? 0) + 1);
        return [sequence * 700 + index, user, random(9)] as [number, string, number];
      });
      await postUntilAccepted(stream, clicks(...rows), "producer", sequence);
      if (isChanged) behind++;
    }
    await changed;
    const ended = await insist(({ status }) => status === 200, "POST", `/v1/streams/${stream}/watermark`, {
      watermark: "max",
    });
    isDone = true;
    await reaper;
    expect(deaths).toBeGreaterThan(0);
    expect(await partitionsOf(view)).toHaveLength(5 + 9 + 3);
    for (const name of [view, fork]) {
      expect(await countsOf(name, ended.body.token)).toEqual(expected);
      const { late, state } = (await call("GET", `/v1/jobs/${name}`)).body;
      expect([late, state]).toEqual([0, "running"]);
    }
  },
);
