/**
 * Values of a chain's state as cells of keyed tables.
 *
 *   key       key group u16 (big-endian), then the key's bytes; of a key that is longer than a cell's may be,
 *             0xff and its SHA-256 (other keys of 33 bytes begin with another byte: the version of a row)
 *   key nulls the number of the piece: a value is cut into pieces that a cell can hold
 *   value     of piece 0: how many pieces follow (u16, little-endian), then bytes; of others: bytes; together
 *             they are the value, behind a key that is too long: its length (u32, little-endian), its bytes
 *
 * The key group stands in front, so that whoever divides state between partitions need not understand keys.
 * Cells are spread by a hash of their own: many cells of one key, or of few key groups, lie anywhere.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { EngineError } from "../../base/errors.ts";
import { keyBytesMax } from "../../base/limits.ts";
import { kindOf } from "../../columnar/schema.ts";
import { findCells, updateAccumulator } from "../../kernel/aggregates.ts";
import { fillBatch } from "../../kernel/fill-batch.ts";
import type { KeyedTable } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { CellValue } from "../../kernel/page-view.ts";
import type { TableFailure } from "../../kernel/table-failure.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import { TouchedCells } from "../../kernel/touched-cells.ts";
import { groupOfCell } from "../state/key-filter.ts";
import { stateHash } from "./state-hash.ts";

const bytesKind = kindOf({ name: "BYTES" });

/** Bytes of a cell's key before the key itself. */
const groupBytes = 2;

/** Stands before the digest of a key that is too long for a cell, and the length of such a cell's key. */
const longKeyMark = 0xff;
const longKeyCellBytes = groupBytes + 1 + 32;

/** Bytes of the length of such a key, before its value. */
const lengthBytes = 4;

/** Bytes of piece 0 before the value. */
const headBytes = 2;

/** The longest value of a cell. */
const pieceBytes = 2048;

/** Longest value: a record's rows that need more of one key cannot be applied. */
export const stateValueBytesMax = 4 * 1024 * 1024;

/** Cells of one batch. Each may touch two pages, which must fit into half of the page budget. */
const batchCellsMax = 32;

/** The value of a key as it is to be stored; undefined: it is to go. */
export interface StateWrite {
  readonly cell: StateKey;
  readonly value: Uint8Array | undefined;
  /** Pieces that are stored. */
  readonly pieces: number;
}

/** A key with its place. */
export interface StateKey {
  readonly group: number;
  readonly key: Uint8Array;
  /** Of the cell. */
  readonly bytes: Uint8Array;
  readonly hash: bigint;
}

export interface StoredValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly pieces: number;
  /** Append time of the record that wrote it. */
  readonly changed: number;
}

interface Piece {
  readonly key: Uint8Array;
  readonly piece: number;
  readonly hash: bigint;
  /** Undefined: to be deleted. */
  readonly value: Uint8Array | undefined;
}

export function stateKey(group: number, key: Uint8Array): StateKey {
  const isLong = key.length + groupBytes > keyBytesMax;
  const named = isLong ? Uint8Array.of(longKeyMark, ...sha256(key)) : key;
  const bytes = new Uint8Array(groupBytes + named.length);
  bytes[0] = group >> 8;
  bytes[1] = group & 255;
  bytes.set(named, groupBytes);
  return { group, key, bytes, hash: stateHash(bytes, 0) };
}

/** The key that a cell with a value was found by. */
export function keyOfCell({ key: bytes, hash }: CellValue, { key }: StoredValue): StateKey {
  return { group: groupOfCell(bytes), key, bytes, hash };
}

/** True for the key of a cell that stands for one which is too long for it. */
function standsForLongKey(bytes: Uint8Array): boolean {
  return bytes.length === longKeyCellBytes && bytes[groupBytes] === longKeyMark;
}

/** True for the cell by which a value is found: others hold what did not fit it. */
export function isFirstPiece({ keyNulls }: CellValue): boolean {
  return keyNulls === 0;
}

/** Reads the value of a key; undefined where there is none. */
export function readState(table: KeyedTable, { bytes, hash }: StateKey): StoredValue | undefined {
  const cell = table.lookup(bytes, 0, hash);
  return cell && readFrom(table, cell);
}

/** Reads the value of which `cell` is the first piece. */
export function readFrom(table: KeyedTable, { key, changed, accumulators }: CellValue): StoredValue {
  const head = accumulators[0] as Uint8Array;
  const further = (head[0] ?? 0) | ((head[1] ?? 0) << 8);
  const pieces = [head.subarray(headBytes)];
  for (let piece = 1; piece <= further; piece++) {
    const cell = table.lookup(key, piece, stateHash(key, piece));
    if (!cell) throw new EngineError("STATE_CORRUPT", { message: "A piece of a stored value is missing." });
    pieces.push(cell.accumulators[0] as Uint8Array);
  }
  const stored = { pieces: further + 1, changed: Number(changed) };
  const bytes = joined(pieces);
  if (!standsForLongKey(key)) return { ...stored, key: key.subarray(groupBytes), value: bytes };
  const end = lengthBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return { ...stored, key: bytes.subarray(lengthBytes, end), value: bytes.subarray(end) };
}

