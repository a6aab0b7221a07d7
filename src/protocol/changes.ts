/**
 * Changes of a view as subscribers get them, and what they say to get them.
 *
 *     GET /v1/views/{view}/changes?key=ATL&snapshot=true
 *
 * An event's id tells a run of the view's job, a version of the map of its partitions, and for each partition
 * the first change that was not seen, as the offset of the record that caused it and its number among the
 * changes of that record: `7.1/0:12.3,1:5`. It goes on with `Last-Event-ID`, or `lastEventId` in the address.
 */
import { EngineError } from "../base/errors.ts";
import type { JsonScalar } from "../columnar/values.ts";

/** A change as it is sent: +I a new row, -U and +U what a row was and is, -D one that is no more. */
export interface ChangeEvent {
  /** Absent in a snapshot that is not complete: nothing goes on from there. */
  readonly id?: string;
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly row: Readonly<Record<string, JsonScalar>>;
}

/** A message to a subscriber over a WebSocket. */
export interface ChangeMessage {
  /** Counts the messages of the connection, from 1. */
  readonly message: number;
  /** Asks for `{"ack": message}`, which acknowledges it and all before it. */
  readonly ack?: true;
  readonly changes?: readonly ChangeEvent[];
  /** What was there before is worth nothing from `begin` on; with `end` the view is complete. */
  readonly snapshot?: "begin" | "end";
  /** With a snapshot's end, and now and then alone: where to go on from. */
  readonly id?: string;
  /** The last message. */
  readonly error?: {
    readonly code: string;
    /** The HTTP status; the socket closes with 4000 more. */
    readonly status: number;
    readonly message: string;
    readonly help: string;
  };
}

/** The place of a partition: offset of a record, number of a change. */
export type PartitionPlace = readonly [offset: number, row: number];

export interface EventId {
  readonly run: number;
  readonly map: number;
  /** By number of the partition. */
  readonly places: ReadonlyMap<number, PartitionPlace>;
}

export function formatEventId({ run, map, places }: EventId): string {
  const parts = [...places].map(([shard, [offset, row]]) => `${shard}:${offset}${row > 0 ? `.${row}` : ""}`);
  return `${run}.${map}/${parts.join(",")}`;
}

/** Reads what `formatEventId` writes; throws QUERY_INVALID for anything else. */
export function parseEventId(text: string): EventId {
  const [, run, map, rest] = /^(\d{1,15})\.(\d{1,15})\/(\d[\d.:,]*)$/.exec(text) ?? [];
  const places = new Map<number, PartitionPlace>();
  for (const part of (rest ?? "").split(",")) {
    const [, shard, offset, row = "0"] = /^(\d{1,9}):(\d{1,15})(?:\.(\d{1,15}))?$/.exec(part) ?? [];
    if (run === undefined || map === undefined || shard === undefined || places.has(Number(shard))) {
      const message = `lastEventId: found "${text.slice(0, 100)}", which is the id of no event.`;
      throw new EngineError("QUERY_INVALID", { message });
    }
    places.set(Number(shard), [Number(offset), Number(row)]);
  }
  return { run: Number(run), map: Number(map), places };
}

export interface ChangesQuery {
  /** As given: text, a JSON value, or text by column. */
  readonly key: string | Readonly<Record<string, string>> | undefined;
  readonly snapshot: boolean;
  readonly lastEventId: EventId | undefined;
}
