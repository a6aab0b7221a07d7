/**
 * A task's pages on their way up: in parts that a blob store takes, the state last, as they were at the
 * barrier whatever the task has done since, and after a crash from where it stood.
 */
import { expect, test } from "vitest";
import { assert } from "../../../../src/base/assert.ts";
import { hashKey, keyGroupOf } from "../../../../src/columnar/key-encoding.ts";
import { decodePart } from "../../../../src/engine/savepoint/part-codec.ts";
import type {
  SavedPart,
  SavepointStatus,
  SavepointStore,
} from "../../../../src/engine/savepoint/savepoint-store.ts";
import { readTaskState } from "../../../../src/engine/savepoint/task-state.ts";
import { storedPageRange } from "../../../../src/kernel/stored-page.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

const leftovers = ["savepoint_parts", "page_pins", "kept_pages"];

/** A job that has counted `users` users, and so much state. */
function counted(users: number): PartitionHarness {
  const harness = new PartitionHarness({ stream });
  harness.startJob("job", counting);
  countAll(harness, users);
  return harness;
}

function countAll(harness: PartitionHarness, users: number): void {
  for (let from = 0; from < users; from += 5000) {
    const some = Array.from({ length: Math.min(5000, users - from) }, (_, index) => {
      return [`${"user".repeat(8)}-${from + index}`, "1970-01-01 00:00:01"] as const;
    });
    harness.append(some);
    harness.settle();
  }
}

function storeOf(harness: PartitionHarness): SavepointStore {
  return harness.partition.jobs.savepoints;
}

function begin(harness: PartitionHarness, savepoint = 7): void {
  harness.turn(() => harness.partition.beginSavepoint(1, { run: 1, savepoint }));
}

/** Takes all parts, as an upload does. */
function takeAll(harness: PartitionHarness): SavedPart[] {
  const parts: SavedPart[] = [];
  for (let part = storeOf(harness).nextPart(); part; part = storeOf(harness).nextPart()) {
    const taken = part;
    parts.push(taken);
    harness.turn(() => storeOf(harness).uploaded(taken));
  }
  return parts;
}

/** What restoring would find: a page's bytes by its table and first hash. */
function pagesOf(parts: readonly SavedPart[]): Map<string, string> {
  const pages = parts.filter(({ part }) => part >= 0).flatMap(({ body }) => decodePart(body));
  return new Map(
    pages.map(({ table, bytes }) => {
      return [`${table} ${storedPageRange(bytes).firstHash}`, Buffer.from(bytes).toString("latin1")];
    }),
  );
}

/** Takes the next part, as an upload does. */
function takeOne(harness: PartitionHarness): SavedPart {
  const part = storeOf(harness).nextPart();
  assert(part, "there is a part");
  harness.turn(() => storeOf(harness).uploaded(part));
  return part;
}

/** Counts every user once more, and takes a checkpoint: all pages are written. */
function rewrite(harness: PartitionHarness): void {
  countAll(harness, 40_000);
  harness.checkpoint();
}

test("pages go up in parts below the limit of a value, the state behind them", () => {
  const harness = counted(40_000);
  begin(harness);
  harness.settle();
  expect(storeOf(harness).status(1, 7)).toMatchObject({ state: "pinned" });
  expect(harness.partition.nextAlarm()).toBeDefined();
  expect(storeOf(harness).hasParts).toBe(true);
  const parts = takeAll(harness);
  expect(storeOf(harness).hasParts).toBe(false);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ part }) => part)).toEqual([...parts.slice(1).keys(), -1]);
  expect(Math.max(...parts.map(({ body }) => body.byteLength))).toBeLessThan(2_000_000);
  const state = readTaskState(parts.at(-1)?.body as Uint8Array);
  expect(state).toMatchObject({ version: 1, parts: parts.length - 1, counts: { rows: 40_000 } });
  expect(state.tables).toHaveLength(1);
  const pages = parts.slice(0, -1).flatMap(({ body }) => decodePart(body));
  expect(new Set(pages.map(({ table }) => table))).toEqual(new Set([state.tables[0]?.table]));
  const bytes = parts.reduce((sum, { body }) => sum + body.byteLength, 0);
  const done = { state: "done", parts: state.parts, partsLeft: 0, bytes, bytesLeft: 0 };
  expect(storeOf(harness).status(1, 7)).toEqual(done);
  for (const table of leftovers) expect(harness.storage.run(`SELECT count(*) FROM ${table}`)).toEqual([[0]]);
});

