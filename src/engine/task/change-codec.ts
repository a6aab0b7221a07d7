/**
 * Rows of a change table: a line of text for each change, then the XXH32 of all lines, little-endian.
 *
 *     <offset> <row> <kind> <window> <hash> <row of the view, which is JSON and has no line break>
 */
import { EngineError } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { xxhash32 } from "../log/xxhash32.ts";
import type { ViewChange } from "./change-types.ts";

const checksumBytes = 4;
const decoder = new TextDecoder();

export function encodeChanges(changes: readonly ViewChange[]): Uint8Array {
  const lines = encodeUtf8(changes.map(lineOf).join("\n"));
  const bytes = new Uint8Array(lines.length + checksumBytes);
  bytes.set(lines);
  new DataView(bytes.buffer).setUint32(lines.length, xxhash32(lines, lines.length), true);
  return bytes;
}

/** Throws `CHANGES_GONE` where they are not what was written: whoever asks for it gets a snapshot then. */
export function decodeChanges(bytes: Uint8Array): ViewChange[] {
  const length = bytes.length - checksumBytes;
  if (length < 0) throw damaged("it ends too early");
  const found = new DataView(bytes.buffer, bytes.byteOffset).getUint32(length, true);
  if (found !== xxhash32(bytes, length)) throw damaged("its checksum is wrong");
  return decoder.decode(bytes.subarray(0, length)).split("\n").map(changeOf);
}

function lineOf({ at, kind, window, hash, row }: ViewChange): string {
  return `${at.offset} ${at.row} ${kind} ${window} ${hash} ${row}`;
}

function changeOf(line: string): ViewChange {
  const fields = line.split(" ", 5);
  const [offset = "", row = "", kind, window, hash = ""] = fields;
  const place = { offset: Number(offset), row: Number(row) };
  const rest = fields.reduce((sum, field) => sum + field.length + 1, 0);
  const how = { kind: kind as ViewChange["kind"], window: Number(window), hash };
  return { at: place, ...how, row: line.slice(rest) };
}

function damaged(what: string): EngineError {
  const message = `A row of changes of the view is damaged in storage: ${what}.`;
  return new EngineError("CHANGES_GONE", { message });
}
