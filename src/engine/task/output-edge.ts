/**
 * One edge of a task: what it sends to one of the steps that read of it, with channels, sequences and
 * acknowledgements of its own.
 */
import { assert } from "../../base/assert.ts";
import type { ColumnRows } from "../../kernel/column-batch.ts";
import type { KernelMemory } from "../../kernel/kernel-memory.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { Program } from "../../kernel/program.ts";
import type { Selection } from "../../kernel/selection.ts";
import { type EdgeName, Outbox, type StoredChannel } from "../exchange/outbox.ts";
import { Sender, type SentRecord } from "../exchange/sender.ts";
import type { EdgePlan, SendPlan, SourceColumn } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import type { KeyGroupRange } from "../shard-map.ts";

/** What a checkpoint says of an edge besides its messages. */
export interface StoredEdge {
  /** Generation of what it leads to. */
  readonly to: number;
  readonly channels: readonly StoredChannel[];
  /** Key groups of the receivers, where one was split. */
  readonly ranges?: readonly KeyGroupRange[];
  /** Records that travel as they are before rows are added up again. */
  readonly toPassOver: number;
}

/** What an edge begins with. */
export type EdgeStart = Partial<Pick<StoredEdge, "channels" | "ranges" | "toPassOver">>;

export interface OutputContext {
  readonly sql: SqlStorage;
  readonly cache: PageCache;
}

/** The record that brought or made rows, and the sender's time before it. */
export type SendingRecord = Pick<SentRecord, "offset" | "watermark">;

export class OutputEdge {
  readonly plan: SendPlan;
  /** What of the task it brings; undefined where that is what the task itself makes of its rows. */
  readonly of: EdgePlan["of"] | undefined;
  /** What it takes of what there is. */
  readonly sourceColumns: readonly SourceColumn[];
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly #memory: KernelMemory;
  readonly #program: Program | undefined;

  /** `edge` is undefined for that of a task which keeps nothing. */
  constructor(
    { sql, cache }: OutputContext,
    name: EdgeName,
    plan: SendPlan,
    edge: EdgePlan | undefined,
    { channels = [], ranges, toPassOver = 0 }: EdgeStart,
  ) {
    this.plan = plan;
    this.#memory = cache.kernel.memory;
    this.of = edge?.of;
    this.outbox = new Outbox(sql, name, ranges?.length ?? plan.to.partitions, channels);
    this.sender = new Sender(cache, plan, this.outbox, ranges, toPassOver);
    this.sourceColumns = edge?.sourceColumns ?? [];
    if (!edge) return;
    const { of, program } = edge;
    const columns = this.sourceColumns.map(({ streamColumn }, index) =>
      of === "results" ? index : streamColumn,
    );
    this.#program = new Program(cache.kernel, program, columns);
  }

  /** True where it leads into a stream that people made, which takes nothing but rows. */
  get isSink(): boolean {
    return this.plan.into !== undefined;
  }

  get state(): StoredEdge {
    const { dividedRanges, toPassOver } = this.sender;
    const channels = this.outbox.state;
    const { generation } = this.plan.to;
    return { to: generation, channels, toPassOver, ...(dividedRanges && { ranges: dividedRanges }) };
  }

  /** Sends the rows of a batch that pass the filter, of `rows` alone where they are given, ascending. */
  sendBatch(batch: ColumnRows, by: SendingRecord, rows?: readonly number[]): void {
    const program = this.#program;
    assert(program, "an edge of a task that keeps something has a program");
    program.run(batch);
    const passed = program.select();
    if (!rows) {
      this.sender.sendRows({ ...by, columns: program, selection: passed });
      return;
    }
    const chosen = this.#among(passed, rows);
    const list = this.#memory.allocate(chosen.length * 4);
    try {
      this.#memory.u32(list, chosen.length).set(chosen);
      const selection = { pointer: list, count: chosen.length };
      this.sender.sendRows({ ...by, columns: program, selection });
    } finally {
      this.#memory.release(list);
    }
  }

  #among({ pointer, count }: Selection, rows: readonly number[]): number[] {
    if (pointer === 0) return rows.filter((row) => row < count);
    const passed = new Set(this.#memory.u32(pointer, count));
    return rows.filter((row) => passed.has(row));
  }

  release(): void {
    this.#program?.release();
    this.sender.release();
  }
}
