/**
 * What came to a branch of a job is what it was to read, and its view is made of that.
 */

import type { Schema } from "../../src/columnar/schema.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import type { ViewAnswer } from "../../src/protocol/answers.ts";
import { timeOf } from "../reference/orders-batch.ts";
import { groupRows } from "../reference/windowed-batch.ts";
import { canonical, checkArrived, countOf, noWindow } from "./check-life.ts";
import { differenceOf } from "./differences.ts";
import type { BranchInput, BranchPlan } from "./draw-branches.ts";
import { hasEventTime, hasWeights, readsRowsOf } from "./draw-branches.ts";
import type { JobPlan } from "./draw-life.ts";
import { hasKey, historiesOf } from "./histories.ts";
import { keptValuesOf } from "./kept-values.ts";
import { type JobRow, type LoggedRow, readerOf } from "./logged-rows.ts";
import type { StageLog } from "./stage-log.ts";

/** The rows of a frame that leads to a branch; `total` adds up `n`; what is taken back is negative. */
export function branchRowsOf(job: JobPlan, branch: BranchPlan, batch: ColumnBatch, schema: Schema): JobRow[] {
  const read = readerOf(batch, schema);
  const { key, twoPhase, inputs } = branch;
  const isWeighed = hasWeights(job, branch);
  const count = twoPhase && !isWeighed ? "count(*)" : isWeighed ? named("$weight", twoPhase) : undefined;
  const total = readsRowsOf(branch) ? count : named(isWeighed ? "$signed n" : "n", twoPhase);
  const isTimed = inputs.every((input) => hasEventTime(job, input));
  const rowTime = job.isUnion ? "event.time" : "time";
  const time = !isTimed ? undefined : readsRowsOf(branch) ? rowTime : "window_time";
  return Array.from({ length: batch.rows }, (_, row) => {
    const number = (name: string | undefined) => (name === undefined ? 1 : (read.number(name, row) ?? 0));
    return {
      time: time === undefined ? 0 : number(time),
      key: key === undefined ? null : read.text(key, row),
      ...{ n: number(count), total: number(total), least: null, first: null, last: null },
    };
  });
}

function named(column: string, isAddedUp: boolean): string {
  return isAddedUp ? `sum(${column})` : column;
}

/** What there is for branches to read. */
export interface BranchSources {
  /** Of the first step, then of each branch. */
  readonly views: readonly ViewAnswer["rows"][];
  readonly rows: readonly LoggedRow[];
  readonly late: readonly JobRow[];
}

/** A branch got every result and row that it is to read, and its view is made of them. */
export function checkBranch(
  job: JobPlan,
  number: number,
  sources: BranchSources,
  stage: readonly StageLog[],
): string[] {
  const branch = job.branches[number] as BranchPlan;
  const { key, twoPhase } = branch;
  const what = `branch ${number} of ${job.name}`;
  const isTimed = branch.inputs.every((input) => hasEventTime(job, input));
  const sent = branch.inputs
    .flatMap((input) => rowsBy(job, branch, input, sources))
    .map((row) => (isTimed ? row : { ...row, time: 0 }));
  const isAddedUp = twoPhase || hasWeights(job, branch);
  return [
    ...checkArrived(what, isAddedUp, sent, stage, key),
    ...checkBranchView(what, branch, stage, sources.views[number + 1] ?? []),
  ];
}

function rowsBy(job: JobPlan, { key }: BranchPlan, input: BranchInput, sources: BranchSources): JobRow[] {
  const others = { least: null, first: null, last: null };
  if (input === "source") {
    return sources.rows.map((row) => {
      return { time: row.time, key: key === undefined ? null : row[key], n: 1, total: 1, ...others };
    });
  }
  if (input === "late") {
    return sources.late.map((row) => {
      return { time: row.time, key: key === undefined ? null : row.key, n: 1, total: 1, ...others };
    });
  }
  const hasWindow = hasEventTime(job, input);
  const results = sources.views[typeof input === "number" ? input + 1 : 0] ?? [];
  return results
    .filter(({ final }) => final === true || !hasWindow)
    .map((row): JobRow => {
      const time = hasWindow ? Date.parse(`${String(row.window_end).replace(" ", "T")}Z`) - 1 : 0;
      const value = key === undefined ? null : row[key];
      return { time, key: value === null ? null : String(value), n: 1, total: Number(row.n), ...others };
    });
}

function checkBranchView(
  what: string,
  { key, size, lateness, hasBounds }: BranchPlan,
  stage: readonly StageLog[],
  found: ViewAnswer["rows"],
): string[] {
  const window = size === undefined ? noWindow : { ...noWindow, kind: "tumble" as const, size, step: size };
  const isDivided = stage.some(({ splits }) => splits.length > 0);
  const expected = historiesOf(stage).flatMap(({ frames, watermarks, keyGroups }) => {
    const { groups } = groupRows<JobRow>(frames, {
      ...{ window, lateness, bound: 0, ...(watermarks && { watermarks }) },
      keyOf: (row) => JSON.stringify(row.key),
      passes: () => true,
    });
    return groups
      .filter(({ rows }) => !isDivided || hasKey(keyGroups, rows[0]?.key ?? null, key))
      .filter(({ rows }) => countOf(rows) > 0)
      .map(({ start, end, isFinal, rows }) => ({
        ...(key && { [key]: rows[0]?.key }),
        ...(size === undefined ? {} : { window_start: timeOf(start), window_end: timeOf(end) }),
        results: countOf(rows),
        n: rows.reduce((sum, { total }) => sum + (total ?? 0), 0),
        ...(hasBounds && keptValuesOf(rows, false)),
        final: isFinal,
      }));
  });
  const texts = [expected, found].map((rows) => rows.map(canonical)) as [string[], string[]];
  return differenceOf(...texts).map((text) => `the view of ${what} ${text}`);
}
