/**
 * The SqlStorage port over node:sqlite, for tests and the simulator.
 *
 * A turn opens with its first statement, or with `begin`, and ends with `commit` or with `crash`, which drops
 * what the turn wrote: as the platform does when an object dies before its writes are durable. A restart is
 * `crash` and a new engine over the same storage, or a new storage over the bytes of `serialize`.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { assert } from "../../src/base/assert.ts";
import type { SqlStorage, SqlValue } from "../../src/engine/ports.ts";

export interface StatementSeen {
  readonly statement: string;
  readonly bindings: readonly SqlValue[];
}

export class NodeStorage implements SqlStorage {
  readonly #database: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #isInTurn = false;
  /** Called before each statement; what it throws is a failure of storage at that statement. */
  beforeStatement: ((seen: StatementSeen) => void) | undefined;

  /**
   * A memory database, with the contents of `bytes` if given; or the file at `path`, with a write-ahead log
   * as objects have it, and without waiting for the disk.
   */
  constructor(from?: Uint8Array | string) {
    this.#database = new DatabaseSync(typeof from === "string" ? from : ":memory:");
    if (typeof from === "string") {
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    }
    if (from instanceof Uint8Array) this.#database.deserialize(from);
  }

  run(statement: string, ...bindings: readonly SqlValue[]): SqlValue[][] {
    this.beforeStatement?.({ statement, bindings });
    if (!this.#isInTurn) this.begin();
    let prepared = this.#prepared.get(statement);
    if (!prepared) {
      prepared = this.#database.prepare(statement);
      prepared.setReturnArrays(true);
      this.#prepared.set(statement, prepared);
    }
    return prepared.all(...(bindings as SQLInputValue[])) as unknown as SqlValue[][];
  }

  bytes(): number {
    const [[pages], [pageBytes]] = [this.#pragma("page_count"), this.#pragma("page_size")];
    return pages * pageBytes;
  }

  begin(): void {
    assert(!this.#isInTurn, "a turn ends before the next one begins");
    this.#database.exec("BEGIN");
    this.#isInTurn = true;
  }

  /** Makes the turn's writes durable; nothing to do when it had no statement. */
  commit(): void {
    if (this.#isInTurn) this.#database.exec("COMMIT");
    this.#isInTurn = false;
  }

  /** Drops the turn's writes: the process is gone. */
  crash(): void {
    if (this.#isInTurn) this.#database.exec("ROLLBACK");
    this.#isInTurn = false;
  }

  /** Runs `work` as one turn: commits, or drops everything when it throws. */
  turn<Result>(work: () => Result): Result {
    this.begin();
    try {
      const result = work();
      this.commit();
      return result;
    } finally {
      this.crash();
    }
  }

  /** Deletes everything, as part of the turn; it is no statement. */
  clear(): void {
    this.beforeStatement = undefined;
    for (const [name] of this.run("SELECT name FROM sqlite_master WHERE type = 'table'")) {
      this.run(`DROP TABLE "${name}"`);
    }
    this.#prepared.clear();
  }

  /** The database as bytes, as it was before the turn that is open, if any: open turns are dropped. */
  serialize(): Uint8Array {
    this.crash();
    return this.#database.serialize();
  }

  close(): void {
    this.crash();
    this.#database.close();
  }

  #pragma(name: string): [number] {
    const found = this.#database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
    return [found[name] ?? 0];
  }
}
