/**
 * A job that cannot keep up: in the end the door answers 429, and nothing that was acknowledged is lost. And
 * a job that fails in one stage.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { Partition } from "../../src/engine/partition.ts";
import { PartitionJobs } from "../../src/engine/partition-jobs.ts";
import { Task } from "../../src/engine/task/task.ts";
import { type Answer, call, clicksBody, post } from "./api.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const usersPerBody = 900;

/** A body of about 900 KB that hardly shrinks: its users' names are random. */
function bodyOf(number: number): string {
  return Array.from({ length: usersPerBody }, () => {
    const bytes = crypto.getRandomValues(new Uint8Array(500));
    const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return JSON.stringify({ time: number, user: name, amount: 1 });
  }).join("\n");
}

test("a backlog beyond its limit answers 429 until the job has caught up", { timeout: 120_000 }, async () => {
  await call("PUT", "/v1/streams/flood", clicksBody());
  const aggregates = { n: { function: "count" } };
  await call("PUT", "/v1/jobs/floodCount", { source: "flood", key: [], aggregates });
  await post("flood", bodyOf(0));
  await expect.poll(() => countOf("floodCount")).toBe(usersPerBody);
  // The job is stuck: as if its work took for ever.
  vi.spyOn(PartitionJobs.prototype, "step").mockReturnValue(0);
  const { acknowledged, refused, refusedBody } = await postUntilRefused("flood", 1);
  expect(refused).toMatchObject({ status: 429, body: { code: "BACKLOG_FULL" } });
  expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  vi.restoreAllMocks();
  await abortAllDurableObjects();
  await expect.poll(() => countOf("floodCount"), { timeout: 30_000 }).toBe(acknowledged * usersPerBody);
  const again = await post("flood", refusedBody, { "producer-id": "p", sequence: String(acknowledged) });
  expect(again).toMatchObject({ status: 200, body: { accepted: usersPerBody, duplicate: 0 } });
  await expect.poll(() => countOf("floodCount")).toBe((acknowledged + 1) * usersPerBody);
});

/** One key, so that the state is small, and all of every row travels. */
const spread = {
  key: ["amount"],
  parallelism: 1,
  twoPhase: false,
  aggregates: { n: { function: "count" }, last: { function: "last_value", argument: "user" } },
};

test("a second stage that is stuck holds the door back, not memory", { timeout: 120_000 }, async () => {
  await call("PUT", "/v1/streams/held", clicksBody({ shards: 2, distributionKey: ["user"] }));
  await call("PUT", "/v1/jobs/heldCount", { source: "held", ...spread });
  const work = Partition.prototype.step;
  vi.spyOn(Partition.prototype, "step").mockImplementation(function (this: Partition) {
    return this.identity.inputs ? 0 : work.call(this);
  });
  const { acknowledged, refused, refusedBody } = await postUntilRefused("held", 0);
  expect(refused).toMatchObject({ status: 429, body: { code: "BACKLOG_FULL" } });
  const { shards } = (await call("GET", "/v1/jobs/heldCount")).body;
  const [first, , second] = shards;
  expect(shards.map(({ stage }: { stage: number }) => stage)).toEqual([0, 0, 1]);
  // What was sent stays below the outbox and what one record adds; what was received, near the credit.
  const sent = Math.max(...shards.map((each: typeof first) => each.unacknowledgedBytes));
  expect(sent).toBeGreaterThan(2 << 20);
  expect(sent).toBeLessThan(6 << 20);
  expect(second.lagBytes).toBeGreaterThan(8 << 20);
  expect(second.lagBytes).toBeLessThan(16 << 20);
  vi.restoreAllMocks();
  await abortAllDurableObjects();
  const sum = async () => {
    const { status, body } = await call("GET", "/v1/jobs/heldCount");
    return status === 200 ? body.rows : 0;
  };
  // One shard may have taken its rows of the refused request: the same one again completes it.
  const again = () => post("held", refusedBody, { "producer-id": "p", sequence: String(acknowledged) });
  await expect.poll(async () => (await again()).status, { timeout: 60_000 }).toBe(200);
  await expect.poll(sum, { timeout: 60_000 }).toBe((acknowledged + 1) * usersPerBody);
});

test("a stage that fails fails the job, and the stream goes on", { timeout: 60_000 }, async () => {
  await call("PUT", "/v1/streams/broken", clicksBody({ shards: 2 }));
  await call("PUT", "/v1/jobs/brokenCount", { source: "broken", ...spread });
  const work = Task.prototype.step;
  vi.spyOn(Task.prototype, "step").mockImplementation(function (this: Task) {
    if (this.plan.send) return work.call(this);
    throw new Error("this stage cannot work");
  });
  const click = () => post("broken", JSON.stringify({ time: 1, user: "ann", amount: 1 }));
  await click();
  const states = async () => {
    const { body } = await call("GET", "/v1/jobs/brokenCount");
    return body.shards.map(({ stage, state }: { stage: number; state: string }) => `${stage} ${state}`);
  };
  await expect.poll(states, { timeout: 20_000 }).toContain("1 failed");
  // Whatever shard has something to send learns of it.
  const fails = async () => {
    await click();
    return (await states()).filter((state: string) => state === "0 failed").length;
  };
  await expect.poll(fails, { timeout: 20_000 }).toBe(2);
  const job = await call("GET", "/v1/jobs/brokenCount");
  expect(job.body).toMatchObject({ state: "failed" });
  expect(job.body.shards[0].error).toMatchObject({ code: "JOB_FAILED" });
  expect(await click()).toMatchObject({ status: 200 });
});

/** Posts bodies until one is refused, as sequences from `first` on. */
async function postUntilRefused(stream: string, first: number) {
  for (let acknowledged = first; acknowledged < 250; acknowledged++) {
    const refusedBody = bodyOf(acknowledged);
    const producer = { "producer-id": "p", sequence: String(acknowledged) };
    const refused: Answer = await post(stream, refusedBody, producer);
    if (refused.status !== 200) return { acknowledged, refused, refusedBody };
  }
  throw new Error("nothing was refused");
}

async function countOf(view: string): Promise<number> {
  const { body } = await call("GET", `/v1/views/${view}`);
  return body.rows[0]?.n ?? 0;
}
