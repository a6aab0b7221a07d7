/**
 * A partition around its log: set-up, idleness, backlog, jobs that come and go or fail, retention, trimming.
 */
import { describe, expect, test } from "vitest";
import { MiB } from "../../../src/base/limits.ts";
import { maxWatermark } from "../../../src/engine/log/records.ts";
import { planJob } from "../../../src/engine/plan/plan-job.ts";
import { readJobDefinition } from "../../../src/protocol/job-spec.ts";
import type { LetterPlace } from "../../../src/protocol/letter-id.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const eventTime = { column: "time", outOfOrderness: "5s" };
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };
const windowed = { ...counting, window: { type: "tumble", size: "10s" } };

const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

function harnessOf(stream: Record<string, unknown> = {}, job: unknown = windowed): PartitionHarness {
  const harness = new PartitionHarness({ stream: { columns, eventTime, ...stream } });
  harness.startJob("job", job);
  return harness;
}

function statusOf(harness: PartitionHarness) {
  return harness.turn(() => harness.partition.jobs.statuses())[0];
}

describe("set-up", () => {
  test("an object that was never set up accepts nothing and writes nothing", () => {
    const harness = harnessOf();
    const frame = harness.request(harness.frame([["a", at(1)]]));
    harness.storage.run("DELETE FROM identity");
    harness.storage.commit();
    harness.crash();
    expect(harness.partition.append([frame])).toMatchObject([
      { status: "refused", error: { code: "MAP_STALE" } },
    ]);
    expect(harness.partition.log.nextOffset).toBe(1);
  });

  test("frames and commands of another generation are refused", () => {
    const harness = harnessOf();
    const frame = { ...harness.request(harness.frame([["a", at(1)]])), generation: 2 };
    expect(harness.partition.append([frame])).toMatchObject([
      { status: "refused", error: { code: "MAP_STALE" } },
    ]);
    expect(() => harness.partition.setWatermark(2, 0n)).toThrow(/generation 1, not 2/);
  });
});

describe("calls that come late", () => {
  test("a set-up of an older map version changes nothing", () => {
    const harness = harnessOf();
    harness.turn(() => harness.partition.setUp({ ...harness.identity, mapVersion: 2 }));
    harness.turn(() => harness.partition.setUp(harness.identity));
    expect(harness.partition.identity.mapVersion).toBe(2);
  });

  test("an older wish does not undo a newer one, nor a repeated one what came of it since", () => {
    const harness = harnessOf();
    const plan = planJob(readJobDefinition(windowed), harness.definition);
    const wish = (state: "running" | "paused" | "deleted", revision: number) =>
      harness.turn(() => harness.partition.command(1, { job: "job", run: 1, revision, state, plan }));
    wish("running", 4);
    wish("paused", 3);
    expect(statusOf(harness)).toMatchObject({ state: "running" });
    wish("deleted", 5);
    harness.crash();
    wish("running", 4);
    expect(statusOf(harness)).toBeUndefined();
  });

  test("a wish that is sent again does not start a job that failed since", () => {
    const harness = harnessOf();
    const plan = planJob(readJobDefinition(windowed), harness.definition);
    const wish = { job: "job", run: 1, state: "running", plan } as const;
    harness.turn(() => harness.partition.command(1, { ...wish, revision: 2 }));
    harness.storage.run("UPDATE jobs SET state = 'failed' WHERE run = 1");
    harness.storage.commit();
    harness.crash();
    harness.turn(() => harness.partition.command(1, { ...wish, revision: 2 }));
    expect(statusOf(harness)).toMatchObject({ state: "failed" });
    harness.turn(() => harness.partition.command(1, { ...wish, revision: 3 }));
    expect(statusOf(harness)).toMatchObject({ state: "running" });
  });
});

