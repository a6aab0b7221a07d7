/**
 * The body of `PUT /v1/streams/{stream}` and the definition that is made of it.
 *
 * A body is written by people (types and durations as text, most fields optional); a definition is what
 * Millrace stores and passes around (types parsed, milliseconds, every field present). `streamBodyOf` goes
 * back.
 *
 *     { "columns": [ { "name": "time", "type": "TIMESTAMP(3)" }, { "name": "origin", "type": "STRING" },
 *                    { "name": "fare", "type": "DECIMAL(10, 2)", "path": "price.total" } ],
 *       "eventTime": { "column": "time", "outOfOrderness": "5s" } }
 */
import * as z from "zod";
import {
  appendDeadlineMs,
  columnsMax,
  GiB,
  keyColumnsMax,
  MiB,
  maxParallelism,
  pathPartsMax,
  retentionBytesMax,
} from "../base/limits.ts";
import { suggestName } from "../base/suggest-name.ts";
import { type Column, type DataType, formatType, parseType } from "../columnar/schema.ts";
import { durationSchema, formatDuration } from "./duration.ts";
import { columnNameSchema } from "./names.ts";
import { fields, readBody } from "./read-body.ts";
import type { RowGenerator } from "./row-generator.ts";

export interface StreamDefinition {
  readonly columns: readonly Column[];
  readonly eventTime: {
    /** Absent: the stream has no event time; what reads it may calculate one. */
    readonly column?: string;
    readonly outOfOrdernessMs: number;
    /** Absent in a body that does not say, and in what release 0.1.0 stored, which waits for none. */
    readonly waitForProducers?: boolean;
  };
  readonly idleTimeoutMs: number;
  /** What event time does while no event comes: stand still, or follow the clock. */
  readonly idle: "wait" | "advance";
  /** Empty: rows go to any shard, a producer's rows to one. */
  readonly distributionKey: readonly string[];
  readonly shards: number;
  readonly retention: { readonly timeMs: number; readonly bytesPerShard: number };
  /** Whether what is rejected, late or bad is only counted; absent: it is kept, to be read and replayed. */
  readonly deadLetters?: "count";
  /** Rows are made while a job reads them. */
  readonly generator?: RowGenerator;
}

const dayMs = 86_400_000;

const typeNames =
  "BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL(p, s) with p <= 18, STRING, BYTES, DATE, " +
  "TIMESTAMP(3) or TIMESTAMP_LTZ(3)";

