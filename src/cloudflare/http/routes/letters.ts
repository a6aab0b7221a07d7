/**
 * Letters: records that a stream rejected, and rows that came late for a job or could not be counted.
 */
import { replayLetters } from "../../../host/ingest/replay-letters.ts";
import { readDeadLetters, readJobLetters } from "../../../host/query/read-letters.ts";
import {
  deadLettersAnswerSchema,
  lettersAnswerSchema,
  replayAnswerSchema,
} from "../../../protocol/answer-schemas.ts";
import {
  deadLetterParameters,
  readDeadLetterQuery,
  readReplay,
  replaySchema,
} from "../../../protocol/dead-letters.ts";
import { pageParameters, readPageQuery } from "../../../protocol/view-query.ts";
import { isolate } from "../../isolate.ts";
import { answer } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

const pageProblems = [
  "QUERY_INVALID",
  "JOB_NOT_FOUND",
  "JOB_FAILED",
  "MAP_STALE",
  "QUERY_TIMEOUT",
  "PARTITION_UNAVAILABLE",
] as const;

export const letters = resource("Letters", "Records that were rejected, and rows that came late.", [
  route(
    {
      method: "get",
      path: "/v1/streams/{stream}/dead-letters",
      scope: "query:{stream}",
      summary: "Read what a stream rejected, and what its jobs found late or bad",
      query: deadLetterParameters,
      answers: { 200: json("A page of them.", deadLettersAnswerSchema) },
      problems: [...pageProblems, "STREAM_NOT_FOUND"],
    },
    async ({ serving, path, query }) => {
      const wanted = readDeadLetterQuery(query);
      const facts = await serving.askStreamFacts(path.stream);
      return answer(facts.ok ? await readDeadLetters(serving, facts.value, wanted) : facts);
    },
  ),
  route(
    {
      method: "post",
      path: "/v1/streams/{stream}/dead-letters/replay",
      scope: "admin",
      summary: "Append letters once more",
      description:
        "Repeating it appends nothing twice. Late and bad rows go to the stream that `into` names.",
      body: jsonOf(replaySchema),
      answers: { 200: json("How many went in, and where to go on.", replayAnswerSchema) },
      problems: [...pageProblems, "STREAM_NOT_FOUND", "STREAM_ENDED", "BACKLOG_FULL", "APPEND_EXPIRED"],
    },
    async ({ request, serving, path }) => {
      const wish = readReplay(await jsonBody(request));
      const { clock, shards, askStreamFacts } = serving;
      const ports = { clock, shards, encoders: isolate.encoders, askFacts: askStreamFacts };
      return answer(await replayLetters(ports, path.stream, wish));
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
      problems: [...pageProblems, "VIEW_NOT_FOUND"],
    },
    async ({ serving, path, query }) => {
      const page = readPageQuery(query);
      const facts = await serving.coordinator((rpc) => rpc.jobFacts(path.job));
      return answer(facts.ok ? await readJobLetters(serving, facts.value, page) : facts);
    },
  ),
]);
