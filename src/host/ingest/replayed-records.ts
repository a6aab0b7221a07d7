/**
 * Letters as the records that they are appended as again: those that fit the stream as frames, and why the
 * others do not.
 *
 * What does not fit goes into no frame: it is a letter already.
 */
import { assert } from "../../base/assert.ts";
import { partBytesMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import type { Letter } from "../../engine/letters/letter.ts";
import { bodyStart } from "../../kernel/json-body.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { PartEncoding } from "./encoder-pool.ts";
import type { ShardFrame } from "./part-encoder.ts";

/** Letters of one replay, and their bytes: one part, with room for the longest letter of a job. */
export const replayLettersMax = 256;
const replayBytesMax = partBytesMax / 4;

export interface Misfit {
  readonly letter: Letter;
  readonly message: string;
}

export interface EncodedLetters {
  readonly fitting: readonly Letter[];
  readonly misfits: readonly Misfit[];
  readonly frames: readonly ShardFrame[];
}

/** Sorts letters by whether they fit the stream, and encodes those that do; `anyShard` as for a part. */
export function encodeLetters(
  encoders: PartEncoding,
  facts: StreamFacts,
  letters: readonly Letter[],
  anyShard: number,
): EncodedLetters {
  const records = letters.map((letter) => ({ letter, bytes: recordOf(letter, facts) }));
  const blank = records.filter(({ bytes }) => !bytes.some(isInk));
  const written = records.filter(({ bytes }) => bytes.some(isInk));
  const encode = (all: readonly { readonly bytes: Uint8Array }[]) => {
    const body = { bytes: linesOf(all.map(({ bytes }) => bytes)), format: "ndjson" as const };
    const part = { body, index: 0, from: bodyStart, anyShard, checksum: "none" as const };
    const encoded = encoders.encode(facts, part);
    assert(encoded.next === undefined, "letters of one replay are one part");
    return encoded;
  };
  const rejected = new Map(
    (written.length === 0 ? [] : encode(written).rejected).map(({ record, message }) => [
      record - 1,
      message,
    ]),
  );
  const fitting = written.filter((_, index) => !rejected.has(index));
  return {
    fitting: fitting.map(({ letter }) => letter),
    misfits: [
      ...blank.map(({ letter }) => ({ letter, message: "found nothing, expected a record" })),
      ...written.flatMap(({ letter }, index) => {
        const message = rejected.get(index);
        return message === undefined ? [] : [{ letter, message }];
      }),
    ],
    frames: fitting.length === 0 ? [] : encode(fitting).frames,
  };
}

/** Cuts letters into lists that one replay can take. */
export function inReplays(letters: readonly Letter[], facts: StreamFacts): Letter[][] {
  const lists: Letter[][] = [];
  let bytes = 0;
  for (const letter of letters) {
    const { byteLength } = recordOf(letter, facts);
    const list = lists.at(-1);
    if (list && list.length < replayLettersMax && bytes + byteLength <= replayBytesMax) list.push(letter);
    else lists.push([letter]);
    bytes = list === lists.at(-1) ? bytes + byteLength : byteLength;
  }
  return lists;
}

/** The letter with a record that was mended in its place. */
export function mended(letter: Letter, text: string | undefined): Letter {
  if (text === undefined) return letter;
  return { ...letter, bytes: encodeUtf8(text), isCut: false };
}

/** A rejected record as it came, on one line; a row as a record with its columns where they belong. */
function recordOf({ bytes, content }: Letter, { schema }: StreamFacts): Uint8Array {
  if (bytes) return bytes.map((byte) => (byte === lineFeed || byte === carriageReturn ? tab : byte));
  const record: Record<string, unknown> = {};
  for (const { name, path = [name] } of schema.columns) {
    if (Object.hasOwn(content, name)) putAt(record, path, content[name]);
  }
  return encodeUtf8(JSON.stringify(record));
}

function putAt(record: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let place = record;
  for (const part of path.slice(0, -1)) {
    const inner = (Object.hasOwn(place, part) ? place[part] : {}) as Record<string, unknown>;
    place[part] = inner;
    place = inner;
  }
  place[path.at(-1) ?? ""] = value;
}

// Between the parts of a record white space is white space, and in its texts none of the three may stand: so
// a record of many lines on one of its own means what it meant.
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;

function isInk(byte: number): boolean {
  return byte !== 0x20 && byte !== tab;
}

function linesOf(records: readonly Uint8Array[]): Uint8Array {
  const body = new Uint8Array(records.reduce((sum, { byteLength }) => sum + byteLength + 1, 0));
  let at = 0;
  for (const record of records) {
    body.set(record, at);
    at += record.byteLength;
    body[at++] = lineFeed;
  }
  return body;
}
