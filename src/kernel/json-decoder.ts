/**
 * Decodes a request body into columns, part by part, without making JSON objects.
 *
 * A body is cut into parts at record boundaries: a part has at most `partBytesMax` bytes and `partRowsMax`
 * records (for NDJSON: lines). The cuts depend on the bytes and the format alone, so a retry meets the same
 * parts; they are a by-product of decoding: each part says where the next one begins.
 *
 *     for (let from: BodyPosition | undefined = bodyStart; from; ) {
 *       const part = decoder.decode(body, format, from);
 *       …
 *       from = part.next;
 *       part.release();
 *     }
 */
import {
  JSON_BATCH,
  JSON_END,
  JSON_EXPECTED_END,
  JSON_EXPECTED_RECORD,
  JSON_FORMAT,
  JSON_FORMAT_ARRAY,
  JSON_FORMAT_NDJSON,
  JSON_FORMAT_OBJECT,
  JSON_HEAP,
  JSON_HEAP_WANTED,
  JSON_IS_LAST,
  JSON_IS_WILD,
  JSON_PLACE,
  JSON_PLACE_RECORD,
  JSON_PLACE_START,
  JSON_POSITION,
  JSON_RECORD,
  JSON_RECORD_END,
  JSON_RECORDS,
  JSON_REJECT_BYTES,
  JSON_REJECT_COUNT,
  JSON_REJECTS,
  JSON_REJECTS_FULL,
  JSON_ROWS,
  JSON_ROWS_MAX,
  JSON_ROWS_WANTED,
  JSON_TOO_LONG,
} from "../../assembly/json/abi.ts";
import { assert } from "../base/assert.ts";
import { partBytesMax, partRowsMax } from "../base/limits.ts";
import { type BadRecord, BadRecordReason, rejectedBytesKept } from "../columnar/bad-record.ts";
import { kindOf, type Schema } from "../columnar/schema.ts";
import type { ColumnBatch } from "./column-batch.ts";
import {
  type BodyFormat,
  type BodyPosition,
  bodyStart,
  closesArray,
  elementEnd,
  isArray,
  lineEnd,
  positionBehind,
  spaceEnd,
  textStart,
} from "./json-body.ts";
import { PartBuffers } from "./json-buffers.ts";
import { badRecordOf } from "./json-faults.ts";
import { columnsPerFieldMax, writeSchemaBlock } from "./json-schema-block.ts";
import type { Kernel } from "./kernel.ts";

/** Buffers above this are given back after a part, not kept for the next one. */
const buffersBytesKept = 8 * 1024 * 1024;

const formats: Readonly<Record<BodyFormat, number>> = {
  ndjson: JSON_FORMAT_NDJSON,
  array: JSON_FORMAT_ARRAY,
  object: JSON_FORMAT_OBJECT,
};

export interface DecodedPart {
  /** The accepted records; its `rows` is set. BYTES lanes are valid until `release`. */
  readonly batch: ColumnBatch;
  /** Accepted records. */
  readonly rows: number;
  /** Accepted and rejected records. */
  readonly records: number;
  readonly rejected: readonly BadRecord[];
  /** The part's bytes as they came (of one record that is too long: its beginning), for its checksum. */
  readonly bytesPointer: number;
  readonly bytesLength: number;
  /** Where the next part begins; `undefined` behind the last one. */
  readonly next: BodyPosition | undefined;
  /** Gives the memory back; `batch` and `bytesPointer` end here. */
  release(): void;
}

/** Where bodies are cut. Other limits than those of `base/limits.ts` are for tests. */
export interface PartLimits {
  readonly partBytesMax: number;
  readonly partRowsMax: number;
}

/** What is being decoded: bytes of the body from `start` to `end`, which lie in the buffers. */
interface Window {
  readonly body: Uint8Array;
  readonly format: BodyFormat;
  readonly from: BodyPosition;
  readonly start: number;
  readonly end: number;
  readonly buffers: PartBuffers;
}

/** Decodes bodies of one schema. It serves many requests; the shapes of records that it met stay known. */
export class JsonDecoder {
  readonly #kernel: Kernel;
  readonly #schema: Schema;
  readonly #limits: PartLimits;
  readonly #block: number;
  readonly #columnsPerField: number;
  #idle: PartBuffers | undefined;

  /** Compiles the schema to a block in kernel memory. */
  constructor(kernel: Kernel, schema: Schema, limits: PartLimits = { partBytesMax, partRowsMax }) {
    this.#kernel = kernel;
    this.#schema = schema;
    this.#limits = limits;
    this.#block = writeSchemaBlock(kernel.memory, schema);
    this.#columnsPerField = columnsPerFieldMax(schema);
  }

