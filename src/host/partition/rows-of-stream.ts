/**
 * Records of a stream as rows of its table.
 */
import { EngineError } from "../../base/errors.ts";
import { factOf, type ReadRecord } from "../../engine/chain/chain-input.ts";
import type { PartitionIdentity } from "../../engine/partition-types.ts";
import { laneReader } from "../../engine/plan/lane-values.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { copyColumn } from "../../kernel/column-batch.ts";
import { FrameDecoder } from "../../kernel/frame-codec.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { RecordFact } from "../../protocol/dataflow.ts";
import type { Field, ScanRelation } from "../../sql/bind/logical-plan.ts";
import { recordFactOf } from "../../sql/catalog/metadata-columns.ts";

/** Returns what makes of a record the rows that a scan of the table has. A lost column: SQL_INVALID. */
export function rowsOfStream(
  kernel: Kernel,
  { schema, shard }: Pick<PartitionIdentity, "schema" | "shard">,
  { table, columns, fields }: Pick<ScanRelation, "table" | "columns" | "fields">,
): (record: ReadRecord) => Row[] {
  const decoder = new FrameDecoder(kernel);
  const sources = columns.map((name, index): ColumnSource => {
    const column = table.columns.find((each) => each.name === name);
    const fact = column && recordFactOf(column);
    if (fact) return { fact };
    const place = schema.columns.findIndex((each) => each.name === name);
    if (place >= 0) return { place, read: laneReader((fields[index] as Field).type) };
    const message = `The stream of ${table.name} has no column ${name}, which the table says it has.`;
    throw new EngineError("SQL_INVALID", { message });
  });
  const wanted = sources.flatMap((source) => ("place" in source ? [source.place] : []));
  return (record) => {
    const { batch, release } = decoder.decode(record.frame, schema, wanted);
    try {
      const readers = sources.map((source): ((row: number) => SqlValue) => {
        if ("fact" in source) {
          const value = factOf(record, source.fact, shard);
          return () => value;
        }
        const lanes = copyColumn(kernel.memory, batch, source.place);
        return (row) => source.read(lanes[row] ?? null);
      });
      return Array.from({ length: batch.rows }, (_, row) => readers.map((read) => read(row)));
    } finally {
      release();
    }
  };
}

type ColumnSource =
  | { readonly fact: RecordFact }
  | { readonly place: number; readonly read: ReturnType<typeof laneReader> };
