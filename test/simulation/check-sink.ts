/**
 * What must be in a stream into which a job appends its results: every final one once, and nothing else.
 */

import type { Schema } from "../../src/columnar/schema.ts";
import type { Partition } from "../../src/engine/partition.ts";
import type { SqlStorage } from "../../src/engine/ports.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import type { ViewAnswer } from "../../src/protocol/answers.ts";
import { differenceOf } from "./differences.ts";
import type { JobPlan } from "./draw-life.ts";
import { hasKey } from "./histories.ts";
import { type JobRow, readerOf } from "./logged-rows.ts";
import { readStageLog, type StageLog } from "./stage-log.ts";

/** All that ever came to one shard of such a stream. */
export function readSinkLog({ key }: JobPlan, partition: Partition, storage: SqlStorage): StageLog {
  return readStageLog(partition, storage, (batch: ColumnBatch, schema: Schema): JobRow[] => {
    const read = readerOf(batch, schema);
    return Array.from({ length: batch.rows }, (_, row) => ({
      ...{ time: read.number("window_time", row) ?? 0, key: read.text(key, row) },
      ...{ n: read.number("n", row) ?? 0, total: read.number("total", row) },
      ...{ least: read.text("least", row), first: null, last: null },
    }));
  });
}

/** `view` are the results of the job, or of the one that went on after it was drained. */
export function checkSink(job: JobPlan, view: ViewAnswer["rows"], shards: readonly StageLog[]): string[] {
  const expected = view
    .filter(({ final }) => final === true)
    .map((row): JobRow => {
      const time = Date.parse(`${String(row.window_end).replace(" ", "T")}Z`) - 1;
      const [key, least] = [row[job.key] as string | null, row.least as string | null];
      const total = row.total === null ? null : Number(row.total);
      return { time, key, n: Number(row.n), total, least, first: null, last: null };
    });
  const found = shards.flatMap(({ frames }) => frames.flat());
  const texts = [expected, found].map((rows) => rows.map((row) => JSON.stringify(row)));
  const problems = differenceOf(...(texts as [string[], string[]])).map(
    (text) => `the stream that ${job.name} writes to ${text}`,
  );
  for (const { frames, keyGroups, shard } of shards) {
    const stray = frames.flat().find(({ key }) => !hasKey(keyGroups, key, job.key));
    if (job.into?.isDistributed && shards.length > 1 && stray)
      problems.push(`shard ${shard} of ${job.into.stream} has ${stray.key}, which does not belong there`);
  }
  return problems;
}
