/** What runs on kernels gives the rows that are interpreted: over all events at once, and as a dataflow. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonScalar } from "../../../../src/columnar/values.ts";
import { rowsOfView } from "../../../../src/host/query/rows-of-view.ts";
import { decodeResult, encodeResult } from "../../../../src/interpreter/values/result-json.ts";
import type { Row } from "../../../../src/interpreter/values/sql-value.ts";
import { type JobDefinition, jobBodyOf } from "../../../../src/protocol/job-spec.ts";
import { evaluateRelation } from "../../../../src/sql/batch/evaluate-relation.ts";
import type { InsertPlan, ScanRelation } from "../../../../src/sql/bind/logical-plan.ts";
import { streamOfTable } from "../../../../src/sql/catalog/stream-of-table.ts";
import type { TableDefinition } from "../../../../src/sql/catalog/table-definition.ts";
import { planDataflow } from "../../../../src/sql/plan/lower-insert.ts";
import { lowerToJob } from "../../../../src/sql/plan/lower-to-job.ts";
import { eventRow, eventsTable, kernelQuery } from "../../../arbitraries/kernel-queries.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";
import { planText } from "../../../support/sql-statements.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

type Event = readonly JsonScalar[];

/** Ten hours later: all windows of others are over. */
const lastEvent: Event = ["zoe", null, null, null, null, null, null, null, 36_000_000];

function viewRows(job: JobDefinition, table: TableDefinition, frames: readonly (readonly Event[])[]) {
  const options = { stream: undefined, definition: streamOfTable(table) };
  const body = jobBodyOf(job);
  if (job.parallelism === undefined) {
    const harness = new PartitionHarness(options);
    harness.startJob("job", body);
    for (const frame of frames) harness.append(frame);
    harness.settle();
    return harness.scan().rows;
  }
  const stages = new StagesHarness(options, body);
  for (const frame of frames) {
    stages.append(frame);
    stages.settle();
  }
  return stages.last.flatMap((partition) => partition.scan().rows);
}

/** The rows of the table, from the engine. */
function onKernels(
  insert: InsertPlan,
  job: JobDefinition,
  table: TableDefinition,
  frames: readonly (readonly Event[])[],
) {
  return rowsOfView(viewRows(job, table, frames), wholeOf(insert.table), job.sql?.view);
}

/** A scan of all columns of a table. */
function wholeOf({ columns }: TableDefinition) {
  return { fields: columns, columns: columns.map(({ name }) => name) };
}

function interpreted({ input }: InsertPlan, events: readonly Event[]) {
  const rowOf = ({ table, fields }: ScanRelation, event: Event): Row => {
    const stored = table.columns.filter(({ computed }) => computed === undefined);
    return fields.map(({ name, type }) => {
      const json = event[stored.findIndex((column) => column.name === name)] ?? null;
      const value = type.name === "TIMESTAMP" ? BigInt(Number(json)) * 1_000_000n : decodeResult(json, type);
      return value ?? null;
    });
  };
  return evaluateRelation(input, {
    timeZone: "UTC",
    moment: { processingTime: 0, watermark: null, random: () => 0 },
    rowsOf: (each) => (each.node === "scan" ? events.map((event) => rowOf(each, event)) : undefined),
  });
}

function shown(rows: readonly Row[], { columns }: TableDefinition): string[] {
  return rows
    .map((row) => JSON.stringify(columns.map(({ type }, index) => encodeResult(row[index] ?? null, type))))
    .sort();
}

test("any query that fits, in one stage and in two", { timeout: 60_000 }, () => {
  const frames = fc.array(fc.array(eventRow, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  const parallelism = fc.constantFrom("0", "2");
  fc.assert(
    fc.property(kernelQuery, frames, parallelism, ({ text, isWindowed }, given, partitions) => {
      const options = { "parallelism.default": partitions };
      const { inserts, tables } = planText(eventsTable(60) + text, options);
      const choice = lowerToJob(inserts, options, "");
      if ("why" in choice) throw new Error(choice.why);
      const all = [...given, [lastEvent]];
      const insert = inserts[0] as InsertPlan;
      const model = interpreted(insert, all.flat()).filter(([user]) => !isWindowed || user !== "zoe");
      const made = onKernels(insert, choice.job, tables.get("events") as TableDefinition, all);
      expect(shown(made, insert.table)).toEqual(shown(model, insert.table));
    }),
    { numRuns: 150 },
  );
});

test("the same query as a dataflow, which rows are too late for as well", { timeout: 60_000 }, () => {
  const frames = fc.array(fc.array(eventRow, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 6 });
  let late = 0;
  fc.assert(
    fc.property(kernelQuery, frames, ({ text }, given) => {
      const { inserts, tables } = planText(eventsTable(1) + text);
      const choice = lowerToJob(inserts, {}, "");
      if ("why" in choice) throw new Error(choice.why);
      const { table } = inserts[0] as InsertPlan;
      const events = tables.get("events") as TableDefinition;
      const all = [...given, [lastEvent]];
      const options = { stream: undefined, definition: streamOfTable(events) };
      const flow = new StagesHarness(options, planDataflow(inserts, {}, ""));
      for (const frame of all) {
        flow.append(frame);
        flow.settle();
      }
      const rows = flow.last.flatMap((partition) => partition.scan().rows);
      const wanted = rowsOfView(rows, wholeOf(table), undefined);
      late += flow.all.reduce(
        (sum, { partition }) => sum + (partition.jobs.statuses()[0]?.counts.late ?? 0),
        0,
      );
      expect(shown(onKernels(inserts[0] as InsertPlan, choice.job, events, all), table)).toEqual(
        shown(wanted, table),
      );
    }),
    { numRuns: 60 },
  );
  expect(late).toBeGreaterThan(0);
});
