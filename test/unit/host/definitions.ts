/** Definitions that tests of hosts start from. */
import { type JobBody, type JobDefinition, readJobDefinition } from "../../../src/protocol/job-spec.ts";
import {
  readStreamDefinition,
  type StreamBody,
  type StreamDefinition,
} from "../../../src/protocol/stream-spec.ts";

export function streamOf(changes: Partial<StreamBody> = {}): StreamDefinition {
  return readStreamDefinition({
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "amount", type: "INT" },
    ],
    eventTime: { column: "time", outOfOrderness: "5s" },
    ...changes,
  });
}

export function jobOf(changes: Partial<JobBody> = {}): JobDefinition {
  return readJobDefinition({
    source: "clicks",
    key: ["user"],
    window: { type: "tumble", size: "1min" },
    aggregates: { clicks: { function: "count" }, total: { function: "sum", argument: "amount" } },
    ...changes,
  });
}
