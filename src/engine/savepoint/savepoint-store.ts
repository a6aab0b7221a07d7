/**
 * Savepoints on one partition: which tasks are to be saved, and what of them has still to be uploaded.
 *
 * A task that has met a savepoint's barrier takes a checkpoint. Its pages are pinned as that left them
 * (`state/page-pins.ts`) and it goes on in the same turn: they are read part by part, and uploaded, behind
 * it.
 *
 *   savepoints        one row per run and savepoint; it stays, so that a barrier is entered once
 *   savepoint_parts   parts below 0 are the task's state, which goes last; 0.2.0 had copies of all pages here
 */
import { assert } from "../../base/assert.ts";
import { sealJsonBytes } from "../log/sealed-json.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { SqlStorage } from "../ports.ts";
import { KeyFilter } from "../state/key-filter.ts";
import { PagePins, type PagePlace } from "../state/page-pins.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { readCheckpoint } from "../task/checkpoint.ts";
import type { Task } from "../task/task.ts";
import { encodePart } from "./part-codec.ts";
import { readTaskState, type TaskState } from "./task-state.ts";

/** `waiting`: its barrier has still to come. `pinned`: it is uploaded behind the running task. */
export type SavepointState = "waiting" | "pinned" | "done";

export interface SavepointStatus {
  readonly state: SavepointState;
  /** Parts with pages, and bytes of them and the task's state; while it is pinned what that will be about. */
  readonly parts: number;
  readonly bytes: number;
  /** What of them is still to be uploaded. */
  readonly partsLeft: number;
  readonly bytesLeft: number;
}

/** One part that is to be uploaded. */
export interface SavedPart {
  readonly run: number;
  readonly savepoint: number;
  /** -1: the task's state. */
  readonly part: number;
  /** How many parts with pages there will be about; in the end, how many there were. */
  readonly parts: number;
  readonly body: Uint8Array;
  /** Up to where the task's pages are uploaded with it. */
  readonly upTo?: PagePlace | undefined;
}

interface StoredSavepoint {
  readonly state: SavepointState;
  /** Parts and bytes that are uploaded. */
  readonly parts: number;
  readonly bytes: number;
}

/** Bytes of pages in one part: below the 2 MB of an SQLite value. */
const partBytesMax = 1_500_000;
const statePart = -1;

export class SavepointStore {
  readonly #sql: SqlStorage;
  readonly pins: PagePins;
  /** Undefined where it has to be looked up. */
  #hasParts: boolean | undefined;

