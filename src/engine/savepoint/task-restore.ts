/**
 * A task's state from a savepoint, whatever the number of partitions then and now.
 *
 * Every partition that had some of this one's key groups gives its pages. Cells of other key groups are left
 * out, the others merged into new tables: rows are never read, and keys never hashed again. Nothing is
 * visible before `finish`, which writes the run's first checkpoint.
 *
 * Partitions of one stage may have come to different times at the cut: idle channels count for nothing, and
 * who hears of that sooner goes on. What is put together goes on with the latest of them. So those that are
 * behind are brought in first, and the windows that are due by then fire before the others' come: none fires
 * twice, and none is forgotten. A chain is told how far each key group was, and fires them itself.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import { storedPageRange } from "../../kernel/stored-page.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { minWatermark } from "../log/records.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import { sendsOf, sendsResults, type TaskPlan } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import { KeyFilter } from "../state/key-filter.ts";
import { PageStore } from "../state/page-store.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { type Checkpoint, emptyCheckpoint, parseWatermark, writeCheckpoint } from "../task/checkpoint.ts";
import type { EdgeStart } from "../task/output-edge.ts";
import { deleteStoredTask } from "../task/stored-task.ts";
import { TaskLayouts } from "../task/task-layouts.ts";
import { TaskOutput } from "../task/task-output.ts";
import { TaskTables } from "../task/task-tables.ts";
import { type SendPage, TaskWindows } from "../task/task-windows.ts";
import { gridOfPlan } from "../windows/grid-of-plan.ts";
import { decodePart, type SavedPage } from "./part-codec.ts";
import { countsOf } from "./restored-counts.ts";
import { familyIn } from "./state-layout.ts";
import type { RestoredStates, TaskState } from "./task-state.ts";

export interface RestoreContext {
  readonly sql: SqlStorage;
  readonly log: PartitionLog;
  readonly cache: PageCache;
  readonly identity: PartitionIdentity;
}

/** Cells that one call fires at most: pages are written in between. */
const cellsPerFiring = 50_000;

export class TaskRestore {
  readonly #context: RestoreContext;
  readonly #run: number;
  readonly #plan: TaskPlan;
  readonly #from: RestoredStates;
  /** Offset up to which the log is applied. */
  readonly #offset: number;
  readonly #layouts: TaskLayouts;
  readonly #store: PageStore;
  readonly #tables: TaskTables;
  readonly #output: TaskOutput | undefined;
  /** Of this partition's keys; undefined where it goes on with what was its own. */
  readonly #filter: KeyFilter | undefined;
  /** Where families of each state go, as far as pages of them came. */
  readonly #families = new Map<TaskState, Map<number, number | undefined>>();
  /** The time of what was brought in so far. */
  #firedThrough = minWatermark;

  /**
   * Begins to restore `run` from the states of those partitions that had some of its keys. Throws
   * `JOB_FALLEN_BEHIND` where the log that is needed was trimmed.
   */
  constructor(context: RestoreContext, run: number, plan: TaskPlan, from: RestoredStates) {
    const { sql, cache, identity } = context;
    this.#context = context;
    this.#run = run;
    this.#plan = plan;
    this.#from = from;
    this.#offset = from.position?.offset ?? 0;
    this.#check();
    deleteStoredTask(sql, run);
    if (!isOwn(from, identity)) this.#filter = new KeyFilter(plan, identity.keyGroups);
    this.#layouts = new TaskLayouts(cache.kernel.memory, plan);
    const epochs = emptyCheckpoint(0);
    this.#store = new PageStore(sql, run, epochs);
    const directory = new WindowDirectory(sql, run);
    this.#tables = new TaskTables(cache, this.#layouts, this.#store, directory, epochs);
    this.#output = TaskOutput.open(context, run, plan, edgesOf(from, plan));
  }

  /** The states in the order in which their parts must be brought in. */
  get order(): readonly TaskState[] {
    return [...this.#from.states].sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1));
  }

  /** Takes in one part of a state. */
  addPart(state: TaskState, part: Uint8Array): void {
    this.#riseTo(timeOf(state));
    for (const page of decodePart(part)) {
      this.#addPage(state, page);
      this.#writeIfFull();
    }
    // As much is written as came, so that no turn has to write much.
    this.#tables.writeDirty(part.byteLength);
  }

  /** Makes the state the run's. */
  finish(): void {
    const { sql } = this.#context;
    const last = this.order.at(-1);
    if (last) this.#riseTo(timeOf(last));
    this.#tables.commit(() => false);
    this.#output?.write();
    this.#store.commit();
    writeCheckpoint(sql, this.#run, {
      ...this.#checkpoint(),
      ...this.#output?.state,
      epoch: this.#store.committedEpoch,
      writing: this.#store.writingEpoch,
      nextTable: this.#tables.nextTable,
      garbage: this.#tables.garbage,
    });
    this.release();
  }

  /** Gives all memory back. */
  release(): void {
    this.#tables.closeAll();
    this.#output?.release();
    this.#layouts.release();
  }