test("what is left is told from the share of the hashes that is uploaded", () => {
  const harness = counted(40_000);
  begin(harness);
  harness.settle();
  const first = takeOne(harness);
  const { parts, bytes, ...left } = storeOf(harness).status(1, 7) as SavepointStatus;
  const rest = takeAll(harness);
  expect(first.parts).toBe(rest.length);
  expect(parts).toBe(rest.length);
  expect(left.partsLeft).toBe(parts - 1);
  const whole = rest.reduce((sum, { body }) => sum + body.byteLength, first.body.byteLength);
  expect(Math.abs(bytes - whole)).toBeLessThan(whole / 10);
});

test("of a partition that has the last key groups as much is told", () => {
  const harness = new PartitionHarness({
    stream: { ...stream, distributionKey: ["user"] },
    keyGroups: [768, 1024],
  });
  harness.startJob("job", counting);
  const isOwn = (user: string) => keyGroupOf(hashKey(new TextEncoder().encode(user), 0)) >= 768;
  const users = Array.from({ length: 160_000 }, (_, index) => `${"user".repeat(8)}-${index}`).filter(isOwn);
  for (let from = 0; from < users.length; from += 5000) {
    harness.append(users.slice(from, from + 5000).map((user) => [user, "1970-01-01 00:00:01"]));
    harness.settle();
  }
  begin(harness);
  harness.settle();
  const first = takeOne(harness);
  expect(first.parts).toBe(takeAll(harness).length);
});

test("of state that is one page no more is told than there is", () => {
  const harness = counted(3);
  begin(harness);
  harness.settle();
  expect(takeOne(harness).parts).toBe(1);
  const status = { state: "pinned", parts: 1, partsLeft: 0, bytesLeft: 0 };
  expect(storeOf(harness).status(1, 7)).toMatchObject(status);
});

test("the state of a task with very many tables is kept in values that SQLite takes", {
  timeout: 20_000,
}, () => {
  const harness = new PartitionHarness({ stream });
  harness.startJob("job", {
    ...counting,
    window: { type: "tumble", size: "1 second" },
    retention: "forever",
  });
  const windows = 24_000;
  const at = (second: number) => new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ");
  for (let from = 0; from < windows; from += 4000) {
    harness.append(Array.from({ length: 4000 }, (_, index) => ["a", at(from + index)]));
    harness.settle();
  }
  begin(harness);
  harness.settle();
  const sizes = harness.storage.run("SELECT part, length(body) FROM savepoint_parts ORDER BY part");
  expect(sizes.length).toBeGreaterThan(1);
  for (const [, bytes] of sizes) expect(bytes).toBeLessThan(2_000_000);
  const state = readTaskState(takeAll(harness).at(-1)?.body as Uint8Array);
  expect(state.tables.length).toBe(windows);
  expect(harness.storage.run("SELECT count(*) FROM savepoint_parts")).toEqual([[0]]);
});

test("pages are saved as they were at the barrier, though the task writes all of them again", () => {
  const [harness, still] = [counted(40_000), counted(40_000)];
  for (const each of [harness, still]) {
    begin(each);
    each.settle();
  }
  const parts: SavedPart[] = [];
  for (let round = 0; round < 3; round++) {
    // The first checkpoint behind the barrier overwrites nothing that is needed, later ones do.
    rewrite(harness);
    if (round === 0) expect(harness.storage.run("SELECT count(*) FROM kept_pages")).toEqual([[0]]);
    if (round === 1) expect(harness.storage.run("SELECT count(*) FROM kept_pages")).not.toEqual([[0]]);
    parts.push(takeOne(harness));
  }
  parts.push(...takeAll(harness));
  const [found, wanted] = [pagesOf(parts), pagesOf(takeAll(still))];
  expect(found.size).toBe(wanted.size);
  for (const [page, bytes] of wanted) expect(found.get(page) === bytes, page).toBe(true);
  expect(readTaskState(parts.at(-1)?.body as Uint8Array).counts.rows).toBe(40_000);
});

test("an upload goes on behind a crash with what it would have taken", () => {
  const harness = counted(40_000);
  begin(harness);
  harness.settle();
  const first = takeOne(harness);
  for (let round = 0; round < 2; round++) rewrite(harness);
  const next = storeOf(harness).nextPart();
  countAll(harness, 5000);
  harness.crash();
  harness.settle();
  expect(first.part).toBe(0);
  expect(next?.part).toBe(1);
  expect(storeOf(harness).nextPart()).toEqual(next);
});

