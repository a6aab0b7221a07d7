/**
 * Streams and jobs by name, or an error that says what else there is.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { Catalog, JobEntry, StreamEntry } from "./catalog.ts";

/** Throws STREAM_NOT_FOUND. */
export function findStream(catalog: Catalog, name: string): StreamEntry {
  const stream = catalog.stream(name);
  if (stream) return stream;
  throw notFound("STREAM_NOT_FOUND", "stream", name, catalog.streams());
}

/** Throws JOB_NOT_FOUND. */
export function findJob(catalog: Catalog, name: string): JobEntry {
  const job = catalog.job(name);
  if (job) return job;
  throw notFound("JOB_NOT_FOUND", "job", name, catalog.jobs());
}

/** The job that keeps a view, and the stage; throws VIEW_NOT_FOUND. */
export function findView(catalog: Catalog, view: string): { job: JobEntry; stage: number } {
  const found = catalog.view(view);
  if (found) return found;
  throw notFound("VIEW_NOT_FOUND", "view", view, catalog.jobs());
}

function notFound(
  code: "STREAM_NOT_FOUND" | "JOB_NOT_FOUND" | "VIEW_NOT_FOUND",
  what: string,
  name: string,
  others: readonly { readonly name: string }[],
): EngineError {
  const names = others.map((other) => other.name);
  const suggestion = suggestName(name, names);
  return new EngineError(code, { message: `There is no ${what} "${name}"${suggestion || "."}` });
}