  /**
   * Decodes the part of `body` that begins at `from`.
   *
   * A record of more than `partBytesMax` bytes is a part of its own, with one rejected record.
   */
  decode(body: Uint8Array, format: BodyFormat, from: BodyPosition = bodyStart): DecodedPart {
    const start = from.place === "start" ? textStart(body) : from.offset;
    if (from.place === "end") return this.#decodeTail(body, from, spaceEnd(body, start));
    if (format === "array") return this.#decodeArray(body, from, start);
    if (body.length - start <= this.#limits.partBytesMax)
      return this.#decodeWindow(body, format, from, start, body.length);
    if (format === "object") return this.#rejectTooLong(body, from, start, body.length, undefined);
    const end = body.lastIndexOf(0x0a, start + this.#limits.partBytesMax - 1) + 1;
    if (end > start) return this.#decodeWindow(body, format, from, start, end);
    const recordsBefore = from.recordsBefore + 1;
    const offset = lineEnd(body, start);
    const next: BodyPosition | undefined =
      offset < body.length ? { offset, recordsBefore, place: "record" } : undefined;
    return this.#rejectTooLong(body, from, start, offset, next);
  }

  #decodeArray(body: Uint8Array, from: BodyPosition, start: number): DecodedPart {
    // White space in front of the array may be longer than a part.
    const first = from.place === "start" ? spaceEnd(body, start) : start;
    if (from.place === "start" && !isArray(body)) {
      if (first < body.length) return this.#decodeTail(body, from, first);
      return this.#decodeWindow(body, "object", from, first, first);
    }
    const end = Math.min(body.length, first + this.#limits.partBytesMax);
    return this.#decodeWindow(body, "array", from, first, end);
  }

  /** Gives the compiled schema and the kept buffers back; every part must have been released. */
  release(): void {
    this.#idle?.release();
    this.#idle = undefined;
    this.#kernel.memory.release(this.#block);
  }

  #decodeWindow(
    body: Uint8Array,
    format: BodyFormat,
    from: BodyPosition,
    start: number,
    end: number,
  ): DecodedPart {
    const buffers = this.#takeBuffers();
    const bytes = body.subarray(start, end);
    buffers.load(bytes, Math.min(rowsExpected(bytes, format), this.#limits.partRowsMax));
    const window = { body, format, from, start, end, buffers };
    this.#openWindow(window);
    const rejected: BadRecord[] = [];
    if (this.#run(window, rejected) === JSON_TOO_LONG) {
      this.#keep(buffers);
      return this.#rejectElement(body, from, start);
    }
    return this.#part(window, rejected);
  }

  #openWindow({ body, format, from, end, start, buffers }: Window): void {
    const recordEnd = from.recordsBefore + this.#limits.partRowsMax;
    this.#set(JSON_POSITION, buffers.input);
    this.#set(JSON_END, buffers.input + end - start);
    this.#set(JSON_FORMAT, formats[format]);
    this.#set(JSON_PLACE, from.place === "start" ? JSON_PLACE_START : JSON_PLACE_RECORD);
    this.#set(JSON_IS_LAST, end === body.length ? 1 : 0);
    this.#set(JSON_RECORD, from.recordsBefore);
    this.#set(JSON_RECORD_END, recordEnd);
    this.#set(JSON_ROWS, 0);
    this.#set(JSON_RECORDS, 0);
    this.#set(JSON_ROWS_MAX, buffers.batch.rowsMax);
    this.#set(JSON_BATCH, buffers.batch.pointer);
    this.#set(JSON_HEAP, 0);
    this.#set(JSON_REJECT_COUNT, 0);
    this.#set(JSON_IS_WILD, 0);
  }

  /** Runs the kernel until the window is done, and gives it what it wants in between. */
  #run(window: Window, rejected: BadRecord[]): number {
    const { buffers } = window;
    while (true) {
      const status = this.#kernel.exports.jsonDecode(this.#block);
      this.#drainRejects(window, rejected);
      switch (status) {
        case JSON_ROWS_WANTED:
          buffers.growRows(this.#get(JSON_ROWS));
          this.#set(JSON_ROWS_MAX, buffers.batch.rowsMax);
          this.#set(JSON_BATCH, buffers.batch.pointer);
          break;
        case JSON_HEAP_WANTED:
          this.#set(JSON_HEAP, buffers.heapFor(this.#heapBytesMax(window)));
          break;
        case JSON_REJECTS_FULL:
          break;
        default:
          return status;
      }
    }
  }

  #drainRejects({ format, start, end, buffers }: Window, rejected: BadRecord[]): void {
    const { view, bytes } = this.#kernel.memory;
    const count = this.#get(JSON_REJECT_COUNT);
    for (let index = 0; index < count; index++) {
      const entry = this.#get(JSON_REJECTS) + index * JSON_REJECT_BYTES;
      const field = (number: number) => view.getUint32(entry + 4 * number, true);
      const [recordStart, recordEnd] = [field(1), Math.min(field(2), buffers.input + end - start)];
      rejected.push(
        badRecordOf({
          record: field(0),
          bytes: bytes.subarray(recordStart, recordEnd),
          offset: Math.min(field(3), recordEnd) - recordStart,
          expected: field(4),
          column: this.#schema.columns[field(5)],
          format,
        }),
      );
    }
    this.#set(JSON_REJECT_COUNT, 0);
  }

  #part(window: Window, rejected: readonly BadRecord[]): DecodedPart {
    const { start, end, buffers } = window;
    const bytesLength = Math.min(this.#get(JSON_POSITION) - buffers.input, end - start);
    const heapEnd = this.#get(JSON_HEAP);
    assert(heapEnd <= buffers.heap + this.#heapBytesMax(window), "values are not longer than their text");
    const rows = this.#get(JSON_ROWS);
    buffers.batch.rows = rows;
    return {
      batch: buffers.batch,
      rows,
      records: this.#get(JSON_RECORDS),
      rejected,
      bytesPointer: buffers.input,
      bytesLength,
      next: this.#nextOf(window, start + bytesLength),
      release: () => this.#keep(buffers),
    };
  }

  /** A value in the heap is no longer than its text, but each column of a field has its own. */
  #heapBytesMax({ start, end }: Window): number {
    return (end - start) * this.#columnsPerField;
  }

  #nextOf({ body, format }: Window, offset: number): BodyPosition | undefined {
    const recordsBefore = this.#get(JSON_RECORD);
    if (format === "object") return undefined;
    if (format === "array") {
      if (this.#get(JSON_PLACE) === JSON_PLACE_RECORD) return { offset, recordsBefore, place: "record" };
      const isOver = this.#get(JSON_PLACE) === JSON_PLACE_START || spaceEnd(body, offset) === body.length;
      return isOver ? undefined : { offset, recordsBefore, place: "end" };
    }
    return offset < body.length ? { offset, recordsBefore, place: "record" } : undefined;
  }

  /** Rejects what follows an array, or what should have been one, as one record. */
  #decodeTail(body: Uint8Array, from: BodyPosition, start: number): DecodedPart {
    const bad = badRecordOf({
      record: from.recordsBefore + 1,
      bytes: body.subarray(start),
      offset: 0,
      expected: from.place === "end" ? JSON_EXPECTED_END : JSON_EXPECTED_RECORD,
      column: undefined,
      format: "array",
    });
    return this.#partWithoutRows(body.subarray(start), [bad], undefined);
  }

