/**
 * Which casts may be written: Flink's table of explicit casts.
 */
import type { SqlType } from "../types/sql-type.ts";
import { canCastImplicitly } from "./implicit-casts.ts";

/** True where `CAST(value AS to)` is allowed for values of `from`. */
export function canCast(from: SqlType, to: SqlType): boolean {
  return canCastImplicitly(from, to);
}
