/**
 * Windows of partitions that were at different times when a savepoint was taken: each fires once, whichever
 * partition has its keys then.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import { maxWatermark, RecordKind } from "../../../../src/engine/log/records.ts";
import type { DataflowDefinition, WindowShape, WindowTime } from "../../../../src/protocol/dataflow.ts";
import { windowsOf } from "../../../../src/sql/batch/windows-of.ts";
import { chainStream, chainTypes, rowOf } from "../../../support/chain-harness.ts";
import {
  aggregate,
  bigint,
  dataflow,
  eventsSource,
  int,
  string,
  timestamp,
} from "../../../support/dataflows.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

type GridShape = Exclude<WindowShape, { kind: "session" }>;

const shape = fc.constantFrom<GridShape>(
  { kind: "tumble", sizeMs: 10_000, offsetMs: 0 },
  { kind: "hop", sizeMs: 10_000, slideMs: 5_000, offsetMs: 0 },
  { kind: "hop", sizeMs: 9_000, slideMs: 3_000, offsetMs: 1_000 },
  { kind: "cumulate", sizeMs: 12_000, stepMs: 4_000, offsetMs: 0 },
);

const parallelism = fc.integer({ min: 1, max: 4 });

/** Rows per user and window, told one after the other. */
function counts(window: WindowShape, time: WindowTime, partitions: number): DataflowDefinition {
  const fields = ["user", "n", "end"].map((name, index) => {
    return { name, type: [string, bigint, timestamp][index] ?? int };
  });
  return dataflow(
    eventsSource(chainTypes),
    {
      uid: "counts",
      inputs: [{ stage: 0, operator: { port: 0 }, key: [0], types: chainTypes }],
      parallelism: partitions,
      operators: [
        {
          ...{
            operator: "window aggregate",
            inputs: [{ port: 0 }],
            key: [0],
            keyTypes: [string],
            window,
            time,
          },
          ...{ aggregates: [aggregate("COUNT", bigint)], isRetracting: false, isLegacy: false },
          ...{ latenessMs: 0, properties: [{ property: "end", type: timestamp }] },
        },
      ],
      sinks: [],
    },
    {
      uid: "told",
      inputs: [{ stage: 1, operator: { operator: 0 }, key: [], types: fields.map(({ type }) => type) }],
      operators: [],
      sinks: [
        { sink: "changelog", name: "out", of: { port: 0 }, columns: fields, retentionMs: 3_600_000_000 },
      ],
    },
  );
}

const users = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];

const rowsArbitrary = fc.array(
  fc.record({ user: fc.constantFrom(...users), second: fc.integer({ min: 0, max: 40 }) }),
  { minLength: 1, maxLength: 30, size: "max" },
);

function toldBy(harness: StagesHarness, run: number): unknown[][] {
  return harness.last.flatMap((each) =>
    each.scan("job", {}, run).rows.map(({ values }) => Object.values(values).slice(1)),
  );
}

/** Savepoints in a row, with nothing in between but the first. */
function restarted(old: StagesHarness, parallelisms: readonly number[], job: (count: number) => object) {
  let harness = old;
  for (const [index, partitions] of parallelisms.entries()) {
    harness.beginSavepoint(index + 1);
    harness.settle();
    harness = harness.restart(harness.upload(), job(partitions));
  }
  return harness;
}

const run = fc.record({
  before: parallelism,
  after: fc.array(parallelism, { minLength: 1, maxLength: 3 }),
  /** By partition, how many seconds it is ahead of the source, as one whose channels are all idle. */
  ahead: fc.array(fc.nat(50), { minLength: 4, maxLength: 4 }),
  crashed: fc.nat(5),
});

test("windows by event time fire once, in partitions that were put together", { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(shape, rowsArbitrary, run, (window, rows, { before, after, ahead, crashed }) => {
      const job = (partitions: number) => counts(window, { column: 1 }, partitions);
      const old = new StagesHarness({ stream: chainStream, checkpointTurnBytes: 1 }, job(before));
      old.append(rows.map(({ user, second }) => rowOf([user, second, 1, RowKind.Insert])));
      // The watermark is that of the newest row: what comes with it is not late.
      old.settle();
      for (const [index, each] of (old.stages[1] ?? []).entries()) {
        const time = BigInt((ahead[index] ?? 0) * 1000);
        each.turn(() => each.partition.log.appendWatermark(RecordKind.Tick, time));
      }
      old.settle();
      const restored = restarted(old, after, job);
      restored.all[crashed % restored.all.length]?.crash();
      restored.source.turn(() => restored.source.partition.setWatermark(1, maxWatermark));
      restored.settle();
      const expected = new Map<string, number>();
      for (const { user, second } of rows) {
        for (const [, end] of windowsOf(second * 1000, window)) {
          const name = `${user} ${end / 1000}`;
          expected.set(name, (expected.get(name) ?? 0) + 1);
        }
      }
      const told = toldBy(restored, 1 + after.length).map(([kind, user, n, end]) => {
        expect(kind).toBe("+I");
        return `${user} ${Date.parse(`${String(end).replace(" ", "T")}Z`) / 1000}: ${n}`;
      });
      expect(told.sort()).toEqual([...expected].map(([name, n]) => `${name}: ${n}`).sort());
    }),
    { numRuns: 60 },
  );
});

test("windows by the clock fire once, in partitions that were put together", { timeout: 120_000 }, () => {
  const hops: WindowShape = { kind: "hop", sizeMs: 10_000, slideMs: 5_000, offsetMs: 0 };
  const job = (partitions: number) => counts(hops, { processing: true }, partitions);
  const hear = (harness: StagesHarness, secondsOf: (index: number) => number) => {
    for (const [index, each] of (harness.stages[1] ?? []).entries()) {
      each.pass(secondsOf(index) * 1000);
      each.turn(() => each.partition.heartbeat());
    }
    harness.settle();
  };
  fc.assert(
    fc.property(rowsArbitrary, run, (rows, { before, after, ahead, crashed }) => {
      const old = new StagesHarness({ stream: chainStream, checkpointTurnBytes: 1 }, job(before));
      for (const { user, second } of rows) old.append([rowOf([user, second, 1, RowKind.Insert])]);
      old.settle();
      hear(old, (index) => ahead[index] ?? 0);
      const restored = restarted(old, after, job);
      restored.all[crashed % restored.all.length]?.crash();
      restored.settle();
      hear(restored, () => 100);
      const told = toldBy(restored, 1 + after.length);
      expect(told.reduce((sum, [, , n]) => sum + Number(n), 0)).toBe(rows.length * 2);
      expect(new Set(told.map(([, user, , end]) => `${user} ${end}`)).size).toBe(told.length);
    }),
    { numRuns: 40 },
  );
});
