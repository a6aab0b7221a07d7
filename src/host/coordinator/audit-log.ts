/**
 * The audit log: who did what as an administrator. It holds names and outcomes, never a secret or a body.
 *
 * It is bounded: entries go when they are too many or too old, the oldest first.
 */
import { auditEntriesMax, auditRetentionMs } from "../../base/limits.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { Clock, SqlStorage } from "../../engine/ports.ts";
import type { AuditAnswer, AuditedAction } from "../../protocol/audit.ts";
import { resultOf } from "../rpc-result.ts";

/** No method throws for what can happen: it answers `ok: false`. */
export interface AuditLogRpc {
  recordAction(action: AuditedAction): Promise<RpcResult<null>>;
  /** At most `limit` entries, newest first; `before` is the number of the last of the page before. */
  auditPage(limit: number, before: number | undefined): Promise<RpcResult<AuditAnswer>>;
}

const table = `CREATE TABLE IF NOT EXISTS audit_log (number INTEGER PRIMARY KEY AUTOINCREMENT,
  time INTEGER NOT NULL, entry TEXT NOT NULL)`;

export class AuditLog implements AuditLogRpc {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;

  constructor(sql: SqlStorage, clock: Clock) {
    this.#sql = sql;
    this.#clock = clock;
    sql.run(table);
  }

  recordAction(action: AuditedAction): Promise<RpcResult<null>> {
    return resultOf(() => {
      const now = this.#clock.now();
      const statement = "INSERT INTO audit_log (time, entry) VALUES (?, ?) RETURNING number";
      const number = Number(this.#sql.run(statement, now, JSON.stringify(action))[0]?.[0]);
      this.#sql.run("DELETE FROM audit_log WHERE number <= ?", number - auditEntriesMax);
      this.#forgetOld(now);
      return null;
    });
  }

  auditPage(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<RpcResult<AuditAnswer>> {
    return resultOf(() => {
      this.#forgetOld(this.#clock.now());
      const statement =
        "SELECT number, time, entry FROM audit_log WHERE number < ? ORDER BY number DESC LIMIT ?";
      const rows = this.#sql.run(statement, before, limit + 1);
      const entries = rows.slice(0, limit).map(([number, time, entry]) => ({
        ...{ number: Number(number), time: new Date(Number(time)).toISOString() },
        ...(JSON.parse(String(entry)) as AuditedAction),
      }));
      const last = entries.at(-1);
      return { entries, ...(rows.length > limit && last && { cursor: String(last.number) }) };
    });
  }

  /** Entries come in the order of their time, so reading ends at the first that stays. */
  #forgetOld(now: number): void {
    const oldest = "SELECT number FROM audit_log WHERE time >= ? ORDER BY number LIMIT 1";
    const kept = this.#sql.run(oldest, now - auditRetentionMs)[0]?.[0] ?? Number.MAX_SAFE_INTEGER;
    this.#sql.run("DELETE FROM audit_log WHERE number < ?", kept);
  }
}