  /** A shard goes on behind the barrier; a partition between stages is new, and its log with it. */
  #checkpoint(): Checkpoint {
    const { position, states } = this.#from;
    const all = [...(position ? [position] : []), ...states];
    const watermarks = all.map(({ watermark }) => parseWatermark(watermark));
    const orderOffset = Math.max(0, ...all.map((state) => state.orderOffset - this.#offset));
    return {
      ...emptyCheckpoint(this.#offset),
      isRestored: true,
      firedThrough: this.#firedThrough.toString(),
      ...(this.#plan.chain && chainTimes(states)),
      ...this.#time(watermarks.reduce(later, minWatermark)),
      counts: countsOf(this.#from, this.#plan, this.#context.identity),
      orderOffset,
    };
  }

  /** A chain goes by the time that its new run hears of; how far it has fired stays. */
  #time(watermark: bigint): Pick<Checkpoint, "watermark" | "inputTime"> {
    const { chain } = this.#plan;
    const { position } = this.#from;
    if (chain && (!position || chain.source?.watermark)) return { watermark: minWatermark.toString() };
    return { watermark: watermark.toString(), inputTime: position?.inputTime ?? {} };
  }

  #check(): void {
    const { log, identity } = this.#context;
    const { position } = this.#from;
    assert(identity.inputs || position, "a shard's task goes on where it was");
    if (!position || log.firstOffset <= position.offset + 1) return;
    throw new EngineError("JOB_FALLEN_BEHIND", {
      message:
        `Shard ${identity.shard} of "${identity.stream}" no longer has the offsets ` +
        `${position.offset + 1} to ${log.firstOffset - 1}, which the savepoint goes on with.`,
    });
  }

  /** Fires the windows of what was brought in that are due at the time of what comes next. */
  #riseTo(time: bigint): void {
    assert(time >= this.#firedThrough, "states are brought in by their time");
    const { window, latenessMs } = this.#plan;
    if (time > this.#firedThrough && window) {
      const sendPage: SendPage = (page, end) => {
        this.#output?.emitPage(page, end, this.#offset);
        return true;
      };
      const { cache } = this.#context;
      // What is still to come belongs into the sums: they are made later.
      const settings = { grid: gridOfPlan(window), latenessMs, sharesSums: false };
      const sending = sendsResults(this.#plan) ? { isWanted: () => true, sendPage } : undefined;
      const windows = new TaskWindows(cache, this.#tables, settings, this.#firedThrough, undefined, sending);
      windows.beginRecord(this.#changedAt());
      while (!windows.fire(time, cellsPerFiring)) this.#writeIfFull();
      windows.release();
    }
    this.#firedThrough = time;
  }

  /** Append time of the newest change that the states know of. */
  #changedAt(): number {
    const entries = this.#from.states.flatMap(({ tables }) => tables);
    return entries.reduce((newest, { firedAt, changedAt }) => Math.max(newest, firedAt, changedAt), 0);
  }

  #writeIfFull(): void {
    if (this.#tables.isFull) this.#tables.writeDirty(Number.POSITIVE_INFINITY);
  }

  #familyOf(state: TaskState, saved: number): number | undefined {
    const known = this.#families.get(state) ?? new Map<number, number | undefined>();
    this.#families.set(state, known);
    if (!known.has(saved)) known.set(saved, familyIn(this.#plan, state.plan, saved));
    return known.get(saved);
  }

  #addPage(state: TaskState, { table, bytes }: SavedPage): void {
    const { firstHash, nextHash } = storedPageRange(bytes);
    const entry = state.tables.find((candidate) => candidate.table === table);
    assert(entry, "a page of a savepoint belongs to a table of its state");
    const family = this.#familyOf(state, entry.family);
    if (family === undefined || this.#filter?.mayHave(entry, firstHash, nextHash) === false) return;
    const { cache } = this.#context;
    const source = cache.openTable(this.#layouts.of(entry), () => ({ bytes }));
    try {
      this.#filter?.apply(entry, source, firstHash);
      if (source.pageAt(firstHash).cellCount === 0) return;
      const { window, firedAt, changedAt } = entry;
      const target =
        this.#tables.find(family, window) ?? this.#tables.create(family, window, firedAt, changedAt);
      const failure = source.mergePage(firstHash, target.keyed);
      assert(failure === undefined, "what lies in a page fits another one");
    } finally {
      cache.dropTable(source);
    }
  }
}

/** True where a shard goes on with all that was its own. */
function isOwn({ position, states }: RestoredStates, { keyGroups }: PartitionIdentity): boolean {
  const isWhole = position?.keyGroups.every((group, index) => group === keyGroups[index]) ?? false;
  return isWhole && states.every((state) => state === position);
}

/** Where the task goes on in the run that it was saved in, its outputs go by the maps of then. */
function edgesOf({ states: [state] }: RestoredStates, plan: TaskPlan): EdgeStart[] {
  return sendsOf(plan).map(({ to }) => {
    const known = state?.divided?.find((edge) => edge.to === to.generation);
    return known ? { ranges: known.ranges } : {};
  });
}

/**
 * A chain goes on with the latest time. Its rows are its own to read: the windows of key groups that are
 * behind fire with its first record.
 */
function chainTimes(states: readonly TaskState[]): Pick<Checkpoint, "appendTime" | "groupTimes"> {
  const groupTimes = states.map(({ keyGroups, firedThrough, appendTime = 0 }) => {
    return { keyGroups, firedThrough, appendTime };
  });
  const [first, ...others] = groupTimes;
  const areEqual = others.every(
    (each) => each.firedThrough === first?.firedThrough && each.appendTime === first.appendTime,
  );
  const appendTime = Math.max(0, ...groupTimes.map((each) => each.appendTime));
  return { appendTime, ...(!areEqual && { groupTimes }) };
}

function timeOf({ firedThrough }: TaskState): bigint {
  return parseWatermark(firedThrough);
}

function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
