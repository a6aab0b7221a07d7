/**
 * Materialized tables: views that a job of their own keeps up to date, all the time.
 */
import { EngineError } from "../../base/errors.ts";
import type { BindContext } from "../../sql/bind/bind-context.ts";
import type { Materialized, TableDefinition } from "../../sql/catalog/table-definition.ts";
import { formatInterval } from "../../sql/parse/format-names.ts";
import type { AlterTable, CreateTable } from "../../sql/parse/statement-tree.ts";
import { notSupported, type Span, statementError } from "../../sql/parse/syntax-error.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import { done, type StatementResult } from "./statement-result.ts";
import { storeTable } from "./store-table.ts";

/** Throws where a statement wants a table that is not kept up to date all the time, from the beginning. */
export function checkContinuous(
  { refreshMode, startMode, ...span }: CreateTable,
  { options }: TableDefinition,
  { source }: BindContext,
): void {
  if (refreshMode === "FULL") throw notSupported(source, span, refreshed);
  const from = startMode?.mode ?? "FROM_BEGINNING";
  if (from !== "FROM_BEGINNING" && from !== "RESUME_OR_FROM_BEGINNING") {
    throw notSupported(source, span, `START_MODE = ${from}: all that the streams hold is read`);
  }
  const { connector = "view" } = options;
  if (connector === "view") return;
  throw notSupported(source, span, `a materialized table with the connector '${connector}'; it is a view`);
}

const refreshed = "a refresh of a materialized table: its job changes it with every event";

/** ALTER MATERIALIZED TABLE. */
export async function alterMaterializedTable(
  { change, name: written, isMaterialized, ...span }: AlterTable,
  table: TableDefinition,
  { source }: BindContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  const { name, materialized } = table;
  if (!materialized || !isMaterialized) {
    const found = materialized ? "MATERIALIZED TABLE" : "TABLE";
    const message = `${name} is a ${found.toLowerCase()}; say ALTER ${found} ${name}`;
    throw statementError(source, written, message);
  }
  const { job } = materialized;
  const label = "ALTER MATERIALIZED TABLE";
  switch (change.change) {
    case "suspend":
      await ask(ports, (rpc) => rpc.setJobState(job, "paused"));
      return done(label, `${name} stays as it is: job ${job} is paused.`);
    case "resume":
      if (change.options) throw notSupported(source, span, "RESUME WITH options");
      await ask(ports, (rpc) => rpc.setJobState(job, "running"));
      return done(label, `${name} is kept up to date: job ${job} runs.`);
    case "freshness": {
      const freshness = formatInterval(change.freshness);
      await storeTable({ ...table, materialized: { ...materialized, freshness } }, "replace", ports);
      return done(label, `The freshness of ${name} is ${freshness}.`);
    }
    case "refresh mode":
      if (change.refreshMode === "FULL") throw notSupported(source, span, refreshed);
      return done(label, `${name} is kept up to date continuously.`);
    case "refresh":
      throw notSupported(source, span, refreshed);
    default:
      throw changeRefused(name, span, source);
  }
}

function changeRefused(name: string, span: Span, source: BindContext["source"]): EngineError {
  return notSupported(
    source,
    span,
    `another query, key or option for ${name}, which is filled already; ` +
      `DROP MATERIALIZED TABLE ${name} and create it anew`,
  );
}

/** Ends the job of a materialized table that is dropped. */
export async function stopFilling({ job }: Materialized, ports: SqlPorts): Promise<void> {
  const gone = await ports.coordinator((rpc) => rpc.deleteJob(job));
  if (gone.ok || gone.error.code === "JOB_NOT_FOUND") return;
  throw new EngineError(gone.error.code, { message: gone.error.message });
}
