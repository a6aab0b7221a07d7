/**
 * The answers of `answers.ts` as schemas, for the API's description. The compiler holds the two together.
 *
 * They are read as what is sent: nothing is transformed, and a later release may add fields.
 */
import * as z from "zod";
import type {
  IngestAnswer,
  JobAnswer,
  JobStatusAnswer,
  SavedStateAnswer,
  SavepointAnswer,
  SplitAnswer,
  StreamAnswer,
  StreamStatusAnswer,
  ViewAnswer,
  WatermarkAnswer,
} from "./answers.ts";
import type { DeadLettersAnswer, LettersAnswer, ReplayAnswer } from "./dead-letters.ts";
import { jobBodySchema } from "./job-spec.ts";
import { letterReasons } from "./letter-id.ts";
import { streamBodySchema } from "./stream-spec.ts";

type Sent<Answer> = z.ZodType<unknown, Answer>;

const count = z.int().min(0);
const time = z.string().meta({ format: "date-time" });
const row = z.record(z.string(), z.unknown());
const tokenSchema = z.record(z.string(), count).meta({
  id: "Token",
  description: "By shard the offset from which on a view reflects what was sent. A query can wait for it.",
});
const watermark = z.string().nullable().meta({ description: "Null while there is none." });
const cursor = z
  .string()
  .exactOptional()
  .meta({ description: "Asks for the next page; absent on the last." });
const unreachable = z.array(count).meta({ description: "Shards that did not answer." });

const rejectedRecordSchema = z
  .object({
    record: count.meta({ description: "Counted from 1." }),
    line: count.exactOptional().meta({ description: "Its line in a body that has lines." }),
    column: count.meta({ description: "The character in the record, from 1." }),
    reason: z.string(),
    field: z.string().exactOptional(),
    message: z.string(),
  })
  .meta({ id: "RejectedRecord" });

export const ingestAnswerSchema = z
  .object({
    accepted: count,
    duplicate: count,
    rejected: count,
    errors: z
      .array(rejectedRecordSchema)
      .max(100)
      .meta({ description: "The first hundred of `rejected`; all are kept as letters." }),
    token: tokenSchema,
  })
  .meta({ id: "IngestAnswer", description: "Counts are rows." }) satisfies Sent<IngestAnswer>;

export const watermarkAnswerSchema = z
  .object({ watermark: z.string(), token: tokenSchema })
  .meta({ id: "WatermarkAnswer" }) satisfies Sent<WatermarkAnswer>;

const streamFields = {
  stream: z.string(),
  generation: count,
  state: z
    .enum(["ready", "starting"])
    .meta({ description: "`starting`: not every shard has confirmed the definition yet; it will." }),
  schemaVersion: count,
  createdAt: time,
  definition: streamBodySchema,
} as const;

export const streamAnswerSchema = z
  .object(streamFields)
  .meta({ id: "StreamAnswer" }) satisfies Sent<StreamAnswer>;

const shardSchema = z
  .object({
    shard: count,
    firstOffset: count,
    nextOffset: count,
    watermark,
    idle: z.boolean(),
    ended: z.boolean(),
    lastFrameAt: time.nullable(),
    rows: count,
    rejected: count,
    duplicates: count,
    logBytes: count,
    storageBytes: count,
    producers: z
      .array(z.object({ producer: z.string(), watermark }))
      .meta({ description: "Those that the watermark waits for, as far as the shard knows them to be." }),
  })
  .meta({ id: "Shard" });

export const streamStatusSchema = z
  .object({
    ...streamFields,
    ended: z.boolean(),
    watermark,
    rows: count,
    rejected: count,
    shards: z.array(shardSchema),
    unreachable,
  })
  .meta({
    id: "StreamStatus",
    description: "A stream with what its shards say now.",
  }) satisfies Sent<StreamStatusAnswer>;

const dataflowSchema = z.object({ sql: z.string(), stages: z.array(z.string()) }).meta({
  id: "Dataflow",
  description: "A job of SQL: its statements, and what its stages' state is called.",
});

