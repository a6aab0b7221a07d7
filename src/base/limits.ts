/**
 * Limits, each with its unit and its reason. A limit that a user can meet has an error that names it.
 */
export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/**
 * Largest part of a request body, in decompressed bytes, that is decoded at once and makes one frame per
 * shard.
 */
export const partBytesMax = 1 * MiB;

/**
 * Longest JSON lines that a part of another format is turned into: names and escapes come to what the body
 * has, a few times over.
 */
export const linesBytesMax = 8 * MiB;

/** Most records in one part: bounds the columns that a part needs in memory (rows × columns × 9 bytes). */
export const partRowsMax = 16_384;

/**
 * Longest text, in UTF-16 units, that a function makes of shorter ones (REPEAT, LPAD): more than a record
 * holds, and too little to use up the memory with a row.
 */
export const madeTextMax = 4 * MiB;

/** Largest body of one request after decompression. */
export const bodyBytesMax = 32 * MiB;

/**
 * Most parts of one request: a body of the largest size, cut at record boundaries, with room for short parts.
 */
export const bodyPartsMax = 1024;

/** Largest frame. A log row is one SQLite value and those end at 2 MB. */
export const frameBytesMax = 1 * MiB;

/**
 * Largest frame of a single row or rejected record: a record of `partBytesMax` and what a frame adds to it.
 */
export const frameRowBytesMax = frameBytesMax + 64 * KiB;

/** Most rows of a frame: bounds what a reader sets aside before it has seen a value. */
export const frameRowsMax = 65_536;

/** Largest log row: a few frames of one group commit, below SQLite's 2 MB. */
export const logRowBytesMax = 1_900_000;

/** Longest key in bytes. A page of 32 KiB must hold several cells. */
export const keyBytesMax = 2 * KiB;

/** Longest string that an aggregate keeps (min, max, first_value, last_value of STRING). */
export const accumulatorStringBytesMax = 2 * KiB;

/**
 * Bytes of strings that all aggregates of one key may keep: beside the longest key, and one value that is
 * being replaced, they fit the largest page. Up to 12 such aggregates may have `accumulatorStringBytesMax`.
 */
export const cellStringBytesMax = 26 * KiB;

/** Largest body that is a definition, a command or statements: people write them, programs no larger ones. */
export const definitionBytesMax = 1 * MiB;

/**
 * Most streams, and most jobs, queries that never end among them: all are listed in one answer, and the
 * coordinator watches over all of them.
 */
export const streamsMax = 1000;
export const jobsMax = 1000;

/** Most tables, views and functions of SQL: every statement is bound with all of them at hand. */
export const sqlObjectsMax = 4000;

/** Most bytes of log that a shard retains: an object's database ends at 10 GB, and state lies there too. */
export const retentionBytesMax = 8 * GiB;

/** Most field names in the path of a nested column. */
export const pathPartsMax = 8;

/** Levels of objects and arrays in a record, itself the first: the decoder uses some stack for each. */
export const recordDepthMax = 64;

/** Most rows of one page of a view, of letters, of saved state or of the audit log. */
export const pageRowsMax = 1000;

/** Longest time in ms that a query waits for a token: far below what holds a connection open anywhere. */
export const queryTimeoutMsMax = 30_000;

/** Most columns of a stream. With `partRowsMax` it bounds the memory of one decoded part. */
export const columnsMax = 128;

/** Most key columns of a job: the null bits of a key are one u16. */
export const keyColumnsMax = 16;

/** Most aggregates of a job: presence bits are one u64. */
export const aggregatesMax = 64;

/** Largest page, and the smallest one: a page doubles until it is the largest, then it splits. */
export const pageBytesMax = 32 * KiB;
export const pageBytesMin = 1 * KiB;

/** Page budget of one partition when it has its isolate for itself. */
export const pageBudgetBytes = 32 * MiB;

/** Page budget that all live partitions of an isolate share: an isolate ends at 128 MiB. */
export const isolateBudgetBytes = 80 * MiB;

