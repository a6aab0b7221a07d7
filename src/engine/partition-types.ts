/**
 * What a partition is told and what it answers: the face between the coordinator, the ingest and query
 * workers and a partition. Plain values: they cross RPC as they are.
 */
import type { ErrorBody } from "../base/errors.ts";
import type { Schema } from "../columnar/schema.ts";
import type { SplitPoint } from "./log/barrier.ts";
import type { LiveProducer } from "./log/live-producers.ts";
import type { TaskPlan } from "./plan/task-plan.ts";
import type { ProducerTime } from "./producer-orders.ts";

export type RpcResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: ErrorBody };

/** Who a partition is. An object without it accepts nothing. `keyGroups` is [first, end). */
export interface PartitionIdentity {
  readonly stream: string;
  readonly generation: number;
  readonly shard: number;
  readonly shardCount: number;
  readonly keyGroups: readonly [number, number];
  readonly mapVersion: number;
  /** The oldest map by which a frame for this partition has the same rows; absent: `mapVersion` itself. */
  readonly mapVersionMin?: number;
  readonly schema: Schema;
  /** Index of the event-time column, -1 for none, and how far behind its maximum the watermark stays. */
  readonly eventTimeColumn: number;
  readonly outOfOrdernessMs: number;
  readonly idleTimeoutMs: number;
  readonly idle: "wait" | "advance";
  /** Whether the watermark waits for live producers; absent: it does not. */
  readonly waitsForProducers?: boolean;
  readonly retention: { readonly timeMs: number; readonly bytesMax: number };
  /** Whether what is rejected, late or bad is only counted; absent: it is kept. */
  readonly deadLetters?: "count";
  /**
   * The channels that lead here from the first on, of a partition between stages: it takes nothing else.
   * Others are announced by them. Absent for a shard.
   */
  readonly inputs?: readonly string[];
  /**
   * Generations of inputs that lie between stages themselves: all of their partitions hear of the same, so
   * they are idle together or not at all.
   */
  readonly idleTogether?: readonly number[];
  /**
   * Of a partition that took over a part of another's key groups, the runs whose state is to come from there.
   */
  readonly awaits?: readonly number[];
}

/** A split of a partition, as the coordinator orders it. `split` numbers the splits of all streams. */
export interface SplitOrder extends SplitPoint {
  readonly split: number;
  /** Who the partition is from then on. */
  readonly identity: PartitionIdentity;
}

/** What the log of a new shard begins with, that takes over a part of another's key groups. */
export interface Handover {
  readonly nextOffset: number;
  /** See `acceptance-codec.ts`. */
  readonly acceptance: Uint8Array;
}

/**
 * The state of a run that a new partition takes over: it comes (`Waits`), lies in the blob store (`Saved`),
 * or is none, since the run began behind the split.
 */
export interface HandoverStatus {
  readonly state: "Waits" | "Saved" | "None";
  /** Parts with pages in the blob store. */
  readonly parts: number;
}

/** Where a job failed: what it did, with which record of its log, and with which row where it is one's. */
export interface FailurePlace {
  readonly operator: string;
  readonly offset: number;
  /** Its number in the record, from 0. */
  readonly row?: number;
  /** The row's values as JSON, cut off where they are long. */
  readonly content?: string;
}

/** Why a job failed, or is tried again. What is absent is not known: it could not be opened. */
export interface JobError extends ErrorBody {
  readonly at?: FailurePlace;
  /** When it failed there first, ms, and how often it was tried. */
  readonly since?: number;
  readonly attempts?: number;
  /** When it is tried again, ms. */
  readonly nextAttemptAt?: number;
  /** Set while it was told to leave out what it fails at and has not gone on since. */
  readonly isMended?: true;
}

/** What lets a job that failed go on: without what it fails at, or without the log that is gone. */
export type Mending =
  | { readonly skip: { readonly offset: number; readonly row?: number } }
  | { readonly allowDataLoss: true };

export type JobState = "running" | "paused" | "failed";

/** A job as the coordinator wants it on a partition. `run` is new at every start. */
export interface JobCommand {
  readonly job: string;
  readonly run: number;
  /** Grows with every wish: a lower one than the run's last came late, the same one again is a repetition. */
  readonly revision: number;
  readonly state: "running" | "paused" | "deleted";
  readonly plan: TaskPlan;
  /** What of a savepoint the run begins with. */
  readonly restore?: RestoreSource;
}

/** Tasks of a savepoint, by name. */
export interface RestoreSource {
  /** The one of this shard: where in its log the run goes on. Absent for a partition between stages. */
  readonly position?: string;
  /** Those that had some of the keys which come here; none where the task begins empty. */
  readonly states: readonly string[];
}

/**
 * Where a scan stands: behind the cell with `hash` (16 hex digits) in the window that ends at `window`, ms.
 */
