/**
 * Sends the results of windows on when they fire: a row per key, page after page in the order of the hashes.
 */
import { kindOf } from "../../columnar/schema.ts";
import { fillBatch } from "../../kernel/fill-batch.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { PageView } from "../../kernel/page-view.ts";
import { Program } from "../../kernel/program.ts";
import type { Sender } from "../exchange/sender.ts";
import { minWatermark } from "../log/records.ts";
import { finishValues, type WindowBounds } from "../plan/finish-row.ts";
import type { EmitPlan, TaskPlan } from "../plan/task-plan.ts";

export class ResultEmitter {
  readonly #kernel: Kernel;
  readonly #plan: TaskPlan;
  readonly #emit: EmitPlan;
  readonly #sender: Sender;
  readonly #program: Program;

  constructor(kernel: Kernel, plan: TaskPlan, emit: EmitPlan, sender: Sender) {
    this.#kernel = kernel;
    this.#plan = plan;
    this.#emit = emit;
    this.#sender = sender;
    const columns = emit.sourceColumns.map((_, index) => index);
    this.#program = new Program(kernel, emit.program, columns);
  }

  /** Sends the results of one page of a window that the record at `offset` has fired. */
  emitPage(page: PageView, bounds: WindowBounds, offset: number): void {
    if (page.cellCount === 0) return;
    const outputs = [...page.cells()].map((cell) => [
      ...finishValues(this.#plan, cell, bounds),
      bounds.end - 1n,
    ]);
    const { sourceColumns } = this.#emit;
    const columns = sourceColumns.map(({ streamColumn }) => outputs.map((row) => row[streamColumn] ?? null));
    const kinds = sourceColumns.map(({ type }) => kindOf(type));
    const { batch, release } = fillBatch(this.#kernel, kinds, columns);
    try {
      this.#program.run(batch);
      const selection = this.#program.select();
      this.#sender.sendRows({ offset, columns: this.#program, selection, watermark: minWatermark });
    } finally {
      release();
    }
  }

  release(): void {
    this.#program.release();
  }
}
