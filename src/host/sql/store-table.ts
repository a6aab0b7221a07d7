/**
 * A table into the catalog, with the stream that it is.
 */
import { isStreamTable, streamOf, streamOfTable } from "../../sql/catalog/stream-of-table.ts";
import type { TableDefinition } from "../../sql/catalog/table-definition.ts";
import type { Existing } from "../coordinator/sql-objects.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";

/** Stores a table, and makes or extends its stream. */
export async function storeTable(table: TableDefinition, existing: Existing, ports: SqlPorts): Promise<void> {
  if (isStreamTable(table)) {
    const stream = streamOfTable(table);
    await ask(ports, (rpc) => rpc.putStream(streamOf(table), stream));
  }
  await ask(ports, (rpc) => rpc.putSqlObject({ kind: "table", definition: table }, existing));
}
