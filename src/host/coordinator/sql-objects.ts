/**
 * Tables, views and functions that SQL created, as the coordinator keeps them: one row each. A table and a
 * view share their names.
 */
import { EngineError } from "../../base/errors.ts";
import { sqlObjectsMax } from "../../base/limits.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import type { TableDefinition, ViewDefinition } from "../../sql/catalog/table-definition.ts";
import { resultOf } from "../rpc-result.ts";
import { checkRoom } from "./check-room.ts";

export type SqlObject =
  | { readonly kind: "table"; readonly definition: TableDefinition }
  | { readonly kind: "view"; readonly definition: ViewDefinition }
  | { readonly kind: "function"; readonly definition: FunctionDefinition };

/** A function that the deployed worker registers under `implementation`. */
export interface FunctionDefinition {
  readonly name: string;
  readonly implementation: string;
  readonly language?: string;
}

/** What becomes of an object that is there already. */
export type Existing = "error" | "keep" | "replace";

/** No method throws for what can happen: it answers `ok: false`. */
export interface SqlObjectsRpc {
  sqlObjects(): Promise<RpcResult<readonly SqlObject[]>>;
  /** Answers whether it was written: `keep` leaves what is there. */
  putSqlObject(object: SqlObject, existing: Existing): Promise<RpcResult<boolean>>;
  /** Answers whether it was there. */
  dropSqlObject(kind: SqlObject["kind"], name: string): Promise<RpcResult<boolean>>;
}

const table = `CREATE TABLE IF NOT EXISTS sql_objects (space TEXT, name TEXT, object TEXT NOT NULL,
  PRIMARY KEY (space, name)) WITHOUT ROWID`;

export class SqlObjects implements SqlObjectsRpc {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.run(table);
  }

  sqlObjects(): Promise<RpcResult<readonly SqlObject[]>> {
    return resultOf(() => this.#all());
  }

  putSqlObject(object: SqlObject, existing: Existing): Promise<RpcResult<boolean>> {
    return resultOf(() => {
      const { name } = object.definition;
      const found = this.#find(object.kind, name);
      if (found && existing === "keep") return false;
      if (found && (existing === "error" || found.kind !== object.kind)) {
        throw new EngineError("SQL_INVALID", { message: `There is a ${found.kind} ${name} already.` });
      }
      if (!found) checkRoom("tables, views and functions", this.#all().length, { sqlObjectsMax });
      const statement = "INSERT OR REPLACE INTO sql_objects (space, name, object) VALUES (?, ?, ?)";
      this.#sql.run(statement, spaceOf(object.kind), name, JSON.stringify(object));
      return true;
    });
  }

  dropSqlObject(kind: SqlObject["kind"], name: string): Promise<RpcResult<boolean>> {
    return resultOf(() => {
      const found = this.#find(kind, name);
      if (!found) return false;
      if (found.kind !== kind) {
        throw new EngineError("SQL_INVALID", {
          message: `${name} is a ${found.kind}; say DROP ${found.kind.toUpperCase()}.`,
        });
      }
      this.#sql.run("DELETE FROM sql_objects WHERE space = ? AND name = ?", spaceOf(kind), name);
      return true;
    });
  }

  #find(kind: SqlObject["kind"], name: string): SqlObject | undefined {
    return this.#all().find((each) => spaceOf(each.kind) === spaceOf(kind) && each.definition.name === name);
  }

  #all(): SqlObject[] {
    const rows = this.#sql.run("SELECT object FROM sql_objects ORDER BY name");
    return rows.map(([object]) => JSON.parse(String(object)) as SqlObject);
  }
}

function spaceOf(kind: SqlObject["kind"]): string {
  return kind === "function" ? "functions" : "tables";
}
