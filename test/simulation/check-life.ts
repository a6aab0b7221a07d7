/**
 * What must be true when a life has come to rest.
 *
 * A row's lateness depends on the order in which its shard logged it, which no client knows. So the check
 * has two halves that meet in the log: the logs, of all shards together, hold what was acknowledged, each row
 * of a producer once; and each view is what the batch model makes of the logs, frame by frame in the order of
 * the offsets. A watermark that no frame brought is, to the model, a frame of one row that no job counts;
 * what the watermark is behind each is the log's word, which `check-producers.ts` checks.
 */

import { decodeBarrier } from "../../src/engine/log/barrier.ts";
import { type LogRecord, RecordKind } from "../../src/engine/log/records.ts";
import { Partition } from "../../src/engine/partition.ts";
import { FrameDecoder, readFrameHeader, readRejected } from "../../src/kernel/frame-codec.ts";
import type { ViewAnswer } from "../../src/protocol/answers.ts";
import { formatLetterId } from "../../src/protocol/letter-id.ts";
import { timeOf } from "../reference/orders-batch.ts";
import { type Group, groupRows, type WindowSpec } from "../reference/windowed-batch.ts";
import { releaseKernel } from "../support/kernels.ts";
import type { NodeStorage } from "../support/node-storage.ts";
import { releaseModule } from "../support/partition-harness.ts";
import { differenceOf } from "./differences.ts";
import { isChanging } from "./draw-branches.ts";
import { type JobPlan, type LifePlan, viewsOf } from "./draw-life.ts";
import {
  type History,
  hasKey,
  historiesOf,
  keyGroupsAt,
  type LoggedSplit,
  type LogOfPartition,
} from "./histories.ts";
import { keptValuesOf, withoutEnds } from "./kept-values.ts";
import type { LetterMender } from "./letter-mender.ts";
import { isAddedUp, type JobRow, jobRowOf, type LoggedRow, rowsOf } from "./logged-rows.ts";
import type { SentRequest } from "./sent-requests.ts";
import type { Simulation } from "./simulation.ts";
import type { StageLog } from "./stage-log.ts";
import { lifeFunctions } from "./unlucky.ts";

export const noWindow: WindowSpec = { kind: "none", size: 1, step: 1, offset: 0 };

/** What one shard's log holds, in its order. */
export interface ShardLog extends LogOfPartition<LoggedRow> {
  readonly rejected: readonly string[];
  /** By savepoint that drained a job, the frames that came before its barrier. */
  readonly drained: ReadonlyMap<number, number>;
}

/** What the task with the view applied: a shard's log, or that of a partition between stages. */
export type JobLog = LogOfPartition<JobRow>;

/** A shard's log as a job takes it. */
export function jobLogOf(
  job: JobPlan,
  { frames, watermarks = [], shard, keyGroups, splits }: ShardLog,
): JobLog {
  return {
    ...{ shard, keyGroups, splits, watermarks },
    frames: frames.map((frame) => frame.map((row) => jobRowOf(job, row))),
  };
}

/** Opens a shard at rest; no host runs over it. */
export function openPartition(simulation: Simulation, sql: NodeStorage): Partition {
  const { pageBudget, checkpointTurnBytes } = simulation.plan;
  const ports = { sql, clock: simulation.queue, random: { seed: () => 1n }, functions: lifeFunctions };
  return new Partition(ports, { module: releaseModule, pageBudget: () => pageBudget, checkpointTurnBytes });
}

