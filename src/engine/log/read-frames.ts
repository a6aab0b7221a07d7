/**
 * Frames of a log as they lie there, oldest first: what a query over a stream reads, a turn at a time.
 */
import { KiB } from "../../base/limits.ts";
import { readFrameHeader } from "../../kernel/frame-codec.ts";
import type { PartitionLog } from "./partition-log.ts";
import { type LogRecord, RecordKind } from "./records.ts";

const turnBytes = 256 * KiB;
/** What is alike in all rows takes no bytes, and memory once it is read. */
const turnRows = 16_384;

/** Where a reading of a log stands: offsets of the next record, and behind the last one that is wanted. */
export interface LogPlace {
  readonly from: number;
  readonly until: number;
}

export interface FramePage {
  /** Records of kind Frame: views of what is read in this turn. */
  readonly records: readonly LogRecord[];
  /** Absent at the end. */
  readonly next?: LogPlace;
}

/** Reads what one turn reads; without a place from the oldest record that is kept to the newest of now. */
export function readFrames(log: PartitionLog, place: LogPlace | undefined): FramePage {
  const until = place?.until ?? log.nextOffset;
  const records: LogRecord[] = [];
  let from = Math.max(place?.from ?? 0, log.firstOffset);
  for (let [bytes, rows] = [0, 0]; from < until && bytes < turnBytes && rows < turnRows; ) {
    const record = log.read(from);
    if (!record) return { records };
    if (record.kind === RecordKind.Frame) {
      records.push(record);
      rows += readFrameHeader(record.frame).rows;
    }
    bytes += record.bytes;
    from = record.offset + 1;
  }
  return { records, ...(from < until && { next: { from, until } }) };
}
