/**
 * What a task sends to the next stage: its rows as they come, or its results, when windows fire and when
 * they change.
 */
import { outboxBytesMax } from "../../base/limits.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { PageView } from "../../kernel/page-view.ts";
import { Outbox } from "../exchange/outbox.ts";
import { Sender } from "../exchange/sender.ts";
import type { WindowBounds } from "../plan/finish-row.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { windowStartOf } from "../windows/window-arithmetic.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type Result, ResultEmitter } from "./result-emitter.ts";

export class TaskOutput {
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly #plan: TaskPlan;
  readonly #emitter: ResultEmitter | undefined;

  /** Opens the output of a task as the checkpoint left it; undefined for one that sends nothing. */
  static open(
    { sql, cache }: { readonly sql: SqlStorage; readonly cache: PageCache },
    task: number,
    plan: TaskPlan,
    checkpoint: Checkpoint,
  ): TaskOutput | undefined {
    const send = plan.send ?? plan.emit?.send;
    if (!send) return undefined;
    const { channels = [], toPassOver = 0, sendRanges } = checkpoint;
    const outbox = new Outbox(sql, task, sendRanges?.length ?? send.to.partitions, channels);
    return new TaskOutput(plan, outbox, new Sender(cache, send, outbox, sendRanges, toPassOver), cache);
  }

  constructor(plan: TaskPlan, outbox: Outbox, sender: Sender, { kernel }: PageCache) {
    this.#plan = plan;
    this.outbox = outbox;
    this.sender = sender;
    if (plan.emit) this.#emitter = new ResultEmitter(kernel, plan, plan.emit, sender);
  }

  /** True while receivers lag so far behind that nothing more may be sent. */
  get isHeldBack(): boolean {
    return this.outbox.bytes >= outboxBytesMax;
  }

  /** What the checkpoint says of it besides messages. */
  get state(): Pick<Checkpoint, "channels" | "sendRanges" | "toPassOver"> {
    const { dividedRanges, toPassOver } = this.sender;
    const channels = this.outbox.state;
    return { channels, toPassOver, ...(dividedRanges && { sendRanges: dividedRanges }) };
  }

  /** Sends a page of the window that ends at `end`; false where nothing more may be sent for now. */
  sendPage(page: PageView, end: bigint, offset: number): boolean {
    if (this.isHeldBack) return false;
    this.emitPage(page, end, offset);
    return true;
  }

  /** Sends a page of a window however much waits already. */
  emitPage(page: PageView, end: bigint, offset: number): void {
    const window = this.windowOf(end);
    if (window) this.#emitter?.emitPage(page, window, offset);
  }

  /** Sends changes of results, which the record at `offset` made: as many as its rows, held back or not. */
  sendResults(results: readonly Result[], offset: number): void {
    this.#emitter?.emit(results, offset);
  }

  /** The window that ends at `end`; undefined for a task without windows. */
  windowOf(end: bigint): WindowBounds | undefined {
    return this.#plan.window ? { start: windowStartOf(gridOfPlan(this.#plan.window), end), end } : undefined;
  }

  release(): void {
    this.#emitter?.release();
    this.sender.release();
  }
}