  constructor(sql: SqlStorage) {
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoints (run INTEGER, savepoint INTEGER, state TEXT NOT NULL,
       parts INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, savepoint)) WITHOUT ROWID`,
    );
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoint_parts (run INTEGER, savepoint INTEGER, part INTEGER,
       body BLOB NOT NULL, PRIMARY KEY (run, savepoint, part)) WITHOUT ROWID`,
    );
    // What 0.2.0 had copied is uploaded as it is.
    // A start that has nothing to write must do without: the disk may be full.
    const copied = sql.run("SELECT 1 FROM savepoints WHERE state = 'copied' LIMIT 1").length > 0;
    if (copied) sql.run("UPDATE savepoints SET state = 'pinned' WHERE state = 'copied'");
    this.#sql = sql;
    this.pins = new PagePins(sql);
  }

  /** Notes a savepoint; false where it is known. */
  begin(run: number, savepoint: number): boolean {
    if (this.status(run, savepoint)) return false;
    const statement =
      "INSERT INTO savepoints (run, savepoint, state, parts, bytes) VALUES (?, ?, 'waiting', 0, 0)";
    this.#sql.run(statement, run, savepoint);
    return true;
  }

  status(run: number, savepoint: number): SavepointStatus | undefined {
    const stored = this.#find(run, savepoint);
    if (!stored) return undefined;
    const { state, parts, bytes } = stored;
    const share = state === "pinned" ? this.pins.shareUpTo(run, savepoint) : 1;
    const [allParts, allBytes] = [estimate(parts, share), estimate(bytes, share)];
    const left = { partsLeft: allParts - parts, bytesLeft: allBytes - bytes };
    return { state, parts: allParts, bytes: allBytes, ...left };
  }

  /**
   * Pins the pages of a task that stands at a barrier, whose checkpoint is committed; the task goes on.
   * Returns about how many bytes it went through.
   */
  take(task: Task, savepoint: number, { keyGroups }: PartitionIdentity): number {
    const { number: run, plan } = task;
    const checkpoint = readCheckpoint(this.#sql, run);
    assert(checkpoint, "a task that stands at a barrier has a checkpoint");
    const { offset, watermark, firedThrough, inputTime = {}, counts, edges = [], appendTime } = checkpoint;
    const divided = edges.flatMap(({ to, ranges }) => (ranges ? [{ to, ranges }] : []));
    const entries = new WindowDirectory(this.#sql, run).all();
    const state: TaskState = {
      version: 1,
      ...{ keyGroups, plan, offset, watermark, firedThrough, inputTime, counts },
      orderOffset: (checkpoint.orderOffset ?? 0) + offset,
      tables: entries,
      parts: 0,
      ...(appendTime !== undefined && { appendTime }),
      ...(divided.length > 0 && { divided }),
    };
    this.begin(run, savepoint);
    this.#hasParts = undefined;
    const where = "WHERE run = ? AND savepoint = ?";
    this.#sql.run(`DELETE FROM savepoint_parts ${where}`, run, savepoint);
    this.#storeState(run, savepoint, sealJsonBytes(state));
    this.#sql.run(`UPDATE savepoints SET state = 'pinned', parts = 0, bytes = 0 ${where}`, run, savepoint);
    const tables = entries.map(({ table }) => table).sort((one, other) => one - other);
    const { epoch, aborted } = checkpoint;
    const { hashShare } = new KeyFilter(plan, keyGroups);
    this.pins.pin(run, savepoint, { epoch, aborted, tables, hashShare });
    task.passBarrier();
    return 1;
  }

  /** The next part that is to be uploaded, of any savepoint; those of splits first, which are waited for. */
  nextPart(): SavedPart | undefined {
    const pinned = "SELECT run, savepoint, parts FROM savepoints WHERE state = 'pinned'";
    const [named] = this.#sql.run(`${pinned} ORDER BY savepoint, run LIMIT 1`);
    if (!named) return undefined;
    const [run, savepoint, part] = named as [number, number, number];
    const pages = this.pins.next(run, savepoint, partBytesMax);
    const upTo = pages.at(-1)?.place;
    if (!upTo) return this.#storedPart(run, savepoint, part);
    const body = encodePart(pages.map(({ place: [table], bytes }) => ({ table, bytes })));
    const parts = estimate(part + 1, this.pins.shareUpTo(run, savepoint, upTo));
    return { run, savepoint, part, parts, body, upTo };
  }

  /** The state of a task is long where it has many tables: it lies in several values. */
  #storeState(run: number, savepoint: number, state: Uint8Array): void {
    for (let at = 0; at < state.byteLength; at += partBytesMax) {
      const part = statePart - at / partBytesMax;
      const body = state.subarray(at, at + partBytesMax);
      const statement = "INSERT INTO savepoint_parts (run, savepoint, part, body) VALUES (?, ?, ?, ?)";
      this.#sql.run(statement, run, savepoint, part, body);
    }
  }

  /** The state of a task whose pages are all uploaded; before it, those that 0.2.0 had copied. */
  #storedPart(run: number, savepoint: number, parts: number): SavedPart {
    const where = "WHERE run = ? AND savepoint = ?";
    const copied = `SELECT part, body FROM savepoint_parts ${where} AND part >= 0 ORDER BY part DESC LIMIT 1`;
    const [left] = this.#sql.run(copied, run, savepoint);
    if (left) return { run, savepoint, part: Number(left[0]), parts, body: left[1] as Uint8Array };
    const pieces = `SELECT body FROM savepoint_parts ${where} ORDER BY part DESC`;
    const found = this.#sql.run(pieces, run, savepoint).map(([piece]) => piece as Uint8Array);
    const state: TaskState = { ...readTaskState(joined(found)), parts };
    const body = sealJsonBytes(state);
    return { run, savepoint, part: statePart, parts, body };
  }

  /** True while something is to be uploaded; asked after every turn. */
  get hasParts(): boolean {
    const pinned = "SELECT 1 FROM savepoints WHERE state = 'pinned' LIMIT 1";
    this.#hasParts ??= this.#sql.run(pinned).length > 0;
    return this.#hasParts;
  }

  /** A part is in the blob store. */
  uploaded({ run, savepoint, part, body, upTo }: SavedPart): void {
    const where = "WHERE run = ? AND savepoint = ?";
    if (upTo) {
      this.pins.advance(run, savepoint, upTo);
      const counts = "parts = parts + 1, bytes = bytes + ?";
      this.#sql.run(`UPDATE savepoints SET ${counts} ${where}`, body.byteLength, run, savepoint);
      return;
    }
    if (part !== statePart) {
      this.#sql.run(`DELETE FROM savepoint_parts ${where} AND part = ?`, run, savepoint, part);
      return;
    }
    this.#sql.run(`DELETE FROM savepoint_parts ${where}`, run, savepoint);
    this.pins.release(run, savepoint);
    this.#hasParts = undefined;
    const done = "state = 'done', bytes = bytes + ?";
    this.#sql.run(`UPDATE savepoints SET ${done} ${where}`, body.byteLength, run, savepoint);
  }

  /** Forgets all savepoints of a run that is deleted. */
  forget(run: number): void {
    this.pins.forget(run);
    this.#hasParts = undefined;
    for (const table of ["savepoints", "savepoint_parts"]) {
      this.#sql.run(`DELETE FROM ${table} WHERE run = ?`, run);
    }
  }

  #find(run: number, savepoint: number): StoredSavepoint | undefined {
    const columns = "SELECT state, parts, bytes FROM savepoints";
    const [row] = this.#sql.run(`${columns} WHERE run = ? AND savepoint = ?`, run, savepoint);
    if (!row) return undefined;
    return { state: row[0] as SavepointState, parts: Number(row[1]), bytes: Number(row[2]) };
  }
}

/** How much there is in all, of which so much is a share; as much at least, where that is not known. */
function estimate(done: number, share: number): number {
  return share > 0 ? Math.max(done, Math.round(done / share)) : done;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
