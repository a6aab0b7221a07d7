/** Dead letters from outside: which there are, and replays of them, also while objects die. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { type Answer, call, clicks, clicksBody, type Json, post, totalsBody } from "./api.ts";
import { ignoreIdle, insist, partitionsOf, randomOf } from "./mortal-objects.ts";

const lettersOf = async (stream: string, query = "") =>
  (await call("GET", `/v1/streams/${stream}/dead-letters${query}`)).body;

const replay = (stream: string, body: unknown): Promise<Answer> =>
  call("POST", `/v1/streams/${stream}/dead-letters/replay`, body);

/** Waits until a view is as far as what was posted. */
const reach = (view: string, token: Json) =>
  call("GET", `/v1/views/${view}?token=${encodeURIComponent(JSON.stringify({ token }))}`);

async function makeClicks(stream: string, changes: Record<string, unknown> = {}): Promise<void> {
  await call("PUT", `/v1/streams/${stream}`, clicksBody(changes));
}

test("rejected, late and bad are listed with reason and counts, and can be asked for by each", async () => {
  await makeClicks("mixed");
  await call("PUT", "/v1/jobs/mixed_minutes", totalsBody("mixed"));
  await call("PUT", "/v1/jobs/mixed_totals", totalsBody("mixed", { window: undefined }));
  await post("mixed", clicks([200_000, "ann", 1]));
  await post("mixed", `{"time": 1, "user": "bob", "amount": "x"}\n${clicks([1000, "bob", 7])}`);
  const { body } = await post("mixed", clicks([200_000, "k".repeat(3000), 1]));
  await reach("mixed_minutes", body.token);
  await reach("mixed_totals", body.token);
  const all = await lettersOf("mixed");
  expect(all.counts).toEqual({ rejected: 1, late: 1, bad: 2 });
  expect(all.letters.map((letter: Json) => [letter.reason, letter.job])).toEqual([
    ["rejected", undefined],
    ["late", "mixed_minutes"],
    ["bad", "mixed_minutes"],
    ["bad", "mixed_totals"],
  ]);
  const text = '{"time": 1, "user": "bob", "amount": "x"}';
  expect(all.letters[0]).toMatchObject({ content: { record: 1, field: "amount", text } });
  expect(all.letters[0].message).toContain("expected INT");
  expect(all.letters[1]).toMatchObject({ lateBy: 194_000, content: { user: "bob" }, at: expect.any(String) });
  const ids = all.letters.map(({ id }: Json) => id);
  expect(new Set(ids).size).toBe(4);
  const idsOf = async (query: string) => (await lettersOf("mixed", query)).letters.map(({ id }: Json) => id);
  expect(await idsOf("?reason=late")).toEqual([ids[1]]);
  expect(await idsOf("?job=mixed_totals")).toEqual([ids[3]]);
  expect(await idsOf("?from=2026-01-01&reason=bad")).toEqual([ids[2], ids[3]]);
  expect(await idsOf("?to=2026-01-01")).toEqual([]);
  expect(await idsOf("?replayed=true")).toEqual([]);
  const page = await lettersOf("mixed", "?limit=3");
  expect(await idsOf(`?limit=3&cursor=${page.cursor}`)).toEqual([ids[3]]);
});

test("a mended record is appended once and marked; without one it is rejected again", async () => {
  await makeClicks("mended");
  await call("PUT", "/v1/jobs/mended_totals", totalsBody("mended", { window: undefined }));
  await post("mended", '{"time": 1000, "user": "bob", "amount": "x"}\n{oops');
  const { letters } = await lettersOf("mended");
  const [first, second] = letters.map(({ id }: Json) => id);
  const same = await replay("mended", { ids: [first, second] });
  expect(same.body).toMatchObject({ replayed: 0, rejectedAgain: 2, errors: [{ id: first }, { id: second }] });
  const body = { records: { [first]: { time: 1000, user: "bob", amount: 7 } } };
  expect((await replay("mended", { ...body, dryRun: true })).body).toMatchObject({
    replayed: 1,
    dryRun: true,
  });
  expect((await replay("mended", body)).body).toMatchObject({ replayed: 1, alreadyReplayed: 0 });
  expect((await replay("mended", body)).body).toMatchObject({ replayed: 0, alreadyReplayed: 1 });
  const { body: status } = await call("GET", "/v1/streams/mended");
  expect(status).toMatchObject({ rows: 1, rejected: 2 });
  await reach("mended_totals", { 0: 2 });
  const { body: view } = await call("GET", "/v1/views/mended_totals?key=bob");
  expect(view.rows).toMatchObject([{ clicks: 1, total: 7 }]);
  expect((await lettersOf("mended", "?replayed=false")).letters.map(({ id }: Json) => id)).toEqual([second]);
  const [marked] = (await lettersOf("mended", "?replayed=true")).letters;
  expect(marked).toMatchObject({ id: first, replayedAt: expect.any(String) });
});

