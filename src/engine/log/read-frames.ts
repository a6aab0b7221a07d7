/**
 * Frames of a log as they lie there, oldest first: what a query over a stream reads, a turn at a time.
 */
import { KiB } from "../../base/limits.ts";
import type { PartitionLog } from "./partition-log.ts";
import { RecordKind } from "./records.ts";

const turnBytes = 256 * KiB;

/** Where a reading of a log stands: offsets of the next record, and behind the last one that is wanted. */
export interface LogPlace {
  readonly from: number;
  readonly until: number;
}

export interface FramePage {
  readonly frames: readonly Uint8Array[];
  /** Absent at the end. */
  readonly next?: LogPlace;
}

/** Reads what one turn reads; without a place from the oldest record that is kept to the newest of now. */
export function readFrames(log: PartitionLog, place: LogPlace | undefined): FramePage {
  const until = place?.until ?? log.nextOffset;
  const frames: Uint8Array[] = [];
  let from = Math.max(place?.from ?? 0, log.firstOffset);
  for (let bytes = 0; from < until && bytes < turnBytes; ) {
    const record = log.read(from);
    if (!record) return { frames };
    if (record.kind === RecordKind.Frame) frames.push(record.frame);
    bytes += record.bytes;
    from = record.offset + 1;
  }
  return { frames, ...(from < until && { next: { from, until } }) };
}
