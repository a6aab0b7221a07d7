/**
 * Jobs on one partition: windows of every kind, lateness, checkpoints and restarts, on small inputs by hand.
 */
import { describe, expect, test, vi } from "vitest";
import { Slices } from "../../../../src/kernel/slices.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DOUBLE" },
    { name: "item", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};

const aggregates = {
  n: { function: "count" },
  total: { function: "sum", argument: "amount" },
  best: { function: "max", argument: "amount" },
};

const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

function harnessWith(job: Record<string, unknown>, options = {}): PartitionHarness {
  const harness = new PartitionHarness({ stream, ...options });
  harness.startJob("job", { source: "events", key: ["user"], aggregates, ...job });
  return harness;
}

describe("tumbling windows", () => {
  test("count, sum and maximum by user and window; open windows are not final", () => {
    const harness = harnessWith({ window: { type: "tumble", size: "10s" } });
    harness.append([
      ["a", at(1), 1, "x"],
      ["b", at(2), 5, "x"],
      ["a", at(3), 2, "x"],
      ["a", at(11), 7, "x"],
    ]);
    harness.settle();
    expect(harness.rows()).toEqual([
      ["a", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 2, 3, 2, true],
      ["a", "1970-01-01 00:00:10", "1970-01-01 00:00:20", 1, 7, 7, false],
      ["b", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 1, 5, 5, true],
    ]);
  });

  test("a late row is counted, kept as a letter and changes nothing", () => {
    const harness = harnessWith({ window: { type: "tumble", size: "10s" } });
    harness.append([["a", at(1), 1, "x"]]);
    harness.append([["a", at(21), 1, "x"]]);
    harness.append([["a", at(5), 100, "x"]]);
    harness.settle();
    expect(harness.rows()[0]).toEqual(["a", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 1, 1, 1, true]);
    expect(harness.partition.jobs.statuses()[0]?.counts).toEqual({ rows: 2, filtered: 0, late: 1, bad: 0 });
    const { letters } = harness.partition.letters.read({ job: "job", limit: 10 });
    expect(letters).toMatchObject([{ offset: 3, row: 0, content: { user: "a", amount: 100 } }]);
  });

  test("a late row within allowed lateness changes the fired window, later ones do not", () => {
    const harness = harnessWith({ window: { type: "tumble", size: "10s" }, allowedLateness: "10s" });
    harness.append([["a", at(1), 1, "x"]]);
    harness.append([["a", at(15), 1, "x"]]);
    harness.append([["a", at(5), 100, "x"]]);
    harness.append([["b", at(6), 100, "x"]]);
    harness.append([["a", at(20), 1, "x"]]);
    harness.append([["a", at(7), 1000, "x"]]);
    harness.settle();
    const first = harness.rows().filter((row) => row[1] === "1970-01-01 00:00:00");
    expect(first).toEqual([
      ["a", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 2, 101, 100, true],
      ["b", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 1, 100, 100, true],
    ]);
  });

  test("a restart after a checkpoint, and one without, lose and double nothing", () => {
    const harness = harnessWith({ window: { type: "tumble", size: "10s" } });
    harness.append([["a", at(1), 1, "x"]]);
    harness.settle();
    harness.checkpoint();
    harness.append([["a", at(2), 2, "x"]]);
    harness.settle();
    harness.crash();
    harness.append([["a", at(12), 2, "x"]]);
    harness.settle();
    expect(harness.rows()).toEqual([
      ["a", "1970-01-01 00:00:00", "1970-01-01 00:00:10", 2, 3, 2, true],
      ["a", "1970-01-01 00:00:10", "1970-01-01 00:00:20", 1, 2, 2, false],
    ]);
  });
});

describe("windows with few rows behind one with many", () => {
  const size = { window: { type: "tumble", size: "1s" } };

  test("take small pages", () => {
    const harness = harnessWith(size);
    harness.append(Array.from({ length: 600 }, (_, user) => [`user ${user}`, at(0), 1, "x"]));
    harness.append(Array.from({ length: 500 }, (_, second) => ["a", at(1 + second), 1, "x"]));
    harness.settle();
    harness.checkpoint();
    const [[bytes] = []] = harness.storage.run("SELECT sum(length(bytes)) FROM pages");
    // Pages of a kibibyte, and a few that are larger.
    expect(Number(bytes)).toBeLessThan(700 * 1024);
  });

  test("are not sorted for each that opens", () => {
    const harness = harnessWith(size);
    const sorts = vi.spyOn(Array.prototype, "sort");
    harness.append(Array.from({ length: 500 }, (_, row) => ["a", at((row * 7919) % 500), 1, "x"]));
    harness.settle();
    expect(sorts.mock.calls.length).toBeLessThan(50);
    sorts.mockRestore();
  });
});

