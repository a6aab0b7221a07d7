/**
 * A job that fails at a row or a record: it says where, tries again, and goes on without it when told to. The
 * other jobs and the log notice nothing.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../../../src/base/errors.ts";
import { restartBackoffMsMin } from "../../../src/base/limits.ts";
import type { FailurePlace } from "../../../src/engine/partition-types.ts";
import type { Task } from "../../../src/engine/task/task.ts";
import { scalarFunction, UserFunctions } from "../../../src/interpreter/user-functions.ts";
import { ChainHarness, rowOf } from "../../support/chain-harness.ts";
import { call, input, int, string, timestamp } from "../../support/dataflows.ts";

const projection = [input(0, string), input(1, timestamp), call("user:checked", int, input(2, int))];
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };

/** Amounts at which the function fails, and how. */
let refused: Map<unknown, Error>;
let harness: ChainHarness;

const checked = scalarFunction({
  name: "checked",
  arguments: ["INT"],
  returns: "INT",
  evaluate: (amount: number | null) => {
    const error = refused.get(amount);
    if (error) throw error;
    return amount;
  },
});

beforeEach(() => {
  refused = new Map();
  harness = new ChainHarness([{ operator: "calc", inputs: [{ port: 0 }], projection }], {
    functions: () => new UserFunctions([checked]),
  });
  harness.partition.startJob("other", counting, 2);
});

function append(...amounts: readonly number[]): void {
  harness.partition.append(amounts.map((amount, second) => rowOf(["ann", second, amount])));
}

/** Works until nothing is left to do now. */
function settle(): void {
  for (let slice = 0; slice < 1000; slice++) {
    if (harness.partition.turn(() => harness.partition.partition.step()) === 0) return;
  }
  throw new Error("the partition works without end");
}

function statusOf(run = 1) {
  const statuses = harness.partition.turn(() => harness.partition.partition.jobs.statuses());
  const status = statuses.find((each) => each.run === run);
  if (!status) throw new Error(`run ${run} is here`);
  return status;
}

function skip(at: Pick<FailurePlace, "offset" | "row">): boolean {
  const { jobs } = harness.partition.partition;
  return harness.partition.turn(() => jobs.mend(1, { skip: at }));
}

function letters() {
  return harness.partition.partition.letters.read({ job: "job", limit: 100 }).letters;
}

describe("a row at which an operator throws", () => {
  beforeEach(() => {
    refused.set(3, new Error("three is too many"));
    append(1, 2);
    append(4, 3, 5);
    append(6);
    settle();
  });

  test("stops its job there: operator, offset, row, values, message, since when and how often", () => {
    expect(statusOf()).toMatchObject({ state: "failed", appliedOffset: 1, lagRecords: 2 });
    expect(statusOf().error).toMatchObject({
      code: "SQL_EVALUATION_FAILED",
      message: expect.stringContaining("three is too many"),
      at: { operator: "calc (operator 0)", offset: 2, row: 1, content: '["ann",{"integer":"1000000000"},3]' },
      since: harness.partition.ports.clock.time,
      attempts: 2,
    });
    harness.partition.crash();
    expect(statusOf().error).toMatchObject({ at: { offset: 2, row: 1 } });
  });

  test("costs the other jobs and the stream nothing", () => {
    expect(statusOf(2)).toMatchObject({ state: "running", appliedOffset: 3, error: undefined });
    expect(harness.partition.append([rowOf(["bob", 9, 3])]).status).toBe("logged");
    settle();
    expect(harness.partition.rows("other", {}, 2)).toEqual([
      ["ann", 6, false],
      ["bob", 1, false],
    ]);
    expect(harness.partition.partition.hasReadyWork).toBe(false);
  });

  test("goes on where it stood when the code is mended and the job resumed: nothing lost or doubled", () => {
    refused.clear();
    settle();
    expect(statusOf().state).toBe("failed");
    harness.wish("running");
    settle();
    expect(statusOf()).toMatchObject({ state: "running", error: undefined, counts: { rows: 6, bad: 0 } });
    expect(amountsOf(harness.changes())).toEqual([1, 2, 4, 3, 5, 6]);
  });

  test("fails again when the job is resumed and nothing was mended", () => {
    harness.wish("running");
    settle();
    expect(statusOf()).toMatchObject({ state: "failed", error: { at: { offset: 2, row: 1 }, attempts: 2 } });
  });

  test("is left out when that is asked for, once, and kept as a letter; a replay leaves out the same", () => {
    expect([skip({ offset: 2, row: 1 }), skip({ offset: 2, row: 1 })]).toEqual([true, true]);
    harness.wish("running");
    settle();
    expect(skip({ offset: 2, row: 1 })).toBe(false);
    const counts = { rows: 5, bad: 1 };
    const letter = { offset: 2, message: expect.stringMatching(/^skipped: calc .* three is too many/) };
    const letterOfRow = [{ ...letter, content: { values: ["ann", { integer: "1000000000" }, 3] } }];
    // From the log behind the last checkpoint, and from the checkpoint.
    for (const _ of [1, 2, 3]) {
      expect(statusOf()).toMatchObject({ state: "running", error: undefined, counts });
      expect(amountsOf(all())).toEqual([1, 2, 4, 5, 6]);
      expect(letters()).toMatchObject(letterOfRow);
      harness.partition.crash();
      settle();
      if (_ === 2) harness.partition.checkpoint();
    }
  });

  test("is not left out by a request that names another one", () => {
    for (const at of [{ offset: 2, row: 0 }, { offset: 3 }, { offset: 3, row: 1 }]) {
      expect(() => skip(at)).toThrow(/failed at row 1 of offset 2, not at .*offset [23]/);
    }
    expect(skip({ offset: 1 })).toBe(false);
    harness.wish("running");
    settle();
    expect(statusOf().state).toBe("failed");
  });

  test("may take its whole record with it", () => {
    skip({ offset: 2 });
    harness.wish("running");
    settle();
    expect(amountsOf(harness.changes())).toEqual([1, 2, 6]);
    expect(letters().map(({ content }) => content)).toMatchObject(
      [4, 3, 5].map((amount) => ofAmount(amount)),
    );
    expect(statusOf().counts).toMatchObject({ rows: 3, bad: 3 });
  });

  test("of several each is named in its turn", () => {
    refused.set(5, new Error("nor is five"));
    skip({ offset: 2, row: 1 });
    harness.wish("running");
    settle();
    expect(statusOf().error).toMatchObject({ at: { offset: 2, row: 2 } });
    expect(skip({ offset: 2, row: 1 })).toBe(false);
    skip({ offset: 2, row: 2 });
    harness.wish("running");
    settle();
    expect(amountsOf(harness.changes())).toEqual([1, 2, 4, 6]);
  });
});

