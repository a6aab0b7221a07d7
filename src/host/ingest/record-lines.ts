/**
 * Bodies that are not JSON, as JSON lines: the decoder of the kernel is the only one that reads values, so a
 * value means the same in every format.
 *
 * A body is turned part by part, so that a large one never lies in memory twice. Where it is cut depends on
 * its bytes alone: never on the schema, which may gain columns between a request and its retry.
 */
import type { BadRecord } from "../../columnar/bad-record.ts";
import type { BodyFormat, BodyPosition } from "../../kernel/json-body.ts";

/** `cloudevent`: the whole body is one event; `cloudevents`: a JSON array of them. */
export type IngestFormat = BodyFormat | "csv" | "arrow" | "cloudevent" | "cloudevents";

/** The records of one body. */
export interface RecordLines {
  /** Whether columns lie at their paths, as in JSON; else all lie at the top, by their names. */
  readonly isNested: boolean;
  /** Returns the part that begins at `from`. */
  partAt(from: BodyPosition): LinesPart;
}

export interface LinesPart {
  /** One line for each record, with columns by their names; a blank one for each in `rejected`. */
  readonly lines: Uint8Array;
  /** Records that do not get as far as the decoder, in their order. */
  readonly rejected: readonly BadRecord[];
  readonly next: BodyPosition | undefined;
  /** A record of this part as it came, where it has bytes of its own, and where in it a field begins. */
  readonly sourceOf: (record: number, field: string | undefined) => RecordSource | undefined;
}

export interface RecordSource {
  readonly bytes: Uint8Array;
  readonly column: number;
}
