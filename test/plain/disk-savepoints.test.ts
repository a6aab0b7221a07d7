/**
 * Savepoints without R2: the Worker in plain `workerd serve`, its savepoints in a folder.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { millraceSetup, type RunningWorkerd, startWorkerd } from "../../bench/harness/workerd.ts";
import { MillraceClient } from "../../src/client/client.ts";
import { RequestError } from "../../src/client/request-error.ts";
import type { JobBody } from "../../src/protocol/job-spec.ts";

const users = 300;

async function withMillrace<Result>(
  use: (client: MillraceClient, workerd: RunningWorkerd) => Promise<Result>,
  setup = millraceSetup,
): Promise<Result> {
  const workerd = await startWorkerd(setup);
  try {
    return await use(new MillraceClient({ url: workerd.url }), workerd);
  } finally {
    await workerd.stop();
  }
}

const job: JobBody = {
  source: "clicks",
  key: ["user"],
  parallelism: 3,
  aggregates: { clicks: { function: "count" }, total: { function: "sum", argument: "amount" } },
};

async function makeStream(client: MillraceClient): Promise<void> {
  await client.streams.put("clicks", {
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "amount", type: "INT" },
    ],
    eventTime: { column: "time", outOfOrderness: "5s" },
    shards: 2,
  });
}

function postRound(client: MillraceClient, round: number) {
  const events = Array.from({ length: users }, (_, user) => ({
    time: 1000 * round,
    user: `u${user}`,
    amount: round,
  }));
  return client.streams.post("clicks", events);
}

async function totals(client: MillraceClient, view: string, token: Readonly<Record<string, number>>) {
  const found: unknown[] = [];
  const rows = client.views.rows<{ user: string; clicks: number; total: number }>(view, {
    token,
    limit: 1000,
  });
  for await (const { clicks, total } of rows) found.push([clicks, total]);
  return found;
}

test("a savepoint lies in the folder, a job goes on from it, and it can be deleted", {
  timeout: 60_000,
}, async () => {
  await withMillrace(async (client, { folder }) => {
    await makeStream(client);
    await client.jobs.put("totals", job);
    await postRound(client, 1);
    let taken = await client.savepoints.create("totals");
    while (taken.state !== "done") {
      await sleep(20);
      taken = await client.savepoints.get(taken.savepoint);
    }
    const { token } = await postRound(client, 2);
    const { savepoint } = taken;
    const own = join(folder, "SAVEPOINTS_DISK", "savepoints", String(savepoint));
    expect(JSON.parse(readFileSync(join(own, "manifest"), "utf8"))).toMatchObject({
      savepoint,
      job: "totals",
    });
    expect(readdirSync(own).length).toBe(1 + 2 + 3);
    await client.jobs.put("fork", { ...job, parallelism: 2, fromSavepoint: savepoint });
    const expected = Array.from({ length: users }, () => [2, 3]);
    expect(await totals(client, "fork", token)).toEqual(expected);
    expect(await totals(client, "totals", token)).toEqual(expected);
    await client.savepoints.delete(savepoint);
    expect(existsSync(join(own, "manifest"))).toBe(false);
    const again = client.jobs.put("again", { ...job, fromSavepoint: savepoint });
    await expect(again).rejects.toMatchObject({ code: "SAVEPOINT_NOT_FOUND" });
  });
});

test("without a bucket and a folder a savepoint is refused", { timeout: 60_000 }, async () => {
  await withMillrace(
    async (client) => {
      await makeStream(client);
      await client.jobs.put("totals", job);
      const refused = await client.savepoints.create("totals").catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(RequestError);
      expect(refused).toMatchObject({ code: "SAVEPOINTS_NOT_SET" });
    },
    { ...millraceSetup, folders: [] },
  );
});
