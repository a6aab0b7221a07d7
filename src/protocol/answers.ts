/**
 * What the API answers, as JSON values: times as ISO text, offsets as numbers, nothing 64 bits wide.
 */
import type { JobBody } from "./job-spec.ts";
import type { StreamBody } from "./stream-spec.ts";
import type { Token, Tokens } from "./token.ts";

/**
 * One rejected record. `line` is its line in an NDJSON body; `column` the character in the record, from 1.
 */
export interface RejectedRecord {
  readonly record: number;
  readonly line?: number;
  readonly column: number;
  readonly reason: string;
  readonly field?: string;
  readonly message: string;
}

/** Counts are rows. `errors` holds the first hundred of `rejected`. */
export interface IngestAnswer {
  readonly accepted: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly errors: readonly RejectedRecord[];
  readonly token: Token;
}

export interface WatermarkAnswer {
  readonly watermark: string;
  readonly token: Token;
}

/** `starting`: not every shard has confirmed the definition yet; it will. */
export type SettleState = "ready" | "starting";

export interface StreamAnswer {
  readonly stream: string;
  readonly generation: number;
  readonly state: SettleState;
  readonly schemaVersion: number;
  readonly createdAt: string;
  readonly definition: StreamBody;
}

export interface ShardAnswer {
  readonly shard: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly watermark: string | null;
  readonly idle: boolean;
  readonly ended: boolean;
  readonly lastFrameAt: string | null;
  readonly rows: number;
  readonly rejected: number;
  readonly duplicates: number;
  readonly logBytes: number;
  readonly storageBytes: number;
  /** Those that the watermark waits for, as far as the shard knows them to be. */
  readonly producers: readonly ProducerAnswer[];
}

export interface ProducerAnswer {
  readonly producer: string;
  /** Null while nothing is known of it. */
  readonly watermark: string | null;
}

/** A stream with what its shards say now; a shard that did not answer is in `unreachable`. */
export interface StreamStatusAnswer extends StreamAnswer {
  readonly ended: boolean;
  readonly watermark: string | null;
  readonly rows: number;
  readonly rejected: number;
  readonly shards: readonly ShardAnswer[];
  readonly unreachable: readonly number[];
}

/** `restarting`: a shard failed at a record and tries again, as its `error` says. */
export type JobStateAnswer = "starting" | "running" | "restarting" | "pausing" | "paused" | "failed";

export interface JobAnswer {
  readonly job: string;
  readonly run: number;
  /** The source; of several the first. */
  readonly stream: string;
  readonly state: JobStateAnswer;
  readonly createdAt: string;
  readonly definition: JobBody | DataflowAnswer;
  /** Tables of SQL that it keeps as views. */
  readonly tables?: readonly string[];
}

/** A job of SQL: its statements, and the names under which its stages keep state. */
export interface DataflowAnswer {
  readonly sql: string;
  readonly stages: readonly string[];
}

export interface CheckpointAnswer {
  readonly stage: number;
  readonly shard: number;
  readonly epoch: number;
  readonly offset: number;
  readonly at: string;
  readonly durationMs: number;
  readonly pages: number;
  readonly bytes: number;
}

/** Why a shard failed, or is tried again; what is absent is not known. */
export interface JobErrorAnswer {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly help: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** What it did, with which record, and with which row of it, from 0, where it is one's. */
  readonly at?: {
    readonly operator: string;
    readonly offset: number;
    readonly row?: number;
    readonly content?: string;
  };
  readonly since?: string;
  readonly attempts?: number;
  readonly nextAttemptAt?: string;
}

/** To partitions that take what it sends, and to the store of savepoints. */
export interface CallRetriesAnswer {
  readonly peers: number;
  readonly blobs: number;
  readonly lastAt: string;
  readonly lastMessage: string;
}

/**
 * One task of a job. Stage 0 runs in the shards of the source, or as many stages as there are sources in
 * those of each; a partition of a later stage counts as its own.
 */
