/**
 * CSV (RFC 4180, UTF-8) as JSON lines. The first row names the columns, whose order is free; names that the
 * stream does not have are ignored. An empty field is null, `""` an empty text.
 *
 * A part is cut where its rows, each with the header that a JSON line repeats, come to `partBytesMax`. The
 * header is part of what every row means, so a part's checksum covers the whole body (`ingest.ts`).
 */
import { EngineError } from "../../base/errors.ts";
import { partBytesMax, partRowsMax } from "../../base/limits.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { type BadRecord, BadRecordReason, rejectedBytesKept } from "../../columnar/bad-record.ts";
import type { Column, DataType } from "../../columnar/schema.ts";
import { type BodyPosition, textStart } from "../../kernel/json-body.ts";
import { CsvRow } from "./csv-row.ts";
import { LineWriter } from "./line-writer.ts";
import type { LinesPart, RecordLines, RecordSource } from "./record-lines.ts";

const [braceOpen, braceClose, comma, lineFeed] = [0x7b, 0x7d, 0x2c, 0x0a] as const;

/** What JSON writes around a field: two quotes, a colon, a comma, two more quotes. */
const fieldBytes = 6;

const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const integer = /^-?\d{1,18}$/;

interface Target {
  readonly type: DataType;
  /** `"name":` as bytes. */
  readonly name: Uint8Array;
}

export class CsvLines implements RecordLines {
  readonly isNested = false;
  readonly #body: Uint8Array;
  readonly #row: CsvRow;
  readonly #names: readonly string[];
  /** By field of a row; undefined where the stream has no such column. */
  readonly #targets: readonly (Target | undefined)[];
  readonly #dataStart: number;
  readonly #headerBytes: number;

  /** Throws REQUEST_INVALID where the first row is no header. */
  constructor(body: Uint8Array, columns: readonly Column[]) {
    this.#body = body;
    this.#row = new CsvRow(body);
    const hasHeader = this.#row.read(textStart(body));
    this.#names = hasHeader ? headerOf(body, this.#row) : [];
    this.#targets = targetsOf(this.#names, columns);
    this.#dataStart = this.#row.end;
    this.#headerBytes = this.#row.end - this.#row.start + fieldBytes * this.#names.length;
  }

  partAt(from: BodyPosition): LinesPart {
    const writer = new LineWriter();
    const rejected: BadRecord[] = [];
    const starts: number[] = [];
    const row = this.#row;
    let offset = from.place === "start" ? this.#dataStart : from.offset;
    let weight = 0;
    let isOver = !row.read(offset);
    while (!isOver && starts.length < partRowsMax) {
      weight += row.end - row.start + this.#headerBytes;
      if (weight > partBytesMax && starts.length > 0) break;
      const bad = this.#badRow(from.recordsBefore + starts.length + 1);
      if (bad) rejected.push(bad);
      else this.#write(writer);
      writer.byte(lineFeed);
      starts.push(row.start);
      offset = row.end;
      isOver = !row.read(offset);
    }
    const recordsBefore = from.recordsBefore + starts.length;
    return {
      lines: writer.bytes,
      rejected,
      next: isOver ? undefined : { offset, recordsBefore, place: "record" },
      sourceOf: (record, field) => this.#sourceOf(starts[record - from.recordsBefore - 1], field),
    };
  }

  #badRow(record: number): BadRecord | undefined {
    const { start, contentEnd, count, fault } = this.#row;
    const bytes = this.#body.subarray(start, contentEnd);
    const refuse = (reason: BadRecordReason, message: string, offset = start): BadRecord => ({
      record,
      column: characterAt(this.#body, start, offset),
      reason,
      field: undefined,
      message,
      bytes: bytes.slice(0, rejectedBytesKept),
    });
    if (bytes.length > partBytesMax) {
      const message = `Found a record of ${bytes.length} bytes, expected at most ${partBytesMax}.`;
      return refuse(BadRecordReason.TooLong, message);
    }
    if (fault) return refuse(BadRecordReason.NotCsv, fault.message, fault.offset);
    const expected = this.#names.length;
    if (count === expected) return undefined;
    return refuse(BadRecordReason.NotCsv, `Found ${count} fields, expected ${expected}, as the header has.`);
  }