/**
 * Writes and deletes values of one table; `makeRoom` is called between batches. Returns the pieces of each.
 */
export function writeState(
  cache: PageCache,
  layout: TableLayout,
  table: KeyedTable,
  writes: readonly StateWrite[],
  appendTime: number,
  makeRoom: () => void,
): number[] {
  const cut = writes.map(piecesOf);
  const all = cut.flat().sort((one, other) => (one.hash < other.hash ? -1 : one.hash > other.hash ? 1 : 0));
  const [kept, gone] = [all.filter(({ value }) => value), all.filter(({ value }) => !value)];
  const target = { cache, layout, table, appendTime: BigInt(appendTime) };
  for (const some of batches(gone)) {
    makeRoom();
    deletePieces(target, some);
  }
  for (const some of batches(kept)) {
    makeRoom();
    putPieces(target, some);
  }
  return cut.map((pieces) => pieces.filter(({ value }) => value).length);
}

interface Target {
  readonly cache: PageCache;
  readonly layout: TableLayout;
  readonly table: KeyedTable;
  readonly appendTime: bigint;
}

function putPieces(target: Target, pieces: readonly Piece[]): void {
  withCells(target, pieces, ({ rows, column }) => {
    const { cache, layout } = target;
    new TouchedCells(cache.kernel, layout, rows).reset(0);
    check(updateAccumulator(cache.kernel, layout, 0, rows, column, 0n));
  });
}

function deletePieces(target: Target, pieces: readonly Piece[]): void {
  withCells(target, pieces, ({ rows }) => {
    const touched = new TouchedCells(target.cache.kernel, target.layout, rows);
    touched.delete([...touched.firstRows.keys()]);
  });
}

interface FoundCells {
  readonly rows: Parameters<typeof findCells>[1];
  /** Address of the COLUMN of the values. */
  readonly column: number;
}

/** Finds, or makes, the cells of pieces; it is a batch of its own. */
function withCells(target: Target, pieces: readonly Piece[], use: (found: FoundCells) => void): void {
  const { cache, table, appendTime } = target;
  const { memory } = cache.kernel;
  cache.beginBatch();
  const columns = [pieces.map(({ key }) => key), pieces.map(({ value }) => value ?? null)];
  const { batch, release } = fillBatch(cache.kernel, [bytesKind, bytesKind], columns);
  const count = pieces.length;
  const hashes = memory.allocate(count * 16);
  const [cells, keyNulls] = [hashes + count * 8, hashes + count * 12];
  memory.i64(hashes, count).set(pieces.map(({ hash }) => BigInt.asIntN(64, hash)));
  memory.u16(keyNulls, count).set(pieces.map(({ piece }) => piece));
  const rows = { selection: 0, count, keys: batch.lanesPointer(0), keyNulls, hashes, tables: table, cells };
  try {
    check(findCells(cache.kernel, rows, appendTime));
    use({ rows, column: batch.columnPointer(1) });
  } finally {
    release();
    memory.release(hashes);
  }
}

function piecesOf({ cell, value, pieces }: StateWrite): Piece[] {
  const { bytes: key, hash } = cell;
  const cut = value ? cutValue(standsForLongKey(key) ? behindKey(cell.key, value) : value) : [];
  const count = Math.max(cut.length, pieces);
  return Array.from({ length: count }, (_, piece) => {
    return { key, piece, hash: piece === 0 ? hash : stateHash(key, piece), value: cut[piece] };
  });
}

function behindKey(key: Uint8Array, value: Uint8Array): Uint8Array {
  const length = new Uint8Array(lengthBytes);
  new DataView(length.buffer).setUint32(0, key.length, true);
  return joined([length, key, value]);
}

function cutValue(value: Uint8Array): Uint8Array[] {
  if (value.length > stateValueBytesMax) {
    const message =
      `The state of one key has ${value.length} bytes; expected at most ${stateValueBytesMax}. ` +
      "Group by more columns, or keep less of each group.";
    throw new EngineError("JOB_FAILED", { message });
  }
  const further = Math.max(0, Math.ceil((value.length + headBytes) / pieceBytes) - 1);
  const head = new Uint8Array(Math.min(pieceBytes, value.length + headBytes));
  head[0] = further & 255;
  head[1] = further >> 8;
  head.set(value.subarray(0, head.length - headBytes), headBytes);
  const rest = Array.from({ length: further }, (_, index) => {
    const from = head.length - headBytes + index * pieceBytes;
    return value.subarray(from, from + pieceBytes);
  });
  return [head, ...rest];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function* batches(pieces: readonly Piece[]): Generator<readonly Piece[]> {
  for (let from = 0; from < pieces.length; from += batchCellsMax)
    yield pieces.slice(from, from + batchCellsMax);
}

function check(failure: TableFailure | undefined): void {
  if (!failure) return;
  throw new EngineError("JOB_FAILED", {
    message: `A value of the job's state has no room: ${failure.reason}.`,
  });
}
