/**
 * Bytes that grow while they are written and are never read beyond their end.
 *
 * Whole numbers are varints: seven bits a byte, the lowest first, the top bit set where another follows.
 * Signed ones are zigzag before: 0, -1, 1, -2 are 0, 1, 2, 3.
 */
import { EngineError } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/utf8.ts";

/** Numbers below it may be doubled as a double; larger ones are calculated as bigint, to the same bytes. */
const doubledMax = 2 ** 51;

/** Above the longest DECIMAL, and above any sum of such. */
const varintBytesMax = 40;

export class ByteWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Returns a copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Adds zeros, and returns where they begin. */
  zeros(count: number): number {
    this.#reserve(count);
    const start = this.#length;
    this.#length += count;
    return start;
  }

  /** Sets a bit, counted from the byte at `start`. */
  setBit(start: number, bit: number): void {
    const at = start + (bit >> 3);
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (bit & 7));
  }

  /** A whole number that is not negative. */
  count(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  whole(value: number): void {
    if (Math.abs(value) < doubledMax) this.count(value < 0 ? -value * 2 - 1 : value * 2);
    else this.integer(BigInt(value));
  }

  integer(value: bigint): void {
    if (value < doubledMax && value > -doubledMax) {
      this.whole(Number(value));
      return;
    }
    let rest = value < 0n ? -value * 2n - 1n : value * 2n;
    for (; rest >= 128n; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
    this.byte(Number(rest));
  }

  float(value: number): void {
    this.#reserve(4);
    if (Number.isNaN(value)) this.#view.setUint32(this.#length, 0x7fc00000, true);
    else this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    if (Number.isNaN(value)) this.#view.setBigUint64(this.#length, 0x7ff8000000000000n, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    this.bytes(encodeUtf8(value));
  }

  /** Their count before them. */
  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.raw(value);
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Throws `STATE_CORRUPT` where the bytes are not what is read. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes[this.skip(1)] ?? 0;
  }

  /** Passes over so many bytes, and returns where they begin. */
  skip(count: number): number {
    if (count > this.left) throw corrupt(`${count} bytes are expected and ${this.left} are left`);
    const start = this.#at;
    this.#at += count;
    return start;
  }

  hasBit(start: number, bit: number): boolean {
    return ((this.#bytes[start + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  /** How many of something follow that take at least a bit each. */
  count(): number {
    const value = Number(this.#varint());
    if (value > this.left * 8) throw corrupt(`${value} values are told and ${this.left} bytes are left`);
    return value;
  }

  whole(): number {
    const value = Number(this.integer());
    if (!Number.isSafeInteger(value)) throw corrupt(`${value} is too large`);
    return value;
  }

  integer(): bigint {
    const value = this.#varint();
    return value & 1n ? -((value + 1n) >> 1n) : value >> 1n;
  }

  float(): number {
    return this.#view.getFloat32(this.skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  text(): string {
    try {
      return this.#decoder.decode(this.bytes());
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw corrupt("a text is not UTF-8");
    }
  }

  bytes(): Uint8Array {
    const length = Number(this.#varint());
    const start = this.skip(length);
    return this.#bytes.slice(start, start + length);
  }

  /** The first 49 bits are calculated as a double. */
  #varint(): bigint {
    let low = 0;
    let factor = 1;
    for (let index = 0; index < 7; index++) {
      const byte = this.byte();
      low += (byte & 127) * factor;
      if (byte < 128) return BigInt(low);
      factor *= 128;
    }
    let value = BigInt(low);
    for (let index = 7; index < varintBytesMax; index++) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << BigInt(index * 7);
      if (byte < 128) return value;
    }
    throw corrupt("a number has no end");
  }
}

/** Returns the error of stored values that are damaged; `what` is a clause. */
export function corrupt(what: string): EngineError {
  return new EngineError("STATE_CORRUPT", { message: `Stored values are damaged: ${what}.` });
}
