/** Who follows a view: when changes are recorded, how long they are held, and what hubs are told. */
import { expect, test } from "vitest";
import { changesBytesMax, changesKeptMs, followedKeysMax } from "../../../src/base/limits.ts";
import type { ChangePlace } from "../../../src/engine/task/change-types.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time" },
};

const view = { job: "job", run: 1, map: 1 };

function started(): PartitionHarness {
  const harness = new PartitionHarness({ stream });
  harness.startJob("job", { source: "events", key: ["user"], aggregates: { n: { function: "count" } } });
  return harness;
}

function post(harness: PartitionHarness, ...users: string[]): void {
  harness.append(users.map((user) => [user, "2026-01-01 00:00"]));
  harness.settle();
}

function follow(harness: PartitionHarness, hub = "hub", keys?: readonly string[]) {
  return harness.turn(() => harness.partition.changes.follow(view, hub, keys));
}

/** Hashes of users, each of whom must be new. */
function hashesOf(harness: PartitionHarness, ...users: string[]): string[] {
  const { head } = follow(harness, "another hub");
  post(harness, ...users);
  return harness.partition.changes.read(view, head, undefined).changes.map(({ hash }) => hash);
}

function read(harness: PartitionHarness, from: ChangePlace): string[] {
  return harness.partition.changes
    .read(view, from, undefined)
    .changes.map(({ kind, row }) => `${kind} ${row}`);
}

/** Tells hubs what there is to tell; answers that. `isFollowed` is what they say. */
function tell(harness: PartitionHarness, isFollowed: boolean): string[] {
  const { changes } = harness.partition;
  const calls = harness.turn(() => changes.take());
  for (const call of calls) {
    expect(harness.turn(() => changes.settle(call, { ok: true, value: isFollowed }))).toBe(true);
  }
  return calls.flatMap((call) => call.changes.map(({ kind, row }) => `${call.follower.hub} ${kind} ${row}`));
}

function storedRows({ storage }: PartitionHarness): unknown {
  return storage.run("SELECT count(*) FROM changes")[0]?.[0];
}

test("nothing is recorded before somebody follows, and what is goes on through a crash", () => {
  const harness = started();
  post(harness, "ada");
  harness.checkpoint();
  expect(storedRows(harness)).toBe(0);
  const { head } = follow(harness);
  post(harness, "ada", "bob");
  harness.crash();
  harness.settle();
  const changes = ['-U {"user":"ada","n":1}', '+U {"user":"ada","n":2}', '+I {"user":"bob","n":1}'];
  expect(read(harness, head)).toEqual(changes);
  harness.checkpoint();
  expect(storedRows(harness)).toBe(1);
  expect(read(harness, head)).toEqual(changes);
  expect(() => read(harness, { offset: 1, row: 0 })).toThrow(/not held any more/);
});

test("a hub is told once, in order, until nobody is left; after a crash again what it may not have", () => {
  const harness = started();
  follow(harness);
  post(harness, "ada");
  expect(tell(harness, true)).toEqual(['hub +I {"user":"ada","n":1}']);
  expect(tell(harness, true)).toEqual([]);
  harness.crash();
  harness.settle();
  expect(tell(harness, true)).toEqual(['hub +I {"user":"ada","n":1}']);
  post(harness, "bob");
  expect(tell(harness, false)).toEqual(['hub +I {"user":"bob","n":1}']);
  post(harness, "eve");
  expect(tell(harness, true)).toEqual([]);
});

test("a hub that follows while it is told has not left, whatever the answer says", () => {
  const harness = started();
  follow(harness);
  post(harness, "ada");
  const { changes } = harness.partition;
  const [call] = changes.take();
  follow(harness);
  if (call) changes.settle(call, { ok: true, value: false });
  post(harness, "bob");
  expect(tell(harness, true)).toEqual(['hub +I {"user":"ada","n":1}', 'hub +I {"user":"bob","n":1}']);
});

test("a hub that follows keys is told of these alone, through crashes; of one more from then on", () => {
  const harness = started();
  const [ada, bob] = hashesOf(harness, "ada", "bob", "eve") as [string, string, string];
  tell(harness, false);
  expect(follow(harness, "hub", [ada])).toMatchObject({ isOfAllKeys: false });
  post(harness, "ada", "bob", "eve");
  expect(tell(harness, true)).toEqual(['hub -U {"user":"ada","n":1}', 'hub +U {"user":"ada","n":2}']);
  post(harness, "eve");
  expect(tell(harness, true)).toEqual([]);
  harness.checkpoint();
  follow(harness, "hub", [bob]);
  harness.crash();
  harness.settle();
  post(harness, "eve", "bob", "ada");
  const changes = [
    ...['hub -U {"user":"bob","n":2}', 'hub +U {"user":"bob","n":3}'],
    ...['hub -U {"user":"ada","n":2}', 'hub +U {"user":"ada","n":3}'],
  ];
  expect(tell(harness, true)).toEqual(changes);
  expect(follow(harness)).toMatchObject({ isOfAllKeys: true });
  post(harness, "eve");
  expect(tell(harness, true)).toEqual(['hub -U {"user":"eve","n":4}', 'hub +U {"user":"eve","n":5}']);
  expect(follow(harness, "hub", [ada])).toMatchObject({ isOfAllKeys: true });
});