export function readLog({ log, identity }: Partition): ShardLog {
  const decoder = new FrameDecoder(releaseKernel());
  const frames: LoggedRow[][] = [];
  const rejected: string[] = [];
  const splits: LoggedSplit[] = [];
  const drained = new Map<number, number>();
  const watermarks: number[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  for (let offset = log.firstOffset; offset < log.nextOffset; offset++) {
    const record = log.read(offset) as LogRecord;
    if (record.kind === RecordKind.Idle) continue;
    watermark = Math.max(watermark, Number(record.watermark));
    watermarks.push(watermark);
    if (record.kind !== RecordKind.Frame) {
      const barrier = record.kind === RecordKind.Barrier ? decodeBarrier(record.frame) : undefined;
      if (barrier?.drains) drained.set(barrier.savepoint, frames.length);
      const time = Number(record.watermark) + identity.outOfOrdernessMs;
      frames.push([{ id: undefined, time, user: null, amount: null, item: null }]);
      const { split } = barrier ?? {};
      if (split) splits.push({ ...split, frames: frames.length });
      continue;
    }
    const frame = decoder.decode(record.frame, identity.schema, "all");
    frames.push(rowsOf(frame.batch, identity.schema));
    frame.release();
    if (readFrameHeader(record.frame).rejected === 0) continue;
    rejected.push(...readRejected(record.frame).map(({ bytes }) => new TextDecoder().decode(bytes).trim()));
  }
  const { shard, keyGroups } = identity;
  return { shard, keyGroups, frames, watermarks, splits, rejected, drained };
}

/** The first half: what clients sent, and what the logs hold of it. */
export function checkLogs(sent: readonly SentRequest[], logs: readonly ShardLog[]): string[] {
  const problems: string[] = [];
  const rows = new Map<string, number>();
  const count = (text: string) => rows.set(text, (rows.get(text) ?? 0) + 1);
  for (const { frames, rejected } of logs) {
    for (const row of frames.flat()) if (row.id !== undefined) count(textOf(row));
    for (const text of rejected) count(text);
  }
  for (const { rows: sentRows, bad, producer, isAcknowledged } of sent) {
    for (const text of [...sentRows.map(textOf), ...bad]) {
      const times = rows.get(text) ?? 0;
      rows.delete(text);
      if (isAcknowledged && times === 0) problems.push(`acknowledged and not in a log: ${text}`);
      if (producer && times > 1) problems.push(`${times} times in the logs: ${text}`);
    }
  }
  for (const text of rows.keys()) problems.push(`in a log and never sent: ${text}`);
  return problems;
}

function textOf({ id, time, user, amount, item }: LoggedRow): string {
  return JSON.stringify([id, time, user, amount, item]);
}

/** The second half, for one job: its view is the batch answer of the logs. */
export function checkView(
  plan: LifePlan,
  job: JobPlan,
  logs: readonly JobLog[],
  found: ViewAnswer["rows"],
): string[] {
  const isDivided = logs.some(({ splits }) => splits.length > 0);
  const expected = historiesOf(logs).flatMap((history) => {
    const { rows } = batchAnswer(plan, job, history);
    return isDivided
      ? rows.filter((row) => hasKey(history.keyGroups, row[job.key] as string | null, job.key))
      : rows;
  });
  return differenceOf(expected.map(canonical), found.map(canonical)).map(
    (text) => `the view of ${job.name} ${text}`,
  );
}

/** The rows that came too late for a job's first step, of all its partitions. */
export function lateRowsOf(plan: LifePlan, job: JobPlan, logs: readonly JobLog[]): JobRow[] {
  return historiesOf(logs).flatMap((history) => ownLate(plan, job, history));
}

/** Of those of a partition's history, the ones that came to itself. */
function ownLate(plan: LifePlan, job: JobPlan, history: History<JobRow>): readonly JobRow[] {
  const { frames, watermarks, inherited } = history;
  const before = { frames: frames.slice(0, inherited), ...(watermarks && { watermarks }) };
  return batchAnswer(plan, job, history).late.slice(batchAnswer(plan, job, before).late.length);
}

/** Counts of one job on one partition with the view: rows that no window took are letters, others applied. */
export function checkCounts(
  plan: LifePlan,
  job: JobPlan,
  log: JobLog,
  history: History<JobRow>,
  partition: Partition,
  filtered: number,
): string[] {
  const lateRows = ownLate(plan, job, history);
  const late = countOf(lateRows);
  const { letters } = partition.letters.read({ job: job.name, limit: 1_000_000 });
  const rows = countOf(log.frames.flat()) - late;
  return [
    ...checkStatus(job, { rows, filtered, late, bad: 0 }, partition),
    ...(letters.length === lateRows.length
      ? []
      : [`${job.name} has ${letters.length} letters, expected ${lateRows.length}`]),
  ];
}

/** A rejected record that somebody has mended is marked, and no other. */
export function checkMended(partition: Partition, mender: Pick<LetterMender, "hasMended">): string[] {
  const { letters } = partition.letters.read({ reasons: ["rejected"], limit: 1_000_000 });
  const { generation, shard } = partition.identity;
  return letters.flatMap((letter) => {
    const { replayedAt } = letter;
    const id = formatLetterId({ ...letter, generation, shard });
    if (mender.hasMended(id) === (replayedAt !== undefined)) return [];
    const found = replayedAt === undefined ? "mended and not marked" : "marked and was not mended";
    return [`the letter ${id} is ${found}`];
  });
}

/** How many rows of a shard's log a job filters. */
export function filteredOf(job: JobPlan, { frames }: ShardLog): number {
  const rows = frames.flat().filter(({ id }) => id !== undefined);
  return rows.length - countOf(rows.map((row) => jobRowOf(job, row)));
}

/** Counts of the first of two stages, in one shard: it applies or filters, and judges nothing. */
export function checkSentCounts(job: JobPlan, log: ShardLog, partition: Partition): string[] {
  const rows = countOf(jobLogOf(job, log).frames.flat());
  const counts = { rows, filtered: filteredOf(job, log), late: 0, bad: 0 };
  const problems = checkStatus(job, counts, partition);
  if (partition.outputs.isWaiting) problems.push(`${job.name} rests with messages that nobody acknowledged`);
  return problems;
}

export function countOf(rows: readonly JobRow[]): number {
  return rows.reduce((sum, { n }) => sum + n, 0);
}

function checkStatus(job: JobPlan, counts: object, partition: Partition): string[] {
  const status = partition.jobs.statuses().find(({ job: name }) => name === job.name);
  if (!status) return [`${job.name} is not on the partition`];
  if (status.error) return [`${job.name} failed: ${status.error.message}`];
  const [found, expected] = [status.counts, counts].map((each) => JSON.stringify(each));
  return found === expected ? [] : [`${job.name} counts ${found}, expected ${expected}`];
}

/**
 * Of two stages: what passed the first one came to the second, each row once and where its key belongs. Rows
 * that were added up before are compared by what they add up to.
 */
export function checkExchange(
  job: JobPlan,
  shards: readonly ShardLog[],
  stage: readonly StageLog[],
): string[] {
  const passed = shards.flatMap((log) => jobLogOf(job, log).frames.flat()).filter(({ n }) => n > 0);
  return checkArrived(`the second stage of ${job.name}`, isAddedUp(job), passed, stage, job.key);
}

/** The same between two steps: the next one has every result that there is, and none that is no more. */
export function checkStep(job: JobPlan, results: ViewAnswer["rows"], stage: readonly StageLog[]): string[] {
  const { key, twoPhase = false, hasBounds = false } = job.step ?? {};
  const sent = results
    .filter(({ final }) => final === true || job.window.kind === "none")
    .map((row): JobRow => {
      const time = Date.parse(`${String(row.window_end).replace(" ", "T")}Z`) - 1;
      const value = key === undefined ? null : row[key];
      const text = value === null || value === undefined ? null : String(value);
      const least = hasBounds ? (row[job.key] as string | null) : null;
      return { time, key: text, n: 1, total: Number(row.n), least, first: null, last: null };
    });
  return checkArrived(`the second step of ${job.name}`, twoPhase || isChanging(job), sent, stage, key);
}

/** The view of a job's second step is the batch answer of what came to it. */
export function checkStepView(job: JobPlan, stage: readonly StageLog[], found: ViewAnswer["rows"]): string[] {
  const { key, size, lateness = 0, hasBounds = false } = job.step ?? {};
  const window = size === undefined ? noWindow : { ...noWindow, kind: "tumble" as const, size, step: size };
  const isDivided = stage.some(({ splits }) => splits.length > 0);
  const expected = historiesOf(stage).flatMap(({ frames, watermarks, keyGroups }) => {
    const { groups } = groupRows<JobRow>(frames, {
      ...{ window, lateness, bound: 0, ...(watermarks && { watermarks }) },
      keyOf: (row) => JSON.stringify(row.key),
      passes: () => true,
    });
    const own = groups.filter(({ rows }) => !isDivided || hasKey(keyGroups, rows[0]?.key ?? null, key));
    return own
      .filter(({ rows }) => countOf(rows) > 0)
      .map(({ start, end, isFinal, rows }) => ({
        ...(key && { [key]: key === "n" ? Number(rows[0]?.key) : rows[0]?.key }),
        ...(size === undefined ? {} : { window_start: timeOf(start), window_end: timeOf(end) }),
        results: countOf(rows),
        rows: rows.reduce((sum, { total }) => sum + (total ?? 0), 0),
        ...(hasBounds && keptValuesOf(rows, true)),
        final: isFinal,
      }));
  });
  const texts = [expected, found].map((rows) => rows.map(canonical)) as [string[], string[]];
  return differenceOf(...texts).map((text) => `the second view of ${job.name} ${text}`);
}

/**
 * A job that began with a savepoint of another comes to the same; arrival decides only what is first and
 * last.
 */
export function checkFork(
  job: JobPlan,
  fork: JobPlan,
  views: ReadonlyMap<string, ViewAnswer["rows"]>,
): string[] {
  return viewsOf(job).flatMap((view, index) => {
    const [rows, forked] = [views.get(view) ?? [], views.get(viewsOf(fork)[index] ?? "") ?? []];
    const texts = [rows, forked].map((all) => all.map((row) => canonical(withoutEnds(row)))) as [
      string[],
      string[],
    ];
    return differenceOf(...texts).map((text) => `the fork of ${view} ${text}`);
  });
}

export function checkArrived(
  what: string,
  isAddedUp: boolean,
  passed: readonly JobRow[],
  stage: readonly StageLog[],
  keyColumn: string | undefined,
): string[] {
  const arrived = stage.flatMap(({ frames }) => frames.flat());
  const textsOf = (rows: readonly JobRow[]) =>
    isAddedUp ? totalsOf(rows) : rows.map((row) => JSON.stringify(row));
  const problems = differenceOf(textsOf(passed), textsOf(arrived));
  const isKeyed = stage.length > 1;
  for (const log of stage) {
    for (const [index, frame] of log.frames.entries()) {
      const stray = frame.find(({ key }) => isKeyed && !hasKey(keyGroupsAt(log, index), key, keyColumn));
      if (stray) problems.push(`has the key ${stray.key} in partition ${log.shard}, which does not own it`);
    }
  }
  return problems.map((text) => `${what} ${text}`);
}

function totalsOf(rows: readonly JobRow[]): string[] {
  const keys = new Map<string, [number, number]>();
  for (const { key, n, total } of rows) {
    const [count, sum] = keys.get(JSON.stringify(key)) ?? [0, 0];
    keys.set(JSON.stringify(key), [count + n, sum + (total ?? 0)]);
  }
  // What was taken back altogether is as if it had never come.
  return [...keys].flatMap(([key, [count, sum]]) =>
    count === 0 && sum === 0 ? [] : [`${key}: ${count} rows, ${sum} in all`],
  );
}

export function batchAnswer(
  plan: LifePlan,
  job: JobPlan,
  { frames, watermarks }: Pick<History<JobRow>, "frames" | "watermarks">,
) {
  const { groups, late } = groupRows<JobRow>(frames, {
    window: job.window,
    lateness: job.lateness,
    bound: plan.outOfOrdernessMs,
    ...(watermarks && { watermarks }),
    keyOf: ({ key }) => JSON.stringify(key),
    passes: ({ n }) => n > 0,
  });
  return { rows: groups.map((group) => viewRowOf(job, group)), late };
}

function viewRowOf(job: JobPlan, { start, end, isFinal, rows }: Group<JobRow>): Record<string, unknown> {
  const totals = rows.flatMap(({ total }) => (total === null ? [] : [total]));
  const items = rows.flatMap(({ least }) => (least === null ? [] : [least]));
  const hasWindow = job.window.kind !== "none";
  return {
    [job.key]: rows[0]?.key,
    ...(hasWindow && { window_start: timeOf(start), window_end: timeOf(end) }),
    n: countOf(rows),
    total: totals.length === 0 ? null : totals.reduce((sum, total) => sum + total, 0),
    least: items.reduce<string | null>(
      (least, item) => (least === null || item < least ? item : least),
      null,
    ),
    first: rows[0]?.first,
    last: rows.at(-1)?.last,
    ...(job.hasDistinct && distinctOf(totals, items)),
    final: isFinal,
  };
}

function distinctOf(amounts: readonly number[], items: readonly string[]): Record<string, unknown> {
  const different = [...new Set(amounts)];
  const sum = different.reduce((total, amount) => total + amount, 0);
  return { kinds: new Set(items).size, amounts: different.length === 0 ? null : sum };
}

export function canonical(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)));
}
