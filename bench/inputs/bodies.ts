/**
 * Events as the bytes that a client would post: NDJSON bodies of a fixed number of lines.
 */

export interface Bodies {
  readonly bodies: readonly Uint8Array[];
  readonly events: number;
  readonly bytes: number;
}

/** Writes records as NDJSON, `eventsPerBody` lines to a body; each line ends with a newline. */
export function ndjsonBodies(records: Iterable<object>, eventsPerBody: number): Bodies {
  const encoder = new TextEncoder();
  const bodies: Uint8Array[] = [];
  let lines: string[] = [];
  let events = 0;
  const flush = () => {
    if (lines.length > 0) bodies.push(encoder.encode(lines.join("")));
    lines = [];
  };
  for (const record of records) {
    lines.push(`${JSON.stringify(record)}\n`);
    events++;
    if (lines.length === eventsPerBody) flush();
  }
  flush();
  return { bodies, events, bytes: bodies.reduce((sum, body) => sum + body.length, 0) };
}
