/**
 * Splits over HTTP: of a shard and of a partition between stages, while events come in.
 */
import { expect, test } from "vitest";
import { type Answer, call, clicks, clicksBody, post, totalsBody } from "./api.ts";

const users = 60;

function tokenOf(answer: Answer): string {
  return encodeURIComponent(JSON.stringify(answer.body.token));
}

/** Every user once; the totals grow with the round. */
function roundOf(round: number): string {
  return clicks(
    ...Array.from({ length: users }, (_, user): [number, string, number] => [
      round * 1000,
      `u${user}`,
      round,
    ]),
  );
}

function totalsAfter(rounds: number): Record<string, [number, number]> {
  const total = (rounds * (rounds - 1)) / 2;
  return Object.fromEntries(Array.from({ length: users }, (_, user) => [`u${user}`, [rounds, total]]));
}

/** The rows of a view by user; none may be there twice. Asks again while state is on its way. */
async function totalsOf(view: string, token: string): Promise<Record<string, [number, number]>> {
  const { status, body } = await call("GET", `/v1/views/${view}?limit=1000&token=${token}&timeout=20s`);
  if (status === 503) return await totalsOf(view, token);
  if (status !== 200) throw new Error(JSON.stringify(body));
  expect(new Set(body.rows.map(({ user }: { user: string }) => user)).size).toBe(body.rows.length);
  return Object.fromEntries(
    body.rows.map(({ user, clicks: count, total }: Record<string, unknown>) => [user, [count, total]]),
  );
}

