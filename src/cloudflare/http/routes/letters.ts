/**
 * Letters: records that a stream rejected, and rows that came late for a job or could not be counted.
 */
import { readLetters } from "../../../host/query/read-letters.ts";
import { lettersAnswerSchema } from "../../../protocol/answer-schemas.ts";
import { pageParameters, readPageQuery } from "../../../protocol/view-query.ts";
import { answer } from "../answer.ts";
import { json, resource, route } from "../route.ts";

export const letters = resource("Letters", "Records that were rejected, and rows that came late.", [
  route(
    {
      method: "get",
      path: "/v1/streams/{stream}/letters",
      scope: "admin",
      summary: "Read the records that a stream rejected",
      query: pageParameters,
      answers: { 200: json("A page of them.", lettersAnswerSchema) },
      problems: ["QUERY_INVALID", "STREAM_NOT_FOUND", "MAP_STALE", "QUERY_TIMEOUT", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path, query }) => {
      const page = readPageQuery(query);
      const facts = await serving.askStreamFacts(path.stream);
      if (!facts.ok) return answer(facts);
      return answer(await readLetters(serving, { ...facts.value, job: undefined }, page));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/jobs/{job}/letters",
      scope: "admin",
      summary: "Read the rows that came late for a job, or could not be counted",
      query: pageParameters,
      answers: { 200: json("A page of them.", lettersAnswerSchema) },
      problems: [
        "QUERY_INVALID",
        "JOB_NOT_FOUND",
        "VIEW_NOT_FOUND",
        "JOB_FAILED",
        "MAP_STALE",
        "QUERY_TIMEOUT",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ serving, path, query }) => {
      const page = readPageQuery(query);
      const facts = await serving.coordinator((rpc) => rpc.jobFacts(path.job));
      return answer(facts.ok ? await readLetters(serving, facts.value, page) : facts);
    },
  ),
]);
