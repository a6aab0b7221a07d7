/**
 * Copies of a task's pages on their way up: in parts that an SQLite value can hold, the state last, begun
 * anew after a crash, gone when they are uploaded.
 */
import { expect, test } from "vitest";
import { decodePart } from "../../../../src/engine/savepoint/part-codec.ts";
import type { SavedPart, SavepointStore } from "../../../../src/engine/savepoint/savepoint-store.ts";
import { readTaskState } from "../../../../src/engine/savepoint/task-state.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

/** A job that has counted `users` users, and so much state. */
function counted(users: number): PartitionHarness {
  const harness = new PartitionHarness({ stream });
  harness.startJob("job", counting);
  for (let from = 0; from < users; from += 5000) {
    const some = Array.from({ length: Math.min(5000, users - from) }, (_, index) => {
      return [`${"user".repeat(8)}-${from + index}`, "1970-01-01 00:00:01"] as const;
    });
    harness.append(some);
    harness.settle();
  }
  return harness;
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

test("pages go up in parts below the limit of a value, the state behind them", () => {
  const harness = counted(40_000);
  begin(harness);
  harness.settle();
  const status = storeOf(harness).status(1, 7);
  expect(status).toMatchObject({ state: "copied" });
  expect(harness.partition.nextAlarm()).toBeDefined();
  const parts = takeAll(harness);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ part }) => part)).toEqual([
    ...parts
      .slice(1)
      .map((_, at) => at)
      .reverse(),
    -1,
  ]);
  expect(Math.max(...parts.map(({ body }) => body.byteLength))).toBeLessThan(2_000_000);
  const state = readTaskState(parts.at(-1)?.body as Uint8Array);
  expect(state).toMatchObject({ version: 1, parts: parts.length - 1, counts: { rows: 40_000 } });
  expect(state.tables).toHaveLength(1);
  const pages = parts.slice(0, -1).flatMap(({ body }) => decodePart(body));
  expect(new Set(pages.map(({ table }) => table))).toEqual(new Set([state.tables[0]?.table]));
  expect(storeOf(harness).status(1, 7)).toMatchObject({ state: "done", parts: state.parts });
  expect(harness.storage.run("SELECT count(*) FROM savepoint_parts")).toEqual([[0]]);
});

test("a copy that a crash breaks off is begun anew, and holds what it would have held", () => {
  const [harness, crashed] = [counted(40_000), counted(40_000)];
  for (const each of [harness, crashed]) begin(each);
  // The checkpoint, and some of the copy.
  while (storeOf(crashed).status(1, 7)?.state !== "copying") crashed.turn(() => crashed.partition.step());
  crashed.turn(() => crashed.partition.step());
  crashed.partition.step();
  crashed.crash();
  for (const each of [harness, crashed]) each.settle();
  const [whole, again] = [takeAll(harness), takeAll(crashed)];
  expect(again.map(({ part }) => part)).toEqual(whole.map(({ part }) => part));
  const pagesOf = (parts: readonly SavedPart[]) =>
    parts.slice(0, -1).flatMap(({ body }) => decodePart(body).map(({ bytes }) => bytes.byteLength));
  expect(pagesOf(again)).toEqual(pagesOf(whole));
});

test("a task stands still until its pages are copied, and goes on behind them", () => {
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
  expect(harness.storage.run("SELECT count(*) FROM savepoint_parts")).toEqual([[0]]);
});
