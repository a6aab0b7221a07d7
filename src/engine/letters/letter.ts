/**
 * Letters: what was counted and not taken, kept readable. A stream's rejected records lie in its log, the
 * late and bad rows of a job with its task.
 *
 * A letter is named by where it lies: the run that kept it, or 0 for the log, the offset of its record, and a
 * row. What is replayed keeps its name, so nothing is ever replayed twice by accident.
 */
import type { LetterPlace, LetterReason } from "../../protocol/letter-id.ts";

export interface Letter extends LetterPlace {
  readonly reason: LetterReason;
  readonly message: string;
  /** Wall clock in ms at which its record came. */
  readonly appendTime: number;
  readonly content: Readonly<Record<string, unknown>>;
  /** In ms, how far behind the watermark a late row was. */
  readonly lateBy?: number;
  /** True where a part of it is not kept: it can be read, and not replayed. */
  readonly isCut?: boolean;
  readonly job?: string;
  /** Of a rejected record what came of it. */
  readonly bytes?: Uint8Array;
  /** Wall clock in ms at which it was replayed. */
  readonly replayedAt?: number;
}

/** Which letters are wanted; each field that is absent asks for nothing. Times in ms. */
export interface LetterQuery {
  /** Those of these that are there, whatever else is asked for. */
  readonly places?: readonly LetterPlace[];
  /** Those of this job's newest run. */
  readonly job?: string;
  readonly reasons?: readonly LetterReason[];
  /** Arrived at or after `from` and before `to`. */
  readonly from?: number;
  readonly to?: number;
  readonly isReplayed?: boolean;
  /** Whether rows are wanted as they came, see `wholeLetters`. */
  readonly isWhole?: boolean;
  readonly after?: LetterPlace | undefined;
  readonly limit: number;
}

/** In the order of their places; empty ones may have a next. */
export interface LetterPage {
  readonly letters: readonly Letter[];
  readonly next: LetterPlace | undefined;
}

/** What one look at a run of letters may do, and what it is looking for. */
export interface LetterLook extends Pick<LetterQuery, "from" | "to"> {
  readonly limit: number;
  readonly after: LetterPlace | undefined;
  readonly isWanted: (letter: Letter) => boolean;
}

/** Bytes that one look goes through, and bytes of records that it answers: a page may be short for them. */
export const scannedBytesMax = 16 * 1024 * 1024;
export const answeredBytesMax = 4 * 1024 * 1024;

export function isBehind(letter: LetterPlace, after: LetterPlace | undefined): boolean {
  if (!after || letter.run !== after.run) return !after || letter.run > after.run;
  return letter.offset > after.offset || (letter.offset === after.offset && letter.row > after.row);
}
