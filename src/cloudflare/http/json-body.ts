/**
 * A request's body as one JSON value: definitions and commands, which are small.
 */
import { EngineError } from "../../base/errors.ts";
import { definitionBytesMax } from "../../base/limits.ts";
import { receiveBody } from "../../host/ingest/receive-body.ts";

/** Returns the body's JSON value; throws REQUEST_INVALID where it is none. */
export async function jsonBody(request: Request): Promise<unknown> {
  const bytes = await receiveBody(request, definitionBytesMax);
  if (bytes.length === 0) {
    throw new EngineError("REQUEST_INVALID", { message: "body: found nothing, expected a JSON object." });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("REQUEST_INVALID", { message: `body: found no JSON: ${reason}.`, cause });
  }
}
