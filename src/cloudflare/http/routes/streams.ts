/**
 * Streams: made, listed, looked at, moved in time and deleted.
 */
import { setWatermark } from "../../../host/ingest/set-watermark.ts";
import {
  listSchema,
  streamAnswerSchema,
  streamStatusSchema,
  watermarkAnswerSchema,
} from "../../../protocol/answer-schemas.ts";
import { resourceNameSchema } from "../../../protocol/names.ts";
import { readBody } from "../../../protocol/read-body.ts";
import { readStreamDefinition, streamBodySchema } from "../../../protocol/stream-spec.ts";
import { readWatermark, watermarkBodySchema } from "../../../protocol/watermark-body.ts";
import { isolate } from "../../isolate.ts";
import { answer, created, filtered, gone, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

export const streams = resource("Streams", "Logs of events, each with columns and an event time.", [
  route(
    {
      method: "get",
      path: "/v1/streams",
      scope: "any",
      summary: "List the streams",
      answers: { 200: json("Those that the token may see.", listSchema("streams", streamAnswerSchema)) },
      problems: ["PARTITION_UNAVAILABLE"],
    },
    async ({ serving, caller }) => {
      const found = await serving.coordinator((rpc) => rpc.streams());
      return listed(
        "streams",
        filtered(found, ({ stream }) => caller.maySee(stream)),
      );
    },
  ),
  route(
    {
      method: "put",
      path: "/v1/streams/{stream}",
      scope: "admin",
      summary: "Create a stream",
      description: "A second PUT may only add nullable columns at the end.",
      body: jsonOf(streamBodySchema),
      answers: {
        200: json("It was there already, or gained columns.", streamAnswerSchema),
        201: json("It is new.", streamAnswerSchema),
      },
      problems: [
        "STREAM_INVALID",
        "STREAM_CONFLICT",
        "LIMIT_REACHED",
        "SPLIT_CONFLICT",
        "PARTITION_UNAVAILABLE",
      ],
    },
    async ({ request, serving, path }) => {
      const name = readBody(resourceNameSchema, path.stream, "STREAM_INVALID", "name");
      const definition = readStreamDefinition(await jsonBody(request));
      return created(await serving.coordinator((rpc) => rpc.putStream(name, definition)));
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/streams/{stream}",
      scope: ["ingest:{stream}", "query:{stream}"],
      summary: "Look at a stream and its shards",
      answers: { 200: json("The stream with what its shards say now.", streamStatusSchema) },
      problems: ["STREAM_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => answer(await serving.coordinator((rpc) => rpc.stream(path.stream))),
  ),
  route(
    {
      method: "delete",
      path: "/v1/streams/{stream}",
      scope: "admin",
      summary: "Delete a stream with its events",
      answers: { 204: { description: "It is gone." } },
      problems: ["STREAM_NOT_FOUND", "STREAM_IN_USE", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => gone(await serving.coordinator((rpc) => rpc.deleteStream(path.stream))),
  ),
  route(
    {
      method: "post",
      path: "/v1/streams/{stream}/watermark",
      scope: "ingest:{stream}",
      summary: "Move event time by hand, or end the stream",
      description: 'Nothing at or before it is expected any more, of no producer. `"max"` ends the stream.',
      body: jsonOf(watermarkBodySchema),
      answers: { 200: json("Every shard has logged it.", watermarkAnswerSchema) },
      problems: ["STREAM_NOT_FOUND", "STREAM_ENDED", "MAP_STALE", "BACKLOG_FULL", "PARTITION_UNAVAILABLE"],
    },
    async ({ request, serving, path }) => {
      const watermark = readWatermark(await jsonBody(request));
      const { clock, shards, askStreamFacts } = serving;
      const ports = { clock, shards, facts: isolate.streamFacts, askFacts: askStreamFacts };
      return answer(await setWatermark(ports, path.stream, watermark));
    },
  ),
]);
