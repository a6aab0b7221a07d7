import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import type { DataflowDefinition, SinkDefinition } from "../../../../src/protocol/dataflow.ts";
import {
  aggregate,
  bigint,
  boolean,
  call,
  dataflow,
  input,
  int,
  literal,
  string,
} from "../../../support/dataflows.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "INT" },
    { name: "kind", type: "INT" },
  ],
  eventTime: { column: "time" },
};

const columns = [
  { name: "user", type: string },
  { name: "total", type: int },
  { name: "n", type: bigint },
];

const changelog: SinkDefinition = {
  sink: "changelog",
  name: "out",
  of: { port: 0 },
  columns,
  retentionMs: 3_600_000,
};

/** Sums per user of what is above 0; kept by the stage itself, or by one behind it. */
function totals(sink: SinkDefinition, isAlone: boolean, parallelism = 2): DataflowDefinition {
  const isRetracting = true;
  const source = {
    uid: "source",
    source: {
      stream: "events",
      columns: [
        { name: "user", type: string },
        { name: "amount", type: int },
      ],
      kindColumn: "kind",
    },
    operators: [
      {
        operator: "calc" as const,
        inputs: [{ port: 0 }],
        condition: call(">", boolean, input(1, int), literal(0, int)),
        projection: [input(1, int), input(0, string)],
      },
    ],
    sinks: [],
  };
  const group = {
    uid: "totals",
    inputs: [{ stage: 0, operator: { operator: 0 }, key: [1], types: [int, string] }],
    parallelism,
    operators: [
      {
        operator: "group aggregate" as const,
        inputs: [{ port: 0 }],
        key: [1],
        keyTypes: [string],
        aggregates: [aggregate("SUM", int, input(0, int)), aggregate("COUNT", bigint)],
        isRetracting,
        sendsUpdateBefore: true,
        isFolding: false,
      },
    ],
    sinks: isAlone ? [{ ...sink, of: { operator: 0 } }] : [],
  };
  if (isAlone) return dataflow(source, group);
  const last = {
    uid: "sink",
    inputs: [{ stage: 1, operator: { operator: 0 }, key: [], types: [string, int, bigint] }],
    operators: [],
    sinks: [sink],
  };
  return dataflow(source, group, last);
}

const time = "1970-01-01 00:00:00";
const { Insert, Delete } = RowKind;

const rows = [
  ["ann", time, 3, Insert],
  ["bob", time, 1, Insert],
  ["ann", time, 4, Insert],
  ["cid", time, -1, Insert],
  ["bob", time, 1, Delete],
  [null, time, 9, Insert],
] as const;

function changes(harness: StagesHarness): unknown[][] {
  return harness.last.flatMap((each) =>
    each.scan("job").rows.map(({ values }) => Object.values(values).slice(1)),
  );
}

test("a changelog has the rows of an aggregate with their kinds in order", () => {
  const harness = new StagesHarness({ stream }, totals(changelog, false));
  for (const row of rows) {
    harness.append([row]);
    harness.settle();
  }
  expect(changes(harness)).toEqual([
    ["+I", "ann", 3, 1],
    ["+I", "bob", 1, 1],
    ["-U", "ann", 3, 1],
    ["+U", "ann", 7, 2],
    ["-D", "bob", 1, 1],
    ["+I", null, 9, 1],
  ]);
});

test("a view has the last row of each key, where a query looks for it", () => {
  const view: SinkDefinition = { ...changelog, sink: "view", key: [0], retentionMs: null };
  const harness = new StagesHarness({ stream }, totals(view, true, 3));
  for (const row of rows) harness.append([row]);
  harness.settle();
  expect(harness.rows()).toEqual([
    ["ann", 7, 2, false],
    [null, 9, 1, false],
  ]);
});

test("what a run kept goes on at another parallelism, behind a savepoint", () => {
  const harness = new StagesHarness({ stream }, totals(changelog, false, 2));
  harness.append(rows);
  harness.settle();
  harness.beginSavepoint(7);
  harness.settle();
  const restored = harness.restart(harness.upload(), totals(changelog, false, 5));
  restored.append([["ann", time, 1, Insert]]);
  restored.settle();
  const all = restored.last.flatMap((each) => each.scan("job", {}, 2).rows.map(({ values }) => values));
  expect(all.slice(-2).map((values) => Object.values(values))).toEqual([
    [6, "-U", "ann", 7, 2],
    [7, "+U", "ann", 8, 3],
  ]);
});
