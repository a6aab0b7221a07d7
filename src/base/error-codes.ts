/**
 * Every error that can happen: its code, who has to act, whether a retry helps, and its HTTP status.
 *
 * A code is never reused and never renamed.
 */
export interface ErrorCodeFacts {
  readonly domain: "user" | "external" | "internal";
  readonly retry: "never" | "backoff" | "after-restart";
  readonly status: number;
  readonly help: string;
}

function user(status: number, help: string): ErrorCodeFacts {
  return { domain: "user", retry: "never", status, help };
}

function busy(status: number, help: string): ErrorCodeFacts {
  return { domain: "external", retry: "backoff", status, help };
}

export const errorCodes = {
  REQUEST_INVALID: user(400, "The request does not match the API; the message names the place."),
  NOT_FOUND: user(404, "No such address or method; docs/http-api.md lists them."),
  UPGRADE_REQUIRED: user(426, "Open the address as a WebSocket."),
  UNAUTHORIZED: user(
    401,
    "Send the header Authorization: Bearer <token>; docs/operations.md tells of tokens.",
  ),
  FORBIDDEN: user(403, "Use a token with the scope that the message names; an admin makes one."),
  ORIGIN_REFUSED: user(
    403,
    "A server without a token answers this machine alone: open it by localhost, or set MILLRACE_TOKEN.",
  ),
  RATE_EXCEEDED: busy(429, "Wait as Retry-After says, then send again."),
  LIMIT_REACHED: user(409, "Delete what is needed no more; docs/limits.md lists the limits."),
  TOKEN_INVALID: user(400, "The token's definition is not valid; the message names the place."),
  TOKEN_NOT_FOUND: user(404, "GET /v1/tokens lists those that there are."),
  KEYS_UNAVAILABLE: busy(503, "The keys that JWTs are checked with could not be read; the message says why."),
  TOKEN_NOT_SET: user(503, "Set the secret: npx wrangler secret put MILLRACE_TOKEN."),
  NOT_ACCEPTABLE: user(406, "Send the header Accept with one of the formats that the message lists."),
  BODY_TOO_LARGE: user(413, "Send fewer events per request."),
  BODY_ENCODING_INVALID: user(400, "The body is not valid for its Content-Encoding."),
  CONTENT_TYPE_UNSUPPORTED: user(
    415,
    "Send JSON lines, JSON, CSV, Arrow or CloudEvents, plain or packed with gzip or deflate.",
  ),
  STREAM_NOT_FOUND: user(404, "Create the stream first: PUT /v1/streams/{stream}."),
  STREAM_INVALID: user(400, "The stream's definition is not valid; the message names the place."),
  STREAM_CONFLICT: user(
    409,
    "A stream can only gain nullable columns. Create another stream for another schema.",
  ),
  STREAM_IN_USE: user(409, "Delete the jobs that read the stream, or write to it, first."),
  STREAM_ENDED: user(409, "The stream was ended by a max watermark. Create another stream."),
  JOB_NOT_FOUND: user(404, "Create the job first: PUT /v1/jobs/{job}."),
  JOB_INVALID: user(400, "The job's definition is not valid; the message names the place."),
  JOB_CONFLICT: user(
    409,
    "Another job has this name, or fills this view. Delete it first or choose another name.",
  ),
  EXPRESSION_INVALID: user(
    400,
    "The expression does not fit the columns' types; the message names the place.",
  ),
  SQL_SYNTAX: user(
    400,
    "The text is not Flink SQL; the message shows the place and what was expected there.",
  ),
  SQL_INVALID: user(400, "The text is SQL, and what it says cannot be; the message shows the place and why."),
  SQL_EVALUATION_FAILED: user(
    400,
    "An expression has no value for a row: TRY_CAST or a condition before it lets the row pass.",
  ),
  SQL_NOT_SUPPORTED: user(
    400,
    "Flink knows this, Millrace does not yet; docs/sql.md lists what it supports.",
  ),
  VIEW_NOT_FOUND: user(404, "A view bears the name of its job; GET /v1/jobs lists them."),
  QUERY_INVALID: user(400, "The query's parameters are not valid; the message names the place."),
  QUERY_TIMEOUT: busy(504, "The view has not reached the token yet. Ask again."),
  CHANGES_GONE: user(410, "Take a snapshot: the same address with snapshot=true and without Last-Event-ID."),
  SUBSCRIBER_TOO_SLOW: busy(429, "Acknowledge messages, or read faster; go on with the last event's id."),
  SUBSCRIPTIONS_TOO_MANY: busy(429, "The view has as many subscribers as it may; close some."),
  PRODUCER_SEQUENCE_TOO_OLD: user(
    409,
    "The sequence is older than the last 64 of this producer; it is not known.",
  ),
  PRODUCER_SEQUENCE_REUSED: user(422, "This sequence was sent before with another body. Use a new sequence."),
  PRODUCERS_TOO_MANY: busy(429, "Use few, long-lived producer ids: each is remembered for the retention."),
  PRODUCER_UNREGISTERED: busy(503, "The producer was idle and is registered anew. Send again."),
  BACKLOG_FULL: busy(429, "The jobs are behind. Wait as Retry-After says, then send again."),
  CHANNEL_GAP: busy(503, "Messages of a channel are missing; the sending partition sends them again."),
  CHANNEL_WAITS: busy(503, "A savepoint waits for its other barriers; the sending partition sends again."),
  MAP_STALE: busy(503, "The shard map changed. Send again."),
  APPEND_EXPIRED: busy(503, "The frame came after its deadline. Send again."),
  PARTITION_UNAVAILABLE: busy(
    503,
    "The partition does not answer. Send again with the same producer and sequence.",
  ),
  JOB_PAGE_BUDGET: user(507, "One record needs more pages than the page budget. Send smaller batches."),
  JOB_FAILED: user(409, "The job failed; GET /v1/jobs/{job} tells why."),
  SKIP_CONFLICT: user(409, "Skip what the job's error names now; GET /v1/jobs/{job} tells."),
  SPLIT_CONFLICT: user(409, "Wait until the other split, or the savepoint, is done."),
  SPLIT_UNFIT: user(409, "Split another partition, or at another key group; the message says which."),
  SAVEPOINT_NOT_FOUND: user(404, "GET /v1/jobs/{job}/savepoints lists those that there are."),
  SAVEPOINT_CONFLICT: user(409, "Wait until the job's savepoint is done, and look at its state."),
  SAVEPOINT_UNFIT: user(
    409,
    "Give each step the key, window and aggregates of its state, or set allowNonRestoredState.",
  ),
  SAVEPOINTS_NOT_SET: user(503, "Bind an R2 bucket as SAVEPOINTS; docs/operations.md tells of folders."),
  JOB_FALLEN_BEHIND: user(
    409,
    "The log that the job needed was trimmed. Start it again, or resume it with allowDataLoss.",
  ),
  STORAGE_FULL: busy(
    507,
    "The shard's disk is full. Send again; a shorter retention or fewer jobs make room.",
  ),
  STORAGE_FAILED: busy(503, "The shard's storage failed and it starts anew. Send again."),
  MEMORY_EXHAUSTED: busy(503, "Other objects have the memory. It is tried again by itself."),
  FRAME_CORRUPT: {
    domain: "internal",
    retry: "never",
    status: 500,
    help: "Stored or sent bytes are damaged.",
  },
  FRAME_TOO_LARGE: user(413, "One row is larger than a frame can be. Send or produce smaller values."),
  STATE_CORRUPT: { domain: "internal", retry: "never", status: 500, help: "A stored page is damaged." },
  VERSION_UNKNOWN: {
    domain: "user",
    retry: "never",
    status: 500,
    help: "The bytes were written by a later version. Run that version.",
  },
  INTERNAL: {
    domain: "internal",
    retry: "after-restart",
    status: 500,
    help: "A defect of Millrace; please report it.",
  },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof errorCodes;
