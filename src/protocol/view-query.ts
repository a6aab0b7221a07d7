/**
 * The parameters of `GET /v1/views/{view}` and of a job's letters, read from the address.
 *
 *     ?key=ATL                        the row of one key, where the job has one key column
 *     ?key={"origin":"ATL","day":3}   or one value per key column
 *     ?key.origin=ATL&key.day=3       or so
 *     ?from=2001-01-01&to=2001-01-02  windows that lie in the range
 *     ?top=flights&order=desc         the rows with the largest values of an output
 *     ?token=0:17,1:4                 waits until the view has come so far; see token.ts
 */
import * as z from "zod";
import { EngineError } from "../base/errors.ts";
import { pageRowsMax, queryTimeoutMsMax } from "../base/limits.ts";
import { parseTimestamp } from "../columnar/time-text.ts";
import { type ChangesQuery, parseEventId } from "./changes.ts";
import { durationSchema } from "./duration.ts";
import { fields, readBody } from "./read-body.ts";
import { type Tokens, tokensParameter } from "./token.ts";

export interface ViewQuery {
  /** As given: text, a JSON value, or text by column. Only the job's plan tells what it means. */
  readonly key: string | Readonly<Record<string, string>> | undefined;
  readonly windowFrom: number | undefined;
  readonly windowTo: number | undefined;
  readonly newestFirst: boolean;
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly top: { readonly output: string; readonly ascending: boolean } | undefined;
  readonly tokens: Tokens;
  readonly timeoutMs: number;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Rows, or letters, of a page. */
export const limitSchema = z
  .string()
  .optional()
  .transform((text = "100", context) => {
    const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (limit >= 1 && limit <= pageRowsMax) return limit;
    context.addIssue({ code: "custom", message: `expected a number from 1 to ${pageRowsMax}` });
    return z.NEVER;
  })
  .meta({ type: "integer", minimum: 1, maximum: pageRowsMax, default: 100, description: "Rows of a page." });

const cursorSchema = z
  .string()
  .optional()
  .meta({ description: "Of the answer before: asks for its next page." });

/** A time in ms, from one of the forms of the API. */
export const timeSchema = z.string().transform((text, context) => {
  const time = Number(parseTimestamp(text) ?? Number.NaN);
  if (Number.isSafeInteger(time)) return time;
  const message =
    'expected a time such as "2001-01-31 12:30", "2001-01-31T12:30:00Z" or milliseconds since 1970';
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

// In the address it is text; values by column are parameters of their own.
const keySchema = z
  .union([z.string(), z.record(z.string(), z.string())])
  .optional()
  .meta({
    ...{ anyOf: undefined, type: "string" },
    description: "One key: its value, or JSON with a value by column.",
  });

export const viewParameters = fields({
  key: keySchema,
  from: timeSchema.optional().meta({ description: "Windows that begin at or after it." }),
  to: timeSchema.optional().meta({ description: "Windows that end at or before it." }),
  windows: z.enum(["newest", "oldest"]).default("newest").meta({ description: "Which come first." }),
  limit: limitSchema,
  cursor: cursorSchema,
  top: z.string().optional().meta({ description: "An output: the rows with its largest values." }),
  order: z.enum(["desc", "asc"]).optional().meta({ description: "Of a top: asc for the smallest." }),
  token: tokensParameter
    .default({})
    .meta({ default: undefined, description: "Waits until the view has come to it: `0:17,1:4`." }),
  timeout: durationSchema({ max: queryTimeoutMsMax })
    .default(5000)
    .meta({ default: "5s", description: "How long to wait for the token." }),
}).superRefine(({ top, order, cursor, from, to }, context) => {
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: "custom", path: [field], message });
  if (top !== undefined && cursor !== undefined) refuse("cursor", "expected none: a top has one page");
  if (top === undefined && order !== undefined) {
    refuse("order", "expected it with top only; without, windows=oldest or windows=newest orders");
  }
  if (from !== undefined && to !== undefined && from >= to) refuse("to", "expected a time after from");
});

export const pageParameters = fields({ limit: limitSchema, cursor: cursorSchema });

export const changesParameters = fields({
  key: keySchema,
  snapshot: z.enum(["true", "false"]).default("false").meta({ description: "All rows come first." }),
  lastEventId: z
    .string()
    .optional()
    .meta({ description: "Goes on behind the event with this id, as the header Last-Event-ID does." }),
});

/**
 * Reads the parameters of a view's changes, and the header Last-Event-ID, which counts where both are given:
 * a browser that connects again has the address of the first time. Throws QUERY_INVALID.
 */
export function readChangesQuery(parameters: URLSearchParams, header: string | null): ChangesQuery {
  const body = withKey(parameters);
  const { key, snapshot, lastEventId } = readBody(changesParameters, body, "QUERY_INVALID", "query");
  const id = header || lastEventId;
  return { key, snapshot: snapshot === "true", lastEventId: id ? parseEventId(id) : undefined };
}

/** Reads a view's parameters; throws QUERY_INVALID naming the parameter. */
export function readViewQuery(parameters: URLSearchParams): ViewQuery {
  const body = withKey(parameters);
  const { key, from, to, windows, limit, cursor, top, order, token, timeout } = readBody(
    viewParameters,
    body,
    "QUERY_INVALID",
    "query",
  );
  return {
    key,
    windowFrom: from,
    windowTo: to,
    newestFirst: windows === "newest",
    limit,
    cursor,
    top: top === undefined ? undefined : { output: top, ascending: order === "asc" },
    tokens: token,
    timeoutMs: timeout,
  };
}

/** The parameters by name, those of the key's columns put together. */
function withKey(parameters: URLSearchParams): Record<string, unknown> {
  const given = singleValues(parameters);
  const byColumn = Object.entries(given).filter(([name]) => name.startsWith("key."));
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !name.startsWith("key.")));
  if (byColumn.length > 0 && rest.key !== undefined) {
    throw new EngineError("QUERY_INVALID", {
      message: "key: found both key and key.<column>; expected one form.",
    });
  }
  const columns = Object.fromEntries(byColumn.map(([name, value]) => [name.slice("key.".length), value]));
  return byColumn.length > 0 ? { ...rest, key: columns } : rest;
}

/** Reads the parameters of a page of letters; throws QUERY_INVALID naming the parameter. */
export function readPageQuery(parameters: URLSearchParams): PageQuery {
  const { limit, cursor } = readBody(pageParameters, singleValues(parameters), "QUERY_INVALID", "query");
  return { limit, cursor };
}

/** Returns parameters by name; throws QUERY_INVALID for one that is there twice. */
export function singleValues(parameters: URLSearchParams): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of parameters) {
    if (Object.hasOwn(values, name)) {
      throw new EngineError("QUERY_INVALID", { message: `${name}: found it twice, expected it once.` });
    }
    values[name] = value;
  }
  return values;
}