const jobFields = {
  job: z.string(),
  run: count,
  stream: z.string().meta({ description: "The source; of several the first." }),
  state: z.enum(["starting", "running", "restarting", "pausing", "paused", "failed"]),
  createdAt: time,
  definition: z.union([jobBodySchema, dataflowSchema]),
  tables: z.array(z.string()).exactOptional().meta({ description: "Tables of SQL that it keeps as views." }),
} as const;

export const jobAnswerSchema = z.object(jobFields).meta({ id: "JobAnswer" }) satisfies Sent<JobAnswer>;

const jobErrorSchema = z
  .object({
    code: z.string(),
    status: z.int(),
    message: z.string(),
    help: z.string(),
    details: z.record(z.string(), z.unknown()).exactOptional(),
    at: z
      .object({
        operator: z.string().meta({ description: "What it did." }),
        offset: count.meta({ description: "With which record of its log." }),
        row: count.exactOptional().meta({ description: "With which row of it, from 0." }),
        content: z.string().exactOptional().meta({ description: "The row's values, cut off where long." }),
      })
      .exactOptional(),
    since: time.exactOptional(),
    attempts: count.exactOptional(),
    nextAttemptAt: time.exactOptional(),
  })
  .meta({ id: "JobError", description: "Why a partition of a job failed, or is tried again, and where." });

const retriesSchema = z
  .object({
    peers: count.meta({ description: "To partitions that take what it sends." }),
    blobs: count.meta({ description: "To the store of savepoints." }),
    lastAt: time,
    lastMessage: z.string(),
  })
  .meta({
    id: "CallRetries",
    description: "Calls that failed and were made again since its object started.",
  });

const taskSchema = z
  .object({
    stage: count,
    shard: count,
    state: z.string(),
    watermark,
    appliedOffset: count,
    rows: count.meta({ description: "Those that it applied." }),
    lagRecords: count,
    lagBytes: count,
    lagMs: z.number().min(0).meta({ description: "Age of the oldest record that is not applied." }),
    unacknowledgedBytes: count.meta({
      description: "Sent to the next stage and not acknowledged.",
    }),
    stateBytesInMemory: count,
    stateBytes: count.meta({ description: "Bytes of its pages in storage, as they were counted last." }),
    retries: retriesSchema.exactOptional(),
    lostRecords: count
      .exactOptional()
      .meta({ description: "Records that it was told to do without, since the log no longer had them." }),
    error: jobErrorSchema.exactOptional(),
  })
  .meta({
    id: "Task",
    description: "Stage 0 runs in the shards of the source, or as many stages as there are sources.",
  });

const checkpointSchema = z
  .object({
    stage: count,
    shard: count,
    epoch: count,
    offset: count,
    at: time,
    durationMs: z.number().min(0),
    pages: count,
    bytes: count,
  })
  .meta({ id: "Checkpoint" });

const skewSchema = z
  .object({
    stage: count,
    largest: count.meta({ description: "The partition that applied the most rows." }),
    rows: z.object({ most: z.number().min(0), mean: z.number().min(0) }),
    ratio: z.number().min(0).meta({ description: "`most` by `mean`: 1 is even." }),
  })
  .meta({ id: "StageSkew", description: "How evenly the rows of a stage lie on its partitions." });

export const jobStatusSchema = z
  .object({
    ...jobFields,
    watermark: watermark.meta({ description: "The lowest of all partitions." }),
    offsets: z
      .union([tokenSchema, z.record(z.string(), tokenSchema)])
      .meta({ description: "By shard; by the source's name first where there are several." }),
    lag: z.object({ records: count, bytes: count }),
    skew: z.array(skewSchema).meta({ description: "One of each stage." }),
    rows: count.meta({ description: "Those that reached the last stage." }),
    filtered: count,
    late: count,
    bad: count,
    openWindows: count,
    shards: z.array(taskSchema),
    unreachable,
    unreachableStages: z
      .array(z.object({ stage: count, shards: z.array(count) }))
      .meta({ description: "Of each later stage the partitions that did not answer." }),
    checkpoints: z.array(checkpointSchema).meta({ description: "Newest first." }),
  })
  .meta({
    id: "JobStatus",
    description: "A job with what its partitions say now.",
  }) satisfies Sent<JobStatusAnswer>;

