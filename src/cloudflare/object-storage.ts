/**
 * The engine's storage and clock over a Durable Object's SQLite.
 */
import { StorageFailure } from "../base/errors.ts";
import type { Clock, RandomSource, SqlStorage, SqlValue } from "../engine/ports.ts";

/** SQLite of a Durable Object. What it throws becomes `StorageFailure`: the object must then be aborted. */
export class ObjectStorage implements SqlStorage {
  readonly #sql: DurableObjectStorage["sql"];

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
  }

  run(statement: string, ...bindings: readonly SqlValue[]): SqlValue[][] {
    try {
      const rows: SqlValue[][] = [];
      const cursor = this.#sql.exec(statement, ...bindings);
      // What answers no rows needs no iterator: each is an object that the collector lets go of late.
      if (cursor.columnNames.length === 0) return rows;
      for (const row of cursor.raw()) {
        rows.push(row.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value)));
      }
      return rows;
    } catch (thrown) {
      throw new StorageFailure(`SQLite failed: ${String(thrown)}`, { cause: thrown });
    }
  }

  bytes(): number {
    return this.#sql.databaseSize;
  }
}

export class PlatformClock implements Clock {
  now(): number {
    return Date.now();
  }
}

export class PlatformRandom implements RandomSource {
  seed(): bigint {
    return crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;
  }
}
