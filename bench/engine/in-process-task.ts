/**
 * The partition's half of a body's way: frames to a view, in one process and on one core.
 *
 * It is the engine's own task; only the log is left out, as that costs disk, not computing.
 */

import type { PartitionLog } from "../../src/engine/log/partition-log.ts";
import { type LogRecord, maxWatermark, RecordKind } from "../../src/engine/log/records.ts";
import type { ViewRow } from "../../src/engine/partition-types.ts";
import { planJob } from "../../src/engine/plan/plan-job.ts";
import type { TaskPlan } from "../../src/engine/plan/task-plan.ts";
import { PagePins } from "../../src/engine/state/page-pins.ts";
import { emptyCheckpoint, writeCheckpoint } from "../../src/engine/task/checkpoint.ts";
import { createTaskTables } from "../../src/engine/task/stored-task.ts";
import { Task } from "../../src/engine/task/task.ts";
import { scanView } from "../../src/engine/task/view-scan.ts";
import { readFrameHeader } from "../../src/kernel/frame-codec.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { NodeStorage } from "../../test/support/node-storage.ts";
import { identityOf } from "./stream-facts.ts";

const taskNumber = 1;
const appendTime = 1_000_000;

export class InProcessTask {
  readonly #task: Task;
  readonly #records: LogRecord[] = [];
  readonly #storage = new NodeStorage();

  /** `kernel` may have run other tasks, which are closed. */
  constructor(kernel: Kernel, streamBody: unknown, jobBody: unknown, pageBudgetBytes: number) {
    const stream = readStreamDefinition(streamBody);
    const plan = planJob(readJobDefinition(jobBody), stream);
    const sql = this.#storage;
    createTaskTables(sql);
    writeCheckpoint(sql, taskNumber, emptyCheckpoint(0));
    const cache = new PageCache(kernel, { budgetBytes: pageBudgetBytes });
    const log = { read: (offset: number) => this.#records[offset - 1] } as unknown as PartitionLog;
    const identity = identityOf(stream);
    const context = { sql, log, kernel, cache, pins: new PagePins(sql), identity: () => identity };
    this.#task = new Task(context, taskNumber, plan);
  }

  get plan(): TaskPlan {
    return this.#task.plan;
  }

  get counts() {
    return this.#task.counts;
  }

  apply(frame: Uint8Array): void {
    this.#append(RecordKind.Frame, frame, readFrameHeader(frame).watermark);
  }

  /** Ends the stream: all windows fire. */
  end(): void {
    this.#append(RecordKind.Watermark, new Uint8Array(0), maxWatermark);
  }

  *rows(): Generator<ViewRow> {
    let after: ViewRow["at"] | undefined;
    for (;;) {
      const scan = { newestFirst: false, limit: 10_000, ...(after ? { after } : {}) };
      const { rows, hasMore } = scanView(this.#task, scan, appendTime);
      yield* rows;
      after = rows.at(-1)?.at;
      if (!hasMore) return;
    }
  }

  close(): void {
    this.#task.close();
    this.#storage.close();
  }

  #append(kind: RecordKind, frame: Uint8Array, watermark: bigint): void {
    const offset = this.#records.length + 1;
    const record = { offset, kind, appendTime, seed: 0n, watermark, mark: undefined };
    this.#records.push({ ...record, frame, bytes: frame.length });
    while (this.#task.step() > 0);
    this.#records[offset - 1] = { ...record, frame: noBytes, bytes: 0 };
  }
}

const noBytes = new Uint8Array(0);
