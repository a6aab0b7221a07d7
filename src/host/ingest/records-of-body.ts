/**
 * Which reader a body's format has.
 */
import type { Column } from "../../columnar/schema.ts";
import { ArrowLines } from "./arrow-lines.ts";
import { CloudEventLines } from "./cloud-event-lines.ts";
import { CsvLines } from "./csv-lines.ts";
import type { JsonBody } from "./part-encoder.ts";
import type { IngestFormat, RecordLines } from "./record-lines.ts";

/** Returns the records of a body; JSON as it is. Throws REQUEST_INVALID where it is no body of its format. */
export function recordsOf(
  { format, body }: { readonly format: IngestFormat; readonly body: Uint8Array },
  columns: readonly Column[],
): JsonBody | RecordLines {
  switch (format) {
    case "csv":
      return new CsvLines(body, columns);
    case "arrow":
      return new ArrowLines(body, columns);
    case "cloudevent":
    case "cloudevents":
      return new CloudEventLines(body, format === "cloudevents");
    default:
      return { bytes: body, format };
  }
}
