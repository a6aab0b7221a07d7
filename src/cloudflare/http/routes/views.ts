/**
 * Views: the results of jobs, in the format that the caller accepts.
 */
import * as z from "zod";
import { jsonTableOfView, tableOfView } from "../../../host/sql/table-of-view.ts";
import { viewAnswerSchema } from "../../../protocol/answer-schemas.ts";
import { readViewQuery, viewParameters } from "../../../protocol/view-query.ts";
import { negotiate } from "../negotiate.ts";
import { problem } from "../problem.ts";
import { type RoutedRequest, resource, route } from "../route.ts";
import { tableAnswer, tableFormats } from "../table-answer.ts";

export const views = resource("Views", "Results of jobs, always up to date.", [
  route(
    {
      method: "get",
      path: "/v1/views/{view}",
      scope: "query:{view}",
      summary: "Read results",
      description:
        "A job's view bears its name; of a job with steps it is the last one's, and `fares.0` the first " +
        "one's. One key is `key`, or `key.{column}` for each of its columns. `Accept` chooses the format; " +
        "all but JSON have nothing but rows.",
      query: viewParameters,
      answers: {
        200: {
          description: "A page of results.",
          content: {
            "application/json": viewAnswerSchema,
            "application/x-ndjson": undefined,
            "text/csv": z.string(),
            "application/vnd.apache.arrow.stream": undefined,
          },
          headers: { Link: 'Of formats other than JSON: the address of the next page, `rel="next"`.' },
        },
      },
      problems: [
        "NOT_ACCEPTABLE",
        "QUERY_INVALID",
        "VIEW_NOT_FOUND",
        "JOB_NOT_FOUND",
        "JOB_FAILED",
        "JOB_FALLEN_BEHIND",
        "MAP_STALE",
        "PARTITION_UNAVAILABLE",
        "QUERY_TIMEOUT",
      ],
    },
    readView,
  ),
]);

async function readView(routed: RoutedRequest<"/v1/views/{view}">): Promise<Response> {
  const { request, serving, path, query } = routed;
  const format = negotiate(request.headers.get("accept"), ["application/json", ...tableFormats]);
  const read = await serving.views.readTyped(path.view, readViewQuery(query));
  if (!read.ok) return problem(read.error);
  const { answer, outputs } = read.value;
  if (format === "application/json") return Response.json(answer);
  const table = {
    json: () => jsonTableOfView(outputs, answer.rows),
    typed: () => tableOfView(outputs, answer.rows),
  };
  return tableAnswer(format, table, linkOf(request.url, answer.cursor));
}

/** Where the next page is, as RFC 8288 has it: rows alone have no place for a cursor. */
function linkOf(url: string, cursor: string | undefined): Record<string, string> {
  if (cursor === undefined) return {};
  const { pathname, searchParams } = new URL(url);
  searchParams.set("cursor", cursor);
  return { link: `<${pathname}?${searchParams}>; rel="next"` };
}
