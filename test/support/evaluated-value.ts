/** Expressions without columns: their values and types. */
import { EngineError } from "../../src/base/errors.ts";
import { formatSqlType, type SqlType } from "../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { toHex } from "../../src/interpreter/values/value-json.ts";
import { bindList, contextOf, evaluateList } from "../conformance/evaluate-sql.ts";

/** The value of an expression; `refused` or `failed` where it has none, by when that is known. */
export function evaluated(sql: string): SqlValue | { readonly bytes: string } {
  let isBound = false;
  try {
    const bound = bindList(sql, []);
    isBound = true;
    const [value = null] = evaluateList(bound, [], contextOf("UTC"));
    return value instanceof Uint8Array ? { bytes: toHex(value) } : value;
  } catch (thrown) {
    if (thrown instanceof EngineError) return isBound ? "failed" : "refused";
    throw thrown;
  }
}

/** The type of an expression. */
export function typeTextOf(sql: string): string {
  return formatSqlType(bindList(sql, [])[0]?.type as SqlType);
}
