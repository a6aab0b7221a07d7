/**
 * What can be wrong with a frame, in words.
 */
import {
  FRAME_ERROR_DOUBLES,
  FRAME_ERROR_ENCODING,
  FRAME_ERROR_INTEGERS,
  FRAME_ERROR_LENGTHS,
  FRAME_ERROR_NULLS,
  FRAME_ERROR_NUMBERS,
  FRAME_ERROR_REST,
  FRAME_ERROR_STRINGS,
  FRAME_ERROR_WORDS,
} from "../../assembly/frame/abi.ts";
import { EngineError } from "../base/errors.ts";

const texts: ReadonlyMap<number, string> = new Map([
  [FRAME_ERROR_ENCODING, "its encoding is unknown or does not fit its type"],
  [FRAME_ERROR_NULLS, "its null bits do not fit the row count"],
  [FRAME_ERROR_INTEGERS, "its integers do not fit their section"],
  [FRAME_ERROR_DOUBLES, "its doubles have an unknown scale"],
  [FRAME_ERROR_STRINGS, "its strings do not fit their section"],
  [FRAME_ERROR_LENGTHS, "the lengths of its strings do not add up"],
  [FRAME_ERROR_NUMBERS, "a string that was kept as a number is out of range"],
  [FRAME_ERROR_WORDS, "a row names a string that its dictionary lacks"],
  [FRAME_ERROR_REST, "its section goes on behind its values"],
]);

/** Says in words what `frameColumnDecode` found wrong. */
export function frameErrorText(error: number): string {
  return texts.get(error) ?? `error ${error}`;
}

/** The error for bytes that are no frame; `what` says in which way. */
export function frameCorrupt(what: string): EngineError {
  return new EngineError("FRAME_CORRUPT", { message: `These bytes are not a whole frame: ${what}.` });
}
