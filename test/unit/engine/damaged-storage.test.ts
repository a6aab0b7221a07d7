/**
 * Stored bytes that are not what was written: never a wrong value, one job fails and says what to do, the
 * others and the stream go on.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { PartitionHarness } from "../../support/partition-harness.ts";

const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const eventTime = { column: "time", outOfOrderness: "5s" };
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };
const at = "1970-01-01 00:00:01";

let harness: PartitionHarness;

beforeEach(() => {
  harness = new PartitionHarness({ stream: { columns, eventTime } });
  harness.startJob("job", counting);
});

/** Appends one record per name, in one row of the log. */
function appendTogether(...users: readonly string[]): void {
  const requests = users.map((user) => harness.request(harness.frame([[user, at]])));
  harness.turn(() => harness.partition.append(requests));
}

/** Changes one bit of what a statement finds, at a place from its end where that is negative. */
function flip(table: string, column: string, where: string, place: number): void {
  const { storage } = harness;
  const [row] = storage.run(`SELECT ${column} FROM ${table} WHERE ${where}`);
  const [value] = row ?? [];
  const text = typeof value === "string";
  const bytes = text ? new TextEncoder().encode(value) : (value as Uint8Array).slice();
  const index = place < 0 ? bytes.length + place : place;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  const damaged = text ? new TextDecoder().decode(bytes) : bytes;
  storage.run(`UPDATE ${table} SET ${column} = ? WHERE ${where}`, damaged);
  storage.commit();
}

function settle(): void {
  for (let slice = 0; slice < 1000; slice++) {
    if (harness.turn(() => harness.partition.step()) === 0) return;
  }
  throw new Error("the partition works without end");
}

function statusOf(run = 1) {
  const status = harness.turn(() => harness.partition.status());
  const found = status?.jobs.find((job) => job.run === run);
  if (!found) throw new Error(`run ${run} is here`);
  return found;
}

function resume(): void {
  const { plan } = harness.partition.jobs.taskOf("job");
  harness.wish({ job: "job", run: 1, state: "running", plan });
  settle();
}

function mend(...mending: Parameters<typeof harness.partition.jobs.mend>[1][]): void {
  for (const each of mending) harness.turn(() => harness.partition.jobs.mend(1, each));
}

/** Three rows of the log, of two records each from offset 2 on, that the job has not read. */
function withLog(): void {
  harness.append([["z", at]]);
  harness.settle();
  harness.checkpoint();
  appendTogether("a", "b");
  appendTogether("c", "d");
  appendTogether("e", "f");
  // Writes an acceptance row: the start of the log reads no row before it.
  harness.turn(() => harness.partition.log.trim(2, { timeMs: 0, bytesMax: 0 }));
}

describe("a damaged frame in the log", () => {
  beforeEach(() => {
    withLog();
    flip("log", "bytes", "offset = 4", -1);
    harness.crash();
    settle();
  });

  test("stops the job before its record, whose place and damage are told", () => {
    expect(statusOf()).toMatchObject({ state: "failed", appliedOffset: 4, lagRecords: 3 });
    expect(statusOf().error).toMatchObject({
      code: "FRAME_CORRUPT",
      message: expect.stringMatching(/checksum/),
      at: { operator: "read frame", offset: 5 },
    });
    expect(harness.append([["g", at]]).status).toBe("logged");
  });

  test("is left out on request, and the letter says so", () => {
    mend({ skip: { offset: 5 } });
    resume();
    expect(statusOf()).toMatchObject({ state: "running", appliedOffset: 7, counts: { rows: 6, bad: 1 } });
    expect(harness.rows().map(([user]) => user)).toEqual(["a", "b", "c", "e", "f", "z"]);
    const { letters } = harness.partition.letters.read({ job: "job", limit: 10 });
    expect(letters).toMatchObject([
      { offset: 5, reason: "bad", message: expect.stringMatching(/^skipped: read frame failed/) },
    ]);
  });
});

describe("a damaged row of the log", () => {
  beforeEach(() => {
    withLog();
    flip("log", "bytes", "offset = 4", 50);
    harness.crash();
    settle();
  });

  test("stops the job before it, says what to do, and how far behind it is; the stream goes on", () => {
    expect(statusOf()).toMatchObject({ state: "failed", appliedOffset: 3, lagRecords: 4 });
    expect(statusOf().lagBytes).toBeGreaterThan(0);
    expect(statusOf().error).toMatchObject({
      code: "FRAME_CORRUPT",
      message: expect.stringMatching(/log row at offset 4 is damaged.*Restore/s),
      at: { operator: "read log", offset: 4 },
    });
    expect(harness.append([["g", at]]).status).toBe("logged");
    expect(harness.partition.nextAlarm()).toBeDefined();
    harness.turn(() => harness.partition.trim());
  });

  test("is left out on request, with all its records", () => {
    mend({ skip: { offset: 4 } });
    resume();
    expect(statusOf()).toMatchObject({ state: "running", appliedOffset: 7, counts: { rows: 5, bad: 2 } });
    expect(harness.rows().map(([user]) => user)).toEqual(["a", "b", "e", "f", "z"]);
    harness.crash();
    settle();
    expect(harness.rows().map(([user]) => user)).toEqual(["a", "b", "e", "f", "z"]);
    const { letters } = harness.partition.letters.read({ job: "job", limit: 10 });
    expect(letters).toMatchObject([{ offset: 4, reason: "bad", content: { records: 2 } }]);
  });
});

