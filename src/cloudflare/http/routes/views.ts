/**
 * Views: the results of jobs.
 */
import { viewAnswerSchema } from "../../../protocol/answer-schemas.ts";
import { readViewQuery, viewParameters } from "../../../protocol/view-query.ts";
import { answer } from "../answer.ts";
import { json, resource, route } from "../route.ts";

export const views = resource("Views", "Results of jobs, always up to date.", [
  route(
    {
      method: "get",
      path: "/v1/views/{view}",
      scope: "query:{view}",
      summary: "Read results",
      description:
        "A job's view bears its name; of a job with steps it is the last one's, and `fares.0` the first " +
        "one's. One key is `key`, or `key.{column}` for each of its columns.",
      query: viewParameters,
      answers: { 200: json("A page of results.", viewAnswerSchema) },
      problems: [
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
    async ({ serving, path, query }) => answer(await serving.views.read(path.view, readViewQuery(query))),
  ),
]);
