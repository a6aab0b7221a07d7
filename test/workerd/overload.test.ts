/**
 * A job that cannot keep up: in the end the door answers 429, and nothing that was acknowledged is lost.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { PartitionJobs } from "../../src/engine/partition-jobs.ts";
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
  await expect.poll(countOf).toBe(usersPerBody);
  // The job is stuck: as if its work took for ever.
  vi.spyOn(PartitionJobs.prototype, "step").mockReturnValue(0);
  let acknowledged = 1;
  let refused: Answer | undefined;
  let refusedBody = "";
  while (!refused && acknowledged < 200) {
    refusedBody = bodyOf(acknowledged);
    const answer = await post("flood", refusedBody, { "producer-id": "p", sequence: String(acknowledged) });
    if (answer.status === 200) acknowledged++;
    else refused = answer;
  }
  expect(refused).toMatchObject({ status: 429, body: { code: "BACKLOG_FULL" } });
  expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  vi.restoreAllMocks();
  await abortAllDurableObjects();
  await expect.poll(countOf, { timeout: 30_000 }).toBe(acknowledged * usersPerBody);
  const again = await post("flood", refusedBody, { "producer-id": "p", sequence: String(acknowledged) });
  expect(again).toMatchObject({ status: 200, body: { accepted: usersPerBody, duplicate: 0 } });
  await expect.poll(countOf).toBe((acknowledged + 1) * usersPerBody);
});

async function countOf(): Promise<number> {
  const { body } = await call("GET", "/v1/views/floodCount");
  return body.rows[0]?.n ?? 0;
}