describe("damaged state", () => {
  beforeEach(() => {
    harness.startJob("other", counting, 2);
    harness.append([["a", at]]);
    harness.settle();
    harness.checkpoint();
  });

  test.each([[0], [5], [40], [200], [-1]])("a page, at byte %d, fails its job when it is read", (place) => {
    flip("pages", "bytes", "task = 1 AND tbl = 1 AND slot = 0", place);
    harness.crash();
    harness.append([["a", at]]);
    settle();
    expect(statusOf()).toMatchObject({
      state: "failed",
      error: { code: expect.stringMatching(/STATE_CORRUPT|VERSION_UNKNOWN/), at: { offset: 2 } },
    });
    expect(() => harness.rows()).toThrow();
    expect(harness.rows("other", {}, 2)).toEqual([["a", 2, false]]);
  });

  test("a page's message says what to do", () => {
    flip("pages", "bytes", "task = 1 AND tbl = 1 AND slot = 0", -1);
    harness.crash();
    harness.append([["a", at]]);
    settle();
    expect(statusOf().error?.message).toMatch(/checksum.*savepoint/s);
  });

  test.each([[2], [30], [-40], [-3]])("a checkpoint, at byte %d, fails its job when it opens", (place) => {
    flip("checkpoints", "body", "task = 1", place);
    harness.crash();
    harness.append([["a", at]]);
    settle();
    expect(statusOf()).toMatchObject({
      state: "failed",
      error: { code: "STATE_CORRUPT", message: expect.stringMatching(/checkpoint of task 1.*savepoint/s) },
    });
    expect(harness.rows("other", {}, 2)).toEqual([["a", 2, false]]);
  });
});

describe("a job that has fallen behind", () => {
  beforeEach(() => {
    harness = new PartitionHarness({
      stream: { columns, eventTime, idleTimeout: "1 h" },
      identity: { retention: { timeMs: 60_000, bytesMax: 1 } },
    });
    harness.startJob("job", counting);
    harness.append([["a", at]]);
    harness.settle();
    harness.checkpoint();
    const { plan } = harness.partition.jobs.taskOf("job");
    harness.wish({ job: "job", run: 1, state: "paused", plan });
    for (const user of ["b", "c", "d"]) appendTogether(user, user);
    harness.pass(120_000);
    harness.turn(() => harness.partition.heartbeat());
    settle();
  });

  test("is marked when the log is held for it no longer: how far, and what it can do", () => {
    expect(harness.partition.log.firstOffset).toBe(8);
    expect(statusOf()).toMatchObject({
      state: "failed",
      error: {
        code: "JOB_FALLEN_BEHIND",
        message: expect.stringMatching(
          /needs offset 2.*begins at 8: 6 records are gone.*anew.*allowDataLoss/s,
        ),
        details: { neededOffset: 2, firstOffset: 8, missingRecords: 6 },
      },
    });
    expect(harness.append([["e", at]]).status).toBe("logged");
  });

  test("stays so when it is only resumed", () => {
    resume();
    expect(statusOf()).toMatchObject({ state: "failed", error: { code: "JOB_FALLEN_BEHIND" } });
  });

  test("goes on without what is gone when that is asked for, and tells how much that was", () => {
    mend({ allowDataLoss: true }, { allowDataLoss: true });
    harness.append([["a", at]]);
    resume();
    expect(statusOf()).toMatchObject({ state: "running", lostRecords: 6, appliedOffset: 8 });
    expect(harness.rows()).toEqual([["a", 2, false]]);
    harness.checkpoint();
    harness.crash();
    expect(statusOf()).toMatchObject({ lostRecords: 6, lagRecords: 0 });
  });
});

describe("a damaged row that says who the partition is", () => {
  test("is an error, not another partition", () => {
    flip("identity", "body", "id = 1", 20);
    expect(() => harness.crash()).toThrow(/whose partition this is: its checksum is/);
  });
});

describe("a damaged row that says by what a job failed", () => {
  test("leaves the job failed, and it can be resumed", () => {
    withLog();
    flip("log", "bytes", "offset = 4", -1);
    harness.crash();
    settle();
    flip("jobs", "error", "run = 1", 20);
    flip("log", "bytes", "offset = 4", -1);
    harness.crash();
    settle();
    expect(statusOf()).toMatchObject({ state: "failed", appliedOffset: 4, error: { code: "STATE_CORRUPT" } });
    resume();
    expect(statusOf()).toMatchObject({ state: "running", appliedOffset: 7, error: undefined });
  });
});

test("a damaged frame shows no rejected record that never came", () => {
  const bytes = new TextEncoder().encode("{no record");
  const bad = { record: 1, column: 2, reason: 1, field: undefined, message: "no JSON", bytes } as const;
  harness.turn(() => harness.partition.append([harness.request(harness.frame([], [bad]))]));
  const read = () => harness.partition.letters.read({ reasons: ["rejected"], limit: 10 });
  expect(read().letters).toMatchObject([{ content: { text: "{no record" } }]);
  // The last byte of the record's text.
  flip("log", "bytes", "offset = 1", -9);
  harness.crash();
  expect(read).toThrow(/checksum is wrong/);
  expect(() => harness.partition.letters.read({ places: [{ run: 0, offset: 1, row: 0 }], limit: 1 })).toThrow(
    /checksum is wrong/,
  );
});
