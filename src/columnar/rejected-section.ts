/**
 * The last section of a frame's body: the records that were rejected on the way in.
 *
 *   texts   varint count, then (varint length, UTF-8) each: fields and messages, each distinct one once
 *   records (varint record minus that of the one before, varint column, varint reason,
 *            varint 0 or 1 + index of the field's text, varint index of the message's text,
 *            varint length, bytes) each
 *
 * A varint is an unsigned LEB128 of at most 32 bits. The frame's header counts the records;
 * where there are none the section is empty. They are in ascending order. A reason that the reader does not
 * know is kept as its number.
 */
import { EngineError } from "../base/errors.ts";
import { encodeUtf8 } from "../base/utf8.ts";
import type { BadRecord, BadRecordReason } from "./bad-record.ts";

/** Writes the section; empty where there is no record. */
export function encodeRejected(rejected: readonly BadRecord[]): Uint8Array {
  if (rejected.length === 0) return new Uint8Array(0);
  const texts = new Map<string, number>();
  for (const { field, message } of rejected) {
    for (const text of [field, message]) {
      if (text !== undefined && !texts.has(text)) texts.set(text, texts.size);
    }
  }
  const writer = new Writer();
  writer.varint(texts.size);
  for (const text of texts.keys()) writer.bytes(encodeUtf8(text));
  let last = 0;
  for (const { record, column, reason, field, message, bytes } of rejected) {
    writer.varint(record - last);
    last = record;
    writer.varint(column);
    writer.varint(reason);
    writer.varint(field === undefined ? 0 : 1 + (texts.get(field) ?? 0));
    writer.varint(texts.get(message) ?? 0);
    writer.bytes(bytes);
  }
  return writer.finish();
}

/** Reads the section of `count` records; throws `FRAME_CORRUPT` unless `section` is exactly one. */
export function decodeRejected(section: Uint8Array, count: number): BadRecord[] {
  const reader = new Reader(section);
  const rejected: BadRecord[] = [];
  if (count > 0) {
    const decoder = new TextDecoder();
    const textCount = reader.varint();
    const texts: string[] = [];
    while (texts.length < textCount) texts.push(decoder.decode(reader.bytes()));
    const textAt = (index: number): string => {
      const text = texts[index];
      if (text === undefined) throw corrupt(`names text ${index} of ${textCount}`);
      return text;
    };
    let record = 0;
    while (rejected.length < count) {
      record += reader.varint();
      const column = reader.varint();
      const reason = reader.varint() as BadRecordReason;
      const field = reader.varint();
      const message = textAt(reader.varint());
      const bytes = reader.bytes().slice();
      rejected.push({
        record,
        column,
        reason,
        field: field === 0 ? undefined : textAt(field - 1),
        message,
        bytes,
      });
    }
  }
  reader.finish();
  return rejected;
}

class Writer {
  #bytes = new Uint8Array(1024);
  #length = 0;

  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

class Reader {
  readonly #section: Uint8Array;
  #at = 0;

  constructor(section: Uint8Array) {
    this.#section = section;
  }

  varint(): number {
    let value = 0;
    for (let place = 1; place <= 2 ** 28; place *= 128) {
      const byte = this.#section[this.#at++];
      if (byte === undefined) throw corrupt("ends inside a number");
      value += (byte % 128) * place;
      if (byte < 128) {
        if (value >= 2 ** 32) break;
        return value;
      }
    }
    throw corrupt("holds a number above 32 bits");
  }

  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#section.length) throw corrupt(`ends inside ${length} bytes`);
    return this.#section.subarray(start, this.#at);
  }

  finish(): void {
    const rest = this.#section.length - this.#at;
    if (rest !== 0) throw corrupt(`goes on for ${rest} bytes behind its last record`);
  }
}

function corrupt(what: string): EngineError {
  return new EngineError("FRAME_CORRUPT", { message: `The frame's section of rejected records ${what}.` });
}