describe("a job that runs", () => {
  test("leaves out nothing", () => {
    append(1, 2);
    expect(() => skip({ offset: 1, row: 0 })).toThrow(/has not failed at a record here; row 0 of offset 1/);
    expect(() => harness.partition.partition.jobs.mend(9, { skip: { offset: 1 } })).toThrow(
      /No job of run 9/,
    );
  });
});

describe("what may pass by itself", () => {
  beforeEach(() => {
    refused.set(3, new EngineError("MEMORY_EXHAUSTED", { message: "no memory" }));
    append(1);
    append(3);
    settle();
  });

  test("is tried again after longer and longer times, which the status and the alarm tell", () => {
    const { ports, partition } = harness.partition;
    for (const [attempt, wait] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      const nextAttemptAt = ports.clock.time + wait * restartBackoffMsMin;
      expect(statusOf()).toMatchObject({
        state: "restarting",
        error: { code: "MEMORY_EXHAUSTED", attempts: attempt + 1, nextAttemptAt, at: { offset: 2, row: 0 } },
      });
      expect(partition.hasReadyWork).toBe(false);
      expect(partition.nextAlarm()).toBeLessThanOrEqual(nextAttemptAt);
      harness.partition.pass(wait * restartBackoffMsMin - 1);
      settle();
      expect(statusOf().error?.attempts).toBe(attempt + 1);
      harness.partition.pass(1);
      expect(partition.hasReadyWork).toBe(true);
      settle();
    }
  });

  test("lets the others go on meanwhile, and the job when it has passed", () => {
    append(4);
    settle();
    expect(statusOf(2)).toMatchObject({ state: "running", appliedOffset: 3 });
    refused.clear();
    harness.partition.pass(restartBackoffMsMin);
    settle();
    expect(statusOf()).toMatchObject({ state: "running", error: undefined, appliedOffset: 3 });
    expect(amountsOf(harness.changes())).toEqual([1, 3, 4]);
  });
});

test("a failure that comes once is tried again at once", () => {
  refused.set(2, new Error("once"));
  append(1);
  append(2);
  const { jobs } = harness.partition.partition;
  const [failing] = jobs.tasks;
  for (let slice = 0; slice < 100 && jobs.tasks.includes(failing as Task); slice++) {
    harness.partition.turn(() => harness.partition.partition.step());
  }
  // The kernel of before is not to be kept beside the new one.
  expect(jobs.tasks).toEqual([]);
  expect(statusOf()).toMatchObject({ state: "restarting", error: { attempts: 1, at: { offset: 2 } } });
  refused.clear();
  settle();
  expect(statusOf()).toMatchObject({ state: "running", error: undefined });
  expect(amountsOf(harness.changes())).toEqual([1, 2]);
});

function all(): string[] {
  const rows = harness.partition.scan("job").rows.map(({ values }) => Object.values(values).slice(1));
  return rows.map(([kind, ...values]) => `${kind}[${values.join(", ")}]`);
}

function amountsOf(changes: readonly string[]): number[] {
  return changes.map((change) => Number(/(\d+)\]$/.exec(change)?.[1]));
}

function ofAmount(amount: number): object {
  return { values: ["ann", expect.anything(), amount] };
}
