/**
 * JSON objects in storage, with a checksum of their own: SQLite has none, and a digit that changed on a disk
 * is still JSON.
 *
 * The checksum is the last field of the object, so that releases which know nothing of it read it as any
 * other that was added. Objects without one were written by such a release, and are read as they are. What
 * was sealed must not pass for one of these when it is damaged: none of them begins with a space, and none
 * ends with a field as long as the checksum's.
 *
 *    {"version":1,…,"checksum":"0123abcd"}      XXH32 of all bytes before the comma, in UTF-8
 */
import { assert } from "../../base/assert.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { xxhash32 } from "./xxhash32.ts";

const field = ',"checksum":"';
const digits = 8;
/** What no release before wrote, and all read. */
const mark = " ";
/** From the comma to the closing brace. */
const sealLength = field.length + digits + 2;
/** What is left of a seal whose name or digits were changed. */
const brokenSeal = /,"[^"]{8}":"[^"]{8}"\}\s*$/;

/** Returns the JSON of `value`, an object with a field at least and none of the name `checksum`. */
export function sealJson(value: object): string {
  const text = JSON.stringify(value);
  assert(text.startsWith("{") && text.length > 2, "what is sealed is an object that says something");
  const body = mark + text.slice(0, -1);
  return `${body}${field}${checksumOf(body)}"}`;
}

/** The same as bytes in UTF-8. */
export function sealJsonBytes(value: object): Uint8Array {
  return encodeUtf8(sealJson(value));
}

/**
 * Returns the object without its checksum. Throws what `damage` makes of a sentence where the text is not an
 * object in JSON, or not what was written.
 */
export function readSealedJson(text: string, damage: (what: string) => Error): Record<string, unknown> {
  const body = text.slice(0, -sealLength);
  const seal = text.slice(body.length);
  const isSealed = seal.startsWith(field) && /^[0-9a-f]{8}"\}$/.test(seal.slice(field.length));
  if (!isSealed && (text.startsWith(mark) || brokenSeal.test(text))) {
    throw damage("it has no checksum where one was");
  }
  if (isSealed) {
    const found = seal.slice(field.length, -2);
    const expected = checksumOf(body);
    if (found !== expected) throw damage(`its checksum is ${found}, expected ${expected}`);
  }
  const value = parse(isSealed ? `${body}}` : text);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw damage("it is no object in JSON");
}

/** The same of bytes in UTF-8. */
export function readSealedJsonBytes(bytes: Uint8Array, damage: (what: string) => Error) {
  return readSealedJson(decode(bytes, damage), damage);
}

function decode(bytes: Uint8Array, damage: (what: string) => Error): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw damage("it is no text");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checksumOf(body: string): string {
  const bytes = encodeUtf8(body);
  return xxhash32(bytes, bytes.byteLength).toString(16).padStart(digits, "0");
}
