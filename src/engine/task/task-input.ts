/**
 * A frame on its way into a task: the source columns that the plan needs, the columns computed from them,
 * and the rows that pass the filter, in the plan's numbering of input columns.
 */
import { assert } from "../../base/assert.ts";
import type { Schema } from "../../columnar/schema.ts";
import { type ColumnRows, lanesPointerAt, readValueAt } from "../../kernel/column-batch.ts";
import { type DecodedFrame, FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { Program } from "../../kernel/program.ts";
import { firstRows, type Selection } from "../../kernel/selection.ts";
import type { TaskPlan } from "../plan/task-plan.ts";

export class TaskInput {
  readonly #kernel: Kernel;
  readonly #schema: Schema;
  readonly #wanted: readonly number[];
  readonly #decoder: FrameDecoder;
  readonly #program: Program;
  #frame: DecodedFrame | undefined;
  #selection: Selection = firstRows(0);

  constructor(kernel: Kernel, plan: TaskPlan, schema: Schema) {
    this.#kernel = kernel;
    this.#schema = schema;
    const own = plan.sourceColumns.map(({ streamColumn }) => streamColumn);
    const edges = (plan.edges ?? []).filter(({ of }) => of !== "results");
    const others = edges.flatMap((edge) => edge.sourceColumns.map(({ streamColumn }) => streamColumn));
    this.#wanted = [...new Set([...own, ...others])];
    this.#decoder = new FrameDecoder(kernel);
    this.#program = new Program(kernel, plan.program, own);
  }

  /** Decodes a frame and runs the plan's program over it. Good until `unload`. */
  load(frame: Uint8Array): void {
    this.#frame = this.#decoder.decode(frame, this.#schema, this.#wanted);
    this.#program.run(this.#frame.batch);
    this.#selection = this.#program.select();
  }

  unload(): void {
    this.#frame?.release();
    this.#frame = undefined;
  }

  /** The columns that are wanted, each at its place in the stream. */
  get batch(): ColumnRows {
    assert(this.#frame, "a batch is there from load to unload");
    return this.#frame.batch;
  }

  /** Source columns in plan order, then computed ones. */
  get columns(): ColumnRows {
    return this.#program;
  }

  get rows(): number {
    return this.#program.rows;
  }

  /** The rows that pass the filter. */
  get selection(): Selection {
    return this.#selection;
  }

  columnPointer(index: number): number {
    return this.#program.columnPointer(index);
  }

  lanesPointer(index: number): number {
    return lanesPointerAt(this.#kernel.memory, this.#program, index);
  }

  value(index: number, row: number) {
    return readValueAt(this.#kernel.memory, this.#program, index, row);
  }

  release(): void {
    this.unload();
    this.#program.release();
  }
}
