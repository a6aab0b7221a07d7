import type { Kind } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { xxhash64 } from "../../src/columnar/xxhash64.ts";

export interface ReferenceFrame {
  readonly channel: bigint;
  readonly sequence: readonly [bigint, number];
  readonly previous: readonly [bigint, number];
  readonly watermark: bigint;
  readonly schemaVersion: number;
  readonly rows: number;
  readonly rejected: number;
  readonly isChecksumRight: boolean;
  /** Values by column. */
  readonly columns: readonly (readonly LaneValue[])[];
}

export function decodeFrameSlowly(bytes: Uint8Array, kinds: readonly Kind[]): ReferenceFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = view.getUint32(52, true);
  const cursor = new Cursor(bytes.subarray(68));
  const columns = Array.from({ length: view.getUint16(56, true) }, (_, index) =>
    readSection(cursor, rows, kinds[index] as Kind),
  );
  return {
    channel: view.getBigUint64(8, true),
    sequence: [view.getBigUint64(16, true), view.getUint32(24, true)],
    previous: [view.getBigUint64(28, true), view.getUint32(36, true)],
    watermark: view.getBigInt64(40, true),
    schemaVersion: view.getUint32(48, true),
    rows,
    rejected: view.getUint32(60, true),
    isChecksumRight: view.getBigUint64(bytes.length - 8, true) === xxhash64(bytes.subarray(0, -8), 0n),
    columns,
  };
}

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.slice(this.#at - count, this.#at);
  }

  unsigned(size: number): bigint {
    return this.take(size).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
  }

  number(size: number): number {
    return Number(this.unsigned(size));
  }
}

function readSection(cursor: Cursor, rows: number, kind: Kind): LaneValue[] {
  const encoding = cursor.number(1);
  const flags = cursor.number(1);
  const section = new Cursor(cursor.take(cursor.number(4)));
  if (encoding === 0) return new Array<LaneValue>(rows).fill(null);
  const bits = flags & 1 ? section.take(Math.ceil(rows / 8)) : undefined;
  const isPresent = (row: number) =>
    bits === undefined || ((bits[row >> 3] as number) >> (row & 7)) % 2 === 1;
  const present = Array.from({ length: rows }, (_, row) => row).filter(isPresent);
  const values = readValues(section, encoding, present.length, kind);
  const column = new Array<LaneValue>(rows).fill(null);
  present.forEach((row, place) => {
    column[row] = values[place] as LaneValue;
  });
  return column;
}

function readValues(section: Cursor, encoding: number, count: number, kind: Kind): LaneValue[] {
  switch (`${kind}:${encoding}`) {
    case "0:1":
      return readIntegers(section, count);
    case "1:2": {
      const scale = section.number(1);
      return readIntegers(section, count).map((integer) => Number(integer) / 10 ** scale);
    }
    case "1:3":
      return readIntegers(section, count).map(doubleOf);
    case "2:4":
      return readStrings(section, count);
    case "2:5": {
      const words = readStrings(section, section.number(4));
      return readIntegers(section, count).map((place) => words[Number(place)] as Uint8Array);
    }
    default:
      throw new Error(`encoding ${encoding} for kind ${kind}`);
  }
}

function readIntegers(section: Cursor, count: number): bigint[] {
  const form = section.number(1);
  const width = form & 0x7f;
  const base = section.unsigned(8);
  const isDeltas = form >= 0x80;
  const step = isDeltas ? section.unsigned(8) : 0n;
  const packed = isDeltas ? count - 1 : count;
  let bits = section.unsigned(Math.ceil((packed * width) / 8));
  const offsets = Array.from({ length: packed }, () => {
    const offset = BigInt.asUintN(width, bits);
    bits >>= BigInt(width);
    return offset;
  });
  if (!isDeltas) return offsets.map((offset) => BigInt.asIntN(64, base + offset));
  const values = [BigInt.asIntN(64, base)];
  for (const offset of offsets) values.push(BigInt.asIntN(64, (values.at(-1) as bigint) + step + offset));
  return values;
}

function readStrings(section: Cursor, count: number): Uint8Array[] {
  const form = section.number(1);
  const prefix = section.take(section.number(1));
  if (form === 0) {
    const lengths = readIntegers(section, count);
    return lengths.map((length) => Uint8Array.of(...prefix, ...section.take(Number(length))));
  }
  const digits = section.number(1);
  return readIntegers(section, count).map((number) => {
    const text = number.toString().padStart(digits, "0");
    return Uint8Array.of(...prefix, ...new TextEncoder().encode(text));
  });
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, bits);
  return view.getFloat64(0);
}
