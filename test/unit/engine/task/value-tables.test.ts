/** What is kept of a key's values, and that it goes with the key. */
import { describe, expect, test } from "vitest";
import { TableFamily } from "../../../../src/engine/state/window-directory.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "team", type: "STRING" },
    { name: "amount", type: "INT" },
  ],
  eventTime: { column: "time" },
};

/** The largest amount and the last team of each user; of each team the least and largest of these. */
const job = {
  ...{ source: "events", key: ["user"], retention: "1h" },
  aggregates: {
    team: { function: "last_value", argument: "team" },
    amount: { function: "max", argument: "amount" },
  },
  steps: [
    {
      ...{ key: ["team"], retention: "1h" },
      aggregates: {
        fewest: { function: "min", argument: "amount" },
        most: { function: "max", argument: "amount" },
        mean: { function: "max", argument: ["cast", "amount", "DOUBLE"] },
      },
    },
  ],
};

const time = "1970-01-01 00:00:01";

function append(
  harness: StagesHarness,
  ...rows: readonly (readonly [string, string, number | null])[]
): void {
  harness.append(rows.map(([user, team, amount]): Row => [user, time, team, amount]));
  harness.settle();
}

function valueCells({ stages }: StagesHarness): number[] {
  const [task] = stages[1]?.[0]?.partition.jobs.tasks() ?? [];
  return [0, 1, 2].map((index) => {
    const keyed = task?.tables.find(TableFamily.Values, index)?.keyed;
    return keyed ? [...keyed.cells()].length : 0;
  });
}

function pass(harness: StagesHarness, ms: number): void {
  for (const partition of harness.all) partition.pass(ms);
}

describe("the least and the largest of rows that may be taken back", () => {
  test("are those of the rows that there are", () => {
    const harness = new StagesHarness({ stream }, job);
    append(harness, ["a", "x", 5], ["b", "x", 7], ["c", "x", -2], ["d", "y", null]);
    expect(harness.rows()).toEqual([
      ["x", -2, 7, 7, false],
      ["y", null, null, null, false],
    ]);
    append(harness, ["c", "y", 9]);
    expect(harness.rows()).toEqual([
      ["x", 5, 7, 7, false],
      ["y", 9, 9, 9, false],
    ]);
    append(harness, ["a", "y", 1], ["b", "y", 1]);
    expect(harness.rows()).toEqual([["y", 5, 9, 9, false]]);
  });

  test("are nothing again where only rows without a value are left, and leave nothing behind", () => {
    const harness = new StagesHarness({ stream }, job);
    append(harness, ["a", "x", 5], ["d", "x", null]);
    expect(harness.rows()).toEqual([["x", 5, 5, 5, false]]);
    append(harness, ["a", "y", 5]);
    expect(harness.rows()).toEqual([
      ["x", null, null, null, false],
      ["y", 5, 5, 5, false],
    ]);
    expect(valueCells(harness)).toEqual([1, 1, 1]);
  });

  test("are forgotten with a key that has expired, when it comes again", () => {
    const harness = new StagesHarness({ stream }, job);
    append(harness, ["a", "x", 5], ["b", "x", 9]);
    pass(harness, 3_600_001);
    append(harness, ["c", "x", 7]);
    expect(harness.rows()).toEqual([["x", 7, 7, 7, false]]);
  });

  test("are swept with keys that never come again", () => {
    const harness = new StagesHarness({ stream }, job);
    append(harness, ["a", "x", 5], ["b", "z", 9]);
    expect(valueCells(harness)).toEqual([2, 2, 2]);
    for (let hour = 0; hour < 2; hour++) {
      pass(harness, 3_600_001);
      append(harness, ["c", "y", hour]);
    }
    expect(harness.rows()).toEqual([["y", 1, 1, 1, false]]);
    expect(valueCells(harness)).toEqual([1, 1, 1]);
  });
});
