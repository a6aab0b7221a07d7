/**
 * Bodies of requests: their formats, and the places in them where parts begin.
 *
 * What is found here depends on the body's bytes and its format alone.
 */

/** `ndjson`: a record a line; `array`: a JSON array of records; `object`: the whole body is one record. */
export type BodyFormat = "ndjson" | "array" | "object";

/** Where a part begins. Only `bodyStart` and the `next` of a decoded part are positions. */
export interface BodyPosition {
  /** Byte offset in the body. */
  readonly offset: number;
  /** Records in earlier parts; for NDJSON lines, blank ones included. */
  readonly recordsBefore: number;
  /** `record`: where a record begins; `end`: behind an array. */
  readonly place: "start" | "record" | "end";
}

export const bodyStart: BodyPosition = Object.freeze({ offset: 0, recordsBefore: 0, place: "start" });

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const braceOpen = 0x7b;
const braceClose = 0x7d;
const bracketOpen = 0x5b;
const bracketClose = 0x5d;

/**
 * Picks the format: JSON by its first byte, everything else is NDJSON.
 *
 * JSON that begins with neither a bracket nor a brace is taken for NDJSON too, whose lines are then
 * rejected one by one.
 */
export function bodyFormatOf(contentType: string | undefined, body: Uint8Array): BodyFormat {
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== "application/json") return "ndjson";
  const first = body[spaceEnd(body, textStart(body))];
  return first === bracketOpen ? "array" : first === braceOpen ? "object" : "ndjson";
}

/** Returns the offset behind the byte order mark, where there is one. */
export function textStart(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** Returns the offset of the first byte at or behind `offset` that is no JSON white space. */
export function spaceEnd(body: Uint8Array, offset: number): number {
  let end = offset;
  for (; end < body.length; end++) {
    const byte = body[end];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return end;
}

/** True when the first byte of the body that is no white space opens an array. */
export function isArray(body: Uint8Array): boolean {
  return body[spaceEnd(body, textStart(body))] === bracketOpen;
}

/** True when the byte at `offset` is the bracket that ends an array. */
export function closesArray(body: Uint8Array, offset: number): boolean {
  return body[offset] === bracketClose;
}

/** Returns the offset behind the line that begins at `offset`. */
export function lineEnd(body: Uint8Array, offset: number): number {
  const lineFeed = body.indexOf(0x0a, offset);
  return lineFeed < 0 ? body.length : lineFeed + 1;
}

/**
 * Returns the offset of the comma or bracket behind the array's element at `offset`, or the body's length.
 *
 * It does what `elementEnd` of `assembly/json/decode.ts` does, for elements that are too long for the kernel.
 */
export function elementEnd(body: Uint8Array, offset: number): number {
  let depth = 0;
  let isInString = false;
  for (let at = offset; at < body.length; at++) {
    const byte = body[at];
    if (byte === quote) isInString = !isInString;
    else if (isInString) at += byte === backslash ? 1 : 0;
    else if (byte === braceOpen || byte === bracketOpen) depth++;
    else if (depth > 0) depth -= byte === braceClose || byte === bracketClose ? 1 : 0;
    else if (byte === comma || byte === bracketClose) return at;
  }
  return body.length;
}

/** Returns where the body goes on behind an element that ends at `end`: a comma, its bracket, or nothing. */
export function positionBehind(
  body: Uint8Array,
  end: number,
  recordsBefore: number,
): BodyPosition | undefined {
  if (body[end] === comma) return { offset: end + 1, recordsBefore, place: "record" };
  if (end >= body.length || spaceEnd(body, end + 1) === body.length) return undefined;
  return { offset: end + 1, recordsBefore, place: "end" };
}
