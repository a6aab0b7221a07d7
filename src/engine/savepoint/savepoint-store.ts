/**
 * Savepoints on one partition: which tasks are to be saved, and copies of their pages until they are
 * uploaded.
 *
 * A task that has met a savepoint's barrier takes a checkpoint and stands still. Its pages are then copied,
 * some in each turn, and it goes on: uploading the copies happens behind it. A copy that a restart
 * interrupts is begun anew.
 *
 *   savepoints        one row per run and savepoint; it stays, so that a barrier is entered once
 *   savepoint_parts   what is to be uploaded; part -1 is the task's state, which goes last
 */
import { assert } from "../../base/assert.ts";
import type { PartitionIdentity } from "../partition-types.ts";
import type { SqlStorage, SqlValue } from "../ports.ts";
import { PageStore } from "../state/page-store.ts";
import { WindowDirectory } from "../state/window-directory.ts";
import { type Checkpoint, readCheckpoint } from "../task/checkpoint.ts";
import type { Task } from "../task/task.ts";
import { encodePart, type SavedPage } from "./part-codec.ts";
import type { TaskState } from "./task-state.ts";

/** `waiting`: its barrier has still to come. `copied`: what is left is uploaded behind the running task. */
export type SavepointState = "waiting" | "copying" | "copied" | "done";

export interface SavepointStatus {
  readonly state: SavepointState;
  /** Parts with pages, and bytes of all that was or is to be uploaded; so far, while they are copied. */
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
  /** How many parts with pages there were. */
  readonly parts: number;
  readonly body: Uint8Array;
}

interface Copying {
  readonly run: number;
  readonly savepoint: number;
  readonly checkpoint: Checkpoint;
  readonly pages: PageStore;
  parts: number;
  bytes: number;
  /** Behind which page to go on, as table and first hash. */
  after: readonly [table: number, firstHash: Uint8Array];
}

/** Bytes of pages in one part: below the 2 MB of an SQLite value. */
const partBytesMax = 1_500_000;
const pagesPerRead = 64;

const statePart = -1;

export class SavepointStore {
  readonly #sql: SqlStorage;
  /** By run: tasks that stand at barriers are copied in turn. */
  readonly #copying = new Map<number, Copying>();

