/**
 * METADATA columns: what the log of a stream says of each row, beside what is in it.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { formatShape, isSameShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import type { ReadColumn, RecordFact } from "../../protocol/dataflow.ts";
import { isStreamTable } from "./stream-of-table.ts";
import type { TableColumn, TableDefinition } from "./table-definition.ts";

const facts: Readonly<Record<RecordFact, SqlType>> = Object.freeze({
  timestamp: { name: "TIMESTAMP_LTZ", precision: 3, isNullable: false },
  partition: { name: "INT", isNullable: false },
  offset: { name: "BIGINT", isNullable: false },
});

/** A stored column of a table over a stream, as it is read. */
export function readColumnOf({ columns }: Pick<TableDefinition, "columns">, name: string): ReadColumn {
  const { type, metadata } = columns.find((each) => each.name === name) as TableColumn;
  return { name, type, ...(metadata && { metadata: metadata.key as RecordFact }) };
}

/** Throws SQL_INVALID where a table's connector has no such metadata, or it is of another type. */
export function checkMetadata(table: TableDefinition): void {
  for (const { name, type, metadata } of table.columns) {
    if (!metadata) continue;
    const { connector } = table.options;
    if (!isStreamTable(table))
      throw refusal(`The connector '${connector}' has no metadata, for column ${name}`);
    const known = Object.keys(facts);
    const wanted = Object.hasOwn(facts, metadata.key) ? facts[metadata.key as RecordFact] : undefined;
    if (!wanted) {
      const suggestion = suggestName(metadata.key, known);
      const found = `'${metadata.key}'${suggestion}, for column ${name}; it has ${known.join(", ")}`;
      throw refusal(`The connector '${connector}' has no metadata ${found}`);
    }
    if (isSameShape(wanted, type)) continue;
    const shapes = `${formatShape(wanted)}, and column ${name} is ${formatShape(type)}`;
    throw refusal(`The metadata '${metadata.key}' is ${shapes}`);
  }
}

function refusal(message: string): EngineError {
  return new EngineError("SQL_INVALID", { message: `${message}.` });
}
