/**
 * Jobs: started, listed, looked at, paused, resumed and deleted.
 */
import { jobAnswerSchema, jobStatusSchema, listSchema } from "../../../protocol/answer-schemas.ts";
import type { JobStatusAnswer } from "../../../protocol/answers.ts";
import { jobBodySchema, readJobDefinition } from "../../../protocol/job-spec.ts";
import {
  readResumeBody,
  readSkipBody,
  resumeBodySchema,
  skipBodySchema,
} from "../../../protocol/mending-body.ts";
import { resourceNameSchema } from "../../../protocol/names.ts";
import { readBody } from "../../../protocol/read-body.ts";
import { answer, created, filtered, gone, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

/** Who may read results may not read the rows of the streams that they are made of. */
function withoutRows(status: JobStatusAnswer): JobStatusAnswer {
  const shards = status.shards.map((shard) => {
    const { error } = shard;
    if (!error?.at) return shard;
    const { content: _, ...at } = error.at;
    return { ...shard, error: { ...error, at } };
  });
  return { ...status, shards };
}

const stateAnswers = { 200: json("The job with its state.", jobAnswerSchema) } as const;

export const jobs = resource("Jobs", "What keeps results of streams up to date.", [
  route(
    {
      method: "get",
      path: "/v1/jobs",
      scope: "any",
      summary: "List the jobs",
      answers: { 200: json("Those whose results the token may read.", listSchema("jobs", jobAnswerSchema)) },
      problems: ["PARTITION_UNAVAILABLE"],
    },
    async ({ serving, caller }) => {
      const found = await serving.coordinator((rpc) => rpc.jobs());
      return listed(
        "jobs",
        filtered(found, ({ job }) => caller.may(`query:${job}`)),
      );
    },
  ),
  route(
    {
      method: "put",
      path: "/v1/jobs/{job}",
      scope: "admin",
      summary: "Start a job",
      description: "Another definition under the name of a job that runs is refused.",
      body: jsonOf(jobBodySchema),
      answers: {
        200: json("The same job was there already.", jobAnswerSchema),
        201: json("It is new.", jobAnswerSchema),
      },
      problems: [
        "JOB_INVALID",
        "LIMIT_REACHED",
        "EXPRESSION_INVALID",
        "STREAM_NOT_FOUND",
        "SAVEPOINT_NOT_FOUND",
        "JOB_CONFLICT",
        "SPLIT_CONFLICT",
        "SAVEPOINT_CONFLICT",
        "SAVEPOINT_UNFIT",
        "SAVEPOINTS_NOT_SET",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const name = readBody(resourceNameSchema, path.job, "JOB_INVALID", "name");
      const definition = readJobDefinition(await jsonBody(request));
      return created(await serving.coordinator((rpc) => rpc.putJob(name, definition)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/jobs/{job}",
      scope: "query:{job}",
      summary: "Look at a job and its partitions",
      description: "What it failed at is shown without the row, but to who may do anything.",
      answers: { 200: json("The job with what its partitions say now.", jobStatusSchema) },
      problems: ["JOB_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path, caller }) => {
      const found = await serving.coordinator((rpc) => rpc.job(path.job));
      return answer(found.ok && !caller.may("admin") ? { ok: true, value: withoutRows(found.value) } : found);
    },
  ),
  route(
    {
      method: "delete",
      path: "/v1/jobs/{job}",
      scope: "admin",
      summary: "Delete a job with its state and results",
      answers: { 204: { description: "It is gone." } },
      problems: ["JOB_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => gone(await serving.coordinator((rpc) => rpc.deleteJob(path.job))),
  ),
  route(
    {
      method: "post",
      path: "/v1/jobs/{job}/pause",
      scope: "admin",
      summary: "Stop a job, which keeps its state",
      answers: stateAnswers,
      problems: ["JOB_NOT_FOUND", "SAVEPOINT_CONFLICT", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) =>
      answer(await serving.coordinator((rpc) => rpc.setJobState(path.job, "paused"))),
  ),
  route(
    {
      method: "post",
      path: "/v1/jobs/{job}/resume",
      scope: "admin",
      summary: "Let a job go on where it was that was paused or failed",
      description:
        "One that failed tries again what it failed at. One that has fallen behind needs `allowDataLoss`: " +
        "it does without the records that the log no longer has.",
      body: jsonOf(resumeBodySchema, { isOptional: true }),
      answers: stateAnswers,
      problems: ["JOB_NOT_FOUND", "SAVEPOINT_CONFLICT", "PARTITION_UNAVAILABLE"],
    },
    async ({ request, serving, path }) => {
      const without = readResumeBody(request.body !== null ? await jsonBody(request) : {});
      return answer(await serving.coordinator((rpc) => rpc.setJobState(path.job, "running", without)));
    },
  ),
  route(
    {
      method: "post",
      path: "/v1/jobs/{job}/skip",
      scope: "admin",
      summary: "Let a failed job go on without what it failed at",
      description:
        "The row or the record that `shards[].error.at` of the job names is left out, counted as bad and " +
        "kept as a letter. Another one is refused; the same one again changes nothing.",
      body: jsonOf(skipBodySchema),
      answers: stateAnswers,
      problems: [
        "JOB_NOT_FOUND",
        "SKIP_CONFLICT",
        "JOB_FAILED",
        "SAVEPOINT_CONFLICT",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const without = readSkipBody(await jsonBody(request));
      return answer(await serving.coordinator((rpc) => rpc.setJobState(path.job, "running", without)));
    },
  ),
]);