export const viewAnswerSchema = z
  .object({
    view: z.string(),
    rows: z.array(row).meta({
      description: "The outputs by name, and `final`, which is false while the window is open.",
    }),
    watermarks: z.record(z.string(), watermark),
    offsets: tokenSchema,
    cursor,
  })
  .meta({ id: "ViewAnswer" }) satisfies Sent<ViewAnswer>;

const letterSchema = z
  .object({
    id: z.string(),
    shard: count,
    offset: count,
    row: count,
    job: z.string().exactOptional(),
    reason: z.enum(letterReasons),
    message: z.string(),
    lateBy: z.int().exactOptional(),
    at: time,
    content: row,
    cut: z.literal(true).exactOptional(),
    replayedAt: time.exactOptional(),
  })
  .meta({ id: "Letter" });

export const lettersAnswerSchema = z
  .object({ letters: z.array(letterSchema), cursor })
  .meta({ id: "LettersAnswer" }) satisfies Sent<LettersAnswer>;

export const deadLettersAnswerSchema = z
  .object({
    counts: z
      .object({ rejected: count, late: count, bad: count })
      .exactOptional()
      .meta({ description: "On the first page: all there ever were." }),
    letters: z.array(letterSchema),
    cursor,
  })
  .meta({ id: "DeadLettersAnswer" }) satisfies Sent<DeadLettersAnswer>;

export const replayAnswerSchema = z
  .object({
    dryRun: z.boolean(),
    replayed: count,
    resumed: count,
    rejectedAgain: count,
    alreadyReplayed: count,
    cut: count,
    gone: count,
    errors: z.array(z.object({ id: z.string(), message: z.string() })),
    cursor,
  })
  .meta({ id: "ReplayAnswer" }) satisfies Sent<ReplayAnswer>;

// Told as a list of two: not every reader of JSON Schema knows tuples.
const keyGroups = z.tuple([count, count]).meta({
  ...{ prefixItems: undefined, items: { type: "integer", minimum: 0 }, minItems: 2, maxItems: 2 },
  description: "First and last.",
});

export const splitAnswerSchema = z
  .object({
    split: count,
    stage: count.exactOptional().meta({ description: "In the list of a job: the stage." }),
    state: z.enum(["running", "done"]),
    parent: count,
    child: count,
    keyGroups: z.object({ parent: keyGroups, child: keyGroups }),
    createdAt: time,
    doneAt: time.nullable(),
    durationMs: count.nullable(),
  })
  .meta({ id: "SplitAnswer" }) satisfies Sent<SplitAnswer>;

const progress = z.object({ done: count, of: count }).meta({ id: "Progress" });

export const savepointAnswerSchema = z
  .object({
    savepoint: count,
    job: z.string(),
    run: count,
    state: z.enum(["running", "done", "failed"]),
    error: z.string().exactOptional(),
    stop: z.boolean().meta({ description: "Whether the job ends with it." }),
    drain: z.boolean().meta({ description: "Whether all of its windows fired before." }),
    createdAt: time,
    doneAt: time.nullable(),
    durationMs: count,
    tasks: progress,
    parts: progress,
    bytes: progress,
  })
  .meta({
    id: "SavepointAnswer",
    description: "A savepoint that is being taken, that is complete, or whose job failed.",
  }) satisfies Sent<SavepointAnswer>;

export const savedStateAnswerSchema = z
  .object({
    savepoint: count,
    rows: z.array(
      z.object({
        operator: z.string(),
        slice: z.boolean().exactOptional().meta({ description: "True for a piece of windows to come." }),
        values: row,
        final: z.boolean(),
      }),
    ),
    cursor,
  })
  .meta({ id: "SavedStateAnswer" }) satisfies Sent<SavedStateAnswer>;

/** A list under one name, as the API answers lists. */
export function listSchema<Name extends string, Item extends z.ZodType>(name: Name, item: Item) {
  return z.object({ [name]: z.array(item) } as Record<Name, z.ZodArray<Item>>);
}
