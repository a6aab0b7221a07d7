/**
 * Errors as HTTP answers: problem documents (RFC 9457) with a stable code, what was found, and what to do.
 */

import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../base/error-codes.ts";
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { logDefect } from "../log.ts";

/** Seconds after which it is worth asking again, where an error does not say itself; else one. */
const retryAfterSeconds: Readonly<Partial<Record<ErrorCode, number>>> = {
  // A producer is forgotten when it was idle for its stream's time: half a minute where nothing is said.
  PRODUCERS_TOO_MANY: 30,
  KEYS_UNAVAILABLE: 5,
};

/** A problem document; more fields may tell what was found. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: "`urn:millrace:error:` and the code." }),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "Stable: never reused and never renamed." }),
    detail: z.string().meta({ description: "What was found, and what was expected." }),
    help: z.string().meta({ description: "What to do." }),
    instance: z.string().meta({ description: "`urn:millrace:request:` and the request's X-Request-Id." }),
  })
  .meta({ id: "Problem" });

/** Returns the answer for an error; statuses that pass by themselves carry Retry-After. */
export function problem(error: ErrorBody): Response {
  const { code, status, message, help, details } = error;
  const document = {
    ...details,
    type: `urn:millrace:error:${code}`,
    title: titleOf(code),
    status,
    code,
    detail: message,
    help,
  };
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (errorCodes[code].retry === "backoff" || status === 503) {
    const { retryAfterMs } = details ?? {};
    const seconds =
      typeof retryAfterMs === "number" ? Math.ceil(retryAfterMs / 1000) : (retryAfterSeconds[code] ?? 1);
    headers.set("retry-after", String(Math.max(1, seconds)));
  }
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(document, jsonSafe), { status, headers });
}

/** Returns the answer for anything thrown; what is no `EngineError` is a defect and is logged. */
export function problemOf(thrown: unknown, place: string, requestId?: string): Response {
  if (!(thrown instanceof EngineError)) logDefect(place, thrown, requestId);
  return problem(errorBodyOf(thrown));
}

function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function jsonSafe(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