/** Posts rounds one after the other under a producer, until `isOver`; returns how many. */
async function ingest(stream: string, isOver: () => boolean): Promise<{ rounds: number; last: Answer }> {
  for (let round = 0; ; round++) {
    const last = await post(stream, roundOf(round), { "Producer-Id": "p", Sequence: String(round + 1) });
    if (last.status !== 200) throw new Error(JSON.stringify(last.body));
    if (isOver() && round > 3) return { rounds: round + 1, last };
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const patient = { timeout: 60_000 };

test("a shard is split while events come in: nothing is lost or counted twice", patient, async () => {
  await call("PUT", "/v1/streams/divided", clicksBody({ distributionKey: ["user"] }));
  const body = { window: undefined, parallelism: 1 };
  await call("PUT", "/v1/jobs/kept", totalsBody("divided", body));
  await call("PUT", "/v1/jobs/sent", totalsBody("divided", { ...body, parallelism: 2 }));
  let isOver = false;
  const ingested = ingest("divided", () => isOver);
  const splits = [];
  for (const shard of [0, 0, 1]) splits.push(await call("POST", "/v1/streams/divided/splits", { shard }));
  isOver = true;
  const { rounds, last } = await ingested;
  expect(splits.map(({ status, body: { keyGroups } }) => [status, keyGroups])).toEqual([
    [201, { parent: [0, 511], child: [512, 1023] }],
    [201, { parent: [0, 255], child: [256, 511] }],
    [201, { parent: [512, 767], child: [768, 1023] }],
  ]);
  const token = tokenOf(last);
  expect(await totalsOf("kept", token)).toEqual(totalsAfter(rounds));
  expect(await totalsOf("sent", token)).toEqual(totalsAfter(rounds));
  for (const user of ["u1", "u2", "u3", "u4", "u5", "u6"]) {
    const { body: one } = await call("GET", `/v1/views/kept?key=${user}&token=${token}`);
    expect(one.rows).toMatchObject([{ user, clicks: rounds }]);
  }
  const again = await post("divided", roundOf(0), { "Producer-Id": "p", Sequence: String(rounds) });
  expect(again.status).toBe(422);
  const repeated = await post("divided", roundOf(rounds - 1), {
    "Producer-Id": "p",
    Sequence: String(rounds),
  });
  expect(repeated).toMatchObject({ status: 200, body: { accepted: 0, duplicate: users } });
  const history = await call("GET", "/v1/streams/divided/splits");
  expect(history.body.splits).toMatchObject([
    { parent: 1, child: 3, state: "done" },
    { parent: 0, child: 2, state: "done" },
    { parent: 0, child: 1, state: "done" },
  ]);
  expect((await call("GET", "/v1/streams/divided")).body.shards).toHaveLength(4);
  expect(await call("PUT", "/v1/streams/divided", clicksBody({ distributionKey: ["user"] }))).toMatchObject({
    status: 200,
  });
});

test("a partition between stages is split while rows come by its channels", patient, async () => {
  await call("PUT", "/v1/streams/staged", clicksBody({ shards: 2 }));
  const step = { key: ["clicks"], window: { type: "tumble", size: "2min" } };
  const steps = [{ ...step, aggregates: { users: { function: "count" } } }];
  await call("PUT", "/v1/jobs/staged", totalsBody("staged", { parallelism: 2, steps }));
  let isOver = false;
  const ingested = ingest("staged", () => isOver);
  const first = await call("POST", "/v1/jobs/staged/splits", { stage: 1, partition: 1 });
  const second = await call("POST", "/v1/jobs/staged/splits", { stage: 1, partition: 2, keyGroup: 800 });
  const third = await call("POST", "/v1/jobs/staged/splits", { stage: 2, partition: 0 });
  isOver = true;
  const { rounds } = await ingested;
  expect([first, second, third].map(({ status, body }) => [status, body.child])).toEqual([
    [201, 2],
    [201, 3],
    [201, 2],
  ]);
  const ended = await call("POST", "/v1/streams/staged/watermark", { watermark: "max" });
  const token = tokenOf(ended);
  expect(await totalsOf("staged.0", token)).toEqual(totalsAfter(rounds));
  const { body } = await call("GET", `/v1/views/staged?token=${token}&timeout=20s`);
  expect(body.rows).toMatchObject([{ clicks: rounds, users, final: true }]);
  const status = await call("GET", "/v1/jobs/staged");
  expect(status.body.shards.map(({ stage }: { stage: number }) => stage)).toEqual([
    0, 0, 1, 1, 1, 1, 2, 2, 2,
  ]);
  const history = await call("GET", "/v1/jobs/staged/splits");
  expect(history.body.splits).toMatchObject([{ stage: 2 }, { stage: 1, parent: 2 }, { stage: 1, parent: 1 }]);
});

test("jobs go on from savepoints that were taken after their stream was split", patient, async () => {
  await call("PUT", "/v1/streams/regrown", clicksBody({ shards: 2, distributionKey: ["user"] }));
  const body = (changes: object) => totalsBody("regrown", { window: undefined, ...changes });
  await call("PUT", "/v1/jobs/local", body({}));
  await call("PUT", "/v1/jobs/remote", body({ parallelism: 3 }));
  let isOver = false;
  const ingested = ingest("regrown", () => isOver);
  for (const shard of [1, 2, 0]) {
    const { status, body: split } = await call("POST", "/v1/streams/regrown/splits", { shard });
    expect([shard, status, split.state]).toEqual([shard, 201, "done"]);
  }
  const changes: Record<string, object> = { local: {}, remote: { parallelism: 4 } };
  for (const job of ["local", "remote", "local", "remote"]) {
    const { status, body: saved } = await call("POST", `/v1/jobs/${job}/savepoints`, { stop: true });
    expect([job, status, saved]).toMatchObject([job, 201, { state: "done" }]);
    const fromSavepoint = saved.savepoint;
    const begun = await call("PUT", `/v1/jobs/${job}`, body({ ...changes[job], fromSavepoint }));
    expect([job, begun.status]).toEqual([job, 201]);
    await until(async () => (await call("GET", `/v1/jobs/${job}`)).body.state === "running");
  }
  isOver = true;
  const { rounds, last } = await ingested;
  expect(await totalsOf("local", tokenOf(last))).toEqual(totalsAfter(rounds));
  expect(await totalsOf("remote", tokenOf(last))).toEqual(totalsAfter(rounds));
});

test("what cannot be divided is refused with a reason", async () => {
  await call("PUT", "/v1/streams/whole", clicksBody());
  await call("PUT", "/v1/jobs/whole", totalsBody("whole"));
  const refused = async (path: string, body: object) => {
    const { status, body: problem } = await call("POST", path, body);
    return [status, problem.code, problem.detail];
  };
  expect(await refused("/v1/streams/whole/splits", { shard: 0 })).toEqual([
    409,
    "SPLIT_UNFIT",
    expect.stringContaining(
      'Job "whole" aggregates in the shards of "whole" by a key that rows do not come by',
    ),
  ]);
  expect(await refused("/v1/streams/whole/splits", { shard: 3 })).toEqual([
    409,
    "SPLIT_UNFIT",
    expect.stringContaining("has the partitions 0 to 0, not 3"),
  ]);
  expect(await refused("/v1/streams/whole/splits", {})).toEqual([
    400,
    "REQUEST_INVALID",
    "shard: found nothing, expected number",
  ]);
  expect(await refused("/v1/jobs/whole/splits", { stage: 1, partition: 0 })).toEqual([
    409,
    "SPLIT_UNFIT",
    expect.stringContaining("split those"),
  ]);
});
