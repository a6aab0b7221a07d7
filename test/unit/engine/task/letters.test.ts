/**
 * Letters in storage: rows that SQLite takes, oldest first, and never more than their share.
 */
import { expect, test } from "vitest";
import { lettersBytesMax, logRowBytesMax } from "../../../../src/base/limits.ts";
import { LetterBox } from "../../../../src/engine/letters/letter-box.ts";
import type { LetterPlace } from "../../../../src/protocol/letter-id.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

test("many long late rows of one record are stored in values that SQLite takes", () => {
  const names = ["a", "b", "c", "d"];
  const columns = [
    { name: "time", type: "TIMESTAMP(3)" },
    ...names.map((name) => ({ name, type: "STRING" })),
  ];
  const harness = new PartitionHarness({
    stream: { columns, eventTime: { column: "time", outOfOrderness: 0 } },
  });
  harness.startJob("job", {
    source: "events",
    key: names,
    aggregates: { n: { function: "count" } },
    window: { type: "tumble", size: 10 },
  });
  const rows = 2500;
  const long = "\u4e2d".repeat(400);
  harness.append([["2000-01-01 00:00", ...names]]);
  harness.append(Array.from({ length: rows }, () => ["1999-01-01 00:00", ...names.map(() => long)]));
  harness.settle();
  harness.checkpoint();
  const largest = Number(harness.storage.run("SELECT max(length(bytes)) FROM letters")[0]?.[0]);
  expect(largest).toBeLessThan(logRowBytesMax);
  harness.crash();
  const seen: number[] = [];
  for (let after: LetterPlace | undefined; ; ) {
    const { letters, next } = harness.partition.letters.read({ job: "job", after, limit: 999 });
    seen.push(...letters.map(({ row }) => row));
    after = next;
    if (after === undefined) break;
  }
  expect(seen).toEqual(Array.from({ length: rows }, (_, row) => row));
});

test("the oldest rows go when letters take more than their share, also after a restart", () => {
  const storage = new NodeStorage();
  LetterBox.createTables(storage);
  const content = { text: "x".repeat(100_000) };
  const count = Math.ceil((1.2 * lettersBytesMax) / 100_000);
  let box = new LetterBox(storage, 1);
  for (let offset = 1; offset <= count; offset++) {
    if (offset % 300 === 0) box = new LetterBox(storage, 1);
    box.add({ offset, row: 0, reason: "late", message: "late", appendTime: 0, content });
    if (offset % 10 === 0 || offset === count) box.write();
  }
  const stored = Number(storage.run("SELECT sum(length(bytes)) FROM letters")[0]?.[0]);
  expect(stored).toBeGreaterThan(0.9 * lettersBytesMax);
  expect(stored).toBeLessThanOrEqual(lettersBytesMax);
  const look = { after: undefined, isWanted: () => true };
  const oldest = box.read({ ...look, limit: 1 }).letters[0]?.offset ?? 0;
  expect(oldest).toBeGreaterThan(0.1 * count);
  const after = { run: 1, offset: count - 1, row: 0 };
  expect(box.read({ ...look, after, limit: 5 }).letters.map(({ offset }) => offset)).toEqual([count]);
});

test("letters go when the retention has passed, with the row that they are in", () => {
  const storage = new NodeStorage();
  LetterBox.createTables(storage);
  const box = new LetterBox(storage, 1);
  const offsets = () =>
    box.read({ after: undefined, isWanted: () => true, limit: 9 }).letters.map(({ offset }) => offset);
  for (const [offset, appendTime] of [
    [1, 100],
    [2, 200],
    [3, 300],
  ] as const) {
    box.add({ offset, row: 0, reason: "late", message: "late", appendTime, content: {} });
    box.write(0);
  }
  box.write(100);
  expect(offsets()).toEqual([1, 2, 3]);
  box.write(201);
  expect(offsets()).toEqual([3]);
  expect([box.find(3, 0)?.appendTime, box.find(2, 0), box.firstOffset]).toEqual([300, undefined, 3]);
  box.write(301);
  expect([offsets(), box.firstOffset]).toEqual([[], undefined]);
  box.add({ offset: 4, row: 0, reason: "bad", message: "bad", appendTime: 400, content: {} });
  expect([box.find(4, 0)?.reason, box.firstOffset]).toEqual(["bad", 4]);
});

test("a box that only counts keeps none", () => {
  const storage = new NodeStorage();
  LetterBox.createTables(storage);
  const box = new LetterBox(storage, 1, () => false);
  box.add({ offset: 1, row: 0, reason: "late", message: "late", appendTime: 1, content: {} });
  expect(box.pendingBytes).toBe(0);
});
