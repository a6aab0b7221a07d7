/**
 * Events: `POST /v1/streams/{stream}/events`, the one hot route. The Worker asks `eventsStreamOf` before it
 * asks the router, and does nothing by request that can be done once.
 */
import * as z from "zod";
import { EngineError } from "../../../base/errors.ts";
import { receiveBody } from "../../../host/ingest/receive-body.ts";
import type { IngestFormat } from "../../../host/ingest/record-lines.ts";
import { bodyFormatOf } from "../../../kernel/json-body.ts";
import { ingestAnswerSchema } from "../../../protocol/answer-schemas.ts";
import { tokenId } from "../../auth.ts";
import { answer } from "../answer.ts";
import { json, resource, route } from "../route.ts";
import type { Serving } from "../serving.ts";

const eventsAddress = /^https?:\/\/[^/]+\/v1\/streams\/([A-Za-z_][A-Za-z0-9_-]{0,62})\/events\/?(?:\?.*)?$/;

/** `json`: its first byte tells whether it is an array or one record. */
const formats: ReadonlyMap<string, IngestFormat | "json"> = new Map([
  ["application/x-ndjson", "ndjson"],
  ["application/ndjson", "ndjson"],
  ["application/jsonl", "ndjson"],
  ["text/plain", "ndjson"],
  ["application/json", "json"],
  ["text/csv", "csv"],
  ["application/vnd.apache.arrow.stream", "arrow"],
  ["application/cloudevents+json", "cloudevent"],
  ["application/cloudevents-batch+json", "cloudevents"],
]);

const expectedTypes = `${[...formats.keys()].slice(0, -1).join(", ")} or ${[...formats.keys()].at(-1)}`;

const producerIdMax = 128;

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
    ({ request, path, serving }) => postEvents(request, path.stream, serving),
  ),
]);

/** Returns the stream that the request posts events to, or undefined where it is another request. */
export function eventsStreamOf(request: Request): string | undefined {
  return request.method === "POST" ? eventsAddress.exec(request.url)?.[1] : undefined;
}

export async function postEvents(request: Request, stream: string, serving: Serving): Promise<Response> {
  const named = formatOf(request);
  const producer = producerOf(request);
  const body = await receiveBody(request);
  const format = named === "json" ? bodyFormatOf("application/json", body) : named;
  return answer(await serving.ingest.ingest({ stream, body, format, tokenId, producer }));
}

/** By the media type; plain text counts as NDJSON, and so does a body without a type. */
function formatOf(request: Request): IngestFormat | "json" {
  const header = request.headers.get("content-type");
  if (header === null) return "ndjson";
  const [type = "", ...parameters] = header.toLowerCase().split(";");
  const format = formats.get(type.trim());
  if (format === undefined) {
    const message = `Content-Type is "${header}", expected ${expectedTypes}.`;
    throw new EngineError("CONTENT_TYPE_UNSUPPORTED", { message });
  }
  if (format === "csv") checkCsv(header, parameters);
  return format;
}

/** CSV in another character set, or without names, would be read wrong, not refused. */
function checkCsv(header: string, parameters: readonly string[]): void {
  const isGood = parameters.every((parameter) => {
    const [name = "", value = ""] = parameter.split("=").map((part) => part.trim().replaceAll('"', ""));
    if (name === "charset") return ["utf-8", "utf8", "us-ascii"].includes(value);
    return name !== "header" || value === "present";
  });
  if (isGood) return;
  const message = `Content-Type is "${header}", expected text/csv in UTF-8 whose first row names the columns.`;
  throw new EngineError("CONTENT_TYPE_UNSUPPORTED", { message });
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
