/**
 * Events: `POST /v1/streams/{stream}/events`, the one hot route. The Worker asks `eventsStreamOf` before it
 * asks the router, and does nothing by request that can be done once.
 */
import * as z from "zod";
import { EngineError } from "../../../base/errors.ts";
import { producerIdMax } from "../../../base/limits.ts";
import { receiveBody } from "../../../host/ingest/receive-body.ts";
import { bodyFormatOf } from "../../../kernel/json-body.ts";
import { ingestAnswerSchema } from "../../../protocol/answer-schemas.ts";
import type { Admitted } from "../../access/admit.ts";
import { answer } from "../answer.ts";
import { json, resource, route } from "../route.ts";
import type { Serving } from "../serving.ts";
import { formatOfType } from "./event-headers.ts";
import { eventsSocket } from "./events-socket.ts";

const eventsAddress = /^https?:\/\/[^/]+\/v1\/streams\/([A-Za-z_][A-Za-z0-9_-]{0,62})\/events\/?(?:\?.*)?$/;

const event = z.record(z.string(), z.unknown());

const cloudEvent = z
  .looseObject({
    specversion: z.literal("1.0"),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    data: event.optional(),
  })
  .meta({ id: "CloudEvent", description: "`data` is the record; attributes are fields that it lacks." });

export const events = resource("Events", "What happened, appended to streams.", [
  route(
    {
      method: "post",
      path: "/v1/streams/{stream}/events",
      scope: "ingest:{stream}",
      summary: "Append events",
      description:
        "The answer comes when everything is durable. A record that does not fit is rejected, the others " +
        "are taken. With `Producer-Id` and `Sequence` a retry of the same bytes does no harm.",
      headers: z.object({
        "Producer-Id": z.string().min(1).max(producerIdMax).optional(),
        Sequence: z
          .string()
          .regex(/^\d{1,16}$/)
          .optional()
          .meta({ description: "A whole number that goes up from request to request." }),
        "Content-Encoding": z.enum(["gzip", "deflate", "identity"]).optional(),
      }),
      body: {
        content: {
          "application/x-ndjson": undefined,
          "application/json": z.union([z.array(event), event]),
          "text/csv": undefined,
          "application/vnd.apache.arrow.stream": undefined,
          "application/cloudevents+json": cloudEvent,
          "application/cloudevents-batch+json": z.array(cloudEvent),
        },
      },
      answers: { 200: json("What became of the records.", ingestAnswerSchema) },
      problems: [
        "STREAM_NOT_FOUND",
        "STREAM_ENDED",
        "FRAME_TOO_LARGE",
        "PRODUCER_SEQUENCE_TOO_OLD",
        "PRODUCER_SEQUENCE_REUSED",
        "PRODUCERS_TOO_MANY",
        "PRODUCER_UNREGISTERED",
        "BACKLOG_FULL",
        "MAP_STALE",
        "APPEND_EXPIRED",
        "PARTITION_UNAVAILABLE",
      ],
    },
    (routed) => postEvents(routed, routed.path.stream, routed.serving),
  ),
  eventsSocket,
]);

/** Returns the stream that the request posts events to, or undefined where it is another request. */
export function eventsStreamOf(request: Request): string | undefined {
  return request.method === "POST" ? eventsAddress.exec(request.url)?.[1] : undefined;
}

export async function postEvents(
  { request, caller }: Admitted,
  stream: string,
  serving: Serving,
): Promise<Response> {
  const named = formatOfType(request.headers.get("content-type"));
  const producer = producerOf(request);
  const body = await receiveBody(request);
  const format = named === "json" ? bodyFormatOf("application/json", body) : named;
  return answer(await serving.ingest.ingest({ stream, body, format, tokenId: caller.tokenId, producer }));
}

function producerOf({ headers }: Request): { id: string; sequence: number } | undefined {
  const id = headers.get("producer-id");
  const sequence = headers.get("sequence");
  if (id === null && sequence === null) return undefined;
  if (id === null || sequence === null) {
    const [found, missing] = id === null ? ["Sequence", "Producer-Id"] : ["Producer-Id", "Sequence"];
    const message = `Found the header ${found} without ${missing}; they come together.`;
    throw new EngineError("REQUEST_INVALID", { message });
  }
  if (id === "" || id.length > producerIdMax) {
    const message = `Producer-Id has ${id.length} characters, expected 1 to ${producerIdMax}.`;
    throw new EngineError("REQUEST_INVALID", { message });
  }
  const number = /^\d{1,16}$/.test(sequence) ? Number(sequence) : Number.NaN;
  if (!Number.isSafeInteger(number)) {
    const expected = `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;
    const message = `Sequence is "${sequence}", expected ${expected}.`;
    throw new EngineError("REQUEST_INVALID", { message });
  }
  return { id, sequence: number };
}
