/**
 * Jobs: started, listed, looked at, paused, resumed and deleted.
 */
import { jobAnswerSchema, jobStatusSchema, listSchema } from "../../../protocol/answer-schemas.ts";
import { jobBodySchema, readJobDefinition } from "../../../protocol/job-spec.ts";
import { resourceNameSchema } from "../../../protocol/names.ts";
import { readBody } from "../../../protocol/read-body.ts";
import { answer, created, filtered, gone, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, type Route, resource, route } from "../route.ts";

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
      answers: { 200: json("The job with what its partitions say now.", jobStatusSchema) },
      problems: ["JOB_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => answer(await serving.coordinator((rpc) => rpc.job(path.job))),
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
  stateRoute("pause", "Stop a job, which keeps its state", "paused"),
  stateRoute("resume", "Let a paused job go on where it was", "running"),
]);

function stateRoute(verb: "pause" | "resume", summary: string, state: "paused" | "running"): Route {
  return route(
    {
      method: "post",
      path: `/v1/jobs/{job}/${verb}`,
      scope: "admin",
      summary,
      answers: { 200: json("The job with its state.", jobAnswerSchema) },
      problems: ["JOB_NOT_FOUND", "SAVEPOINT_CONFLICT", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => answer(await serving.coordinator((rpc) => rpc.setJobState(path.job, state))),
  );
}
