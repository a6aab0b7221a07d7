/** Named producers at different paces, on real objects: no row of the slow one is late while it is live. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { call, clicks, clicksBody, post, totalsBody } from "./api.ts";

const hour = 3_600_000;
const minute = 60_000;

const coordinator = () => {
  const namespace = (env as unknown as { COORDINATOR: DurableObjectNamespace }).COORDINATOR;
  return namespace.get(namespace.idFromName("coordinator"));
};

/** Users whose rows go to each of two shards. */
const users = ["ann", "bob", "cem", "dan"];

/** A click of every user in the minute, in a request of a producer. */
async function postMinute(stream: string, producer: string, sequence: number, time: number): Promise<void> {
  const rows = users.map((user, index) => [time + index, user, 1] as const);
  const headers = { "producer-id": producer, sequence: String(sequence) };
  const posted = await post(stream, clicks(...rows.map(([...row]) => row)), headers);
  expect(posted).toMatchObject({ status: 200, body: { accepted: users.length } });
}

async function statusOf(job: string): Promise<{ late: number; watermark: number }> {
  const { body } = await call("GET", `/v1/jobs/${job}`);
  return { late: body.late, watermark: Date.parse(body.watermark) };
}

/** Looks until it is so, while the coordinator's alarms run; 20 s at most. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 200; look++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
    await runDurableObjectAlarm(coordinator()).catch(() => {});
  }
  expect.fail("it did not come to be so");
}

async function make(stream: string, job: string, changes: Record<string, unknown> = {}): Promise<void> {
  const body = clicksBody({ shards: 2, distributionKey: ["user"], idleTimeout: "10001ms", ...changes });
  expect(await call("PUT", `/v1/streams/${stream}`, body)).toMatchObject({ status: 201 });
  expect(await call("PUT", `/v1/jobs/${job}`, totalsBody(stream))).toMatchObject({ status: 201 });
}

test("a fast producer makes no row of a slow one late, until that is live no longer", async () => {
  await make("paces", "paces_totals");
  const start = 100 * hour;
  for (let sequence = 1; sequence <= 5; sequence++) {
    await postMinute("paces", "slow", sequence, start + sequence * minute);
    await postMinute("paces", "fast", sequence, start + hour + sequence * minute);
  }
  const shards = (await call("GET", "/v1/streams/paces")).body.shards;
  expect(shards.every(({ rows }: { rows: number }) => rows > 0)).toBe(true);
  expect(shards[0].producers.map(({ producer }: { producer: string }) => producer)).toEqual(["slow", "fast"]);
  // The slow one has come to the fifth minute, less the bound: the first three windows are final.
  await until(async () => (await statusOf("paces_totals")).watermark >= start + 5 * minute - 5_000);
  const status = await statusOf("paces_totals");
  expect(status.late).toBe(0);
  expect(status.watermark).toBeLessThan(start + 5 * minute);
  const view = await call("GET", "/v1/views/paces_totals?key=ann&windows=oldest");
  const finals = view.body.rows.map((row: { clicks: number; final: boolean }) => [row.clicks, row.final]);
  expect(finals.slice(0, 5)).toEqual([...Array(3).fill([1, true]), [1, false], [1, false]]);

  // The fast one goes on; the slow one holds it back until it has been silent for the timeout.
  const silentSince = performance.now();
  for (let sequence = 6; sequence <= 12; sequence++) {
    await postMinute("paces", "fast", sequence, start + hour + sequence * minute);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { watermark } = await statusOf("paces_totals");
    if (performance.now() - silentSince < 9_000) expect(watermark).toBeLessThan(start + 5 * minute);
  }
  await until(async () => (await statusOf("paces_totals")).watermark >= start + hour + 12 * minute - 5_000);

  // It comes back: its rows are late, none is lost, and the time goes on with it.
  await postMinute("paces", "slow", 6, start + 6 * minute);
  await postMinute("paces", "slow", 7, start + 2 * hour);
  await until(async () => (await statusOf("paces_totals")).late === users.length);
}, 60_000);

test("a producer that writes to one shard lets the other go on with its next request", async () => {
  await make("aside", "aside_totals");
  const [first = "", second = ""] = await usersOfShards("aside");
  const send = (producer: string, sequence: number, time: number, user: string) =>
    post("aside", clicks([time, user, 1]), { "producer-id": producer, sequence: String(sequence) });
  const start = 200 * hour;
  await send("two", 1, start + minute, second);
  await send("one", 1, start + hour, first);
  await send("two", 2, start + 2 * minute, second);
  const watermarks = async () => {
    const { shards } = (await call("GET", "/v1/streams/aside")).body;
    return shards.map(({ watermark }: { watermark: string | null }) => Date.parse(watermark ?? "") || 0);
  };
  await until(async () => (await watermarks()).includes(start + minute - 5_000));
  expect(Math.max(...(await watermarks()))).toBe(start + minute - 5_000);
}, 60_000);

test("a stream that waits for no producer goes by the fastest", async () => {
  const eventTime = { column: "time", outOfOrderness: "5s", waitForProducers: false };
  await make("hasty", "hasty_totals", { eventTime });
  await postMinute("hasty", "fast", 1, 100 * hour);
  await postMinute("hasty", "slow", 1, 99 * hour);
  await until(async () => (await statusOf("hasty_totals")).late === users.length);
});

/** A user of each shard, as the tokens of probes tell. */
async function usersOfShards(stream: string): Promise<string[]> {
  const found: string[] = [];
  for (let index = 0; found.filter(Boolean).length < 2; index++) {
    const probe = await post(stream, clicks([0, `user-${index}`, 1]));
    found[Number(Object.keys(probe.body.token)[0])] = `user-${index}`;
  }
  return found;
}
