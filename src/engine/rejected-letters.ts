/**
 * The records that a stream rejected, read back from its log: they travel in frames and last as long as the
 * log does.
 */
import { readRejected } from "../kernel/frame-codec.ts";
import type { PartitionLog } from "./log/partition-log.ts";
import { RecordKind } from "./log/records.ts";
import type { Letter, LetterPage } from "./partition-types.ts";

/** Bytes of log that one read looks through: a page may be empty and still have a next one. */
const scannedBytesMax = 16 * 1024 * 1024;

/** Reads up to `limit` rejected records behind the cursor `after`, oldest first. */
export function readRejectedLetters(log: PartitionLog, after: string | undefined, limit: number): LetterPage {
  const [afterOffset = 0, afterRow = -1] = after === undefined ? [] : after.split(".").map(Number);
  const letters: Letter[] = [];
  let scanned = 0;
  let offset = Math.max(afterOffset, log.firstOffset);
  for (let record = log.read(offset); record; record = log.read(offset)) {
    if (letters.length >= limit || scanned > scannedBytesMax) break;
    offset = record.offset;
    scanned += record.bytes;
    if (record.kind === RecordKind.Frame) {
      const { appendTime } = record;
      readRejected(record.frame).forEach(({ bytes, message, reason: _, ...rest }, row) => {
        if (letters.length >= limit || (offset === afterOffset && row <= afterRow)) return;
        const content = { ...rest, text: new TextDecoder().decode(bytes) };
        letters.push({ offset, row, reason: message, appendTime, content });
      });
    }
    offset++;
  }
  const last = letters.at(-1);
  const isFull = letters.length >= limit && last !== undefined;
  if (isFull) return { letters, next: `${last.offset}.${last.row}` };
  return { letters, next: offset < log.nextOffset ? `${offset - 1}.${Number.MAX_SAFE_INTEGER}` : undefined };
}