export interface ScanPosition {
  readonly window: number;
  readonly hash: string;
}

/** A read of a view's rows on one partition. Times in ms. */
export interface ViewScan {
  /** The map by which the reader knows whom to ask; absent where it reads one partition for its own sake. */
  readonly mapVersion?: number;
  readonly key?: { readonly bytes: Uint8Array; readonly nulls: number };
  /** Windows with start >= windowFrom and end <= windowTo. */
  readonly windowFrom?: number;
  readonly windowTo?: number;
  readonly newestFirst: boolean;
  readonly limit: number;
  readonly after?: ScanPosition;
  /** Only results of windows that have fired, and all of a view without windows. */
  readonly isFinal?: boolean;
  /** Instead of scan order: the `limit` rows with the largest (or smallest) value of this output column. */
  readonly top?: { readonly output: string; readonly ascending: boolean };
}

/** One row of a view: outputs by name as JSON values, with its place in the scan order. */
export interface ViewRow {
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
  readonly final: boolean;
  readonly at: ScanPosition;
}

export interface ViewPage {
  readonly rows: readonly ViewRow[];
  /** False when the scan came to the end. */
  readonly hasMore: boolean;
  /** Set where a partition broke off before it had `limit` rows: behind which place a later turn goes on. */
  readonly resume?: ScanPosition;
  readonly watermark: bigint;
  /** Offset of the last record that the rows reflect. */
  readonly appliedOffset: number;
}

export interface CheckpointFacts {
  readonly epoch: number;
  readonly offset: number;
  readonly at: number;
  readonly durationMs: number;
  readonly pages: number;
  readonly bytes: number;
}

export interface JobStatus {
  readonly job: string;
  readonly run: number;
  /** `restarting`: it failed at a record, as `error` says, and is tried again. */
  readonly state: JobState | "restarting";
  readonly error: JobError | undefined;
  readonly watermark: bigint;
  readonly appliedOffset: number;
  /** Records that were trimmed before the job had applied them, and that it was told to do without. */
  readonly lostRecords: number;
  /** Records logged and not yet applied. */
  readonly lagRecords: number;
  readonly lagBytes: number;
  /** Age of the oldest record that is not applied, in ms; 0 where all are. */
  readonly lagMs?: number;
  readonly counts: {
    readonly rows: number;
    readonly filtered: number;
    readonly late: number;
    readonly bad: number;
  };
  readonly openWindows: number;
  /** Rows sent on since the task was opened. */
  readonly rowsSent?: number;
  /** Checkpoints completed, of this task here. */
  readonly checkpointsCompleted?: number;
  /** Bytes of frames that were sent on and that the next stage has not acknowledged. */
  readonly unacknowledgedBytes: number;
  readonly stateBytesInMemory: number;
  /** Bytes of its pages in storage, as they were counted last. */
  readonly stateBytes?: number;
  /** Of its calls that failed; absent where none did. */
  readonly retries?: CallRetriesOfTask;
  readonly checkpoints: readonly CheckpointFacts[];
}

/** How often calls of a task failed and were made again since its object started. */
export interface CallRetriesOfTask {
  /** To partitions that take what the task sends. */
  readonly peers: number;
  /** To the store of savepoints. */
  readonly blobs: number;
  /** The newest failure. */
  readonly last: { readonly at: number; readonly message: string };
}

/** What the coordinator tells a shard now and then. */
export interface Tick {
  /** For an idle shard: how far the others are; absent: nothing is known. */
  readonly watermark?: bigint;
  /** How far producers are, for a shard that they hold. */
  readonly producers: readonly ProducerTime[];
  /** The sender's time, ms. */
  readonly sentAt?: number;
}

/** Pages in memory, and what came and went since the partition's tasks were opened. */
export interface PageActivity {
  readonly pages: number;
  readonly bytes: number;
  readonly lookups?: number;
  readonly loads: number;
  readonly evictions: number;
}

export interface PartitionStatus {
  readonly shard: number;
  readonly generation: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly watermark: bigint;
  /** How far its frames alone would let the watermark go. */
  readonly ownWatermark: bigint;
  /** Producers that the watermark waits for. */
  readonly producers: readonly LiveProducer[];
  readonly isIdle: boolean;
  readonly isEnded: boolean;
  readonly lastFrameAt: number | undefined;
  readonly counts: {
    readonly rows: number;
    readonly rejected: number;
    readonly duplicates: number;
    readonly bytes: number;
  };
  readonly storageBytes: number;
  /** Bytes of the log's rows that are kept. */
  readonly keptLogBytes?: number;
  readonly pages?: PageActivity;
  /** Time with work at hand since the object started, in ms. */
  readonly busyMs?: number;
  readonly jobs: readonly JobStatus[];
}
