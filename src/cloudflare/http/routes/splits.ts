/**
 * Splits: a shard of a stream, or a partition of a job's stage, divided in two while everything runs.
 */
import { listSchema, splitAnswerSchema } from "../../../protocol/answer-schemas.ts";
import {
  readShardSplit,
  readStageSplit,
  shardSplitSchema,
  stageSplitSchema,
} from "../../../protocol/split-body.ts";
import { begun, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

const answers = {
  201: json("The state has moved.", splitAnswerSchema),
  202: json("It goes on.", splitAnswerSchema),
} as const;

const list = listSchema("splits", splitAnswerSchema);

export const splits = resource("Splits", "Partitions divided in two while everything runs.", [
  route(
    {
      method: "post",
      path: "/v1/streams/{stream}/splits",
      scope: "admin",
      summary: "Split a shard of a stream",
      body: jsonOf(shardSplitSchema),
      answers,
      problems: [
        "STREAM_NOT_FOUND",
        "SPLIT_CONFLICT",
        "SPLIT_UNFIT",
        "SAVEPOINT_CONFLICT",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const { shard, keyGroup } = readShardSplit(await jsonBody(request));
      return begun(await serving.coordinator((rpc) => rpc.splitStream(path.stream, shard, keyGroup)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/streams/{stream}/splits",
      scope: "admin",
      summary: "List the splits of a stream, newest first",
      answers: { 200: json("How the stream grew.", list) },
      problems: ["STREAM_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) =>
      listed("splits", await serving.coordinator((rpc) => rpc.splitsOfStream(path.stream))),
  ),
  route(
    {
      method: "post",
      path: "/v1/jobs/{job}/splits",
      scope: "admin",
      summary: "Split a partition of a job's stage",
      body: jsonOf(stageSplitSchema),
      answers,
      problems: [
        "JOB_NOT_FOUND",
        "SPLIT_CONFLICT",
        "SPLIT_UNFIT",
        "SAVEPOINT_CONFLICT",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const { stage, partition, keyGroup } = readStageSplit(await jsonBody(request));
      return begun(await serving.coordinator((rpc) => rpc.splitStage(path.job, stage, partition, keyGroup)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/jobs/{job}/splits",
      scope: "admin",
      summary: "List the splits of a job, newest first",
      answers: { 200: json("How the job grew.", list) },
      problems: ["JOB_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) =>
      listed("splits", await serving.coordinator((rpc) => rpc.splitsOfJob(path.job))),
  ),
]);
