/**
 * A page of the state that a savepoint holds. The cursor is the place of the row that comes next.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SavedStateAnswer } from "../../protocol/answers.ts";
import type { SavedStateQuery } from "../../protocol/savepoint-body.ts";
import { readSavepoint, type SavedRowPlace, type SavepointSource } from "../savepoint-reader.ts";
import { decodeCursor, encodeCursor, strangeCursor } from "./cursor.ts";

export async function readSavedState(
  source: SavepointSource,
  savepoint: number,
  { operator, limit, cursor }: SavedStateQuery,
): Promise<RpcResult<SavedStateAnswer>> {
  try {
    const rows: SavedStateAnswer["rows"][number][] = [];
    const from = cursor === undefined ? undefined : placeOf(cursor);
    for await (const row of readSavepoint(source, savepoint, { operator, from })) {
      const { stage, shard, part, row: number } = row.place;
      const next = encodeCursor([stage, shard, part, number]);
      if (rows.length === limit) return { ok: true, value: { savepoint, rows, cursor: next } };
      const { values, isFinal, isSlice } = row;
      rows.push({ operator: row.operator, ...(isSlice && { slice: true }), values, final: isFinal });
    }
    return { ok: true, value: { savepoint, rows } };
  } catch (thrown) {
    return { ok: false, error: errorOf(thrown) };
  }
}

function placeOf(cursor: string): SavedRowPlace {
  const [stage, shard, part, row] = decodeCursor(cursor, ["number", "number", "number", "number"]);
  if (Math.min(stage, shard, part, row) < 0) throw strangeCursor();
  return { stage, shard, part, row };
}

/** What the store throws means that it cannot be reached. */
function errorOf(thrown: unknown): ErrorBody {
  if (thrown instanceof EngineError) return errorBodyOf(thrown);
  const message = `The savepoints' store did not answer: ${String(thrown)}`;
  return errorBodyOf(new EngineError("PARTITION_UNAVAILABLE", { message, cause: thrown }));
}