test("a row of the largest size that a request can have is logged, and so is what came with it", () => {
  const harness = harnessOf();
  const frames = ["a", "b".repeat(MiB - 25)].map((user) => harness.frame([[user, at(1)]]));
  expect(frames[1]?.byteLength).toBeGreaterThan(MiB);
  const requests = frames.map((frame) => harness.request(frame));
  expect(harness.turn(() => harness.partition.append(requests))).toMatchObject([
    { status: "logged" },
    { status: "logged" },
  ]);
});

describe("idleness", () => {
  test("a shard goes idle once, after the time-out, and asks for the alarm that finds it out", () => {
    const harness = harnessOf({ idleTimeout: "30s" });
    harness.append([["a", at(1)]]);
    harness.settle();
    harness.checkpoint();
    harness.append([["a", at(2)]]);
    harness.settle();
    harness.checkpoint();
    expect(harness.partition.nextAlarm()).toBeLessThanOrEqual(harness.ports.clock.time);
    harness.turn(() => harness.partition.heartbeat());
    expect(harness.partition.log.isIdle).toBe(true);
    const { nextOffset } = harness.partition.log;
    harness.pass(100_000);
    harness.turn(() => harness.partition.heartbeat());
    expect(harness.partition.log.nextOffset).toBe(nextOffset);
  });

  test("with `wait` an open window stays open and nothing wakes the object", () => {
    const harness = harnessOf({ idle: "wait" });
    harness.append([["a", at(1)]]);
    harness.settle();
    harness.pass(1e9);
    for (let beat = 0; beat < 3; beat++) {
      harness.turn(() => harness.partition.heartbeat());
      harness.settle();
    }
    harness.checkpoint();
    expect(harness.rows()).toEqual([["a", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 1, false]]);
    expect(harness.partition.nextAlarm()).toBeUndefined();
  });

  test("with `advance` an open window fires by the clock, also after the object was evicted", () => {
    const harness = harnessOf({ idle: "advance", idleTimeout: "20s" });
    const now = harness.ports.clock.time;
    harness.append([["a", at(now / 1000)]]);
    harness.settle();
    harness.crash();
    for (let beat = 0; beat < 10; beat++) {
      const alarm = harness.turn(() => harness.partition.nextAlarm());
      if (alarm === undefined) break;
      harness.ports.clock.time = Math.max(harness.ports.clock.time, alarm);
      harness.turn(() => harness.partition.heartbeat());
      harness.settle();
    }
    expect(harness.rows()).toMatchObject([["a", expect.anything(), expect.anything(), 1, true]]);
    expect(harness.partition.nextAlarm()).toBeUndefined();
  });

  test("the coordinator's tick fires windows of an idle shard and is ignored by an active one", () => {
    const harness = harnessOf();
    harness.append([["a", at(1)]]);
    harness.settle();
    harness.turn(() => harness.partition.tick(1, { watermark: 50_000n, producers: [] }));
    harness.settle();
    expect(harness.rows()[0]?.at(-1)).toBe(false);
    harness.pass(60_000);
    harness.turn(() => harness.partition.heartbeat());
    harness.turn(() => harness.partition.tick(1, { watermark: 9_000n, producers: [] }));
    harness.turn(() => harness.partition.tick(1, { watermark: 50_000n, producers: [] }));
    harness.turn(() => harness.partition.tick(1, { watermark: 40_000n, producers: [] }));
    harness.settle();
    expect(harness.rows()[0]?.at(-1)).toBe(true);
    expect(harness.partition.log.watermark).toBe(50_000n);
  });
});

describe("the end of a stream", () => {
  test("a max watermark fires all windows, ends the stream and expires no result", () => {
    const harness = harnessOf();
    harness.append([
      ["a", at(1)],
      ["a", at(100)],
    ]);
    harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
    harness.settle();
    expect(harness.rows().map((row) => row.at(-1))).toEqual([true, true]);
    expect(harness.append([["a", at(200)]])).toMatchObject({
      status: "refused",
      error: { code: "STREAM_ENDED" },
    });
    harness.checkpoint();
    expect(harness.partition.nextAlarm()).toBeUndefined();
    harness.crash();
    expect(harness.rows()).toHaveLength(2);
  });
});

