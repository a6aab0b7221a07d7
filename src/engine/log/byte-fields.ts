/**
 * Writing and reading little-endian fields of the log's formats, in order.
 *
 * A reader that comes to the end answers with an error of its own instead of a RangeError, so that damaged
 * bytes are always reported as such.
 */
import { assert } from "../../base/assert.ts";
import { decodeUtf8 } from "../../base/utf8.ts";
import { xxhash32 } from "./xxhash32.ts";

/** Bytes of the checksum that ends a header. */
export const checksumBytes = 4;

export class FieldWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Where the next field goes. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(value: number): void {
    this.#view.setUint8(this.at, value);
    this.at += 1;
  }

  u16(value: number): void {
    assert(value <= 0xffff, "a length of two bytes is at most 65535");
    this.#view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** A whole number from 0 to 2^53 - 1, as u64. */
  whole(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "a logged number is whole, not negative and exact");
    this.#view.setUint32(this.at, value % 2 ** 32, true);
    this.#view.setUint32(this.at + 4, Math.floor(value / 2 ** 32), true);
    this.at += 8;
  }

  /** Any 64 bits: a signed value or an unsigned one. */
  u64(value: bigint): void {
    this.#view.setBigUint64(this.at, value, true);
    this.at += 8;
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.at);
    this.at += value.byteLength;
  }

  /** XXH32 of everything written so far. */
  checksum(): void {
    this.u32(xxhash32(this.#bytes, this.at));
  }
}

export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #damage: (what: string) => Error;
  at = 0;

  /** `damage` makes the error that is thrown where the bytes are not what they should be. */
  constructor(bytes: Uint8Array, damage: (what: string) => Error) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#damage = damage;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  whole(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
    if (!Number.isSafeInteger(value)) throw this.#damage(`a number at byte ${at} is above 2^53`);
    return value;
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(length: number): string {
    return decodeUtf8(this.bytes(length));
  }

  /** Throws unless the last four bytes before `end` are the XXH32 of all before them. */
  verify(end: number): void {
    const covered = end - checksumBytes;
    if (covered < this.at || end > this.#bytes.byteLength)
      throw this.#damage(`a header cannot end at byte ${end}`);
    const found = this.#view.getUint32(covered, true);
    const expected = xxhash32(this.#bytes, covered);
    if (found !== expected) throw this.#damage(`the checksum is ${found}, expected ${expected}`);
  }

  #take(length: number): number {
    const at = this.at;
    if (at + length > this.#bytes.byteLength) throw this.#damage(`it ends at byte ${this.#bytes.byteLength}`);
    this.at = at + length;
    return at;
  }
}
