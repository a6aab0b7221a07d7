/**
 * What a task does with the records of its log: `KernelWork` updates cells by column, `ChainWork` passes rows
 * from operator to operator. The task itself knows the log, the checkpoint and the barriers.
 */
import type { PageCache } from "../../kernel/page-cache.ts";
import type { LetterBox } from "../letters/letter-box.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import type { LogRecord } from "../log/records.ts";
import type { FailurePlace, PartitionIdentity } from "../partition-types.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import type { Ports } from "../ports.ts";
import type { InputTime } from "../time/input-time.ts";
import type { ChangeTable } from "./change-table.ts";
import type { Checkpoint, TaskCounts } from "./checkpoint.ts";
import type { LapStep } from "./laps.ts";
import type { SkippedRecords } from "./skipped-records.ts";
import type { TaskLayouts } from "./task-layouts.ts";
import type { TaskOutput } from "./task-output.ts";
import type { TaskTables } from "./task-tables.ts";
import type { TaskWindows } from "./task-windows.ts";

/** What work has of its task. */
export interface WorkContext extends Partial<Pick<Ports, "functions" | "print">> {
  readonly cache: PageCache;
  readonly plan: TaskPlan;
  readonly identity: () => PartitionIdentity;
  readonly tables: TaskTables;
  readonly layouts: TaskLayouts;
  readonly letters: LetterBox;
  readonly changes: ChangeTable;
  readonly skipped: SkippedRecords;
  readonly output: TaskOutput | undefined;
  readonly time: InputTime;
  /** What work begins with. */
  readonly checkpoint: Checkpoint;
  /** Notes what became of a record's rows. */
  readonly count: (counted: Omit<TaskCounts, "rows"> & { readonly applied: number }) => void;
  /** Stores what is dirty if that is much: what a record touches may leave no room for the rest of it. */
  readonly makeRoom: () => void;
  /** Stores about so many bytes of what is dirty, and returns how many. */
  readonly store: (bytesMax: number) => number;
}

/** Parts of a checkpoint that are the work's. */
export type WorkState = Pick<Checkpoint, "firedThrough" | "cursor" | "sweep" | "appendTime" | "groupTimes">;

export interface TaskWork {
  /** Windows that slices of cells make, where there are any. */
  readonly windows: TaskWindows | undefined;
  /** What it does at the moment; asked when that failed. */
  readonly place: Omit<FailurePlace, "offset"> & Partial<Pick<FailurePlace, "offset">>;
  /** True while no checkpoint may be taken: what was done of the record is in memory alone. */
  readonly isHalfway: boolean;
  /** End of the earliest window that has not fired. */
  nextEnd(): bigint | undefined;
  /** When, by append time in ms, something is due that no row asks for. */
  nextDueAt(): number | undefined;
  /** Windows that hold rows and have not fired. */
  openWindows(): number;
  /** Comes before anything else of a record, in every step of it. */
  begin(record: LogRecord): void;
  /**
   * Goes on with many records from this one on at once, or begins to where that is worth it; undefined where
   * it is to be taken in alone. Until it says that they are applied the work is halfway.
   */
  takeInMany(log: PartitionLog, record: LogRecord): LapStep | undefined;
  /** Takes in a record's rows by the time before it; then what it says of time. */
  takeIn(record: LogRecord): void;
  /** Goes on with what rows and time made due; true when nothing is left of it. */
  goOn(record: LogRecord): boolean;
  /** Lets go of some of what has expired; true when nothing more has to go now. */
  sweep(record: LogRecord): boolean;
  readonly state: WorkState;
  /** True where a checkpoint would say something else than this one does. */
  differsFrom(checkpoint: Checkpoint): boolean;
  /** Gives all memory back. */
  release(): void;
}