test("late rows go to the stream that is named, whole, and nowhere unasked", async () => {
  await makeClicks("punctual");
  await makeClicks("latecomers");
  await call("PUT", "/v1/jobs/punctual_clicks", {
    ...totalsBody("punctual"),
    aggregates: { clicks: { function: "count" } },
  });
  await call("PUT", "/v1/jobs/latecomer_totals", totalsBody("latecomers", { window: undefined }));
  await post("punctual", clicks([200_000, "ann", 1]));
  const { body } = await post("punctual", clicks([1000, "bob", 7], [2000, "bob", 8]));
  await reach("punctual_clicks", body.token);
  const refused = await replay("punctual", { reason: "late" });
  expect(refused).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  expect(refused.body.detail).toContain("would count them twice");
  const wish = { reason: "late", job: "punctual_clicks", into: "latecomers" };
  expect((await replay("punctual", wish)).body).toMatchObject({ replayed: 2, cut: 0 });
  expect((await replay("punctual", wish)).body).toMatchObject({ replayed: 0, alreadyReplayed: 2 });
  await reach("latecomer_totals", { 0: 1 });
  const { body: view } = await call("GET", "/v1/views/latecomer_totals?key=bob");
  expect(view.rows).toMatchObject([{ clicks: 2, total: 15 }]);
});

test("what a replay cannot mean is refused with the reason", async () => {
  await makeClicks("refusing");
  await makeClicks("other");
  await post("refusing", "bad");
  const [{ id }] = (await lettersOf("refusing")).letters;
  const refusals: [unknown, string][] = [
    [{}, "expected one of rejected, late, bad, or ids, or records"],
    [{ reason: "rejected", into: "other" }, "go back to that stream only"],
    [{ ids: [id], reason: "rejected" }, "expected letters by name"],
    [{ ids: ["7"] }, "expected the id of a letter"],
    [{ ids: ["999999-0-0-1-0"] }, "of another stream"],
  ];
  for (const [body, reason] of refusals) {
    const answer = await replay("refusing", body);
    expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining(reason)]);
  }
  const gone = await replay("refusing", { ids: [id.replace(/\d+$/, "99")] });
  expect(gone.body).toMatchObject({ replayed: 0, gone: 1 });
  expect(await replay("absent", { reason: "rejected" })).toMatchObject({ status: 404 });
  const query = await call("GET", "/v1/streams/refusing/dead-letters?reason=lost");
  expect(query).toMatchObject({ status: 400, body: { code: "QUERY_INVALID" } });
});

test("a stream that only counts its dead letters keeps none, of its jobs neither", async () => {
  await makeClicks("counting", { deadLetters: "count" });
  await call("PUT", "/v1/jobs/counting_minutes", totalsBody("counting"));
  await post("counting", clicks([200_000, "ann", 1]));
  const posted = await post("counting", `bad\n${clicks([1000, "bob", 7])}`);
  expect(posted.body).toMatchObject({ accepted: 1, rejected: 1, errors: [{ reason: "NotJson" }] });
  await reach("counting_minutes", posted.body.token);
  expect(await lettersOf("counting")).toEqual({ letters: [], counts: { rejected: 1, late: 1, bad: 0 } });
  expect(await call("PUT", "/v1/streams/counting", clicksBody())).toMatchObject({ status: 409 });
});

test("each letter is replayed once though objects die in the middle", { timeout: 60_000 }, async () => {
  const random = randomOf(11);
  await makeClicks("dying", { shards: 3, distributionKey: ["user"] });
  await call("PUT", "/v1/jobs/dying_totals", totalsBody("dying", { window: undefined }));
  for (let body = 0; body < 3; body++) {
    await post("dying", Array.from({ length: 20 }, (_, index) => `{bad ${body * 20 + index}`).join("\n"));
  }
  const { letters } = await lettersOf("dying", "?limit=1000");
  expect(letters).toHaveLength(60);
  const records = letters.map(({ id }: Json, index: number) => {
    return [id, { time: 1000 + index, user: `user${index % 12}`, amount: 1 }] as const;
  });
  const partitions = await partitionsOf("dying_totals");
  let isDone = false;
  let deaths = 0;
  const reaper = (async () => {
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 1 + random(8)));
      const victim = partitions[random(partitions.length)] as DurableObjectStub;
      if (random(2) === 0) await abortAllDurableObjects().then(() => deaths++);
      else await evictDurableObject(victim).then(() => deaths++, ignoreIdle);
    }
  })();
  for (let first = 0; first < records.length; first += 3) {
    const body = { records: Object.fromEntries(records.slice(first, first + 3)) };
    const path = "/v1/streams/dying/dead-letters/replay";
    await insist(({ status }) => status === 200, "POST", path, body);
    await insist(({ status }) => status === 200, "POST", path, body);
  }
  isDone = true;
  await reaper;
  expect(deaths).toBeGreaterThan(5);
  const { body: stream } = await call("GET", "/v1/streams/dying");
  expect(stream).toMatchObject({ rows: 60, rejected: 60 });
  const offsets = stream.shards.map((each: Json) => [each.shard, each.nextOffset - 1]);
  await reach("dying_totals", Object.fromEntries(offsets));
  const { body: view } = await call("GET", "/v1/views/dying_totals?limit=100");
  expect(view.rows).toHaveLength(12);
  for (const row of view.rows) expect(row).toMatchObject({ clicks: 5, total: 5 });
});
