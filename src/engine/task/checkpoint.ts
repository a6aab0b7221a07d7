/**
 * What a checkpoint of a task says besides its pages: the prefix of the log that they reflect, and where
 * unfinished work stands. One row per task, replaced by every checkpoint; sealed JSON, bigints as text.
 *
 * Reader rules: an unknown `version` is refused; fields are only added, with a default for older rows.
 *   v1  first version
 */
import { EngineError } from "../../base/errors.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { maxWatermark, minWatermark } from "../log/records.ts";
import { readSealedJson, sealJson } from "../log/sealed-json.ts";
import type { CheckpointFacts } from "../partition-types.ts";
import { sendsOf, type TaskPlan } from "../plan/task-plan.ts";
import type { SqlStorage } from "../ports.ts";
import type { PageStore } from "../state/page-store.ts";
import { ownLog, type StoredInputTime } from "../time/input-time.ts";
import type { StoredChanges } from "./change-table.ts";
import type { StoredEdge } from "./output-edge.ts";
import type { TablesInCheckpoint } from "./task-tables.ts";
import type { FiringCursor } from "./task-windows.ts";

export interface TaskCounts {
  readonly rows: number;
  readonly filtered: number;
  readonly late: number;
  readonly bad: number;
}

/** What a record's rows add to the counts. */
export function addCounts(
  { rows, ...counts }: TaskCounts,
  { applied, filtered, late, bad }: Omit<TaskCounts, "rows"> & { readonly applied: number },
): TaskCounts {
  return {
    rows: rows + applied,
    filtered: counts.filtered + filtered,
    late: counts.late + late,
    bad: counts.bad + bad,
  };
}

/** How far key groups [first, end) of a chain were when they were saved. */
export interface StoredGroupsTime {
  readonly keyGroups: readonly [number, number];
  readonly firedThrough: string;
  readonly appendTime: number;
}

export interface Checkpoint extends TablesInCheckpoint {
  readonly version: 1;
  readonly epoch: number;
  /** The epoch that the next checkpoint writes under. */
  readonly writing: number;
  /**
   * True when pages may have been written under `writing` already: a crash then makes it an aborted epoch.
   */
  readonly isWriting: boolean;
  /** Epochs that a crash left unfinished, and the number of the next table to rid of their rows. */
  readonly aborted: readonly number[];
  readonly sweepTable: number;
  /** Every record up to this offset is applied. */
  readonly offset: number;
  /** Set on the one with which a restored run begins: it has told nobody its time yet. */
  readonly isRestored?: true;
  /** True when the rows of the next record are applied too and only what its watermark fires is left. */
  readonly isMidRecord: boolean;
  readonly watermark: string;
  readonly firedThrough: string;
  readonly cursor: FiringCursor | undefined;
  /** Of a chain: of the last record. */
  readonly appendTime?: number;
  /** Of a chain that was put together of partitions which were not equally far, before its first record. */
  readonly groupTimes?: readonly StoredGroupsTime[] | undefined;
  readonly counts: TaskCounts;
  readonly sweep: SweepState;
  /** Absent in the rows of 0.1.0: nothing came by channels, and nothing was sent. */
  readonly inputTime?: StoredInputTime;
  /** By the number of the edge. */
  readonly edges?: readonly StoredEdge[];
  /** Channels by which the barrier that comes has come. */
  readonly barred?: readonly string[];
  /** The savepoint at whose barrier the task stands, until its pages are pinned. */
  readonly savepoint?: number | undefined;
  /** Set where the task stands for good at the barrier of a savepoint that ends its job. */
  readonly isStopped?: boolean | undefined;
  /** The first key group that a split has taken away, until none of its keys is left. */
  readonly keepBelow?: number | undefined;
  /** What is added to offsets for the order of arrival: above those of what was restored. */
  readonly orderOffset?: number;
  /** Set while changes of the view are recorded. */
  readonly changes?: StoredChanges | undefined;
  /** Records that it was told to do without, since the log no longer had them. */
  readonly lostRecords?: number | undefined;
  readonly history: readonly CheckpointFacts[];
  /** How many there were; absent in rows of 0.4.0 and before: those of the history. */
  readonly completed?: number;
}