test("two savepoints of one task keep what each needs", () => {
  const harness = counted(40_000);
  const expected: Map<string, string>[] = [];
  for (const savepoint of [7, 8]) {
    begin(harness, savepoint);
    harness.settle();
    const still = counted(40_000);
    if (savepoint === 8) for (let round = 0; round < 2; round++) rewrite(still);
    begin(still, savepoint);
    still.settle();
    expected.push(pagesOf(takeAll(still)));
    for (let round = 0; round < 2; round++) rewrite(harness);
  }
  const parts = takeAll(harness);
  for (const [at, savepoint] of [7, 8].entries()) {
    const found = pagesOf(parts.filter((part) => part.savepoint === savepoint));
    expect([...found].every(([page, bytes]) => expected[at]?.get(page) === bytes)).toBe(true);
    expect(found.size).toBe(expected[at]?.size);
  }
});

test("the rows of a table that is dropped stay until they are uploaded", () => {
  const harness = new PartitionHarness({ stream });
  harness.startJob("job", { ...counting, window: { type: "tumble", size: "1 minute" }, retention: "1 hour" });
  harness.append([["a", "1970-01-01 00:00:01"]]);
  harness.append([["b", "1970-01-01 00:02:01"]]);
  harness.settle();
  begin(harness);
  harness.settle();
  harness.pass(2 * 3_600_000);
  harness.append([["c", "1970-01-01 03:00:00"]]);
  harness.settle();
  harness.checkpoint();
  harness.settle();
  const tablesNow = harness.storage.run("SELECT tbl FROM tables ORDER BY tbl").flat();
  const parts = takeAll(harness);
  const state = readTaskState(parts.at(-1)?.body as Uint8Array);
  const tables = state.tables.map(({ table }) => table);
  expect(tables.some((table) => !tablesNow.includes(table))).toBe(true);
  const saved = parts.slice(0, -1).flatMap(({ body }) => decodePart(body).map(({ table }) => table));
  expect(new Set(saved)).toEqual(new Set(tables));
  expect(harness.partition.hasReadyWork).toBe(true);
  harness.settle();
  const left = harness.storage.run("SELECT DISTINCT tbl FROM pages ORDER BY tbl").flat();
  expect(left.filter((table) => tables.includes(table as number))).toEqual(
    tablesNow.filter((table) => tables.includes(table as number)),
  );
});

test("a task goes on behind the barrier, and what it applies then is not in the savepoint", () => {
  const harness = counted(100);
  begin(harness);
  harness.append([["late", "1970-01-01 00:00:02"]]);
  harness.settle();
  const state = readTaskState(takeAll(harness).at(-1)?.body as Uint8Array);
  expect(state.counts.rows).toBe(100);
  expect(harness.rows()).toHaveLength(101);
});

test("a barrier enters once however often it is asked for, and a deleted job leaves nothing", () => {
  const harness = counted(100);
  const before = harness.partition.log.nextOffset;
  begin(harness);
  begin(harness);
  expect(harness.partition.log.nextOffset).toBe(before + 1);
  harness.settle();
  expect(storeOf(harness).hasParts).toBe(true);
  harness.endJob("job", 1);
  expect(storeOf(harness).hasParts).toBe(false);
  expect(storeOf(harness).status(1, 7)).toBeUndefined();
  for (const table of leftovers) expect(harness.storage.run(`SELECT count(*) FROM ${table}`)).toEqual([[0]]);
});

test("a savepoint that is asked for again when its run is gone leaves nothing", () => {
  const harness = counted(100);
  begin(harness);
  harness.settle();
  harness.endJob("job", 1);
  const { nextOffset } = harness.partition.log;
  begin(harness);
  expect(harness.partition.log.nextOffset).toBe(nextOffset);
  expect(storeOf(harness).status(1, 7)).toBeUndefined();
});

test("what 0.2.0 had copied and not uploaded goes up as it is", () => {
  const harness = counted(100);
  begin(harness);
  harness.settle();
  const [page, state] = takeAll(harness);
  harness.turn(() => {
    const { storage } = harness;
    storage.run("UPDATE savepoints SET state = 'copied', parts = 3, bytes = 700");
    const insert = "INSERT INTO savepoint_parts (run, savepoint, part, body) VALUES (1, 7, ?, ?)";
    for (const part of [0, 1]) storage.run(insert, part, page?.body as Uint8Array);
    const { parts: _, ...rest } = readTaskState(state?.body as Uint8Array);
    storage.run(insert, -1, new TextEncoder().encode(JSON.stringify({ ...rest, parts: 3 })));
  });
  harness.crash();
  expect(storeOf(harness).hasParts).toBe(true);
  const left = takeAll(harness);
  expect(left.map(({ part }) => part)).toEqual([1, 0, -1]);
  expect(readTaskState(left.at(-1)?.body as Uint8Array).parts).toBe(3);
  expect(storeOf(harness).status(1, 7)).toMatchObject({ state: "done", parts: 3 });
});
