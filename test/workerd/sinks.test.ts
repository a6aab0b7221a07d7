/** Results that are appended to other streams, once each, though objects die and jobs stop and go on. */
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { expect, test } from "vitest";
import { type Answer, call, clicks, clicksBody, post, totalsBody } from "./api.ts";
import { countsOf, ignoreIdle, insist, partitionsOf, postUntilAccepted, randomOf } from "./mortal-objects.ts";

/** A stream of what `totalsBody` with a window makes. */
function resultsBody(changes: object = {}) {
  return {
    columns: [
      { name: "window_time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "note", type: "STRING" },
      { name: "clicks", type: "BIGINT", nullable: false },
    ],
    eventTime: { column: "window_time", outOfOrderness: "1h" },
    distributionKey: ["user"],
    shards: 2,
    ...changes,
  };
}

const summed = { window: undefined, aggregates: { clicks: { function: "sum", argument: "clicks" } } };

/** Stops a job with a savepoint; the answer may be lost. */
async function stopped(job: string): Promise<number> {
  const path = `/v1/jobs/${job}/savepoints`;
  // A conflict may also be that the job is not known everywhere yet: then none has begun.
  const isBegun = ({ status, body }: Answer) =>
    status < 300 || status === 404 || (status === 409 && /taking savepoint/.test(body.detail));
  await insist(isBegun, "POST", path, { stop: true });
  type Listed = { readonly state: string };
  const isDone = (each: Listed) => each.state === "done";
  const { body } = await insist(
    ({ status, body: listed }) => status === 200 && listed.savepoints.some(isDone),
    "GET",
    path,
  );
  await insist(({ status }) => status === 404, "GET", `/v1/jobs/${job}`);
  return body.savepoints.find(isDone).savepoint;
}

test.each([
  ["a distributed stream", 31, ["user"], 3, 5],
  ["shards in turn", 32, [], 1, 2],
  ["more shards than its own", 33, ["user"], 8, 1],
])(
  "%s get each result once though objects die and the job is stopped (seed %i)",
  { timeout: 120_000 },
  async (...drawn) => {
    const [, seed, distributionKey, parallelism, later] = drawn;
    const random = randomOf(seed);
    const [source, target] = [`in${seed}`, `out${seed}`];
    const [first, second, reader] = [`first${seed}`, `second${seed}`, `reader${seed}`];
    await call("PUT", `/v1/streams/${source}`, clicksBody({ shards: 4, distributionKey: ["amount"] }));
    await call("PUT", `/v1/streams/${target}`, resultsBody({ distributionKey }));
    const window = { type: "tumble", size: "1s" };
    const job = (changes: object) => totalsBody(source, { window, into: target, ...changes });
    expect(await call("PUT", `/v1/jobs/${first}`, job({ parallelism }))).toMatchObject({
      status: 201,
      body: { state: "running" },
    });
    await call("PUT", `/v1/jobs/${reader}`, totalsBody(target, summed));
    let partitions = [...(await partitionsOf(first)), ...(await partitionsOf(reader))];
    const expected = new Map<string, number>();
    const results = new Set<string>();
    let [isDone, deaths] = [false, 0];
    const reaper = (async () => {
      while (!isDone) {
        await new Promise((resolve) => setTimeout(resolve, 5 + random(30)));
        const partition = partitions[random(partitions.length)] as DurableObjectStub;
        if (random(12) === 0) await abortAllDurableObjects();
        else if (random(2) === 0) await evictDurableObject(partition).then(() => deaths++, ignoreIdle);
        else await runDurableObjectAlarm(partition).catch(ignoreIdle);
      }
    })();
    const send = async (from: number, to: number, pauseMs: number) => {
      for (let sequence = from; sequence < to; sequence++) {
        const rows = Array.from({ length: 30 }, (_row, index) => {
          const [time, user] = [sequence * 700 + index, `user${random(25)}`];
          expected.set(user, (expected.get(user) ?? 0) + 1);
          results.add(`${Math.floor(time / 1000)} ${user}`);
          return [time, user, random(9)] as [number, string, number];
        });
        await postUntilAccepted(source, clicks(...rows), "producer", sequence);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    await send(0, 30, 0);
    // Events go on coming in while the job is stopped: what lies behind the barrier is the next one's.
    const sending = send(30, 90, 15);
    const fromSavepoint = await stopped(first);
    const next = job({ parallelism: later, fromSavepoint });
    await insist(
      ({ status, body }) => status < 300 && body.state === "running",
      "PUT",
      `/v1/jobs/${second}`,
      next,
    );
    await sending;
    await insist(({ status }) => status === 200, "POST", `/v1/streams/${source}/watermark`, {
      watermark: "max",
    });
    await stopped(second);
    isDone = true;
    await reaper;
    partitions = [];
    expect(deaths).toBeGreaterThan(0);
    expect((await call("GET", `/v1/streams/${target}`)).body.rows).toBe(results.size);
    await expect.poll(() => countsOf(reader, {}), { timeout: 20_000 }).toEqual(expected);
  },
);

test("a stream that a job writes to stays as it is, and the job is told where it does not fit", async () => {
  await call("PUT", "/v1/streams/clicked", clicksBody());
  await call("PUT", "/v1/streams/written", resultsBody());
  const into = (changes: object) => totalsBody("clicked", { into: "written", ...changes });
  const refused = async (path: string, method: string, body?: object) => {
    const answer = await call(method, path, body);
    return [answer.status, answer.body.code, answer.body.detail];
  };
  expect(await refused("/v1/jobs/cycle", "PUT", totalsBody("clicked", { into: "clicked" }))).toEqual([
    400,
    "JOB_INVALID",
    "into: what the job writes would come to it again, since it reads that; choose another stream",
  ]);
  expect((await refused("/v1/jobs/lost", "PUT", into({ into: ["nowhere"] })))[1]).toBe("STREAM_NOT_FOUND");
  expect((await refused("/v1/jobs/changing", "PUT", into({ allowedLateness: "1s" })))[1]).toBe("JOB_INVALID");
  expect((await call("PUT", "/v1/jobs/writer", into({}))).status).toBe(201);
  expect(await refused("/v1/jobs/back", "PUT", totalsBody("written", { into: "clicked" }))).toEqual([
    ...[400, "JOB_INVALID"],
    expect.stringContaining('jobs bring that back to "written", which it reads'),
  ]);
  expect((await refused("/v1/streams/written", "DELETE"))[1]).toBe("STREAM_IN_USE");
  expect((await refused("/v1/streams/written/splits", "POST", { shard: 0 })).slice(0, 2)).toEqual([
    409,
    "SPLIT_UNFIT",
  ]);
  const { columns } = resultsBody();
  const wider = resultsBody({ columns: [...columns, { name: "more", type: "INT" }] });
  expect((await refused("/v1/streams/written", "PUT", wider))[1]).toBe("STREAM_CONFLICT");
  await post("clicked", clicks([1000, "ann", 1]));
  expect((await call("DELETE", "/v1/jobs/writer")).status).toBeLessThan(300);
  expect((await call("PUT", "/v1/streams/written", wider)).status).toBeLessThan(300);
  expect((await call("DELETE", "/v1/streams/written")).status).toBeLessThan(300);
});
