/**
 * Server-sent events of `POST /v1/sql`, read as they come: the answer, then the changes of the query whose
 * columns it ends with.
 */
import type { SqlAnswer, SqlChange } from "../protocol/sql-answers.ts";
import { RequestError } from "./request-error.ts";
import { readEvents, type ServerEvent } from "./server-events.ts";

/** What statements gave; `changes` where a query never ends. Who leaves their loop ends the query. */
export interface Followed {
  readonly answer: SqlAnswer;
  readonly changes?: AsyncGenerator<SqlChange, void>;
}

/** Reads the answer at once, the changes when they are asked for. `endJob` ends the job that makes them. */
export async function readFollowed(
  response: Response,
  endJob: (job: string) => Promise<unknown>,
): Promise<Followed> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return { answer: (await response.json()) as SqlAnswer };
  }
  const events = readEvents(response);
  const first = await events.next();
  if (first.done || first.value.name !== "answer") throw new Error("The events do not begin with an answer.");
  const answer = first.value.data as SqlAnswer;
  const { job } = answer.results.findLast(({ columns, rows }) => columns && !rows) ?? {};
  const end = async () => (job === undefined ? undefined : await endJob(job));
  return { answer, changes: readChanges(events, end) };
}

/** A server does not always notice that a connection was closed: who leaves tells it. */
async function* readChanges(
  events: AsyncGenerator<ServerEvent>,
  end: () => Promise<unknown>,
): AsyncGenerator<SqlChange, void> {
  let hasEnded = false;
  try {
    for await (const { name, data } of events) {
      if (name === "change") yield data as SqlChange;
      hasEnded = name === "end" || name === "error";
      if (name === "error") throw failureOf(data as { code: string; message: string });
    }
  } finally {
    // Where this fails the job ends with its lease.
    if (!hasEnded) await end().catch(() => {});
  }
}

function failureOf({ code, message }: { readonly code: string; readonly message: string }): RequestError {
  return new RequestError({ code, status: 200, detail: message, help: "" });
}
