/** Bytes of pages in storage: right when they are counted, and counted seldom. */
import { expect, test } from "vitest";
import type { JobStatus } from "../../../../src/engine/partition-types.ts";
import { StoredBytes } from "../../../../src/engine/state/stored-bytes.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

function harnessWith(users: number): PartitionHarness {
  const harness = new PartitionHarness({ stream: { columns, eventTime: { column: "time" } } });
  harness.startJob("job", counting);
  harness.startJob("other", counting, 2);
  grow(harness, 0, users);
  return harness;
}

function grow(harness: PartitionHarness, first: number, users: number): void {
  const rows = Array.from({ length: users }, (_, index) => [`user ${first + index}`, "1970-01-01 00:00:01"]);
  harness.append(rows);
  harness.settle();
  harness.checkpoint();
}

function sumOf({ storage }: PartitionHarness, task: number): number {
  const pages = storage.run("SELECT bytes FROM pages WHERE task = ?", task);
  return pages.reduce((sum, [bytes]) => sum + (bytes as Uint8Array).length, 0);
}

test("a job's status tells those of its own pages", () => {
  const harness = harnessWith(500);
  const [job, other] = harness.partition.status()?.jobs ?? [];
  expect(job?.stateBytes).toBe(sumOf(harness, 1));
  expect(other?.stateBytes).toBe(sumOf(harness, 2));
  expect(job?.stateBytes).toBeGreaterThan(10_000);
});

test("only who asks for a partition's status has pages counted", () => {
  const harness = harnessWith(10);
  harness.crash();
  const counts: string[] = [];
  harness.storage.beforeStatement = ({ statement }) => {
    if (/sum\(length\(bytes\)\) FROM pages/.test(statement)) counts.push(statement);
  };
  grow(harness, 0, 10);
  expect(harness.partition.jobs.statuses()).toHaveLength(2);
  expect(counts).toEqual([]);
  harness.partition.status();
  expect(counts).toHaveLength(2);
});

test("a count holds for a minute, and as long as nothing was written", () => {
  const harness = harnessWith(10);
  const stored = new StoredBytes(harness.storage);
  const [status] = harness.partition.jobs.statuses() as [JobStatus];
  const bytesAt = (checkpointsCompleted: number, now: number) =>
    stored.addTo([{ ...status, checkpointsCompleted }], now)[0]?.stateBytes;
  const small = sumOf(harness, 1);
  expect(bytesAt(1, 0)).toBe(small);
  grow(harness, 10, 2000);
  const large = sumOf(harness, 1);
  expect(large).toBeGreaterThan(small);
  expect(bytesAt(1, 1e12)).toBe(small);
  expect(bytesAt(2, 59_000)).toBe(small);
  expect(bytesAt(2, 61_000)).toBe(large);
  // A clock that was put back.
  harness.storage.run("DELETE FROM pages WHERE task = 1");
  expect(bytesAt(3, 0)).toBe(0);
});