describe("hopping windows", () => {
  test("a row counts in every window that holds it", () => {
    const harness = harnessWith({ window: { type: "hop", size: "20s", slide: "10s" } });
    harness.append([
      ["a", at(5), 1, "x"],
      ["a", at(15), 2, "x"],
    ]);
    harness.append([["a", at(35), 4, "x"]]);
    harness.settle();
    expect(harness.rows().map((row) => row.slice(1))).toEqual([
      ["1969-12-31 23:59:50", "1970-01-01 00:00:10", 1, 1, 1, true],
      ["1970-01-01 00:00:00", "1970-01-01 00:00:20", 2, 3, 2, true],
      ["1970-01-01 00:00:10", "1970-01-01 00:00:30", 1, 2, 2, true],
      ["1970-01-01 00:00:20", "1970-01-01 00:00:40", 1, 4, 4, false],
      ["1970-01-01 00:00:30", "1970-01-01 00:00:50", 1, 4, 4, false],
    ]);
  });

  test("a late row still counts in later windows that share its slice", () => {
    const harness = harnessWith({ window: { type: "hop", size: "20s", slide: "10s" } });
    harness.append([["a", at(5), 1, "x"]]);
    harness.append([["a", at(12), 2, "x"]]);
    harness.append([["a", at(6), 10, "x"]]);
    harness.append([["a", at(45), 2, "x"]]);
    harness.settle();
    expect(
      harness
        .rows()
        .filter((row) => row[6] === true)
        .map((row) => row.slice(2, 5)),
    ).toEqual([
      ["1970-01-01 00:00:10", 1, 1],
      ["1970-01-01 00:00:20", 3, 13],
      ["1970-01-01 00:00:30", 1, 2],
    ]);
  });
});

describe("allowed lateness", () => {
  test("of a window of many slides costs nothing while no row is late", () => {
    const select = vi.spyOn(Slices.prototype, "selectFired");
    try {
      const window = { type: "hop", size: "1h", slide: "5s" };
      const harness = harnessWith({ window, allowedLateness: "1 min" });
      for (let second = 1; second < 100; second++) harness.append([["a", at(second), 1, "x"]]);
      harness.settle();
      expect(select.mock.calls.length).toBeLessThan(100);
      harness.append([["a", at(90), 1, "x"]]);
      harness.settle();
      expect(harness.rows().filter((row) => row[3] === 100).length).toBeGreaterThan(600);
    } finally {
      select.mockRestore();
    }
  });
});

describe("cumulating windows", () => {
  test("each window starts with the largest and grows by the step", () => {
    const harness = harnessWith({ window: { type: "cumulate", size: "30s", step: "10s" } });
    harness.append([
      ["a", at(5), 1, "x"],
      ["a", at(15), 2, "x"],
    ]);
    harness.append([["a", at(31), 4, "x"]]);
    harness.settle();
    expect(
      harness
        .rows()
        .filter((row) => row[6] === true)
        .map((row) => row.slice(1, 5)),
    ).toEqual([
      ["1970-01-01 00:00:00", "1970-01-01 00:00:10", 1, 1],
      ["1970-01-01 00:00:00", "1970-01-01 00:00:20", 2, 3],
      ["1970-01-01 00:00:00", "1970-01-01 00:00:30", 2, 3],
    ]);
  });
});

describe("no window", () => {
  test("an aggregate that is never final", () => {
    const harness = harnessWith({ key: [], aggregates: { n: { function: "count" } } });
    harness.append([
      ["a", at(5), 1, "x"],
      ["b", at(1), 2, "x"],
    ]);
    harness.append([["c", at(2), 4, "x"]]);
    harness.settle();
    expect(harness.rows()).toEqual([[3, false]]);
  });
});

describe("many aggregates of strings", () => {
  test.each([12, 20, 64])(
    "%i of them keep strings that fit a page together; a longer one is a letter",
    (count) => {
      const names = Array.from({ length: count }, (_, index) => `c${index}`);
      const columns = [...stream.columns.slice(0, 2), ...names.map((name) => ({ name, type: "STRING" }))];
      const harness = new PartitionHarness({ stream: { columns, eventTime: stream.eventTime } });
      const maxima = names.map((name) => [`max_${name}`, { function: "max", argument: name }]);
      harness.startJob("job", { source: "events", key: ["user"], aggregates: Object.fromEntries(maxima) });
      const longest = count === 12 ? 2048 : Math.floor(26_624 / (count + 1) / 8) * 8;
      const key = "k".repeat(2048);
      for (const letter of ["a", "b", "c"]) {
        harness.append([[key, at(1), ...names.map(() => letter.repeat(longest))]]);
        harness.append([[key, at(1), ...names.map(() => "d".repeat(longest + 1))]]);
        harness.settle();
      }
      expect(harness.rows()).toEqual([[key, ...names.map(() => "c".repeat(longest)), false]]);
      expect(harness.partition.jobs.statuses()[0]?.counts).toMatchObject({ rows: 3, bad: 3 });
      expect(harness.partition.letters.read({ job: "job", limit: 9 }).letters[0]?.message).toContain(
        `${longest} bytes`,
      );
    },
  );
});
