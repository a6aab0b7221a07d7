/**
 * A job that was drained, and goes on as its fork: every window of what came before the barriers has fired,
 * in each of its steps, and what came behind them is late.
 */

import type { ViewAnswer } from "../../src/protocol/answers.ts";
import { timeOf } from "../reference/orders-batch.ts";
import { batchAnswer, canonical, jobLogOf, type ShardLog } from "./check-life.ts";
import { differenceOf } from "./differences.ts";
import { forkOf, type JobPlan, type LifePlan, needsExchange, type StepPlan, viewsOf } from "./draw-life.ts";
import { historiesOf } from "./histories.ts";
import { keptValuesOf, withoutEnds } from "./kept-values.ts";
import type { JobRow } from "./logged-rows.ts";

type Row = ViewAnswer["rows"][number];

export function checkDrained(
  plan: LifePlan,
  job: JobPlan,
  logs: readonly ShardLog[],
  savepoint: number | undefined,
  views: ReadonlyMap<string, readonly Row[]>,
): string[] {
  if (savepoint === undefined) return [`${job.name} was not drained`];
  const hasWindows = job.window.kind !== "none";
  const before = logs.map((log) => {
    const frames = hasWindows ? log.frames.slice(0, log.drained.get(savepoint) ?? 0) : log.frames;
    return jobLogOf(job, { ...log, frames });
  });
  // Behind an exchange the keys of all shards meet; windows are drawn there only over one.
  const whole = before.length === 1 ? before : [{ frames: before.flatMap(({ frames }) => frames) }];
  const histories = needsExchange(plan, job) ? whole : historiesOf(before);
  const rows = histories.flatMap((history) => batchAnswer(plan, job, history).rows);
  const fired = rows.map((row) => ({ ...row, final: hasWindows }));
  const [firstView = "", secondView = ""] = viewsOf(forkOf(plan, job));
  const problems = compare(firstView, fired, views);
  if (!job.step) return problems;
  return [...problems, ...compare(secondView, resultsOf(job.step, job.key, fired), views)];
}

/** What a step makes of results that are all final. */
function resultsOf({ key, size = 0, hasBounds }: StepPlan, text: string, fired: readonly Row[]): Row[] {
  const groups = new Map<string, { key: unknown; start: number; rows: JobRow[] }>();
  for (const row of fired) {
    const time = Date.parse(`${String(row.window_end).replace(" ", "T")}Z`) - 1;
    const start = Math.floor(time / size) * size;
    const value = key === undefined ? null : row[key];
    const name = JSON.stringify([value, start]);
    const group = groups.get(name) ?? { key: value, start, rows: [] };
    const least = row[text] as string | null;
    group.rows.push({ time, key: null, n: 1, total: Number(row.n), least, first: null, last: null });
    groups.set(name, group);
  }
  return [...groups.values()].map(({ key: value, start, rows }) => ({
    ...(key !== undefined && { [key]: value }),
    ...{ window_start: timeOf(start), window_end: timeOf(start + size), results: rows.length },
    rows: rows.reduce((sum, { total }) => sum + (total ?? 0), 0),
    ...(hasBounds && keptValuesOf(rows, true)),
    final: true,
  }));
}

/** Arrival decides only what is first and last. */
function compare(
  view: string,
  expected: readonly Row[],
  views: ReadonlyMap<string, readonly Row[]>,
): string[] {
  const texts = (rows: readonly Row[]) => rows.map((row) => canonical(withoutEnds(row)));
  const problems = differenceOf(texts(expected), texts(views.get(view) ?? []));
  return problems.map((text) => `the drained view ${view} ${text}`);
}