  #write(writer: LineWriter): void {
    const row = this.#row;
    let isFirst = true;
    writer.byte(braceOpen);
    this.#targets.forEach((target, index) => {
      const [start = 0, end = 0] = [row.starts[index], row.ends[index]];
      const isQuoted = row.isQuoted[index] === true;
      if (!target || (start === end && !isQuoted)) return;
      if (!isFirst) writer.byte(comma);
      isFirst = false;
      writer.raw(target.name);
      const literal = literalOf(target.type, this.#body, start, end);
      if (literal) writer.raw(literal);
      else writer.string(this.#body, start, end, row.isDoubled[index] === true);
    });
    writer.byte(braceClose);
  }

  #sourceOf(start: number | undefined, field: string | undefined): RecordSource | undefined {
    const row = this.#row;
    if (start === undefined || !row.read(start)) return undefined;
    const place = field === undefined ? -1 : this.#names.indexOf(field);
    const column = place < 0 ? 1 : characterAt(this.#body, start, row.starts[place] ?? start);
    return { bytes: this.#body.slice(start, Math.min(row.contentEnd, start + rejectedBytesKept)), column };
  }
}

function headerOf(body: Uint8Array, row: CsvRow): string[] {
  if (row.fault) throw notAHeader(row.fault.message);
  const text = new TextDecoder();
  return Array.from({ length: row.count }, (_, index) => {
    const name = text.decode(body.subarray(row.starts[index], row.ends[index]));
    return row.isDoubled[index] ? name.replaceAll('""', '"') : name;
  });
}

function targetsOf(names: readonly string[], columns: readonly Column[]): (Target | undefined)[] {
  const known = columns.map(({ name }) => name);
  const twice = names.find((name, index) => known.includes(name) && names.indexOf(name) < index);
  if (twice !== undefined) throw notAHeader(`It names "${twice}" twice.`);
  const targets = names.map((name) => {
    const column = columns.find((each) => each.name === name);
    return column && { type: column.type, name: encodeUtf8(`${JSON.stringify(name)}:`) };
  });
  if (names.length > 0 && targets.every((target) => target === undefined)) {
    const found = names.slice(0, 3).map((name) => `"${name.slice(0, 40)}"`);
    const message = `It names none of the stream's columns, but ${found.join(", ")}`;
    throw notAHeader(`${message}${suggestName(names[0] ?? "", known) || "."}`);
  }
  return targets;
}

function notAHeader(message: string): EngineError {
  return new EngineError("REQUEST_INVALID", {
    message: `The first row of CSV must name columns. ${message}`,
  });
}

/** What is no text in JSON, as JSON has it; undefined where the field must be a string, or is a mistake. */
function literalOf(type: DataType, body: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (end - start > 32) return undefined;
  switch (type.name) {
    case "INT":
    case "DOUBLE":
      return matching(number, body, start, end);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return matching(integer, body, start, end);
    case "BOOLEAN": {
      const text = textOf(body, start, end).toLowerCase();
      return text === "true" || text === "false" ? encodeUtf8(text) : undefined;
    }
    default:
      return undefined;
  }
}

function matching(pattern: RegExp, body: Uint8Array, start: number, end: number): Uint8Array | undefined {
  return pattern.test(textOf(body, start, end)) ? body.subarray(start, end) : undefined;
}

function textOf(body: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(body[at] as number);
  return text;
}

/** The character, from 1, that a byte of a row is part of. */
function characterAt(body: Uint8Array, start: number, offset: number): number {
  return new TextDecoder().decode(body.subarray(start, offset)).length + 1;
}
