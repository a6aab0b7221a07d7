/**
 * Frames of a stream as rows of its table.
 */
import { EngineError } from "../../base/errors.ts";
import type { Schema } from "../../columnar/schema.ts";
import { laneReader } from "../../engine/plan/lane-values.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { copyColumn } from "../../kernel/column-batch.ts";
import { FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ScanRelation } from "../../sql/bind/logical-plan.ts";

/** Returns what makes of a frame the rows that a scan of the table has. A lost column: SQL_INVALID. */
export function rowsOfStream(
  kernel: Kernel,
  schema: Schema,
  { table, columns, fields }: Pick<ScanRelation, "table" | "columns" | "fields">,
): (frame: Uint8Array) => Row[] {
  const decoder = new FrameDecoder(kernel);
  const readers = fields.map(({ type }) => laneReader(type));
  const places = columns.map((column) => {
    const place = schema.columns.findIndex(({ name }) => name === column);
    if (place >= 0) return place;
    const message = `The stream of ${table.name} has no column ${column}, which the table says it has.`;
    throw new EngineError("SQL_INVALID", { message });
  });
  return (frame) => {
    const { batch, release } = decoder.decode(frame, schema, [...new Set(places)]);
    try {
      const lanes = places.map((place) => copyColumn(kernel.memory, batch, place));
      return Array.from({ length: batch.rows }, (_, row) =>
        lanes.map((lane, column) => readers[column]?.(lane[row] ?? null) ?? null),
      );
    } finally {
      release();
    }
  };
}
