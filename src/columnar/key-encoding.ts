/**
 * Keys as bytes: how the values of key columns become the one thing that tables, routing and queries know a
 * key by.
 *
 * A key is the pair (bytes, nulls). One key column of kind BYTES: its bytes as they are. Otherwise the
 * columns' bytes in order, I64 and F64 as 8 bytes little-endian (-0 as 0, NaN as the canonical one), BYTES as
 * u32 length and bytes. A null adds no bytes, only its bit in `nulls` (bit i: key column i).
 *
 * State on disk is found by these bytes and their hash: neither may ever change. The kernel's side is
 * `assembly/hash/keys.ts`.
 */
import { KIND_BYTES, KIND_F64 } from "../../assembly/abi.ts";
import { assert } from "../base/assert.ts";
import { keyColumnsMax } from "../base/limits.ts";
import type { Kind } from "./schema.ts";
import { xxhash64 } from "./xxhash64.ts";

/** A key column's value: bigint for I64, number for F64, bytes for BYTES. */
export type KeyValue = bigint | number | Uint8Array | null;

export interface EncodedKey {
  readonly bytes: Uint8Array;
  readonly nulls: number;
}

/** Encodes one value per kind. */
export function encodeKey(kinds: readonly Kind[], values: readonly KeyValue[]): EncodedKey {
  assert(
    kinds.length === values.length && kinds.length <= keyColumnsMax,
    "a key has one value per key column",
  );
  if (isBare(kinds)) {
    const value = values[0];
    return { bytes: value instanceof Uint8Array ? value : new Uint8Array(0), nulls: value === null ? 1 : 0 };
  }
  const sizes = values.map((value) =>
    value === null ? 0 : value instanceof Uint8Array ? 4 + value.length : 8,
  );
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let nulls = 0;
  let at = 0;
  values.forEach((value, index) => {
    if (value === null) nulls |= 1 << index;
    else if (value instanceof Uint8Array) {
      view.setUint32(at, value.length, true);
      bytes.set(value, at + 4);
    } else if (typeof value === "bigint") view.setBigInt64(at, value, true);
    else view.setBigUint64(at, bitsOf(value), true);
    at += sizes[index] as number;
  });
  return { bytes, nulls };
}

/** Returns the values of a key that `encodeKey` or the kernel made. */
export function decodeKey(kinds: readonly Kind[], bytes: Uint8Array, nulls: number): KeyValue[] {
  if (isBare(kinds)) return [nulls === 0 ? bytes.slice() : null];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const values = kinds.map((kind, index): KeyValue => {
    if (nulls & (1 << index)) return null;
    const size = kind === KIND_BYTES ? 4 + view.getUint32(at, true) : 8;
    const start = at;
    at += size;
    assert(at <= bytes.length, "a key's bytes hold all its values");
    if (kind === KIND_BYTES) return bytes.slice(start + 4, at);
    return kind === KIND_F64 ? view.getFloat64(start, true) : view.getBigInt64(start, true);
  });
  assert(at === bytes.length, "a key's bytes hold nothing but its values");
  return values;
}

/** Returns the key's hash, an unsigned 64-bit integer: XXH64 seeded by the null bits. */
export function hashKey(bytes: Uint8Array, nulls: number): bigint {
  return xxhash64(bytes, BigInt(nulls));
}

/**
 * Returns the key group (0..1023) that owns a key's hash: its top ten bits.
 *
 * Shards and savepoints divide state by it, so it can never change.
 */
export function keyGroupOf(hash: bigint): number {
  return Number(hash >> 54n);
}

/** True where the key's bytes are the value's own. */
function isBare(kinds: readonly Kind[]): boolean {
  return kinds.length === 1 && kinds[0] === KIND_BYTES;
}

function bitsOf(value: number): bigint {
  if (Number.isNaN(value)) return 0x7ff8000000000000n;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value === 0 ? 0 : value);
  return view.getBigUint64(0);
}
