/** State to begin with: an event of every user in each of the hours before those of the load. */
import { ndjsonBodies } from "../inputs/bodies.ts";
import { firstEventTime } from "../inputs/click-events.ts";
import { type MillraceServer, streamName } from "./millrace-server.ts";

const hourMs = 3_600_000;
const eventsPerBody = 10_000;

export async function fillHours(server: MillraceServer, hours: number, keyCount: number): Promise<void> {
  for (let hour = 0; hour < hours; hour++) {
    const ts = firstEventTime - (hours - hour) * hourMs;
    const events = Array.from({ length: keyCount }, (_, key) => {
      return { user_id: `u${1_000_000 + key}`, ts, url: `/product/${key % 1000}`, amount: 0.01 };
    });
    for (const body of ndjsonBodies(events, eventsPerBody).bodies) {
      await server.client.streams.post(streamName, new TextDecoder().decode(body));
    }
  }
  server.expectRows(hours * keyCount, hours * keyCount);
  await server.settle();
}
