/** Rows of a view that no cell holds: kept as letters, while all others go on. */
import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import type { DataflowDefinition } from "../../../../src/protocol/dataflow.ts";
import { dataflow, string } from "../../../support/dataflows.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const { Insert, UpdateBefore, UpdateAfter } = RowKind;
const texts = Array.from({ length: 14 }, (_, index) => `t${index}`);

const stream = {
  columns: [
    { name: "id", type: "STRING" },
    { name: "kind", type: "INT" },
    ...texts.map((name) => ({ name, type: "STRING" })),
  ],
};

/** The last row of each id. */
function kept(): DataflowDefinition {
  const columns = ["id", ...texts].map((name) => ({ name, type: string }));
  const source = {
    uid: "source",
    source: { stream: "events", columns, kindColumn: "kind" },
    operators: [],
    sinks: [],
  };
  return dataflow(source, {
    uid: "view",
    inputs: [{ stage: 0, operator: { port: 0 }, key: [0], types: columns.map(({ type }) => type) }],
    parallelism: 2,
    operators: [],
    sinks: [{ sink: "view", name: "out", of: { port: 0 }, columns, retentionMs: null, key: [0] }],
  });
}

/** A row whose first so many texts are of so many bytes; others are null. */
function rowOf(id: string, kind: number, count: number, bytes: number) {
  return [id, kind, ...texts.map((_, index) => (index < count ? "ö".repeat(bytes / 2) : null))];
}

function shown(harness: StagesHarness): unknown[][] {
  return harness.rows().map(([id, first]) => [id, (first as string | null)?.length ?? null]);
}

function reasons(harness: StagesHarness): string[] {
  const letters = harness.last.flatMap(
    ({ partition }) => partition.letters.read({ job: "job", limit: 10 }).letters,
  );
  return letters.map(({ message }) => message);
}

test("texts and keys at their limits are kept, longer ones are letters", () => {
  const harness = new StagesHarness({ stream }, kept());
  const key = (bytes: number) => "k".repeat(bytes);
  harness.append([
    rowOf("at the limit", Insert, 13, 2048),
    rowOf("one text too long", Insert, 1, 2050),
    rowOf("too much in all", Insert, 14, 2048),
    rowOf("short", Insert, 1, 2),
    rowOf(key(2044), Insert, 0, 0),
    rowOf(key(2049), Insert, 0, 0),
  ]);
  harness.settle();
  expect(shown(harness).sort()).toEqual([
    ["at the limit", 1024],
    [key(2044), null],
    ["short", 1],
  ]);
  expect(reasons(harness).sort()).toEqual([
    "it has a text of more than 2048 bytes",
    "its key is longer than 2048 bytes",
    "its texts have more than 26624 bytes",
  ]);
  expect(
    harness.last.flatMap(({ partition }) => partition.jobs.statuses().map(({ state }) => state)),
  ).toEqual(["running", "running"]);
  expect(
    harness.last.reduce((sum, { partition }) => sum + (partition.jobs.statuses()[0]?.counts.bad ?? 0), 0),
  ).toBe(3);
});

test("a key whose row became too long has none, until one fits again", () => {
  const harness = new StagesHarness({ stream }, kept());
  const step = (...rows: readonly unknown[][]) => {
    harness.append(rows as never);
    harness.settle();
    return shown(harness);
  };
  expect(step(rowOf("a", Insert, 1, 4), rowOf("b", Insert, 1, 4))).toHaveLength(2);
  expect(step(rowOf("a", UpdateBefore, 1, 4), rowOf("a", UpdateAfter, 1, 4000))).toEqual([["b", 2]]);
  expect(step(rowOf("a", UpdateBefore, 1, 4000), rowOf("a", UpdateAfter, 1, 6)).sort()).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
  expect(reasons(harness)).toEqual(["it has a text of more than 2048 bytes"]);
});
