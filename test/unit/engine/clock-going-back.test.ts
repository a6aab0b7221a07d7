/**
 * A clock that is set back by an hour: the log's time stands still until it is caught up with, and nothing
 * that waits for time waits longer than it would have.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { checkpointIntervalMs, restartBackoffMsMin } from "../../../src/base/limits.ts";
import { JobFailures } from "../../../src/engine/job-failures.ts";
import { RecordKind } from "../../../src/engine/log/records.ts";
import type { OpenJob } from "../../../src/engine/open-job.ts";
import { StoredJobs } from "../../../src/engine/stored-jobs.ts";
import { PastMoment } from "../../../src/engine/time/past-moment.ts";
import { NodeStorage } from "../../support/node-storage.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const hourMs = 3_600_000;
const idleTimeoutMs = 30_000;
const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

let harness: PartitionHarness;

beforeEach(() => {
  harness = new PartitionHarness({ stream: { columns, eventTime: { column: "time" }, idleTimeout: "30s" } });
  harness.ports.clock.time = 100 * hourMs;
  harness.startJob("job", counting);
  harness.append([["a", "1970-01-01 00:00:01"]]);
  harness.settle();
  harness.pass(-hourMs);
});

describe("a clock that is set back", () => {
  test("never takes the log's time back: append times ascend, and rows are applied as ever", () => {
    harness.append([["a", "1970-01-01 00:00:02"]]);
    harness.settle();
    const { log } = harness.partition;
    const times = [1, 2].map((offset) => log.read(offset)?.appendTime ?? 0);
    expect(times).toEqual([100 * hourMs, 100 * hourMs]);
    expect(harness.rows()).toEqual([["a", 2, false]]);
    const status = harness.partition.status();
    expect(status?.jobs[0]).toMatchObject({ lagRecords: 0, lagBytes: 0 });
    harness.crash();
    expect(harness.partition.log.nextOffset).toBe(3);
  });

  test("puts off no checkpoint", () => {
    expect(harness.partition.jobs.checkpointDueAt).toBe(99 * hourMs + checkpointIntervalMs);
    harness.pass(checkpointIntervalMs);
    harness.turn(() => harness.partition.heartbeat());
    harness.settle();
    expect(harness.partition.jobs.statuses()[0]?.checkpoints).toMatchObject([{ offset: 1 }]);
  });

  test.each([[false], [true]])("puts off no idleness, restarted meanwhile: %s", (isRestarted) => {
    if (isRestarted) harness.crash();
    harness.checkpoint();
    harness.turn(() => harness.partition.heartbeat());
    expect(harness.partition.nextAlarm()).toBeLessThanOrEqual(99 * hourMs + 60_000 + idleTimeoutMs);
    harness.pass(idleTimeoutMs);
    harness.turn(() => harness.partition.heartbeat());
    expect(harness.partition.log.isIdle).toBe(true);
    expect(harness.partition.log.read(2)).toMatchObject({ kind: RecordKind.Idle, appendTime: 100 * hourMs });
  });

  test("takes no watermark back and closes no window early", () => {
    const before = harness.partition.log.watermark;
    harness.append([["a", "1970-01-01 00:00:00"]]);
    harness.pass(idleTimeoutMs);
    harness.turn(() => harness.partition.heartbeat());
    harness.settle();
    expect(harness.partition.log.watermark).toBe(before);
  });
});

test("a job that waits for its next attempt is tried at once when the clock is set back", () => {
  const failures = new JobFailures(new StoredJobs(new NodeStorage()));
  const error = { code: "MEMORY_EXHAUSTED", status: 503, message: "", help: "" } as const;
  failures.note(1, { operator: "aggregate", offset: 4 }, error, hourMs);
  const job = { run: 1 } as OpenJob;
  expect([hourMs, hourMs + restartBackoffMsMin].map((now) => failures.isWaiting(job, now))).toEqual([
    true,
    false,
  ]);
  expect(failures.isWaiting(job, 0)).toBe(false);
  expect(failures.nextAttemptAt(0)).toBeUndefined();
});

test("a moment of the past is never in the future, and does not follow the clock", () => {
  const moment = new PastMoment();
  expect([moment.at(5, 10), moment.at(5, 3), moment.at(5, 20), moment.at(30, 20), moment.at(30, 40)]).toEqual(
    [5, 3, 3, 20, 20],
  );
});
