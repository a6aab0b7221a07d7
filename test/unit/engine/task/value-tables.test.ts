/** What is kept of a key's values, and that it goes with the key. */
import { describe, expect, test } from "vitest";
import {
  continuousWindow,
  ValuesTable,
  valuesFamily,
} from "../../../../src/engine/state/window-directory.ts";
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
  const [task] = stages[1]?.[0]?.partition.jobs.tasks ?? [];
  const places = [...(task?.plan.countedValues?.columns.keys() ?? [])];
  return places.map((place) => {
    const family = valuesFamily(place, ValuesTable.Values);
    const keyed = task?.tables.find(family, continuousWindow)?.keyed;
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
    expect(valueCells(harness)).toEqual([1, 1]);
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
    expect(valueCells(harness)).toEqual([2, 2]);
    for (let hour = 0; hour < 2; hour++) {
      pass(harness, 3_600_001);
      append(harness, ["c", "y", hour]);
    }
    expect(harness.rows()).toEqual([["y", 1, 1, 1, false]]);
    expect(valueCells(harness)).toEqual([1, 1]);
  });
});

describe("the first and the last of rows that may be taken back", () => {
  const ordered = {
    ...{ source: "events", key: ["user"], retention: "1h" },
    aggregates: {
      team: { function: "last_value", argument: "team" },
      amount: { function: "max", argument: "amount" },
    },
    steps: [
      {
        ...{ key: ["team"], retention: "1h" },
        aggregates: {
          first: { function: "first_value", argument: "amount" },
          last: { function: "last_value", argument: "amount" },
          earliest: { function: "first_value", argument: "user" },
          latest: { function: "last_value", argument: "user" },
          users: { function: "count", argument: "user", distinct: true },
        },
      },
    ],
  };

  test("go by arrival, and a row that changes comes anew", () => {
    const harness = new StagesHarness({ stream }, ordered);
    append(harness, ["a", "x", 5]);
    append(harness, ["b", "x", 7], ["c", "x", null]);
    expect(harness.rows()).toEqual([["x", 5, 7, "a", "c", 3, false]]);
    append(harness, ["a", "x", 9]);
    expect(harness.rows()).toEqual([["x", 7, 9, "b", "a", 3, false]]);
    append(harness, ["b", "y", 7]);
    expect(harness.rows()).toEqual([
      ["x", 9, 9, "c", "a", 2, false],
      ["y", 7, 7, "b", "b", 1, false],
    ]);
    append(harness, ["a", "y", 9], ["c", "y", null]);
    expect(harness.rows()).toEqual([["y", 7, 9, "b", "c", 3, false]]);
  });

  test("lose the earliest of equal values when one of them is taken back", () => {
    const harness = new StagesHarness({ stream }, ordered);
    for (const row of [
      ["a", "x", 5],
      ["b", "x", 7],
      ["c", "x", 5],
    ] as const) {
      append(harness, row);
    }
    append(harness, ["c", "y", 5]);
    expect(harness.rows()[0]).toEqual(["x", 7, 5, "a", "b", 2, false]);
  });

  test("are nothing where only nulls are left, and forgotten with a key that has expired", () => {
    const harness = new StagesHarness({ stream }, ordered);
    append(harness, ["a", "x", null], ["b", "x", 1]);
    append(harness, ["b", "y", 1]);
    expect(harness.rows()[0]).toEqual(["x", null, null, "a", "a", 1, false]);
    pass(harness, 3_600_001);
    append(harness, ["c", "x", 7]);
    expect(harness.rows()).toEqual([["x", 7, 7, "c", "c", 1, false]]);
  });
});

describe("values of windows", () => {
  const windowed = {
    ...{ source: "events", key: ["user"] },
    ...{ window: { type: "tumble", size: "1s" }, allowedLateness: "1h" },
    aggregates: { n: { function: "count" }, team: { function: "max", argument: "team" } },
    steps: [
      {
        ...{ key: [], window: { type: "tumble", size: "10s" }, allowedLateness: "10s" },
        aggregates: {
          fewest: { function: "min", argument: "n" },
          last: { function: "last_value", argument: "user" },
          first: { function: "first_value", argument: "team" },
          teams: { function: "count", argument: "team", distinct: true },
          least: { function: "min", argument: "team" },
        },
      },
    ],
  };
  const at = (seconds: number) => new Date(seconds * 1000).toISOString().replace("T", " ").replace("Z", "");
  const add = (harness: StagesHarness, ...rows: readonly (readonly [string, number, string | null])[]) => {
    harness.append(rows.map(([user, seconds, team]): Row => [user, at(seconds), team, null]));
    harness.settle();
  };
  const familiesOf = ({ last }: StagesHarness) => {
    const [task] = last[0]?.partition.jobs.tasks ?? [];
    if (!task) throw new Error("the stage has a task");
    const { countedValues } = task.plan;
    return (countedValues?.columns ?? []).flatMap((_, place) =>
      Object.values(ValuesTable).flatMap((table) => {
        const most = Number.MAX_SAFE_INTEGER;
        return task.tables.range(valuesFamily(place, table), -most, most, false, 1000);
      }),
    );
  };

  test("are those of each window, whose results late rows take back, and go when it closes", () => {
    const harness = new StagesHarness({ stream }, windowed);
    add(harness, ["a", 1, "x"], ["b", 2, "y"]);
    add(harness, ["c", 12, "z"]);
    add(harness, ["d", 14, "z"]);
    const found = () => harness.rows().map((row) => row.slice(2));
    expect(found()).toEqual([
      [1, "b", "x", 2, "x", true],
      [1, "c", "z", 1, "z", false],
    ]);
    add(harness, ["a", 1, "z"]);
    expect(found()[0]).toEqual([1, "a", "y", 2, "y", true]);
    const before = familiesOf(harness).length;
    expect(before).toBeGreaterThan(0);
    add(harness, ["e", 100, "z"]);
    add(harness, ["e", 200, "z"]);
    expect(found()[0]).toEqual([1, "a", "y", 2, "y", true]);
    const windows = familiesOf(harness).map(({ window }) => window);
    expect(windows.filter((end) => end <= 20_000)).toEqual([]);
  });
});

describe("distinct values of a key", () => {
  test("are forgotten with it where rows only come", () => {
    const harness = new StagesHarness(
      { stream },
      {
        ...{ source: "events", key: ["team"], parallelism: 2, retention: "1h" },
        aggregates: { users: { function: "count", argument: "user", distinct: true } },
      },
    );
    append(harness, ["a", "x", 1], ["b", "x", 1], ["a", "x", 1]);
    expect(harness.rows()).toEqual([["x", 2, false]]);
    pass(harness, 3_600_001);
    append(harness, ["a", "x", 1]);
    expect(harness.rows()).toEqual([["x", 1, false]]);
  });
});
