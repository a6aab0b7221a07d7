/**
 * What tells how the bytes of events are to be read: media types.
 */
import { EngineError } from "../../../base/errors.ts";
import type { IngestFormat } from "../../../host/ingest/record-lines.ts";

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

/** By the media type; plain text counts as NDJSON, and so does a body without a type. */
export function formatOfType(header: string | null): IngestFormat | "json" {
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
  const expected = "text/csv in UTF-8 whose first row names the columns";
  const message = `Content-Type is "${header}", expected ${expected}.`;
  throw new EngineError("CONTENT_TYPE_UNSUPPORTED", { message });
}