describe("jobs", () => {
  test("a command repeated changes nothing; an older run's is ignored; a newer run starts anew", () => {
    const harness = harnessOf();
    harness.append([["a", at(1)]]);
    harness.settle();
    harness.startJob("job", windowed);
    expect(harness.rows()).toHaveLength(1);
    harness.startJob("job", counting, 2);
    harness.startJob("job", windowed, 1);
    harness.settle();
    expect(harness.rows("job", {}, 2)).toEqual([["a", 1, false]]);
    expect(() => harness.rows("job", {}, 1)).toThrow(/No job "job" with run 1/);
  });

  test("a paused job applies nothing until it resumes; a deleted one leaves nothing behind", () => {
    const harness = harnessOf();
    const plan = planJob(readJobDefinition(windowed), harness.definition);
    const wish = (state: "running" | "paused" | "deleted", revision: number) =>
      harness.turn(() => harness.partition.command(1, { job: "job", run: 1, revision, state, plan }));
    wish("paused", 2);
    harness.append([["a", at(1)]]);
    expect(harness.settle()).toBe(0);
    harness.crash();
    expect(harness.settle()).toBe(0);
    wish("running", 3);
    harness.settle();
    expect(harness.rows()).toHaveLength(1);
    harness.checkpoint();
    wish("deleted", 4);
    for (const table of ["jobs", "checkpoints", "pages", "tables", "letters"]) {
      expect(harness.storage.run(`SELECT count(*) FROM ${table}`)).toEqual([[0]]);
    }
  });

  test("a job from latest sees only what comes after it", () => {
    const harness = harnessOf({}, { ...counting, startFrom: "latest" });
    harness.append([["a", at(1)]]);
    harness.startJob("other", { ...counting, startFrom: "latest" }, 2);
    harness.append([["b", at(2)]]);
    harness.settle();
    expect(harness.rows("job")).toHaveLength(2);
    expect(harness.rows("other", {}, 2)).toEqual([["b", 1, false]]);
  });

  test("a corrupt page fails its job with a message; other jobs and the log go on", () => {
    const harness = harnessOf({}, counting);
    harness.startJob("other", windowed, 2);
    harness.append([["a", at(1)]]);
    harness.settle();
    harness.checkpoint();
    harness.storage.run("UPDATE pages SET bytes = zeroblob(1024) WHERE task = 1");
    harness.storage.commit();
    harness.crash();
    harness.append([["a", at(2)]]);
    expect(() => harness.settle()).toThrow(/job "job" failed/);
    const [broken, other] = harness.turn(() => harness.partition.jobs.statuses());
    expect(broken).toMatchObject({ state: "failed", error: { code: "STATE_CORRUPT" } });
    expect(other).toMatchObject({ state: "running", appliedOffset: 2 });
    harness.crash();
    expect(harness.append([["a", at(3)]]).status).toBe("logged");
  });

  test("a backlog beyond the limit answers BACKLOG_FULL until the job has caught up", () => {
    const harness = harnessOf({}, counting);
    harness.append([["a", at(1)]]);
    harness.settle();
    let state = 1;
    const letter = () => {
      state = (state * 48_271) % 2_147_483_647;
      return String.fromCharCode(97 + (state % 26));
    };
    const large = Array.from(
      { length: 500 },
      () => [Array.from({ length: 1000 }, letter).join(""), at(1)] as const,
    );
    const request = harness.request(harness.frame(large));
    let refused: unknown;
    for (let frame = 0; frame < 200 && !refused; frame++) {
      const [result] = harness.turn(() => harness.partition.append([request]));
      if (result?.status === "refused") refused = result.error;
    }
    expect(refused).toMatchObject({ code: "BACKLOG_FULL", status: 429 });
    harness.settle();
    expect(harness.append([["a", at(1)]]).status).toBe("logged");
  });
});