  constructor(sql: SqlStorage) {
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoints (run INTEGER, savepoint INTEGER, state TEXT NOT NULL,
       parts INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, savepoint)) WITHOUT ROWID`,
    );
    sql.run(
      `CREATE TABLE IF NOT EXISTS savepoint_parts (run INTEGER, savepoint INTEGER, part INTEGER,
       body BLOB NOT NULL, PRIMARY KEY (run, savepoint, part)) WITHOUT ROWID`,
    );
    this.#sql = sql;
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
    const where = "WHERE run = ? AND savepoint = ?";
    const rows = this.#sql.run(`SELECT state, parts, bytes FROM savepoints ${where}`, run, savepoint);
    const [state, parts, bytes] = (rows[0] ?? []) as [SavepointState?, number?, number?];
    if (state === undefined || parts === undefined || bytes === undefined) return undefined;
    const left = "SELECT coalesce(sum(part >= 0), 0), coalesce(sum(length(body)), 0) FROM savepoint_parts";
    const [[partsLeft, bytesLeft] = [0, 0]] = this.#sql.run(`${left} ${where}`, run, savepoint);
    const leftover = { partsLeft: Number(partsLeft), bytesLeft: Number(bytesLeft) };
    if (state !== "copying") return { state, parts, bytes, ...leftover };
    return { state, parts: leftover.partsLeft, bytes: leftover.bytesLeft, ...leftover };
  }

  /**
   * Copies about one part of a task that stands at a barrier, whose checkpoint is committed. When all is
   * copied the task may go on. Returns about how many bytes were copied.
   */
  copy(task: Task, savepoint: number, identity: PartitionIdentity): number {
    const copying = this.#continue(task.number, savepoint);
    const pages = this.#nextPages(copying);
    if (pages.length === 0) {
      this.#finish(task, copying, identity);
      return 1;
    }
    const body = encodePart(pages);
    this.#insert(copying, copying.parts++, body);
    return body.byteLength;
  }

  /** The next part that is to be uploaded, of any savepoint that is copied. */
  nextPart(): SavedPart | undefined {
    const [named] = this.#sql.run(
      `SELECT p.run, p.savepoint, p.part, s.parts FROM savepoint_parts p JOIN savepoints s
       ON s.run = p.run AND s.savepoint = p.savepoint WHERE s.state = 'copied'
       ORDER BY p.run, p.savepoint, p.part DESC LIMIT 1`,
    );
    if (!named) return undefined;
    const [run, savepoint, part, parts] = named as [number, number, number, number];
    // Sorting would read all bodies.
    const where = "WHERE run = ? AND savepoint = ? AND part = ?";
    const [found] = this.#sql.run(`SELECT body FROM savepoint_parts ${where}`, run, savepoint, part);
    return { run, savepoint, part, parts, body: found?.[0] as Uint8Array };
  }

  /** True while something is to be uploaded. */
  get hasParts(): boolean {
    return this.#sql.run("SELECT 1 FROM savepoints WHERE state = 'copied' LIMIT 1").length > 0;
  }

  /** A part is in the blob store. */
  uploaded({ run, savepoint, part }: SavedPart): void {
    const where = "WHERE run = ? AND savepoint = ?";
    this.#sql.run(`DELETE FROM savepoint_parts ${where} AND part = ?`, run, savepoint, part);
    if (part === statePart) this.#sql.run(`UPDATE savepoints SET state = 'done' ${where}`, run, savepoint);
  }

  /** Forgets all savepoints of a run that is deleted. */
  forget(run: number): void {
    this.#copying.delete(run);
    for (const table of ["savepoints", "savepoint_parts"]) {
      this.#sql.run(`DELETE FROM ${table} WHERE run = ?`, run);
    }
  }

  #continue(run: number, savepoint: number): Copying {
    const known = this.#copying.get(run);
    if (known?.savepoint === savepoint) return known;
    this.begin(run, savepoint);
    const where = "WHERE run = ? AND savepoint = ?";
    this.#sql.run(`DELETE FROM savepoint_parts ${where}`, run, savepoint);
    this.#sql.run(`UPDATE savepoints SET state = 'copying', parts = 0, bytes = 0 ${where}`, run, savepoint);
    const checkpoint = readCheckpoint(this.#sql, run);
    assert(checkpoint, "a task that stands at a barrier has a checkpoint");
    const pages = new PageStore(this.#sql, run, checkpoint);
    const after = [0, new Uint8Array(0)] as const;
    const copying: Copying = { run, savepoint, checkpoint, pages, parts: 0, bytes: 0, after };
    this.#copying.set(run, copying);
    return copying;
  }

  #nextPages(copying: Copying): SavedPage[] {
    const tables = `SELECT tbl FROM tables WHERE task = ${copying.run}`;
    const pages: SavedPage[] = [];
    let bytes = 0;
    while (true) {
      const rows = copying.pages.committedPages(tables, copying.after, pagesPerRead);
      for (const { table, firstHash, bytes: page } of rows) {
        if (bytes > 0 && bytes + page.byteLength > partBytesMax) return pages;
        pages.push({ table, bytes: page });
        bytes += page.byteLength;
        copying.after = [table, firstHash];
      }
      if (rows.length < pagesPerRead) return pages;
    }
  }

  #finish(task: Task, copying: Copying, { keyGroups }: PartitionIdentity): void {
    const { offset, watermark, firedThrough, inputTime = {}, counts, edges = [] } = copying.checkpoint;
    const divided = edges.flatMap(({ to, ranges }) => (ranges ? [{ to, ranges }] : []));
    const state: TaskState = {
      version: 1,
      ...{ keyGroups, plan: task.plan, offset, watermark, firedThrough, inputTime, counts },
      orderOffset: (copying.checkpoint.orderOffset ?? 0) + offset,
      tables: new WindowDirectory(this.#sql, task.number).all(),
      parts: copying.parts,
      ...(divided.length > 0 && { divided }),
    };
    this.#insert(copying, statePart, new TextEncoder().encode(JSON.stringify(state)));
    const { run, savepoint, parts, bytes } = copying;
    this.#sql.run(
      "UPDATE savepoints SET state = 'copied', parts = ?, bytes = ? WHERE run = ? AND savepoint = ?",
      ...([parts, bytes, run, savepoint] satisfies SqlValue[]),
    );
    this.#copying.delete(run);
    task.passBarrier();
  }

  #insert(copying: Copying, part: number, body: Uint8Array): void {
    copying.bytes += body.byteLength;
    const statement = "INSERT INTO savepoint_parts (run, savepoint, part, body) VALUES (?, ?, ?, ?)";
    this.#sql.run(statement, copying.run, copying.savepoint, part, body);
  }
}
