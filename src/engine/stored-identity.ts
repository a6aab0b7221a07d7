/**
 * Who a partition is, as it is stored: one row, written when that changes.
 */
import { EngineError } from "../base/errors.ts";
import { readSealedJson, sealJson } from "./log/sealed-json.ts";
import type { PartitionIdentity } from "./partition-types.ts";
import type { SqlStorage } from "./ports.ts";

export interface StoredIdentity {
  readonly identity: PartitionIdentity;
  /** In ms. */
  readonly setUpAt: number;
}

/** True where storage holds a partition. */
export function isIdentityStored(sql: SqlStorage): boolean {
  return sql.run("SELECT 1 FROM sqlite_master WHERE name = 'identity'").length > 0;
}

/** Undefined for a partition that was not set up; makes its table. Throws `STATE_CORRUPT`. */
export function readIdentity(sql: SqlStorage): StoredIdentity | undefined {
  sql.run("CREATE TABLE IF NOT EXISTS identity (id INTEGER PRIMARY KEY, body TEXT)");
  const [row] = sql.run("SELECT body FROM identity WHERE id = 1");
  return row && (readSealedJson(String(row[0]), damaged) as unknown as StoredIdentity);
}

export function writeIdentity(sql: SqlStorage, stored: StoredIdentity): void {
  sql.run("INSERT OR REPLACE INTO identity (id, body) VALUES (1, ?)", sealJson(stored));
}

function damaged(what: string): EngineError {
  return new EngineError("STATE_CORRUPT", { message: `The row that says whose partition this is: ${what}.` });
}