/** Key groups of a stream and of a job: the top bits of a key's hash. */
export const maxParallelism = 1024;

/** Most streams that one job reads. */
export const sourcesMax = 8;

/** Most steps of a job behind its first. */
export const stepsMax = 8;

/** Most streams that the results of a step are appended to. */
export const stepSinksMax = 8;

/** Most inputs of a step. */
export const stepInputsMax = 8;

/** Most partitions of one stage of a job: a sender keeps a channel to each of them. */
export const stagePartitionsMax = 256;

/** Longest Producer-Id in characters: shards keep each for the stream's retention. */
export const producerIdMax = 128;

/** Most partitions that are asked for metrics: each is a call, and a Worker's request makes at most 1000. */
export const surveyedPartitionsMax = 900;

/** Sequences per producer that a shard remembers; an older one is refused. */
export const producerSequencesKept = 64;

/**
 * Memory for what a shard remembers of producers. Beyond it unknown producers are refused until others
 * expire.
 */
export const producerTableBytesMax = 8 * MiB;

/**
 * Most live producers that a stream's watermark waits for: every shard keeps them, and tells of them each
 * second.
 */
export const liveProducersMax = 256;

/**
 * What one WebSocket may have unacknowledged: bodies that wait lie in the memory of an isolate, beside those
 * of others.
 */
export const sessionMessagesMax = 64;
export const sessionBytesMax = 8 * MiB;

/** Deadline of one append: a shard refuses a frame that was sent longer ago. */
export const appendDeadlineMs = 10_000;

/**
 * Age of an append by which a shard knows its own clock to be ahead: several times what one that is alive is
 * on its way.
 */
export const clockAheadMsMax = 3 * appendDeadlineMs;

/**
 * Most slices in one window (size / slide, size / step): a read of an open window merges each of them.
 */
export const slicesPerWindowMax = 1024;

/**
 * Most parts (calls, columns, literals) of one expression, and its deepest nesting: both bound its
 * compilation.
 */
export const expressionNodesMax = 1000;
export const expressionDepthMax = 64;

/**
 * Most columns, literals and intermediate columns of a job's expressions together: bounds a task's scratch
 * memory.
 */
export const programRegistersMax = 4096;

/** Bytes of letters that a job keeps on one partition; the oldest go first. Their count is never lost. */
export const lettersBytesMax = 64 * MiB;

/** Longest text value in a letter; the rest is cut off. */
export const letterTextMax = 1024;

/** Bytes logged and not yet applied by a running job beyond which a shard answers 429. */
export const backlogBytesMax = 64 * MiB;

/** Bytes of frames that a task has sent and no receiver has acknowledged, beyond which it applies no more. */
export const outboxBytesMax = 4 * MiB;

/** Bytes of frames in one call to a partition of the next stage: far below the 32 MiB of one RPC. */
export const sendBytesMax = 2 * MiB;

/**
 * A channel's credit: bytes logged and not yet applied by a partition between stages, beyond which it lets
 * its senders wait for the answer.
 */
export const creditBytesMax = 8 * MiB;

/** The same beyond which it takes nothing in: a stage that is stuck stops its senders for good. */
export const stageBacklogBytesMax = creditBytesMax + 2 * sendBytesMax;

/**
 * A checkpoint is due when this much of the log was applied since the last one: it bounds what a recovery
 * replays.
 */
export const checkpointLogBytesMax = 64 * MiB;

/** Time in ms between checkpoints of a task that applies records. */
export const checkpointIntervalMs = 10_000;

/** Bytes of pages that one turn writes. */
export const checkpointTurnBytesMax = 4 * MiB;

/** Bytes of unwritten letters beyond which a checkpoint is due. */
export const pendingLettersBytesMax = 1 * MiB;

/** Window tables that are new, changed or dropped in one checkpoint: its last turn writes a row for each. */
export const unwrittenTablesMax = 4096;

/** How often a job is tried at a record where it fails for a reason of its own: once more, with more room. */
export const attemptsPerRecordMax = 2;

