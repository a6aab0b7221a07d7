/**
 * A second stream, left open, for the first requests of someone new.
 */
import { readFileSync } from "node:fs";
import type { MillraceClient } from "../client/client.ts";

const statements = readFileSync(new URL("clicks-demo.sql", import.meta.url), "utf8");

export async function setUpClicks(client: MillraceClient): Promise<void> {
  await client.sql(statements);
}

/** Returns three requests to paste: post an event, ask for its key, ask in SQL. */
export function clicksRequests(url: string, now: Date): string {
  const time = now.toISOString().slice(0, 19).replace("T", " ");
  const event = JSON.stringify({ time, user: "ada", page: "/home" });
  const query = "SELECT * FROM clicks_by_user ORDER BY clicks DESC LIMIT 10";
  return [
    `  curl '${url}/v1/streams/clicks/events' -H 'Content-Type: application/json' -d '${event}'`,
    `  curl '${url}/v1/views/clicks_by_user?key.user=ada'`,
    `  curl '${url}/v1/sql' -H 'Accept: text/plain' -d '${query}'`,
  ].join("\n");
}
