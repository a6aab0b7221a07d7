/**
 * A second stream, left open, for the first three requests of someone new.
 *
 * Its job has no window: its results change with every event, so they are seen at once.
 */
import type { MillraceClient } from "../client/client.ts";
import type { JobBody } from "../protocol/job-spec.ts";
import type { StreamBody } from "../protocol/stream-spec.ts";

const streamName = "clicks";
const jobName = "clicks_per_user";

const clicksStream = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "user", type: "STRING" },
    { name: "page", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
} as const satisfies StreamBody;

const clicksJob = {
  source: streamName,
  key: ["user"],
  aggregates: {
    clicks: { function: "count" },
    last_page: { function: "last_value", argument: "page" },
  },
} as const satisfies JobBody;

export async function setUpClicks(client: MillraceClient): Promise<void> {
  await client.streams.put(streamName, clicksStream);
  await client.jobs.put(jobName, clicksJob);
}

/** Returns three requests to paste: post an event, ask for its key, ask for all. */
export function clicksRequests(url: string, now: Date): string {
  const time = now.toISOString().slice(0, 19).replace("T", " ");
  const event = JSON.stringify({ time, user: "ada", page: "/home" });
  return [
    `  curl '${url}/v1/streams/${streamName}/events' -H 'Content-Type: application/json' -d '${event}'`,
    `  curl '${url}/v1/views/${jobName}?key.user=ada'`,
    `  curl '${url}/v1/views/${jobName}'`,
  ].join("\n");
}
