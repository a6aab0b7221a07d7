/**
 * An Arrow IPC stream as JSON lines. Columns are matched by name; those that the stream does not have are
 * ignored, and a type that cannot become the column's is refused with both names.
 *
 * Its values do not lie record by record, so it is cut by rows: as many as come to `partBytesMax` on average.
 * Rows and bytes are those of the body, so a retry is cut as before.
 */
import {
  type Column as ArrowColumn,
  type DataType as ArrowType,
  Type,
  tableFromIPC,
} from "@uwdata/flechette";
import { encodeBase64 } from "../../base/base64.ts";
import { EngineError } from "../../base/errors.ts";
import { linesBytesMax, MiB, partBytesMax, partRowsMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { type BadRecord, BadRecordReason } from "../../columnar/bad-record.ts";
import { type Column, formatType, type TypeName } from "../../columnar/schema.ts";
import { formatDate } from "../../columnar/time-text.ts";
import type { BodyPosition } from "../../kernel/json-body.ts";
import { checkArrowMessages } from "./arrow-messages.ts";
import type { LinesPart, RecordLines } from "./record-lines.ts";

/** Digits of the widest decimal that Arrow has. */
const decimalScaleMax = 76;

const dayMs = 86_400_000;

/** A value as JSON, of one that is not null. */
type Write = (value: unknown) => string;

interface Source {
  /** `"name":` */
  readonly name: string;
  readonly values: ArrowColumn<unknown>;
  readonly write: Write;
}

export class ArrowLines implements RecordLines {
  readonly isNested = false;
  readonly #sources: readonly Source[];
  readonly #rows: number;
  readonly #rowsPerPart: number;

  /** Throws REQUEST_INVALID where the body is no Arrow stream, or a column's type does not fit. */
  constructor(body: Uint8Array, columns: readonly Column[]) {
    const table = readTable(body);
    this.#rows = table.numRows;
    const rowBytes = Math.max(1, Math.ceil(body.length / Math.max(1, this.#rows)));
    this.#rowsPerPart = Math.max(1, Math.min(partRowsMax, Math.floor(partBytesMax / rowBytes)));
    this.#sources = columns.flatMap((column) => {
      const values = table.getChild(column.name) as ArrowColumn<unknown> | undefined;
      if (!values) return [];
      return [{ name: `${JSON.stringify(column.name)}:`, values, write: writerOf(values.type, column) }];
    });
    if (this.#rows > 0 && this.#sources.length === 0) {
      const names = table.names.slice(0, 3).map((name) => `"${String(name).slice(0, 40)}"`);
      throw refused(`It has none of the stream's columns, but ${names.join(", ") || "none at all"}.`);
    }
  }

  /** A position's offset is a row. */
  partAt({ offset, recordsBefore, place }: BodyPosition): LinesPart {
    const first = place === "start" ? 0 : offset;
    const end = Math.min(this.#rows, first + this.#rowsPerPart);
    const lines: string[] = [];
    const rejected: BadRecord[] = [];
    let length = 0;
    for (let row = first; row < end; row++) {
      if (length > linesBytesMax / 2) throw tooMuch(first, end);
      const line = this.#line(row);
      const isTooLong = line.length > partBytesMax;
      if (isTooLong) rejected.push(tooLong(row + 1, line));
      lines.push(isTooLong ? "\n" : `${line}\n`);
      length += line.length;
    }
    const bytes = encodeUtf8(lines.join(""));
    if (bytes.length > linesBytesMax) throw tooMuch(first, end);
    return {
      lines: bytes,
      rejected,
      next:
        end < this.#rows
          ? { offset: end, recordsBefore: recordsBefore + end - first, place: "record" }
          : undefined,
      sourceOf: () => undefined,
    };
  }

  #line(row: number): string {
    let line = "";
    try {
      for (const { name, values, write } of this.#sources) {
        const value = values.at(row) ?? null;
        if (value !== null) line += `${line === "" ? "" : ","}${name}${write(value)}`;
      }
    } catch (cause) {
      throw unreadable(cause);
    }
    return `{${line}}`;
  }
}

function readTable(body: Uint8Array) {
  try {
    checkArrowMessages(body);
    // Lanes are read in place, so they must lie as they would in a file.
    const bytes = body.byteOffset % 8 === 0 ? body : body.slice();
    const table = tableFromIPC(bytes, { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true });
    return table;
  } catch (cause) {
    throw unreadable(cause);
  }
}

/** How values of an Arrow column become JSON that the decoder reads as the stream's type. */
function writerOf(type: ArrowType, column: Column): Write {
  const { name } = column.type;
  const write = type.typeId === Type.Dictionary ? writerOf(type.dictionary, column) : writerFor(type, name);
  if (write) return write;
  const found = `column "${column.name}" is ${nameOf(type)}`;
  throw refused(`Its ${found}, which cannot become ${formatType(column.type)}.`);
}

function writerFor(type: ArrowType, name: TypeName): Write | undefined {
  const isNumeric = name === "INT" || name === "BIGINT" || name === "DOUBLE" || name === "DECIMAL";
  const isTimestamp = name === "TIMESTAMP" || name === "TIMESTAMP_LTZ";
  switch (type.typeId) {
    case Type.Null:
      return String;
    case Type.Bool:
      return name === "BOOLEAN" ? String : undefined;
    case Type.Int:
      return isNumeric || isTimestamp ? String : undefined;
    case Type.Float:
      return isNumeric ? writeFloat : undefined;
    case Type.Decimal:
      if (!isNumeric || Math.abs(type.scale) > decimalScaleMax) return undefined;
      return (value) => writeDecimal(value as bigint | number, type.scale);
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return name === "BOOLEAN" || name === "INT" || name === "DOUBLE" ? undefined : JSON.stringify;
    case Type.Binary:
    case Type.LargeBinary:
    case Type.BinaryView:
    case Type.FixedSizeBinary:
      return name === "BYTES" ? (value) => `"${encodeBase64(value as Uint8Array)}"` : undefined;
    case Type.Date:
      if (isTimestamp) return String;
      return name === "DATE" ? writeDate : undefined;
    case Type.Timestamp:
      return isTimestamp ? (value) => writeTimestamp(value as bigint, type.unit) : undefined;
    default:
      return undefined;
  }
}

/** What JSON has no number for becomes a text, which the decoder rejects by its name. */
function writeFloat(value: unknown): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function writeDecimal(scaled: bigint | number, scale: number): string {
  const digits = String(scaled);
  if (scale <= 0) return digits + "0".repeat(-scale);
  const sign = digits.startsWith("-") ? "-" : "";
  const padded = digits.slice(sign.length).padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

function writeDate(value: unknown): string {
  return `"${formatDate(BigInt(Math.floor((value as number) / dayMs)))}"`;
}

/** Milliseconds; finer digits are cut off. */
function writeTimestamp(value: bigint, unit: number): string {
  if (unit === 0) return String(value * 1000n);
  const perMs = 1000n ** BigInt(unit - 1);
  const cut = value / perMs;
  return String(value < 0n && cut * perMs !== value ? cut - 1n : cut);
}

function nameOf({ typeId }: ArrowType): string {
  return Object.entries(Type).find(([, id]) => id === typeId)?.[0] ?? `type ${typeId}`;
}

function tooLong(record: number, line: string): BadRecord {
  const message = `Found a record of ${line.length} characters, expected at most ${partBytesMax}.`;
  const bytes = encodeUtf8(line.slice(0, 1024));
  return { record, column: 1, reason: BadRecordReason.TooLong, field: undefined, message, bytes };
}

/** A value that is stored once may stand in any number of rows. */
function tooMuch(first: number, end: number): EngineError {
  const most = `${linesBytesMax / MiB / 2} MiB of text`;
  const message = `Rows ${first + 1} to ${end} come to more than ${most}. Send fewer rows.`;
  return new EngineError("BODY_TOO_LARGE", { message });
}

function unreadable(cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return refused(`Reading it failed: ${reason.replace(/\.$/, "")}.`);
}

function refused(message: string): EngineError {
  return new EngineError("REQUEST_INVALID", {
    message: `The body must be an Arrow IPC stream. ${message}`,
  });
}
