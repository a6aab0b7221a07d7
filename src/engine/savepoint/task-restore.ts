/**
 * A task's state from a savepoint, whatever the number of partitions then and now.
 *
 * Every partition that had some of this one's key groups gives its pages. Cells of other key groups are left
 * out, the others merged into new tables: rows are never read, and keys never hashed again. Nothing is
 * visible before `finish`, which writes the run's first checkpoint.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { storedPageRange } from "../../kernel/stored-page.ts";
import { TableLayout } from "../../kernel/table-layout.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import { cellSpecsOf } from "../plan/cell-layout.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import { PageStore } from "../state/page-store.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { type Checkpoint, emptyCheckpoint, writeCheckpoint } from "../task/checkpoint.ts";
import { deleteStoredTask } from "../task/stored-task.ts";
import { TaskTables } from "../task/task-tables.ts";
import { decodePart, type SavedPage } from "./part-codec.ts";
import type { TaskState } from "./task-state.ts";

export interface RestoreContext {
  readonly sql: SqlStorage;
  readonly log: PartitionLog;
  readonly cache: PageCache;
  readonly identity: PartitionIdentity;
}

export class TaskRestore {
  readonly #context: RestoreContext;
  readonly #run: number;
  readonly #states: readonly TaskState[];
  readonly #layout: TableLayout;
  readonly #store: PageStore;
  readonly #tables: TaskTables;
  /** Hashes of this partition's key groups. */
  readonly #first: bigint;
  readonly #last: bigint;

  /**
   * Begins to restore `run` from the states of those partitions that had some of its keys. Throws
   * `JOB_FALLEN_BEHIND` where the log that is needed was trimmed, `SAVEPOINT_UNFIT` where the states
   * disagree.
   */
  constructor(context: RestoreContext, run: number, plan: TaskPlan, states: readonly TaskState[]) {
    const { sql, cache, identity } = context;
    this.#context = context;
    this.#run = run;
    this.#states = states;
    this.#check();
    deleteStoredTask(sql, run);
    const [first, end] = identity.keyGroups;
    this.#first = BigInt(first) << 54n;
    this.#last = (BigInt(end) << 54n) - 1n;
    this.#layout = new TableLayout(cache.kernel.memory, cellSpecsOf(plan.accumulators, plan.planVersion));
    const epochs = emptyCheckpoint(0);
    this.#store = new PageStore(sql, run, epochs);
    const directory = new WindowDirectory(sql, run);
    this.#tables = new TaskTables(cache, this.#layout, this.#store, directory, epochs);
  }

  /** Takes in one part of the state at `source`. */
  addPart(source: number, part: Uint8Array): void {
    for (const page of decodePart(part)) {
      this.#addPage(this.#states[source] as TaskState, page);
      if (this.#tables.isFull) this.#tables.writeDirty(Number.POSITIVE_INFINITY);
    }
  }

  /** Makes the state the run's. */
  finish(): void {
    this.#tables.commit(() => false);
    this.#store.commit();
    writeCheckpoint(this.#context.sql, this.#run, {
      ...this.#checkpoint(),
      epoch: this.#store.committedEpoch,
      writing: this.#store.writingEpoch,
      nextTable: this.#tables.nextTable,
    });
    this.release();
  }

  /** Gives all memory back. */
  release(): void {
    this.#tables.closeAll();
    this.#layout.release();
  }

  /** A shard goes on behind the barrier; a partition between stages is new, and its log with it. */
  #checkpoint(): Checkpoint {
    const { inputs } = this.#context.identity;
    const [own] = this.#states;
    assert(own, "a task is restored from some state");
    const isShard = inputs === undefined;
    const lowest = this.#states
      .map(({ watermark }) => BigInt(watermark))
      .sort((left, right) => (left < right ? -1 : 1))[0];
    return {
      ...emptyCheckpoint(isShard ? own.offset : 0),
      watermark: String(lowest),
      firedThrough: own.firedThrough,
      inputTime: isShard ? own.inputTime : {},
      counts: this.#counts(),
      toPassOver: isShard ? own.toPassOver : 0,
      orderOffset: isShard
        ? own.orderOffset - own.offset
        : Math.max(...this.#states.map((state) => state.orderOffset)),
    };
  }

  /** Counts are a partition's: whoever has its first key group now goes on with them. */
  #counts(): Checkpoint["counts"] {
    const [first, end] = this.#context.identity.keyGroups;
    const own = this.#states.filter(({ keyGroups }) => keyGroups[0] >= first && keyGroups[0] < end);
    const sum = (name: keyof Checkpoint["counts"]) =>
      own.reduce((total, { counts }) => total + counts[name], 0);
    return { rows: sum("rows"), filtered: sum("filtered"), late: sum("late"), bad: sum("bad") };
  }

  #check(): void {
    const { log, identity } = this.#context;
    const [own] = this.#states;
    assert(own, "a task is restored from some state");
    if (!identity.inputs && log.firstOffset > own.offset + 1) {
      throw new EngineError("JOB_FALLEN_BEHIND", {
        message:
          `Shard ${identity.shard} of "${identity.stream}" no longer has the offsets ${own.offset + 1} to ` +
          `${log.firstOffset - 1}, which the savepoint goes on with.`,
      });
    }
    if (this.#states.every(({ firedThrough }) => firedThrough === own.firedThrough)) return;
    const message = "Partitions of the savepoint had fired different windows. Take another savepoint.";
    throw new EngineError("SAVEPOINT_UNFIT", { message });
  }

  #addPage(state: TaskState, { table, bytes }: SavedPage): void {
    const { firstHash, nextHash } = storedPageRange(bytes);
    if (firstHash > this.#last || (nextHash !== undefined && nextHash <= this.#first)) return;
    const entry = state.tables.find((candidate) => candidate.table === table);
    assert(entry, "a page of a savepoint belongs to a table of its state");
    const { cache } = this.#context;
    const source = cache.openTable(this.#layout, () => ({ bytes }));
    try {
      source.keepOnly(firstHash, this.#first, this.#last);
      if (source.pageAt(firstHash).cellCount === 0) return;
      const { family, window, firedAt, changedAt } = entry;
      const target =
        this.#tables.find(family, window) ?? this.#tables.create(family, window, firedAt, changedAt);
      const failure = source.mergePage(firstHash, target.keyed);
      assert(failure === undefined, "what lies in a page fits another one");
    } finally {
      cache.dropTable(source);
    }
  }
}