  /** Rejects the array's element that does not end within a part which begins at `start`. */
  #rejectElement(body: Uint8Array, from: BodyPosition, start: number): DecodedPart {
    const first = spaceEnd(body, from.place === "start" ? start + 1 : start);
    const isEmpty = from.place === "start" && closesArray(body, first);
    const end = isEmpty ? first : elementEnd(body, first);
    if (!isEmpty) {
      return this.#rejectTooLong(body, from, start, end, positionBehind(body, end, from.recordsBefore + 1));
    }
    // An array without elements, but with more white space than a part holds.
    return this.#partWithoutRows(
      body.subarray(start, end),
      [],
      positionBehind(body, end, from.recordsBefore),
    );
  }

  #rejectTooLong(
    body: Uint8Array,
    from: BodyPosition,
    start: number,
    end: number,
    next: BodyPosition | undefined,
  ): DecodedPart {
    const bytes = body.subarray(start, end);
    const bad: BadRecord = {
      record: from.recordsBefore + 1,
      column: 1,
      reason: BadRecordReason.TooLong,
      field: undefined,
      message: `Found a record of ${bytes.length} bytes, expected at most ${this.#limits.partBytesMax}.`,
      bytes: bytes.slice(0, rejectedBytesKept),
    };
    return this.#partWithoutRows(bytes, [bad], next);
  }

  #partWithoutRows(
    bytes: Uint8Array,
    rejected: readonly BadRecord[],
    next: BodyPosition | undefined,
  ): DecodedPart {
    const buffers = this.#takeBuffers();
    const beginning = bytes.subarray(0, this.#limits.partBytesMax);
    buffers.load(beginning, 0);
    return {
      batch: buffers.batch,
      rows: 0,
      records: rejected.length,
      rejected,
      bytesPointer: buffers.input,
      bytesLength: beginning.length,
      next,
      release: () => this.#keep(buffers),
    };
  }

  #takeBuffers(): PartBuffers {
    const kinds = this.#schema.columns.map(({ type }) => kindOf(type));
    const buffers = this.#idle ?? new PartBuffers(this.#kernel.memory, kinds);
    this.#idle = undefined;
    return buffers;
  }

  #keep(buffers: PartBuffers): void {
    assert(buffers !== this.#idle, "a part is released once");
    if (this.#idle || buffers.bytes > buffersBytesKept) buffers.release();
    else this.#idle = buffers;
  }

  #get(field: number): number {
    return this.#kernel.memory.view.getUint32(this.#block + field, true);
  }

  #set(field: number, value: number): void {
    this.#kernel.memory.view.setUint32(this.#block + field, value, true);
  }
}

/** Guesses the rows of a part, from its first line; a batch that turns out too small grows. */
function rowsExpected(bytes: Uint8Array, format: BodyFormat): number {
  if (format === "object") return 1;
  const first = format === "ndjson" ? bytes.indexOf(0x0a) + 1 : bytes.indexOf(0x7d) + 2;
  const recordBytes = Math.max(first, 16);
  return Math.ceil((bytes.length / recordBytes) * 1.1) + 16;
}
