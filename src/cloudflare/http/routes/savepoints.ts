/**
 * Savepoints: taken, listed, read and deleted.
 */
import { EngineError } from "../../../base/errors.ts";
import { readSavedState } from "../../../host/query/read-saved-state.ts";
import {
  listSchema,
  savedStateAnswerSchema,
  savepointAnswerSchema,
} from "../../../protocol/answer-schemas.ts";
import {
  readSavedStateQuery,
  readSavepointBody,
  readSavepointNumber,
  savedStateParameters,
  savepointBodySchema,
} from "../../../protocol/savepoint-body.ts";
import { kernelModule } from "../../load-kernel.ts";
import { blobsOf } from "../../savepoint-blobs.ts";
import { answer, begun, gone, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

export const savepoints = resource("Savepoints", "The state of a job at one cut.", [
  route(
    {
      method: "post",
      path: "/v1/jobs/{job}/savepoints",
      scope: "admin",
      summary: "Take a savepoint of a running job",
      description: '`"stop": true` ends the job with it; `"drain": true` beside it fires all windows before.',
      body: jsonOf(savepointBodySchema, { isOptional: true }),
      answers: {
        201: json("It is complete.", savepointAnswerSchema),
        202: json("It is being taken.", savepointAnswerSchema),
      },
      problems: [
        "JOB_INVALID",
        "JOB_NOT_FOUND",
        "JOB_FAILED",
        "SAVEPOINT_CONFLICT",
        "SPLIT_CONFLICT",
        "SAVEPOINTS_NOT_SET",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const wish = readSavepointBody(request.body !== null ? await jsonBody(request) : {});
      return begun(await serving.coordinator((rpc) => rpc.createSavepoint(path.job, wish)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/jobs/{job}/savepoints",
      scope: "admin",
      summary: "List the savepoints of a job, which may be gone",
      answers: { 200: json("All of them.", listSchema("savepoints", savepointAnswerSchema)) },
      problems: ["SAVEPOINTS_NOT_SET", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) =>
      listed("savepoints", await serving.coordinator((rpc) => rpc.savepoints(path.job))),
  ),
  route(
    {
      method: "get",
      path: "/v1/savepoints/{savepoint}",
      scope: "admin",
      summary: "Look at a savepoint",
      answers: { 200: json("How far it is.", savepointAnswerSchema) },
      problems: ["SAVEPOINT_NOT_FOUND", "SAVEPOINTS_NOT_SET", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => {
      const savepoint = readSavepointNumber(path.savepoint);
      return answer(await serving.coordinator((rpc) => rpc.savepoint(savepoint)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/savepoints/{savepoint}/state",
      scope: "admin",
      summary: "Read what a savepoint holds, whether its job exists or not",
      query: savedStateParameters,
      answers: { 200: json("A row per key and window of each step.", savedStateAnswerSchema) },
      problems: [
        "QUERY_INVALID",
        "SAVEPOINT_NOT_FOUND",
        "SAVEPOINTS_NOT_SET",
        "SAVEPOINT_CONFLICT",
        "SAVEPOINT_UNFIT",
        "STATE_CORRUPT",
        "VERSION_UNKNOWN",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ env, path, query }) => {
      const savepoint = readSavepointNumber(path.savepoint);
      const page = readSavedStateQuery(query);
      const blobs = blobsOf(env);
      if (!blobs) {
        throw new EngineError("SAVEPOINTS_NOT_SET", { message: "This Worker keeps no savepoints." });
      }
      return answer(await readSavedState({ blobs, module: kernelModule }, savepoint, page));
    },
  ),
  route(
    {
      method: "delete",
      path: "/v1/savepoints/{savepoint}",
      scope: "admin",
      summary: "Delete a savepoint",
      answers: { 204: { description: "It is gone." } },
      problems: ["SAVEPOINT_NOT_FOUND", "SAVEPOINT_CONFLICT", "SAVEPOINTS_NOT_SET", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => {
      const savepoint = readSavepointNumber(path.savepoint);
      return gone(await serving.coordinator((rpc) => rpc.deleteSavepoint(savepoint)));
    },
  ),
]);
