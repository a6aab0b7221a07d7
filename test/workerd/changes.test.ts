/** Changes of views: as server-sent events and over WebSockets, by key, from an event or a snapshot on. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { unacknowledgedMax } from "../../src/base/limits.ts";
import { call, clicks, post } from "./api.ts";
import { changesOf, EventReader, hubOf, SocketReader, startCounts } from "./change-readers.ts";
import { partitionsOf, splitOf } from "./mortal-objects.ts";

test("changes come as server-sent events with their kinds, and go on behind the last one seen", async () => {
  await startCounts("followed", "counts");
  const first = await EventReader.open("counts/changes");
  await post("followed", clicks([1, "ada", 5], [2, "bob", 1]));
  expect(await first.changes(2)).toEqual([
    ["+I", "ada", 1, 5],
    ["+I", "bob", 1, 1],
  ]);
  const id = first.lastEventId ?? "";
  expect(id).toMatch(/^\d+\.\d+\/0:\d+\.2$/);
  await first.close();
  await post("followed", clicks([3, "ada", 2]));
  const again = await EventReader.open("counts/changes", { "last-event-id": id });
  await post("followed", clicks([4, "eve", 9]));
  expect(await again.changes(3)).toEqual([
    ["-U", "ada", 1, 5],
    ["+U", "ada", 2, 7],
    ["+I", "eve", 1, 9],
  ]);
  await again.close();
});

test("a snapshot comes first, complete, and changes behind it", async () => {
  await startCounts("shown", "shownCounts", { stream: { shards: 2, distributionKey: ["user"] } });
  const users = Array.from({ length: 1500 }, (_, index) => `user ${index}`);
  const { body } = await post(
    "shown",
    clicks(...users.map((user, index): [number, string, number] => [index, user, 1])),
  );
  await call("GET", `/v1/views/shownCounts?limit=1&token=${encodeURIComponent(JSON.stringify(body.token))}`);
  const reader = await EventReader.open("shownCounts/changes?snapshot=true");
  expect(await reader.next()).toMatchObject({ name: "snapshot", id: undefined, data: { state: "begin" } });
  const rows = await reader.changes(1500);
  expect(new Set(rows.map(([kind, user]) => `${kind} ${user}`))).toEqual(
    new Set(users.map((user) => `+I ${user}`)),
  );
  const end = await reader.next();
  expect(end).toMatchObject({ name: "snapshot", data: { state: "end" } });
  expect(end?.id).toMatch(/^\d+\.\d+\/0:\d+,1:\d+$/);
  await post("shown", clicks([9000, "user 7", 4]));
  expect(await reader.changes(2)).toEqual([
    ["-U", "user 7", 1, 1],
    ["+U", "user 7", 2, 5],
  ]);
  await reader.close();
});

test("who follows a key has its changes alone, from the one partition that owns it", async () => {
  await startCounts("keyed", "keyedCounts", { stream: { shards: 4, distributionKey: ["user"] } });
  const reader = await EventReader.open("keyedCounts/changes?key=ada");
  const socket = await SocketReader.open("keyedCounts/changes?key.user=ada&snapshot=true");
  await post("keyed", clicks([1, "bob", 1], [2, "ada", 5], [3, "eve", 1]));
  await post("keyed", clicks([4, "bob", 1], [5, "eve", 1]));
  await post("keyed", clicks([6, "ada", 5]));
  const changes = [
    ["+I", "ada", 1, 5],
    ["-U", "ada", 1, 5],
    ["+U", "ada", 2, 10],
  ];
  expect(await reader.changes(3)).toEqual(changes);
  expect(await socket.changes(3)).toEqual(changes);
  expect(reader.lastEventId).toMatch(/^\d+\.\d+\/\d:\d+\.\d+$/);
  const followed = await Promise.all(
    (await partitionsOf("keyedCounts")).map((stub) =>
      runInDurableObject(stub, (_, { storage }) => {
        const [row] = storage.sql.exec("SELECT body FROM checkpoints").toArray();
        const followers: { keys?: string[] }[] = JSON.parse(String(row?.body)).changes?.followers ?? [];
        return followers.map(({ keys }) => keys?.length);
      }),
    ),
  );
  expect(followed.flat()).toEqual([1]);
  await reader.close();
  socket.close();
});

test("keys that are followed one after the other each miss nothing, and get nothing of others", async () => {
  await startCounts("several", "severalCounts");
  const ada = await SocketReader.open("severalCounts/changes?key=ada");
  await post("several", clicks([1, "ada", 1], [2, "bob", 1], [3, "eve", 1]));
  expect(await ada.changes(1)).toEqual([["+I", "ada", 1, 1]]);
  const bob = await SocketReader.open("severalCounts/changes?key=bob");
  await post("several", clicks([4, "bob", 1], [5, "eve", 1]));
  expect(await bob.changes(2)).toEqual([
    ["-U", "bob", 1, 1],
    ["+U", "bob", 2, 2],
  ]);
  const id = bob.seen.at(-1)?.id ?? "";
  bob.close();
  await post("several", clicks([6, "bob", 1], [7, "ada", 1]));
  const again = await SocketReader.open(
    `severalCounts/changes?key=bob&lastEventId=${encodeURIComponent(id)}`,
  );
  await evictDurableObject(await hubOf("severalCounts"));
  await post("several", clicks([8, "bob", 1], [9, "ada", 1], [10, "eve", 1]));
  expect(await again.changes(4)).toEqual([
    ["-U", "bob", 2, 2],
    ["+U", "bob", 3, 3],
    ["-U", "bob", 3, 3],
    ["+U", "bob", 4, 4],
  ]);
  expect(await ada.changes(4)).toEqual([
    ["-U", "ada", 1, 1],
    ["+U", "ada", 2, 2],
    ["-U", "ada", 2, 2],
    ["+U", "ada", 3, 3],
  ]);
  const all = await SocketReader.open("severalCounts/changes");
  await post("several", clicks([11, "eve", 1]));
  expect(await all.changes(2)).toEqual([
    ["-U", "eve", 3, 3],
    ["+U", "eve", 4, 4],
  ]);
  for (const socket of [ada, again, all]) socket.close();
});

test("windows are told of when they fire, and again when late rows change them", async () => {
  await startCounts("timed", "timedCounts", {
    job: { window: { type: "tumble", size: "1s" }, allowedLateness: "10s" },
  });
  const socket = await SocketReader.open("timedCounts/changes");
  await post("timed", clicks([100, "ada", 1], [200, "ada", 2]));
  await post("timed", clicks([1500, "ada", 7]));
  await post("timed", clicks([300, "ada", 4], [400, "bob", 4]));
  const second = ["1970-01-01 00:00:00", "1970-01-01 00:00:01"];
  expect(await socket.changes(4)).toEqual([
    ["+I", "ada", ...second, 2, 3],
    ["-U", "ada", ...second, 2, 3],
    ["+U", "ada", ...second, 3, 7],
    ["+I", "bob", ...second, 1, 4],
  ]);
  socket.close();
});

test("a hub that left memory goes on with its sockets, and answers pings without coming back", async () => {
  await startCounts("asleep", "asleepCounts");
  const all = await SocketReader.open("asleepCounts/changes");
  const one = await SocketReader.open("asleepCounts/changes?key=ada");
  await post("asleep", clicks([1, "ada", 5]));
  await all.changes(1);
  await one.changes(1);
  const hub = await hubOf("asleepCounts");
  await evictDurableObject(hub);
  all.send("ping");
  await all.until(() => all.texts.includes("pong"));
  await post("asleep", clicks([2, "bob", 1], [3, "ada", 1]));
  expect(await all.changes(3)).toEqual([
    ["+I", "bob", 1, 1],
    ["-U", "ada", 1, 5],
    ["+U", "ada", 2, 6],
  ]);
  expect(await one.changes(2)).toEqual([
    ["-U", "ada", 1, 5],
    ["+U", "ada", 2, 6],
  ]);
  await evictDurableObject(hub);
  expect(await runDurableObjectAlarm(hub)).toBe(true);
  await one.until(() => one.messages.some(({ id }) => id !== undefined));
  all.close();
  one.close();
});

test("an event that is too old, of another run or of another key is refused with what to do", async () => {
  await startCounts("gone", "goneCounts");
  const reader = await EventReader.open("goneCounts/changes");
  await post("gone", clicks([1, "ada", 5]));
  await reader.changes(1);
  await reader.close();
  const [run, map] = (reader.lastEventId ?? "").split(/[./]/);
  const refused = async (id: string, path = "goneCounts/changes") => {
    const response = await changesOf(path, { "last-event-id": id });
    return { status: response.status, body: (await response.json()) as { code: string; help: string } };
  };
  expect(await refused(`${run}.${map}/0:0`)).toMatchObject({
    status: 410,
    body: { code: "CHANGES_GONE", help: expect.stringContaining("snapshot=true") },
  });
  expect(await refused(`${Number(run) + 1}.${map}/0:5`)).toMatchObject({ status: 410 });
  expect(await refused(`${run}.${Number(map) + 1}/0:5`)).toMatchObject({ status: 410 });
  expect(await refused(`${run}.${map}/1:5`)).toMatchObject({ status: 400 });
  expect(await refused("nonsense")).toMatchObject({ status: 400, body: { code: "QUERY_INVALID" } });
  const shown = await EventReader.open("goneCounts/changes?snapshot=true", {
    "last-event-id": `${run}.${map}/0:0`,
  });
  expect(await shown.next()).toMatchObject({ name: "snapshot", data: { state: "begin" } });
  expect(await shown.changes(1)).toEqual([["+I", "ada", 1, 5]]);
  await shown.close();
});

test("who does not acknowledge is dropped with a reason, others stay", { timeout: 60_000 }, async () => {
  await startCounts("slow", "slowCounts");
  const slow = await SocketReader.open("slowCounts/changes", false);
  const fast = await SocketReader.open("slowCounts/changes");
  const user = "x".repeat(1000);
  const perPost = 200;
  const posts = Math.ceil((1.3 * unacknowledgedMax) / (user.length * perPost));
  for (let round = 0; round < posts; round++) {
    const rows = Array.from({ length: perPost }, (_, index): [number, string, number] => [
      round,
      `${user} ${round} ${index}`,
      1,
    ]);
    await post("slow", clicks(...rows));
  }
  expect(await slow.ended()).toMatchObject({
    code: 4429,
    reason: expect.stringContaining("SUBSCRIBER_TOO_SLOW"),
  });
  expect(slow.messages.at(-1)?.error?.code).toBe("SUBSCRIBER_TOO_SLOW");
  expect(await fast.changes(posts * perPost)).toHaveLength(posts * perPost);
  fast.close();
});

test("when the job ends its subscribers hear of it", async () => {
  await startCounts("ended", "endedCounts", { job: { parallelism: 2 } });
  const socket = await SocketReader.open("endedCounts/changes");
  const reader = await EventReader.open("endedCounts/changes");
  await call("DELETE", "/v1/jobs/endedCounts");
  expect(await socket.ended()).toMatchObject({ code: 4404 });
  expect(await reader.next()).toMatchObject({ name: "error", data: { code: "VIEW_NOT_FOUND" } });
  expect(await reader.next()).toBeUndefined();
});

test("when a partition is split subscribers hear of it, and go on with a snapshot", async () => {
  await startCounts("parted", "partedCounts", { stream: { shards: 1, distributionKey: ["user"] } });
  const socket = await SocketReader.open("partedCounts/changes");
  const users = Array.from({ length: 20 }, (_, index) => `user ${index}`);
  await post("parted", clicks(...users.map((user): [number, string, number] => [1, user, 1])));
  await socket.changes(20);
  const id = socket.seen.at(-1)?.id ?? "";
  await splitOf("/v1/streams/parted/splits", { shard: 0 }, 1);
  await post("parted", clicks(...users.map((user): [number, string, number] => [2, user, 1])));
  expect(await socket.ended()).toMatchObject({ code: 4410, reason: expect.stringContaining("CHANGES_GONE") });
  const from = `lastEventId=${encodeURIComponent(id)}`;
  expect((await changesOf(`partedCounts/changes?${from}`)).status).toBe(410);
  const again = await SocketReader.open(`partedCounts/changes?snapshot=true&${from}`);
  await again.until(() => again.messages.some(({ snapshot }) => snapshot === "end"));
  const last = new Map<unknown, unknown>();
  const sum = () => [...last.values()].reduce((total: number, count) => total + Number(count), 0);
  while (sum() < 40) {
    const [[kind, user, count] = []] = await again.changes(1);
    if (kind === "+I" || kind === "+U") last.set(user, count);
  }
  expect(last).toEqual(new Map(users.map((user) => [user, 2])));
  expect(again.messages.find(({ snapshot }) => snapshot === "end")?.id).toMatch(/^\d+\.\d+\/0:\d.*,1:\d/);
  again.close();
});

test("what nobody could be sent is refused: a format, a view, a message", async () => {
  await startCounts("plain", "plainCounts");
  expect((await changesOf("plainCounts/changes", { accept: "text/csv" })).status).toBe(406);
  expect((await changesOf("nothing/changes")).status).toBe(404);
  expect((await changesOf("plainCounts/changes?key=%7B%22a%22:1%7D")).status).toBe(400);
  expect((await changesOf("plainCounts/changes?snapshot=perhaps")).status).toBe(400);
  const socket = await SocketReader.open("plainCounts/changes");
  socket.send("hello");
  expect(await socket.ended()).toMatchObject({ code: 4400 });
});
