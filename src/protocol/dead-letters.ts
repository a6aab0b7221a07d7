/**
 * Letters over HTTP: the parameters of `GET /v1/streams/{stream}/dead-letters` and of a job's letters, the
 * body of `POST …/dead-letters/replay`, and what these answer.
 *
 *     ?reason=late&job=fares&from=2026-03-01&to=2026-03-02&replayed=false&limit=100
 *     { "reason": "rejected", "from": "2026-03-01 08:00", "dryRun": true }
 *     { "ids": ["4-0-0-17-2"] }      { "reason": "late", "job": "fares", "into": "trips_late" }
 *     { "records": { "4-0-0-17-2": { "at": "2026-03-01 08:01:10", "city": "Oslo" } } }     mended by hand
 *
 * A rejected record goes back to its own stream, which never took it. A late row was taken by the stream,
 * and by each job that it was not late for: it goes only where the caller says, so nothing counts it twice
 * unasked.
 */
import * as z from "zod";
import { KiB } from "../base/limits.ts";
import { type LetterReason, letterReasons, logRun, parseLetterId } from "./letter-id.ts";
import { resourceNameSchema } from "./names.ts";
import { fields, readBody } from "./read-body.ts";
import { limitSchema, type PageQuery, singleValues, timeSchema } from "./view-query.ts";

/** Letters that one replay names. */
const idsMax = 1000;

/** Longest mended record, in UTF-16 units: as long as a record that is kept as a whole. */
const textMax = 64 * KiB;

/** Letters that one call goes through; the rest is the next call's. */
const replayLimitMax = 10_000;

export interface LetterAnswer {
  /** Names it for good. */
  readonly id: string;
  readonly shard: number;
  readonly offset: number;
  readonly row: number;
  /** Absent for a record that the stream rejected. */
  readonly job?: string;
  readonly reason: LetterReason;
  readonly message: string;
  /** In ms, how far behind the watermark a late row was, or the window that it belongs to. */
  readonly lateBy?: number;
  /** When its record came. */
  readonly at: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** True where not all of it is kept: it cannot be replayed. */
  readonly cut?: true;
  readonly replayedAt?: string;
}

export interface LettersAnswer {
  readonly letters: readonly LetterAnswer[];
  readonly cursor?: string;
}

export interface DeadLettersAnswer extends LettersAnswer {
  /** On the first page: all there ever were, also those that are no longer kept. */
  readonly counts?: Readonly<Record<LetterReason, number>>;
}

export interface ReplayAnswer {
  readonly dryRun: boolean;
  /** Appended by this call; in a dry run, what would be. */
  readonly replayed: number;
  /** Of an earlier call that was not answered, finished by this one. */
  readonly resumed: number;
  /** Do not fit the stream still, and stay as they are. */
  readonly rejectedAgain: number;
  readonly alreadyReplayed: number;
  /** Not kept as a whole. */
  readonly cut: number;
  /** Named by an id, and not there, or no longer. */
  readonly gone: number;
  /** The first of those that were rejected again. */
  readonly errors: readonly { readonly id: string; readonly message: string }[];
  /** Where the next call goes on; absent where nothing is left. */
  readonly cursor?: string;
}

/** Which letters of a stream are wanted. Times in ms. */
export interface LetterFilter {
  readonly reasons?: readonly LetterReason[];
  readonly job?: string;
  readonly from?: number;
  readonly to?: number;
  readonly isReplayed?: boolean;
}

export interface DeadLetterQuery extends PageQuery, LetterFilter {}

export interface ReplayWish {
  /** By filter where no ids are named. */
  readonly ids?: readonly string[];
  /** Mended records, as JSON text, by the id of the letter whose place they take. */
  readonly records?: Readonly<Record<string, string>>;
  readonly filter: LetterFilter;
  /** Absent: their own stream. */
  readonly into?: string;
  readonly again: boolean;
  readonly dryRun: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
}

const reasonSchema = z.enum(letterReasons);

const idSchema = z.string().refine((id) => parseLetterId(id) !== undefined, {
  message: 'expected the id of a letter, such as "4-0-0-17-2"',
});

