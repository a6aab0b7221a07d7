/**
 * `POST /v1/sql`: statements in, their results out in the format that the caller accepts.
 */
import * as z from "zod";
import { EngineError } from "../../../base/errors.ts";
import { definitionBytesMax } from "../../../base/limits.ts";
import { receiveBody } from "../../../host/ingest/receive-body.ts";
import { toEvents } from "../../../host/sql/event-stream.ts";
import { jsonTableOf } from "../../../host/sql/row-texts.ts";
import { runStatements } from "../../../host/sql/run-statements.ts";
import { answerOf, type ResultTable, type StatementResult } from "../../../host/sql/statement-result.ts";
import { drawResult } from "../../../protocol/draw-results.ts";
import {
  readSqlBody,
  type SqlAnswer,
  sqlAnswerSchema,
  sqlBodySchema,
} from "../../../protocol/sql-answers.ts";
import { OpenAccess } from "../../access/open-access.ts";
import { userFunctions } from "../../user-functions.ts";
import { acceptsByName, negotiate } from "../negotiate.ts";
import { type RoutedRequest, resource, route } from "../route.ts";
import { tableAnswer } from "../table-answer.ts";

/** The first is what a caller gets who takes anything. All but it and plain text have the last rows only. */
const formats = [
  "application/json",
  "application/x-ndjson",
  "text/csv",
  "text/plain",
  "application/vnd.apache.arrow.stream",
  "text/event-stream",
] as const;

/** Nothing on the way may hold events back, or keep them. */
const eventHeaders = Object.freeze({
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
});

export const sql = resource("SQL", "Statements of Flink SQL.", [
  route(
    {
      method: "post",
      path: "/v1/sql",
      scope: "any",
      summary: "Run statements",
      description:
        "One or several with semicolons between; the first that fails ends the request. A query needs the " +
        "scope `query:` of every stream and view that it reads, what changes something `admin`. `Accept` " +
        "chooses the format. All but JSON and plain text have the rows of the last statement that has some.",
      body: {
        content: {
          "application/json": sqlBodySchema,
          "application/sql": z.string(),
          "text/plain": z.string(),
        },
      },
      answers: {
        200: {
          description: "The results, in order.",
          content: {
            "application/json": sqlAnswerSchema,
            "application/x-ndjson": undefined,
            "text/csv": undefined,
            "text/plain": z.string(),
            "application/vnd.apache.arrow.stream": undefined,
            "text/event-stream": undefined,
          },
        },
      },
      problems: [
        "NOT_ACCEPTABLE",
        "SQL_SYNTAX",
        "SQL_INVALID",
        "SQL_NOT_SUPPORTED",
        "SQL_EVALUATION_FAILED",
        "QUERY_INVALID",
        "STREAM_INVALID",
        "STREAM_CONFLICT",
        "STREAM_IN_USE",
        "STREAM_NOT_FOUND",
        "STREAM_ENDED",
        "JOB_INVALID",
        "LIMIT_REACHED",
        "JOB_CONFLICT",
        "JOB_FAILED",
        "JOB_FALLEN_BEHIND",
        "JOB_NOT_FOUND",
        "VIEW_NOT_FOUND",
        "EXPRESSION_INVALID",
        "SAVEPOINT_NOT_FOUND",
        "SAVEPOINT_CONFLICT",
        "SAVEPOINT_UNFIT",
        "SAVEPOINTS_NOT_SET",
        "SPLIT_CONFLICT",
        "BACKLOG_FULL",
        "FRAME_TOO_LARGE",
        "MAP_STALE",
        "APPEND_EXPIRED",
        "PARTITION_UNAVAILABLE",
        "QUERY_TIMEOUT",
      ],
    },
    postSql,
  ),
]);

/**
 * Runs statements; the first that fails ends it, with what those before it did. Who takes events beside
 * another format gets them where a query never ends, and the other one where all do.
 */
async function postSql({ request, env, serving, caller }: RoutedRequest): Promise<Response> {
  const open = new OpenAccess(request, env, caller);
  const accept = request.headers.get("accept");
  const wanted = negotiate(accept, formats);
  const isContinuous = acceptsByName(accept, "text/event-stream");
  const body = { ...readSqlBody(await readText(request)), isContinuous };
  const { results, options } = await runStatements(body, {
    caller,
    audit: (what) => serving.audit(caller, what),
    coordinator: (ask) => serving.coordinator(ask),
    views: serving.views,
    changes: async (view, after, limit) => {
      await open.renewed();
      return await serving.changes(view, after, limit);
    },
    evaluateOverStream: (...asked) => serving.evaluateOverStream(...asked),
    append: (stream, body) =>
      serving.ingest.ingest({
        ...{ stream, body, format: "array", producer: undefined },
        tokenId: caller.tokenId,
      }),
    functions: userFunctions,
    clock: serving.clock,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  });
  const format = results.some(({ query }) => query) ? "text/event-stream" : wanted;
  switch (format) {
    case "application/json":
      return Response.json({ results: results.map(answerOf), options } satisfies SqlAnswer);
    case "text/plain":
      return new Response(results.map(answerOf).map(drawResult).join("\n"), {
        headers: { "content-type": "text/plain; charset=utf-8" },
      });
    case "text/event-stream":
      return new Response(toEvents(results, options, serving.clock), { headers: eventHeaders });
    default:
      return tableAnswer(format, {
        json: () => jsonTableOf(lastTable(results)),
        typed: () => lastTable(results),
      });
  }
}

/** The rows of the last statement that has some; no column where none has. */
function lastTable(results: readonly StatementResult[]): ResultTable {
  return results.findLast(({ table }) => table)?.table ?? { fields: [], rows: [] };
}

/**
 * The body as JSON, or the statements alone as text. What is of another type, as a form is that `curl -d`
 * sends, is told by its first character: no statement begins with a brace.
 */
async function readText(request: Request): Promise<unknown> {
  const bytes = await receiveBody(request, definitionBytesMax);
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    const isText = type === "application/sql" || type === "text/plain";
    const isJson = type === "application/json" || (!isText && /^\s*\{/.test(text));
    return isJson ? JSON.parse(text) : { sql: text };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `body: found neither JSON nor text in UTF-8: ${reason}.`;
    throw new EngineError("REQUEST_INVALID", { message, cause });
  }
}
