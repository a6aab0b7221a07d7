/**
 * The records that a stream rejected, read back from its log: they travel in frames and last as long as the
 * log does. Those that are only counted (`isCounted`) are no letters.
 */
import { isCounted, rejectedBytesKept } from "../../columnar/bad-record.ts";
import { type FrameDecoder, readFrameHeader } from "../../kernel/frame-codec.ts";
import { logRun } from "../../protocol/letter-id.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { type LogRecord, RecordKind } from "../log/records.ts";
import {
  answeredBytesMax,
  isBehind,
  type Letter,
  type LetterLook,
  type LetterPage,
  scannedBytesMax,
} from "./letter.ts";

/** Where they lie, and what checks that they are what was written. */
export interface RejectedRecords {
  readonly log: PartitionLog;
  readonly decoder: FrameDecoder;
}

/** Reads rejected records, oldest first. Throws `FRAME_CORRUPT` where a frame is damaged. */
export function readRejectedLetters({ log, decoder }: RejectedRecords, look: LetterLook): LetterPage {
  const { after, limit, from, to = Number.POSITIVE_INFINITY, isWanted } = look;
  const letters: Letter[] = [];
  let [scanned, answered] = [0, 0];
  let offset = Math.max(after?.offset ?? log.firstSince(from), log.firstOffset);
  for (let record = log.read(offset); record; record = log.read(offset)) {
    if (record.appendTime >= to) return { letters, next: undefined };
    if (scanned > scannedBytesMax || answered > answeredBytesMax) break;
    offset = record.offset + 1;
    scanned += record.bytes;
    for (const letter of lettersOf(record, decoder)) {
      if (!isBehind(letter, after) || letter.appendTime < (from ?? 0) || !isWanted(letter)) continue;
      letters.push(letter);
      answered += letter.bytes?.byteLength ?? 0;
      if (letters.length >= limit) return { letters, next: letter };
    }
  }
  const isAtEnd = offset >= log.nextOffset;
  return {
    letters,
    next: isAtEnd ? undefined : { run: logRun, offset: offset - 1, row: Number.MAX_SAFE_INTEGER },
  };
}

/** The rejected record at a place; undefined where it is gone, or none was. */
export function findRejected(
  { log, decoder }: RejectedRecords,
  offset: number,
  row: number,
): Letter | undefined {
  if (offset < log.firstOffset) return undefined;
  const record = log.read(offset);
  return record && lettersOf(record, decoder).find((letter) => letter.row === row);
}

function lettersOf({ kind, frame, offset, appendTime }: LogRecord, decoder: FrameDecoder): Letter[] {
  if (kind !== RecordKind.Frame || readFrameHeader(frame).rejected === 0) return [];
  return decoder.readRejected(frame).flatMap((bad, row): Letter[] => {
    if (isCounted(bad)) return [];
    const { bytes, message, record, column, field } = bad;
    const content = { record, column, field, text: new TextDecoder().decode(bytes) };
    const isCut = bytes.byteLength >= rejectedBytesKept && { isCut: true };
    const place = { run: logRun, offset, row };
    return [{ ...place, reason: "rejected", message, appendTime, content, bytes, ...isCut }];
  });
}
