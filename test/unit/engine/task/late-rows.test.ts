/** Steps over the rows that came too late for another: which they count, and what becomes of the rest. */
import { expect, test } from "vitest";
import { graphColumns } from "../../../arbitraries/graphs.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const minute = 60_000;
const stream = { columns: graphColumns, eventTime: { column: "time" } };
const counting = { n: { function: "count" }, v: { function: "sum", argument: "v" } };
const job = {
  ...{ source: "events", key: ["user"], parallelism: 2, retention: "forever", aggregates: counting },
  window: { type: "tumble", size: minute },
};

/** Rows of one user and a value, at so many minutes. */
function rowsAt(...times: readonly number[]) {
  return times.map((at) => [
    "ann",
    "pen",
    new Date(at * minute).toISOString().slice(0, 19).replace("T", " "),
    1,
  ]);
}

test("one without a window counts them all, one with a window within its allowedLateness", () => {
  const late = { input: "step-0.late", key: ["item"], aggregates: counting, retention: "forever" };
  const windowed = { ...late, window: { type: "tumble", size: minute }, allowedLateness: 5 * minute };
  const harness = new StagesHarness({ stream }, { ...job, steps: [late, windowed] });
  harness.append(rowsAt(0, 10));
  harness.settle();
  harness.append(rowsAt(1, 7, 8, 11));
  harness.settle();
  expect(harness.rows(2)).toEqual([["pen", 3, 3, false]]);
  expect(harness.rows(3)).toEqual([
    ["pen", "1970-01-01 00:07:00", "1970-01-01 00:08:00", 1, 1, true],
    ["pen", "1970-01-01 00:08:00", "1970-01-01 00:09:00", 1, 1, true],
  ]);
  expect([1, 2, 3].map((stage) => harness.counts(stage).late)).toEqual([3, 0, 1]);
  const letters = harness.stages.map((stage) =>
    stage.flatMap(({ partition }) => partition.letters.read({ job: "job", limit: 10 }).letters),
  );
  expect(letters.map((of) => of.map(({ message }) => message))).toEqual([
    [],
    [540_000, 180_000, 120_000].map((behind) => `late: its time is ${behind} ms behind the watermark`),
    [],
    ["late: its time is 540000 ms behind the watermark"],
  ]);
});

test("the late rows of late rows are read as well", () => {
  const late = { input: "step-0.late", key: ["item"], aggregates: counting, retention: "forever" };
  const windowed = { ...late, window: { type: "tumble", size: minute }, allowedLateness: 5 * minute };
  const later = { ...late, input: "step-1.late", key: ["user"] };
  const harness = new StagesHarness({ stream }, { ...job, steps: [windowed, later] });
  harness.append(rowsAt(0, 10));
  harness.settle();
  harness.append(rowsAt(1, 2, 8));
  harness.settle();
  expect(harness.rows(3)).toEqual([["ann", 2, 2, false]]);
});

test("changes that come too late are changes there too", () => {
  const sums = { uid: "sums", key: ["n"], aggregates: { k: { function: "count" } } };
  const short = { ...sums, window: { type: "tumble", size: minute } };
  const late = {
    input: "sums.late",
    key: ["n"],
    retention: "forever",
    aggregates: { k: { function: "count" } },
  };
  const first = { ...job, allowedLateness: 60 * minute };
  const harness = new StagesHarness({ stream }, { ...first, steps: [short, late] });
  harness.append(rowsAt(0, 10));
  harness.settle();
  // The window of the first minute has fired with one row: it has two, then three, and both come too late.
  harness.append(rowsAt(0));
  harness.settle();
  harness.append(rowsAt(0));
  harness.settle();
  expect(harness.rows(1).map((row) => row.slice(3))).toContainEqual([3, 3, true]);
  expect(harness.rows(3)).toEqual([[3, 1, false]]);
});
