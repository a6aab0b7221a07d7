/**
 * Sends results on: those of windows when they fire, a row per key, page after page in the order of the
 * hashes; and changes of those that were sent, the old one with the weight -1 and the new one with 1.
 */
import { kindOf } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import { fillBatch } from "../../kernel/fill-batch.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { PageView } from "../../kernel/page-view.ts";
import { minWatermark } from "../log/records.ts";
import { finishValues, hasRows, type WindowBounds } from "../plan/finish-row.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { OutputEdge } from "./output-edge.ts";

/** A result of a key, in the order of the plan's outputs. */
export interface Result {
  readonly values: readonly LaneValue[];
  /** Undefined for a job without windows. */
  readonly window: WindowBounds | undefined;
  /** 1 for what is now, -1 for what is no more. */
  readonly weight: bigint;
}

export class ResultEmitter {
  readonly #kernel: Kernel;
  readonly #plan: TaskPlan;
  readonly #edges: readonly OutputEdge[];

  /** `edges` are those that bring results of the task with this plan. */
  constructor(kernel: Kernel, plan: TaskPlan, edges: readonly OutputEdge[]) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#edges = edges;
  }

  /** Sends the results of one page of a window that the record at `offset` has fired. */
  emitPage(page: PageView, window: WindowBounds, offset: number): void {
    const cells = [...page.cells()].filter((cell) => hasRows(this.#plan, cell));
    this.emit(
      cells.map((cell) => ({ values: finishValues(this.#plan, cell, window), window, weight: 1n })),
      offset,
    );
  }

  /** Sends results that the record at `offset` has made or changed. */
  emit(results: readonly Result[], offset: number): void {
    if (results.length === 0 || this.#edges.length === 0) return;
    const rows = results.map(({ values, window, weight }) => [
      ...values,
      ...(window ? [window.end - 1n] : []),
      weight,
    ]);
    for (const edge of this.#edges) {
      const columns = edge.sourceColumns.map(({ streamColumn }) =>
        rows.map((row) => row[streamColumn] ?? null),
      );
      const kinds = edge.sourceColumns.map(({ type }) => kindOf(type));
      const { batch, release } = fillBatch(this.#kernel, kinds, columns);
      try {
        edge.sendBatch(batch, { offset, watermark: minWatermark });
      } finally {
        release();
      }
    }
  }
}
