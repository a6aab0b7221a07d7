/**
 * Jobs beside each other on one partition: what one does, or fails to do, costs the others and the log
 * nothing.
 */
import { describe, expect, test } from "vitest";
import { MiB } from "../../../src/base/limits.ts";
import { planJob } from "../../../src/engine/plan/plan-job.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import { Random } from "../../arbitraries/random.ts";
import { PartitionHarness, type Row } from "../../support/partition-harness.ts";

const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const eventTime = { column: "time", outOfOrderness: "5s" };
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

function harnessOf(options: { stream?: Record<string, unknown>; pageBudget?: number } = {}) {
  const { stream, ...others } = options;
  const harness = new PartitionHarness({ stream: { columns, eventTime, ...stream }, ...others });
  harness.startJob("job", counting);
  return harness;
}

function setState(harness: PartitionHarness, state: "running" | "paused"): void {
  const plan = planJob(readJobDefinition(counting), harness.definition);
  harness.wish({ job: "job", run: 1, state, plan });
}

/** Appends frames of text that no encoding shortens until the log has grown by `bytes`. */
function appendBytes(harness: PartitionHarness, bytes: number): void {
  const random = new Random(1);
  const letters = (count: number) =>
    Array.from({ length: count }, () => String.fromCharCode(97 + random.below(26))).join("");
  const request = harness.request(harness.frame(Array.from({ length: 500 }, () => [letters(1000), at(1)])));
  const { log } = harness.partition;
  const end = log.counts.bytes + bytes;
  while (log.counts.bytes < end) harness.turn(() => harness.partition.append([request]));
}

function users(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => [`a user with a name ${from + index}`, at(1)]);
}

describe("a paused job", () => {
  test("gives its dirty pages back to others at once, and shows what it had applied after a restart", () => {
    const harness = harnessOf();
    harness.append(users(0, 500));
    harness.settle();
    setState(harness, "paused");
    expect(harness.partition.nextAlarm()).toBeLessThanOrEqual(harness.ports.clock.time + 5000);
    harness.settle();
    expect(harness.partition.jobs.cache.dirtyBytes).toBe(0);
    harness.crash();
    expect(harness.rows()).toHaveLength(500);
    expect(harness.partition.hasReadyWork).toBe(false);
  });

  test("holds no sender back when it resumes with a long way to go", () => {
    const harness = harnessOf();
    harness.append([["a", at(1)]]);
    harness.settle();
    setState(harness, "paused");
    harness.settle();
    appendBytes(harness, 66 * MiB);
    setState(harness, "running");
    expect(harness.append([["a", at(1)]]).status).toBe("logged");
    harness.settle();
    expect(harness.rows().find((row) => row[0] === "a")?.[1]).toBe(2);
  });

  test("has fallen behind when the log it needs is gone, to its very end", () => {
    const harness = harnessOf({ stream: { retention: { time: "1 min", bytesPerShard: 1 * MiB } } });
    setState(harness, "paused");
    appendBytes(harness, 3 * MiB);
    harness.pass(120_000);
    harness.turn(() => harness.partition.trim());
    expect(harness.partition.log.firstOffset).toBe(harness.partition.log.nextOffset);
    setState(harness, "running");
    for (let slice = 0; slice < 20; slice++) harness.turn(() => harness.partition.step());
    expect(harness.partition.jobs.statuses()[0]).toMatchObject({
      state: "failed",
      error: { code: "JOB_FALLEN_BEHIND" },
    });
    expect(harness.partition.hasReadyWork).toBe(false);
  });
});

describe("two jobs that share a page budget", () => {
  test("do not fail each other: a record that either could take alone is applied by both", () => {
    const harness = harnessOf({ pageBudget: 1 * MiB });
    harness.startJob("other", counting, 2);
    const rows = 5500;
    harness.append(users(0, rows));
    harness.append(users(rows / 2, rows));
    harness.settle();
    for (const [job, run] of [
      ["job", 1],
      ["other", 2],
    ] as const) {
      expect(harness.rows(job, {}, run)).toHaveLength(1.5 * rows);
    }
  });
});