describe("retention", () => {
  test("results go when nothing changed them for the retention; newer ones stay", () => {
    const harness = harnessOf({}, { ...windowed, retention: "1h" });
    harness.append([["a", at(1)]]);
    harness.append([["a", at(100)]]);
    harness.settle();
    harness.pass(3_500_000);
    harness.append([["a", at(200)]]);
    harness.settle();
    expect(harness.rows()).toHaveLength(3);
    harness.pass(200_000);
    expect(harness.rows().map((row) => row[1])).toEqual(["1970-01-01 00:01:40", "1970-01-01 00:03:20"]);
    harness.append([["a", at(200)]]);
    harness.settle();
    harness.checkpoint();
    expect(harness.storage.run("SELECT count(*) FROM tables WHERE window = 10000")).toEqual([[0]]);
    expect(harness.rows()).toHaveLength(2);
  });

  test("a continuous aggregate that expired starts anew", () => {
    const harness = harnessOf({}, { ...counting, retention: "1h" });
    harness.append([
      ["a", at(1)],
      ["b", at(1)],
    ]);
    harness.settle();
    harness.pass(3_700_000);
    harness.append([["a", at(2)]]);
    harness.settle();
    expect(harness.rows()).toEqual([["a", 1, false]]);
    harness.pass(3_700_000);
    harness.append([["c", at(2)]]);
    harness.settle();
    expect(harness.rows()).toEqual([["c", 1, false]]);
  });

  test("the log is trimmed below every job's checkpoint, never what a job still needs", () => {
    const harness = harnessOf({ retention: { time: "1 min", bytesPerShard: 1 * MiB } });
    for (let second = 0; second < 20; second++) harness.append([["a", at(second)]]);
    harness.pass(120_000);
    harness.turn(() => harness.partition.trim());
    expect(harness.partition.log.firstOffset).toBe(1);
    harness.settle();
    harness.checkpoint();
    expect(harness.partition.log.firstOffset).toBe(21);
    harness.crash();
    harness.append([["a", at(30)]]);
    harness.settle();
    expect(statusOf(harness)?.counts.rows).toBe(21);
  });
});

describe("letters", () => {
  test("are paged, in order, across checkpoints and restarts", () => {
    const harness = harnessOf();
    harness.append([["a", at(1000)]]);
    for (let frame = 0; frame < 5; frame++) {
      harness.append([
        ["late", at(frame)],
        ["late", at(frame + 1)],
      ]);
      harness.settle();
      if (frame % 2 === 0) harness.checkpoint();
      if (frame === 3) harness.crash();
    }
    harness.settle();
    const seen: string[] = [];
    for (let after: LetterPlace | undefined, page = 0; page < 9; page++) {
      const { letters, next } = harness.partition.letters.read({ job: "job", after, limit: 3 });
      seen.push(...letters.map(({ offset, row }) => `${offset}.${row}`));
      after = next;
      if (!next) break;
    }
    expect(seen).toEqual([2, 3, 4, 5, 6].flatMap((offset) => [`${offset}.0`, `${offset}.1`]));
  });

  test("rejected records are read back from the log", () => {
    const harness = harnessOf();
    const bytes = new TextEncoder().encode("{oops");
    const rejected = [
      { record: 3, column: 2, reason: 1 as const, field: undefined, message: "no JSON", bytes },
    ];
    harness.turn(() => harness.partition.append([harness.request(harness.frame([["a", at(1)]], rejected))]));
    const { letters } = harness.partition.letters.read({ reasons: ["rejected"], limit: 10 });
    expect(letters).toMatchObject([
      { offset: 1, row: 0, reason: "rejected", message: "no JSON", content: { record: 3, text: "{oops" } },
    ]);
    expect(harness.partition.status()?.counts).toMatchObject({ rows: 1, rejected: 1 });
  });
});
