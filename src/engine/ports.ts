/**
 * Ports: all that the engine reaches outside itself. Synchronous; adapters live in `src/cloudflare` and in
 * tests.
 *
 * A *turn* is one uninterrupted run of engine code. The writes of a turn commit together or not at all, and
 * nothing that the turn sends leaves before they are durable: the platform gives this, an adapter elsewhere
 * must.
 */

import type { UserFunctions } from "../interpreter/user-functions.ts";

export type SqlValue = string | number | null | Uint8Array;

/** SQLite. Integers are safe integers; 64-bit values travel as bytes. */
export interface SqlStorage {
  /**
   * Runs one statement and returns its rows, values in column order. Throws when storage fails: abort the
   * object.
   */
  run(statement: string, ...bindings: readonly SqlValue[]): SqlValue[][];
  /** Bytes of the whole database. */
  bytes(): number;
}

export interface Clock {
  /** Milliseconds since 1970; stands still within a turn. */
  now(): number;
}

export interface RandomSource {
  /** Sixty-four random bits. */
  seed(): bigint;
}

export interface Ports {
  readonly sql: SqlStorage;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** What the worker registers for CREATE FUNCTION; absent: nothing. */
  readonly functions?: UserFunctions | undefined;
  /** Shows a row of a table of the connector `print`; absent: nobody looks. */
  readonly print?: ((row: PrintedRow) => void) | undefined;
}

export interface PrintedRow {
  readonly table: string;
  /** Its kind and its values: `+I[ann, 1]`. */
  readonly text: string;
}