describe("a checkpoint that breaks off in the middle", () => {
  test("for another reason than storage leaves nothing that is ever read", () => {
    const harness = harnessOf();
    harness.startJob("other", counting, 2);
    harness.append(users(0, 2000));
    harness.settle();
    harness.checkpoint();
    harness.append(users(0, 2000));
    harness.settle();
    let pages = 0;
    harness.storage.beforeStatement = ({ statement }) => {
      if (statement.startsWith("INSERT INTO pages") && ++pages === 3) throw new Error("a defect");
    };
    harness.checkpoint();
    expect(pages).toBeGreaterThan(3);
    harness.crash();
    harness.settle();
    for (const [job, run] of [
      ["job", 1],
      ["other", 2],
    ] as const) {
      expect(new Set(harness.rows(job, {}, run).map((row) => row[1]))).toEqual(new Set([2]));
    }
  });

  test("each time fails its job, and no other", () => {
    const harness = harnessOf();
    harness.startJob("other", counting, 2);
    harness.append(users(0, 100));
    harness.storage.beforeStatement = ({ statement, bindings }) => {
      if (statement.startsWith("INSERT INTO pages") && bindings[0] === 1) throw new Error("a defect");
    };
    expect(() => {
      harness.settle();
      harness.checkpoint();
    }).toThrow(/job "job" failed: a defect/);
    expect(() => harness.settle()).toThrow(/job "job" failed/);
    expect(harness.rows("other", {}, 2)).toHaveLength(100);
  });
});

test("a job that ends has no task any more, and the others theirs", () => {
  const harness = harnessOf();
  harness.startJob("other", counting, 2);
  harness.append(users(0, 10));
  harness.settle();
  const { jobs } = harness.partition;
  expect(jobs.tasks.map(({ number }) => number)).toEqual([1, 2]);
  harness.endJob("job", 1);
  expect(jobs.tasks.map(({ number }) => number)).toEqual([2]);
  harness.append(users(10, 5));
  harness.settle();
  expect(harness.rows("other", {}, 2)).toHaveLength(15);
});

describe("a job that cannot be opened", () => {
  test("says why it failed, to queries too; the others run", () => {
    const harness = harnessOf();
    harness.startJob("other", counting, 2);
    harness.storage.run("UPDATE checkpoints SET body = '{\"version\":9}' WHERE task = 1");
    harness.storage.commit();
    harness.crash();
    harness.append([["a", at(1)]]);
    expect(() => harness.settle()).toThrow(/version 9; this release reads version 1/);
    expect(() => harness.rows()).toThrow(/Job "job" failed: .*version 9/);
    expect(() => harness.partition.letters.read({ job: "job", limit: 10 })).toThrow(/Job "job" failed/);
    expect(() => harness.partition.letters.read({ job: "none", limit: 10 })).toThrow(/No job "none" is on/);
    expect(harness.rows("other", {}, 2)).toEqual([["a", 1, false]]);
  });
});

describe("trimming", () => {
  test("goes on turn by turn until the retention is kept, however many small appends there were", () => {
    const harness = new PartitionHarness({
      stream: { columns, eventTime, retention: { time: "1 min", bytesPerShard: 1 * MiB } },
    });
    for (let row = 0; row < 1000; row++) harness.append([["a", at(1)]]);
    harness.pass(120_000);
    harness.turn(() => harness.partition.heartbeat());
    expect(harness.partition.hasReadyWork).toBe(true);
    expect(harness.partition.nextAlarm()).toBeLessThanOrEqual(harness.ports.clock.time + 5000);
    harness.settle();
    expect(harness.partition.log.nextOffset - harness.partition.log.firstOffset).toBeLessThan(10);
    expect(harness.partition.hasReadyWork).toBe(false);
  });

  test("comes with appends, though no job takes checkpoints and the shard is never idle", () => {
    const harness = new PartitionHarness({
      stream: { columns, eventTime, retention: { time: "1 day", bytesPerShard: 2 * MiB } },
    });
    for (let round = 0; round < 4; round++) {
      appendBytes(harness, 8 * MiB);
      harness.settle();
    }
    const { log } = harness.partition;
    expect(log.bytesAfter(log.firstOffset)).toBeLessThan(20 * MiB);
  });
});

test("an event far in the future asks for no alarm farther than timers reach", () => {
  const harness = new PartitionHarness({
    stream: { columns, eventTime, idle: "advance", idleTimeout: "20s" },
  });
  harness.startJob("job", { ...counting, window: { type: "tumble", size: "10s" } });
  harness.append([["a", "9999-12-31 23:59:00"]]);
  harness.settle();
  harness.pass(60_000);
  harness.turn(() => harness.partition.heartbeat());
  harness.settle();
  harness.checkpoint();
  const alarm = harness.partition.nextAlarm();
  expect(alarm).toBeGreaterThan(harness.ports.clock.time);
  expect(alarm).toBeLessThan(harness.ports.clock.time + 366 * 86_400_000);
});
