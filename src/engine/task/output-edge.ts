/**
 * One edge of a task: what it sends to one of the steps that read of it, with channels, sequences and
 * acknowledgements of its own.
 */
import type { ColumnRows } from "../../kernel/column-batch.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { Program } from "../../kernel/program.ts";
import { type EdgeName, Outbox, type StoredChannel } from "../exchange/outbox.ts";
import { Sender } from "../exchange/sender.ts";
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

export class OutputEdge {
  readonly plan: SendPlan;
  /** What of the task it brings; undefined where that is what the task itself makes of its rows. */
  readonly of: EdgePlan["of"] | undefined;
  /** What it takes of what there is. */
  readonly sourceColumns: readonly SourceColumn[];
  readonly outbox: Outbox;
  readonly sender: Sender;
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

  get state(): StoredEdge {
    const { dividedRanges, toPassOver } = this.sender;
    const channels = this.outbox.state;
    const { generation } = this.plan.to;
    return { to: generation, channels, toPassOver, ...(dividedRanges && { ranges: dividedRanges }) };
  }

  /** Sends the rows of a batch, of the columns that the edge takes, that pass its filter. */
  sendBatch(batch: ColumnRows, { offset, watermark }: { offset: number; watermark: bigint }): void {
    const program = this.#program;
    if (!program) return;
    program.run(batch);
    this.sender.sendRows({ offset, columns: program, selection: program.select(), watermark });
  }

  release(): void {
    this.#program?.release();
    this.sender.release();
  }
}
