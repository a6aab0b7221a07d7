/**
 * What a task sends: its rows as they come, or its results, when windows fire and when they change; each to
 * the steps that read them, by an edge for each.
 *
 * Time, barriers and the channels of new partitions go by every channel of every edge but those into streams
 * that people made.
 */
import { assert } from "../../base/assert.ts";
import { outboxBytesMax } from "../../base/limits.ts";
import type { ColumnRows } from "../../kernel/column-batch.ts";
import type { PageView } from "../../kernel/page-view.ts";
import type { ToldTime } from "../exchange/outbox.ts";
import type { SentRecord } from "../exchange/sender.ts";
import type { Barrier } from "../log/barrier.ts";
import type { MapChange } from "../log/split-records.ts";
import type { WindowBounds } from "../plan/finish-row.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { windowStartOf } from "../windows/window-arithmetic.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type EdgeStart, type OutputContext, OutputEdge, type SendingRecord } from "./output-edge.ts";
import { type Result, ResultEmitter } from "./result-emitter.ts";

export class TaskOutput {
  /** By the number under which their messages are stored. */
  readonly edges: readonly OutputEdge[];
  /** Those to later stages. */
  readonly #onward: readonly OutputEdge[];
  readonly #plan: TaskPlan;
  readonly #emitter: ResultEmitter;

  /** Opens the output of a task with what each edge begins with; undefined for one that sends nothing. */
  static open(
    context: OutputContext,
    task: number,
    plan: TaskPlan,
    starts: readonly EdgeStart[],
  ): TaskOutput | undefined {
    const { send, edges: others = [] } = plan;
    const planned = [
      ...(send ? [{ send, edge: undefined }] : []),
      ...others.map((edge) => ({ send: edge.send, edge })),
    ];
    if (planned.length === 0) return undefined;
    const edges = planned.map(
      ({ send: sent, edge }, index) =>
        new OutputEdge(context, { task, edge: index }, sent, edge, starts[index] ?? {}),
    );
    return new TaskOutput(context, plan, edges);
  }

  constructor({ cache }: OutputContext, plan: TaskPlan, edges: readonly OutputEdge[]) {
    this.#plan = plan;
    this.edges = edges;
    this.#onward = edges.filter(({ isSink }) => !isSink);
    this.#emitter = new ResultEmitter(
      cache.kernel,
      plan,
      edges.filter(({ of }) => of === "results"),
    );
  }

  /** Bytes of frames that no receiver has acknowledged. */
  get bytes(): number {
    return this.edges.reduce((sum, { outbox }) => sum + outbox.bytes, 0);
  }

  /** Rows sent on since it was opened, by all edges. */
  get rowsSent(): number {
    return this.edges.reduce((sum, { sender }) => sum + sender.rowsSent, 0);
  }

  /** True while receivers lag so far behind that nothing more may be sent. */
  get isHeldBack(): boolean {
    return this.bytes >= outboxBytesMax;
  }

  /** True when messages were acknowledged since the checkpoint: a restart sends them again. */
  get isStale(): boolean {
    return this.edges.some(({ outbox }) => outbox.isStale);
  }

  /** True when the streams that people made have all that was made for them. */
  get isDelivered(): boolean {
    return this.edges.every(({ isSink, outbox }) => !isSink || !outbox.isWaiting);
  }

  /** What the checkpoint says of it besides messages. */
  get state(): Pick<Checkpoint, "edges"> {
    return { edges: this.edges.map(({ state }) => state) };
  }

  /** The storage part of a checkpoint. */
  write(): void {
    for (const { outbox } of this.edges) outbox.write();
  }

  /**
   * The offset in the log of each partition behind the edges to `generation` up to which all lies that
   * records up to `offset` caused; undefined while they have not acknowledged it.
   */
  tokenBehind(offset: number, generation: number): readonly number[] | undefined {
    const edge = this.edges.find(({ plan }) => plan.to.generation === generation);
    assert(edge, "a token goes on to a stage that is sent to");
    return edge.outbox.isAcknowledged(offset) ? edge.outbox.receivedAt() : undefined;
  }

  /** Sends on the rows of a task that keeps nothing, and the time that holds after them. */
  sendRows(record: SentRecord, time: ToldTime): void {
    for (const { of, sender } of this.edges) if (of === undefined) sender.sendRows(record, time);
  }

  /** Sends the rows that came to those who read them as they are. */
  sendInput(batch: ColumnRows, by: SendingRecord): void {
    for (const edge of this.edges) if (edge.of === "input") edge.sendBatch(batch, by);
  }

  /** Sends the rows of a batch that came too late, to those who read such. */
  sendLate(batch: ColumnRows, rows: readonly number[], by: SendingRecord): void {
    if (rows.length === 0) return;
    for (const edge of this.edges) if (edge.of === "late") edge.sendBatch(batch, by, rows);
  }

  /** Sends a page of the window that ends at `end`; false where nothing more may be sent for now. */
  sendPage(page: PageView, end: bigint, offset: number): boolean {
    if (this.isHeldBack) return false;
    this.emitPage(page, end, offset);
    return true;
  }

  /** Sends a page of a window however much waits already. */
  emitPage(page: PageView, end: bigint, offset: number): void {
    const window = windowOfPlan(this.#plan, end);
    if (window) this.#emitter.emitPage(page, window, offset);
  }

  /** Sends changes of results, which the record at `offset` made: as many as its rows, held back or not. */
  sendResults(results: readonly Result[], offset: number): void {
    this.#emitter.emit(results, offset);
  }

  /** Tells the time that holds after the record at `offset` to all who do not know it. */
  sendTime(offset: number, time: ToldTime): void {
    for (const { sender } of this.#onward) sender.sendTime(offset, time);
  }

  /** Sends a savepoint's barrier, which the record at `offset` brought, to all. */
  sendBarrier(offset: number, barrier: Omit<Barrier, "channels">): void {
    for (const { sender, plan } of this.#onward) {
      const channels = barrier.sends?.[plan.to.generation];
      assert(channels !== undefined, "a barrier knows by how many channels it comes to each stage");
      sender.sendBarrier(offset, { ...barrier, channels });
    }
  }

  /**
   * Tells all that the record at `offset` gave a part of the sender's key groups to one with this channel.
   */
  announce(offset: number, channel: string): void {
    for (const { sender } of this.#onward) sender.announce(offset, channel);
  }

  /** Has the edge to a stage of which a partition is split go by the new map from `offset` on. */
  divide(offset: number, change: MapChange): void {
    for (const { sender, plan } of this.edges) {
      if (plan.to.generation === change.generation) sender.divide(offset, change);
    }
  }

  release(): void {
    for (const edge of this.edges) edge.release();
  }
}

/** The window that ends at `end`; undefined for a plan without windows. */
export function windowOfPlan({ window }: Pick<TaskPlan, "window">, end: bigint): WindowBounds | undefined {
  return window ? { start: windowStartOf(gridOfPlan(window), end), end } : undefined;
}