export interface JobShardAnswer {
  readonly stage: number;
  readonly shard: number;
  readonly state: string;
  readonly watermark: string | null;
  readonly appliedOffset: number;
  /** Rows that it applied. */
  readonly rows: number;
  readonly lagRecords: number;
  readonly lagBytes: number;
  /** Age of the oldest record that is not applied. */
  readonly lagMs: number;
  /** Bytes that were sent to the next stage and are not acknowledged. */
  readonly unacknowledgedBytes: number;
  readonly stateBytesInMemory: number;
  /** Bytes of its pages in storage, as they were counted last. */
  readonly stateBytes: number;
  /** Calls that failed and were made again since its object started; absent where none did. */
  readonly retries?: CallRetriesAnswer;
  /** Records that it was told to do without; absent where there are none. */
  readonly lostRecords?: number;
  readonly error?: JobErrorAnswer;
}

/** How evenly the rows of a stage lie on its partitions: 1 is even, their number is all on one. */
export interface StageSkew {
  readonly stage: number;
  /** The partition that applied the most rows. */
  readonly largest: number;
  readonly rows: { readonly most: number; readonly mean: number };
  /** `most` by `mean`. */
  readonly ratio: number;
}

/**
 * A job with what its partitions say now. The watermark is the lowest of all; `rows` are those that reached
 * the last stage; `offsets` are the source's, by its name where there are several.
 */
export interface JobStatusAnswer extends JobAnswer {
  readonly watermark: string | null;
  readonly offsets: Token | Tokens;
  readonly lag: { readonly records: number; readonly bytes: number };
  /** One of each stage. */
  readonly skew: readonly StageSkew[];
  readonly rows: number;
  readonly filtered: number;
  readonly late: number;
  readonly bad: number;
  readonly openWindows: number;
  readonly shards: readonly JobShardAnswer[];
  readonly unreachable: readonly number[];
  /** Of each later stage the partitions that did not answer. */
  readonly unreachableStages: readonly { readonly stage: number; readonly shards: readonly number[] }[];
  /** Newest first. */
  readonly checkpoints: readonly CheckpointAnswer[];
}

/** Rows hold the outputs by name and `final`, which is false while their window is open. */
export interface ViewAnswer {
  readonly view: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly watermarks: Readonly<Record<string, string | null>>;
  readonly offsets: Token;
  readonly cursor?: string;
}

/** A split that is under way, or done. Key groups are [first, last]. */
export interface SplitAnswer {
  readonly split: number;
  readonly state: "running" | "done";
  readonly parent: number;
  readonly child: number;
  readonly keyGroups: {
    readonly parent: readonly [number, number];
    readonly child: readonly [number, number];
  };
  readonly createdAt: string;
  readonly doneAt: string | null;
  readonly durationMs: number | null;
}

/** A savepoint that is being taken, that is complete, or that will never be: its job failed. */
export interface SavepointAnswer {
  readonly savepoint: number;
  readonly job: string;
  readonly run: number;
  readonly state: "running" | "done" | "failed";
  readonly error?: string;
  /** Whether the job ends with it, and whether all of its windows fired before. */
  readonly stop: boolean;
  readonly drain: boolean;
  readonly createdAt: string;
  readonly doneAt: string | null;
  /** Until it was done, or until now. */
  readonly durationMs: number;
  /** Partitions of all stages. */
  readonly tasks: Progress;
  /** What is uploaded, of what there will be about; in the end, of what there is. */
  readonly parts: Progress;
  readonly bytes: Progress;
}

/** A page of what a savepoint holds, one row per key and window of an operator. */
export interface SavedStateAnswer {
  readonly savepoint: number;
  readonly rows: readonly {
    readonly operator: string;
    /** True for a piece of windows that have not fired: theirs is put together of such. */
    readonly slice?: boolean;
    /** The step's outputs by name. */
    readonly values: Readonly<Record<string, unknown>>;
    readonly final: boolean;
  }[];
  readonly cursor?: string;
}

export interface Progress {
  readonly done: number;
  readonly of: number;
}