/** When expired results are looked for next (append time), and where the running search stands. */
export interface SweepState {
  readonly nextAt: number;
  readonly cursor: string | undefined;
}

/** Checkpoints listed in a job's status. */
export const checkpointHistoryMax = 20;

export function createCheckpointTable(sql: SqlStorage): void {
  sql.run("CREATE TABLE IF NOT EXISTS checkpoints (task INTEGER PRIMARY KEY, body TEXT)");
}

/** The checkpoint of a task that has applied the records up to `offset` without effect, and nothing else. */
export function emptyCheckpoint(offset: number): Checkpoint {
  return {
    version: 1,
    epoch: 0,
    writing: 1,
    isWriting: false,
    aborted: [],
    sweepTable: 1,
    offset,
    isMidRecord: false,
    watermark: minWatermark.toString(),
    firedThrough: minWatermark.toString(),
    cursor: undefined,
    nextTable: 1,
    counts: { rows: 0, filtered: 0, late: 0, bad: 0 },
    sweep: { nextAt: 0, cursor: undefined },
    history: [],
  };
}

/** The checkpoint with which a run of `plan` begins on a log. */
export function firstCheckpoint(log: PartitionLog, plan: TaskPlan, isShard: boolean): Checkpoint {
  const offset = (plan.startFrom === "latest" ? log.nextOffset : log.firstOffset) - 1;
  const first = emptyCheckpoint(offset);
  // The next stages wait for every shard, also for one that has nothing more to say.
  if (!isShard || sendsOf(plan).every(({ into }) => into) || offset + 1 < log.nextOffset) return first;
  const watermark = log.watermark.toString();
  return { ...first, watermark, inputTime: { [ownLog]: [watermark, log.isIdle] } };
}

export function readCheckpoint(sql: SqlStorage, task: number): Checkpoint | undefined {
  const row = sql.run("SELECT body FROM checkpoints WHERE task = ?", task)[0];
  if (!row) return undefined;
  const body = readSealedJson(String(row[0]), (what) => damaged(task, what)) as unknown as Checkpoint;
  if (body.version !== 1) {
    throw new EngineError("VERSION_UNKNOWN", {
      message: `The checkpoint of task ${task} has version ${body.version}; this release reads version 1.`,
    });
  }
  return body;
}

export function writeCheckpoint(sql: SqlStorage, task: number, checkpoint: Checkpoint): void {
  sql.run("INSERT OR REPLACE INTO checkpoints (task, body) VALUES (?, ?)", task, sealJson(checkpoint));
}

function damaged(task: number, what: string): EngineError {
  const message = `The checkpoint of task ${task} is damaged: ${what}. Start the job anew, from a savepoint.`;
  return new EngineError("STATE_CORRUPT", { message, details: { task } });
}

/** Returns the checkpoint that a recovery continues from: what a crash left half-written is never read. */
export function abortUnfinished(checkpoint: Checkpoint): Checkpoint {
  if (!checkpoint.isWriting) return checkpoint;
  return {
    ...checkpoint,
    writing: checkpoint.writing + 1,
    isWriting: false,
    aborted: [...checkpoint.aborted, checkpoint.writing],
    sweepTable: 1,
  };
}

/** Parses a watermark that a checkpoint holds as text. */
export function parseWatermark(text: string): bigint {
  const value = BigInt(text);
  return value < minWatermark ? minWatermark : value > maxWatermark ? maxWatermark : value;
}

/**
 * Rids some tables, of those below `nextTable`, of what aborted epochs left; the aborted epochs are forgotten
 * when none is left to sweep.
 */
export function sweepAborted(
  store: PageStore,
  { aborted, sweepTable }: Pick<Checkpoint, "aborted" | "sweepTable">,
  nextTable: number,
): Pick<Checkpoint, "aborted" | "sweepTable"> {
  if (aborted.length === 0) return { aborted, sweepTable };
  const end = Math.min(sweepTable + sweptTablesPerCheckpoint, nextTable);
  for (let table = sweepTable; table < end; table++) store.sweepAborted(table);
  if (end < nextTable) return { aborted, sweepTable: end };
  store.forgetAborted();
  return { aborted: [], sweepTable: 1 };
}

const sweptTablesPerCheckpoint = 64;
