/**
 * Events as callers have them, and as they are sent.
 */

/** Records as objects, or as NDJSON text that is sent as it is. */
export type EventsBody = readonly object[] | string;

/** The events as NDJSON. */
export function ndjsonOf(events: EventsBody): string {
  return typeof events === "string" ? events : events.map((event) => JSON.stringify(event)).join("\n");
}