export const dataTypeSchema = z.string().transform((text, context): DataType => {
  const type = parseType(text);
  if (type) return type;
  const names = [
    "BOOLEAN",
    "INT",
    "BIGINT",
    "DOUBLE",
    "STRING",
    "BYTES",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP_LTZ",
    "DECIMAL",
  ];
  const name = text.replace(/\(.*/, "").trim().toUpperCase();
  const suggestion = names.includes(name) ? "" : suggestName(name, names);
  context.addIssue({ code: "custom", message: `expected ${typeNames}${suggestion}` });
  return z.NEVER;
});

const pathSchema = z
  .union([z.string().min(1), z.array(z.string()).min(1).max(pathPartsMax)])
  .transform((path, context) => {
    const parts = typeof path === "string" ? path.split(".") : path;
    if (parts.length > pathPartsMax || (typeof path === "string" && parts.includes(""))) {
      context.addIssue({
        code: "custom",
        message: `expected 1 to ${pathPartsMax} field names, such as "price.total"`,
      });
    }
    return parts;
  });

const columnExample = '{ "name": "time", "type": "TIMESTAMP(3)" }';

const columnSchema = fields(
  {
    name: columnNameSchema,
    type: dataTypeSchema,
    nullable: z.boolean().default(true),
    path: pathSchema.optional(),
  },
  columnExample,
).transform(({ path, ...column }): Column => (path === undefined ? column : { ...column, path }));

export const streamBodySchema = fields({
  columns: z
    .array(columnSchema, `expected an array such as [${columnExample}]`)
    .min(1, "expected at least one column")
    .max(columnsMax, `expected at most ${columnsMax} columns`),
  eventTime: fields(
    {
      column: z.string(),
      outOfOrderness: durationSchema().default(0),
      waitForProducers: z.boolean().optional(),
    },
    '{ "column": "time", "outOfOrderness": "10s" }, which names a TIMESTAMP column',
  ).optional(),
  idleTimeout: durationSchema({ min: appendDeadlineMs + 1 }).default(30_000),
  idle: z.enum(["wait", "advance"]).default("wait"),
  distributionKey: z
    .array(z.string())
    .max(keyColumnsMax, `expected at most ${keyColumnsMax} columns`)
    .default([]),
  shards: z
    .int()
    .min(1, "expected at least 1")
    .max(maxParallelism, `expected at most ${maxParallelism}`)
    .default(1),
  retention: fields({
    time: durationSchema({ min: 60_000 }).default(dayMs),
    bytesPerShard: z
      .int()
      .min(1 * MiB, `expected at least ${MiB}`)
      .max(retentionBytesMax, `expected at most ${retentionBytesMax}`)
      .default(1 * GiB),
  }).prefault({}),
  deadLetters: z.enum(["keep", "count"]).default("keep"),
}).meta({ id: "StreamBody" });

type StreamBodyRead = z.output<typeof streamBodySchema>;

const streamDefinitionSchema = streamBodySchema.superRefine(checkNames).transform(
  (body): StreamDefinition => ({
    columns: body.columns.map((column) =>
      column.name === body.eventTime?.column ? { ...column, nullable: false } : column,
    ),
    eventTime: eventTimeOf(body.eventTime),
    idleTimeoutMs: body.idleTimeout,
    idle: body.idle,
    distributionKey: body.distributionKey,
    shards: body.shards,
    retention: { timeMs: body.retention.time, bytesPerShard: body.retention.bytesPerShard },
    ...(body.deadLetters === "count" && { deadLetters: body.deadLetters }),
  }),
);

/** What `PUT /v1/streams/{stream}` takes. */
export type StreamBody = z.input<typeof streamBodySchema>;

/** Reads the body of `PUT /v1/streams/{stream}`; throws STREAM_INVALID naming the place. */
export function readStreamDefinition(body: unknown): StreamDefinition {
  return readBody(streamDefinitionSchema, body, "STREAM_INVALID");
}

/** Writes a definition as a body that reads back to it. */
export function streamBodyOf(definition: StreamDefinition): StreamBody {
  const { column, outOfOrdernessMs, waitForProducers } = definition.eventTime;
  return {
    columns: definition.columns.map(({ name, type, nullable, path }) => ({
      name,
      type: formatType(type),
      nullable,
      ...(path ? { path: [...path] } : {}),
    })),
    ...(column !== undefined && {
      eventTime: {
        column,
        outOfOrderness: formatDuration(outOfOrdernessMs),
        ...(waitForProducers === undefined ? {} : { waitForProducers }),
      },
    }),
    idleTimeout: formatDuration(definition.idleTimeoutMs),
    idle: definition.idle,
    distributionKey: [...definition.distributionKey],
    shards: definition.shards,
    retention: {
      time: formatDuration(definition.retention.timeMs),
      bytesPerShard: definition.retention.bytesPerShard,
    },
    ...(definition.deadLetters && { deadLetters: definition.deadLetters }),
  };
}

function eventTimeOf(body: StreamBodyRead["eventTime"]): StreamDefinition["eventTime"] {
  // Without event time there is nothing to wait for.
  if (!body) return { outOfOrdernessMs: 0, waitForProducers: false };
  const { column, outOfOrderness, waitForProducers } = body;
  const eventTime = { column, outOfOrdernessMs: outOfOrderness };
  return waitForProducers === undefined ? eventTime : { ...eventTime, waitForProducers };
}

function checkNames(body: StreamBodyRead, context: z.RefinementCtx): void {
  const names = body.columns.map((column) => column.name);
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) {
      context.addIssue({
        code: "custom",
        path: ["columns", index, "name"],
        message: "which an earlier column has",
      });
    }
  });
  const { column: named } = body.eventTime ?? {};
  const eventTime = body.columns.find((column) => column.name === named);
  if (named !== undefined && !eventTime) {
    const message = `expected the name of a column${suggestName(named, names)}`;
    context.addIssue({ code: "custom", path: ["eventTime", "column"], message });
  } else if (eventTime && eventTime.type.name !== "TIMESTAMP" && eventTime.type.name !== "TIMESTAMP_LTZ") {
    const found = formatType(eventTime.type);
    const message = `a ${found} column; expected a TIMESTAMP(3) or TIMESTAMP_LTZ(3) column`;
    context.addIssue({ code: "custom", path: ["eventTime", "column"], message });
  }
  body.distributionKey.forEach((name, index) => {
    const path = ["distributionKey", index];
    if (!names.includes(name)) {
      context.addIssue({
        code: "custom",
        path,
        message: `expected the name of a column${suggestName(name, names)}`,
      });
    } else if (body.distributionKey.indexOf(name) !== index) {
      context.addIssue({ code: "custom", path, message: "which the distribution key already has" });
    }
  });
}
