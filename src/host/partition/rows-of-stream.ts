/**
 * Records of a stream as rows of its table.
 */
import { EngineError } from "../../base/errors.ts";
import { columnReaders, type ReadRecord } from "../../engine/chain/chain-input.ts";
import type { PartitionIdentity } from "../../engine/partition-types.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { copyColumn } from "../../kernel/column-batch.ts";
import { FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { ScanRelation } from "../../sql/bind/logical-plan.ts";
import { readColumnOf } from "../../sql/catalog/metadata-columns.ts";

/** Returns what makes of a record the rows that a scan of the table has. A lost column: SQL_INVALID. */
export function rowsOfStream(
  kernel: Kernel,
  { schema, shard }: Pick<PartitionIdentity, "schema" | "shard">,
  { table, columns }: Pick<ScanRelation, "table" | "columns">,
): (record: ReadRecord) => Row[] {
  const decoder = new FrameDecoder(kernel);
  const read = columns.map((name) => readColumnOf(table, name));
  const places = read.flatMap(({ name, metadata }) => {
    if (metadata) return [];
    const place = schema.columns.findIndex((each) => each.name === name);
    if (place >= 0) return [place];
    const message = `The stream of ${table.name} has no column ${name}, which the table says it has.`;
    throw new EngineError("SQL_INVALID", { message });
  });
  return (record) => {
    const { batch, release } = decoder.decode(record.frame, schema, places);
    try {
      const lanes = places.map((place) => copyColumn(kernel.memory, batch, place));
      const readers = columnReaders(read, lanes, record, shard);
      return Array.from({ length: batch.rows }, (_, row) => readers.map((value) => value(row)));
    } finally {
      release();
    }
  };
}
