/**
 * Jobs that are somebody's: they go when nobody has renewed their lease for a while.
 */
import type { SqlStorage } from "../../engine/ports.ts";

/** How long a job is kept after its lease was renewed. */
export const leaseMs = 60_000;

const table =
  "CREATE TABLE IF NOT EXISTS leases (job TEXT PRIMARY KEY, ends_at INTEGER NOT NULL) WITHOUT ROWID";

export class Leases {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.run(table);
  }

  renew(job: string, now: number): void {
    this.#sql.run("INSERT OR REPLACE INTO leases (job, ends_at) VALUES (?, ?)", job, now + leaseMs);
  }

  forget(job: string): void {
    this.#sql.run("DELETE FROM leases WHERE job = ?", job);
  }

  has(job: string): boolean {
    return this.#sql.run("SELECT 1 FROM leases WHERE job = ?", job).length > 0;
  }

  /** Jobs whose lease has ended. */
  ended(now: number): string[] {
    return this.#sql.run("SELECT job FROM leases WHERE ends_at <= ?", now).map(([job]) => String(job));
  }

  nextDueAt(): number | undefined {
    const [[at] = []] = this.#sql.run("SELECT min(ends_at) FROM leases");
    return typeof at === "number" ? at : undefined;
  }
}