/** Time in ms before a job is tried again that failed for want of something outside: doubled each time. */
export const restartBackoffMsMin = 1_000;
export const restartBackoffMsMax = 60_000;

/** Longest text, in characters, of the row that a failed job shows: enough to find it by. */
export const failedRowTextMax = 500;

/** Log rows kept for a paused or failed job beyond the stream's retention, as a multiple of its bytes. */
export const heldLogFactor = 2;

/** Longest SQL text, in UTF-16 units: far above what people write, far below what a Worker's memory holds. */
export const sqlTextMax = 1 * MiB;

/** Levels that an expression or a query in SQL may lie deep in others: each takes some of the stack. */
export const sqlDepthMax = 200;

/** Operators, joins or set operations in SQL that follow each other: their tree is as deep on its left. */
export const sqlChainMax = 1000;

/**
 * Rows that a query has of its views before it goes on by itself: those that its conditions leave, or its
 * groups; of about a hundred bytes each they fit a Worker's memory. Views may have any number.
 */
export const queryRowsMax = 200_000;

/** Rows of LIMIT and OFFSET together where rows change: the order of these is one value of state. */
export const changingLimitMax = 10_000;

/** Bytes of the same, encoded: groups may keep much. */
export const queryBytesMax = 32 * MiB;

/** How long the changes of a view are held for readers that come back, ms of append time. */
export const changesKeptMs = 3_600_000;

/** Bytes of a view's changes that one partition holds; the oldest go first. */
export const changesBytesMax = 64 * MiB;

/** Bytes of changes that are not in storage yet, beyond which a checkpoint is due. */
export const pendingChangesBytesMax = 4 * MiB;

/** Bytes of changes, or of a view's rows, in one answer of a partition: bounds its turn. */
export const changePageBytesMax = 256 * KiB;

/** Subscribers of one hub: a change that all of them want is sent to each in one turn of it. */
export const hubSubscriptionsMax = 10_000;

/** Keys that a partition tells a hub of, and beyond them of all: each more is a checkpoint row written. */
export const followedKeysMax = 256;

/** Hubs of a view: each is sent all changes by every partition that it listens to. */
export const viewHubsMax = 8;

/** Longest message to a subscriber, in characters, unless one change is longer. */
export const changeMessageMax = 128 * KiB;

/** Characters after which a subscriber is asked to acknowledge: each answer wakes the hub. */
export const acknowledgedEvery = 64 * KiB;

/** What a subscriber may owe acknowledgements for, in characters; one that owes more is too slow. */
export const unacknowledgedMax = 1 * MiB;

/** Most access tokens: all are listed in one answer. */
export const accessTokensMax = 1000;

/** Most scopes of one access token: every request looks through them. */
export const accessTokenScopesMax = 64;

/**
 * Time in ms for which a Worker trusts what it learned of an access token: a token that was revoked is good
 * for no longer.
 */
export const accessCacheMs = 10_000;

/** Time in ms that a hub counts as one that has sockets of a token, unless it says so again. */
export const tokenHolderMs = 3_600_000;

/** Time in ms after which a token that looks wrong is looked up again, though it was just learned. */
export const accessAskAgainMs = 1_000;

/** Longest token that a request may bear, in characters: an issuer's may hold many claims. */
export const accessTextMax = 8192;

/**
 * Wrong tokens that may come from one address at once, and how many more each second, in each isolate: a
 * mistake is told as such, a flood costs the coordinator nothing.
 */
export const wrongTokensBurst = 20;
export const wrongTokensPerSecond = 1;

/** Largest key set of an issuer of JWTs: far above what any has. */
export const jwtKeysBytesMax = 64 * KiB;

/** How far in ms the clocks of the issuer of a JWT and of this server may be apart. */
export const jwtSkewMs = 30_000;

/** Most entries of the audit log; the oldest go first. */
export const auditEntriesMax = 10_000;

/** Time in ms for which the audit log keeps an entry: 90 days. */
export const auditRetentionMs = 90 * 86_400_000;