const recordSchema = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .transform((record) => (typeof record === "string" ? record : JSON.stringify(record)))
  .refine((text) => text.length <= textMax, `expected at most ${textMax} characters`);

/** What `GET /v1/streams/{stream}/dead-letters` takes. */
export const deadLetterParameters = fields({
  reason: reasonSchema.optional(),
  job: resourceNameSchema.optional(),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  replayed: z.enum(["true", "false"]).optional(),
  limit: limitSchema,
  cursor: z.string().optional(),
});

export const replaySchema = fields(
  {
    ids: z.array(idSchema).min(1).max(idsMax, `expected at most ${idsMax} ids`).optional(),
    records: z.record(idSchema, recordSchema).optional(),
    reason: reasonSchema.optional(),
    job: resourceNameSchema.optional(),
    from: timeSchema.optional(),
    to: timeSchema.optional(),
    into: resourceNameSchema.optional(),
    again: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    limit: z.int().min(1).max(replayLimitMax).default(1000),
    cursor: z.string().optional(),
  },
  '{ "reason": "rejected" } or { "ids": ["4-0-0-17-2"] }',
).superRefine((body, context) => {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: "custom", path: [field], message });
  const filters = (["reason", "job", "from", "to", "cursor"] as const).filter(
    (field) => body[field] !== undefined,
  );
  const ids = idsOf(body);
  if (body.ids && body.records) refuse("records", "expected ids or records, which name their letters");
  if (ids && filters.length > 0) refuse("ids", `expected letters by name, or ${filters.join(", ")} alone`);
  if (ids && ids.length > idsMax) refuse("records", `expected at most ${idsMax}`);
  const reasons = letterReasons.join(", ");
  if (!ids && body.reason === undefined) refuse("reason", `expected one of ${reasons}, or ids, or records`);
  const areRejected = ids?.map((id) => parseLetterId(id)?.run === logRun) ?? [body.reason === "rejected"];
  const [isRejected, isLate] = [areRejected.includes(true), areRejected.includes(false)];
  if (isRejected && isLate) refuse("ids", mixed);
  else if (isRejected && body.into !== undefined) refuse("into", rejectedHaveOne);
  else if (isLate && body.into === undefined) refuse("into", lateNeedOne);
});

const rejectedHaveOne = "expected none: records that a stream rejected go back to that stream only";
const lateNeedOne =
  "expected the stream that late and bad rows are appended to: their own would count them twice in each " +
  "job that took them. Name another one, or that one to mean it";
const mixed = "expected rejected records, or rows of jobs: one call replays one kind";

/** What `POST /v1/streams/{stream}/dead-letters/replay` takes. */
export type ReplayBody = z.input<typeof replaySchema>;

/** Reads the parameters of a stream's dead letters; throws QUERY_INVALID naming the parameter. */
export function readDeadLetterQuery(parameters: URLSearchParams): DeadLetterQuery {
  const { replayed, limit, cursor, ...rest } = readBody(
    deadLetterParameters,
    singleValues(parameters),
    "QUERY_INVALID",
    "query",
  );
  const isReplayed = replayed === undefined ? {} : { isReplayed: replayed === "true" };
  return { ...filterOf(rest), ...isReplayed, limit, cursor };
}

/** Throws REQUEST_INVALID naming the place. */
export function readReplay(body: unknown): ReplayWish {
  const wish = readBody(replaySchema, body, "REQUEST_INVALID");
  const { records, into, again, dryRun, limit, cursor } = wish;
  const ids = idsOf(wish);
  return {
    ...(ids && { ids: [...new Set(ids)] }),
    ...(records && { records }),
    filter: filterOf(wish),
    ...(into !== undefined && { into }),
    ...{ again, dryRun, limit, cursor },
  };
}

function idsOf(body: {
  readonly ids?: readonly string[] | undefined;
  readonly records?: Readonly<Record<string, unknown>> | undefined;
}): readonly string[] | undefined {
  return body.ids ?? (body.records && Object.keys(body.records));
}

interface GivenFilter {
  readonly reason?: LetterReason | undefined;
  readonly job?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

function filterOf({ reason, job, from, to }: GivenFilter): LetterFilter {
  return {
    ...(reason !== undefined && { reasons: [reason] }),
    ...(job !== undefined && { job }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}