test("a key that is followed while a call is on its way misses nothing that comes behind", () => {
  const harness = started();
  const [ada, bob] = hashesOf(harness, "ada", "bob") as [string, string];
  tell(harness, false);
  follow(harness, "hub", [ada]);
  post(harness, "ada", "bob");
  const { changes } = harness.partition;
  const [call] = changes.take();
  const { head } = follow(harness, "hub", [bob]);
  post(harness, "bob");
  if (call) changes.settle(call, { ok: true, value: false });
  const told = tell(harness, true);
  expect(told.slice(-2)).toEqual(['hub -U {"user":"bob","n":2}', 'hub +U {"user":"bob","n":3}']);
  expect(changes.read(view, head, bob).changes.map(({ row }) => `${row}`)).toEqual([
    '{"user":"bob","n":2}',
    '{"user":"bob","n":3}',
  ]);
});

test("a hub that follows more keys than a checkpoint should hold is told of all", () => {
  const harness = started();
  const keys = Array.from({ length: followedKeysMax }, (_, key) => key.toString(16).padStart(16, "0"));
  expect(follow(harness, "hub", keys)).toMatchObject({ isOfAllKeys: false });
  expect(follow(harness, "hub", keys.slice(1))).toMatchObject({ isOfAllKeys: false });
  expect(follow(harness, "hub", ["ffffffffffffffff"])).toMatchObject({ isOfAllKeys: true });
  post(harness, "ada");
  expect(tell(harness, true)).toEqual(['hub +I {"user":"ada","n":1}']);
});

test("changes go after their time, and recording ends for long after the last hub left", () => {
  const harness = started();
  const { head } = follow(harness);
  post(harness, "ada");
  harness.checkpoint();
  harness.pass(changesKeptMs + 1);
  post(harness, "bob");
  harness.checkpoint();
  expect(() => read(harness, head)).toThrow(/not held any more/);
  expect(storedRows(harness)).toBe(1);
  tell(harness, true);
  const later = follow(harness, "other");
  expect(read(harness, later.from)).toEqual(['+I {"user":"bob","n":1}']);
  post(harness, "cid");
  tell(harness, false);
  harness.pass(changesKeptMs + 1);
  post(harness, "dan");
  harness.checkpoint();
  post(harness, "eve");
  harness.checkpoint();
  expect(storedRows(harness)).toBe(0);
  expect(() => read(harness, later.head)).toThrow(/none are/);
});

test("changes go when they take more than their share", { timeout: 120_000 }, () => {
  const harness = started();
  const { head } = follow(harness);
  const name = "x".repeat(2000);
  const perFrame = 500;
  const frames = Math.ceil((1.1 * changesBytesMax) / (name.length * perFrame));
  for (let frame = 0; frame < frames; frame++) {
    post(harness, ...Array.from({ length: perFrame }, (_, row) => `${frame} ${row} ${name}`));
    tell(harness, true);
  }
  harness.checkpoint();
  expect(() => read(harness, head)).toThrow(/not held any more/);
  const stored = Number(harness.storage.run("SELECT sum(length(bytes)) FROM changes")[0]?.[0]);
  expect(stored).toBeLessThanOrEqual(changesBytesMax);
  expect(stored).toBeGreaterThan(0.9 * changesBytesMax);
});

test("hubs are told when the run ends, and when the map of partitions is another", () => {
  const harness = started();
  follow(harness);
  harness.endJob("job", 1);
  expect(harness.partition.changes.takeEnded()).toMatchObject([
    { hub: "hub", error: { code: "VIEW_NOT_FOUND" } },
  ]);
  const moved = started();
  follow(moved);
  moved.turn(() => moved.partition.setUp({ ...moved.identity, mapVersion: 2, mapVersionMin: 1 }));
  post(moved, "ada");
  expect(tell(moved, true)).toEqual([]);
  expect(moved.partition.changes.takeEnded()).toMatchObject([
    { hub: "hub", error: { code: "CHANGES_GONE" } },
  ]);
});

test("a result that goes with its retention is not told, and its key begins anew behind that", () => {
  const harness = new PartitionHarness({ stream });
  const aggregates = { n: { function: "count" as const } };
  harness.startJob("job", { source: "events", key: ["user"], aggregates, retention: "1min" });
  const { head } = follow(harness);
  post(harness, "ada", "ada");
  harness.pass(60_001);
  post(harness, "bob");
  harness.pass(30_000);
  post(harness, "ada");
  expect(read(harness, head)).toEqual([
    '+I {"user":"ada","n":2}',
    '+I {"user":"bob","n":1}',
    '+I {"user":"ada","n":1}',
  ]);
});
