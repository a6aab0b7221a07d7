/**
 * INSERT: a job where what is read has no end; else its rows are appended to a stream at once.
 */
import { EngineError } from "../../base/errors.ts";
import { bodyBytesMax } from "../../base/limits.ts";
import { encodeUtf8 } from "../../base/utf8.ts";
import { conformTo } from "../../engine/chain/constraint.ts";
import { encodeResult } from "../../interpreter/values/result-json.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import type { DataflowDefinition } from "../../protocol/dataflow.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { BindContext } from "../../sql/bind/bind-context.ts";
import { bindInsert } from "../../sql/bind/bind-insert.ts";
import { endlessScanOf, type InsertPlan } from "../../sql/bind/logical-plan.ts";
import { optionOf, type SessionOptions } from "../../sql/bind/session-options.ts";
import { streamOf } from "../../sql/catalog/stream-of-table.ts";
import { type TableColumn, writtenColumns } from "../../sql/catalog/table-definition.ts";
import { optimize } from "../../sql/optimize/optimize.ts";
import { formatStatement } from "../../sql/parse/format-statement.ts";
import type { Insert } from "../../sql/parse/statement-tree.ts";
import { notSupported } from "../../sql/parse/syntax-error.ts";
import { demandOf, planDataflow } from "../../sql/plan/lower-insert.ts";
import { lowerToJob } from "../../sql/plan/lower-to-job.ts";
import { evaluate } from "./select.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";
import type { StatementResult } from "./statement-result.ts";

/** A job's rows have no end: there is no moment at which all that was there could be replaced. */
function overwriteRefused({ into, ...span }: Insert, { source }: BindContext) {
  const name = into.parts.at(-1)?.name ?? "";
  const what = `INSERT OVERWRITE of ${name}, whose rows come without end; INSERT INTO it, or create it anew`;
  return notSupported(source, span, what);
}

/** What INSERTs will do: nothing is left that planning could refuse. */
export type PreparedInsert = {
  /** As they were bound, and optimized. */
  readonly bound: readonly InsertPlan[];
  readonly plans: readonly InsertPlan[];
} & (
  | { readonly does: "append" }
  | { readonly does: "job"; readonly definition: DataflowDefinition | JobDefinition }
);

/** Runs one INSERT, or those of a statement set, which are one job. */
export async function insert(
  inserts: readonly Insert[],
  context: BindContext,
  ports: SqlPorts,
): Promise<StatementResult> {
  return await runInsert(prepareInsert(inserts, context), context.options, ports);
}

export function prepareInsert(inserts: readonly Insert[], context: BindContext): PreparedInsert {
  const bound = inserts.map((each) => bindInsert(each, context));
  const plans = bound.map((plan) => ({ ...plan, input: optimize(plan.input, context.options) }));
  if (plans.every(({ input }) => !endlessScanOf(input, context.options))) {
    for (const [index, plan] of plans.entries()) checkAppended(plan, inserts[index], context);
    return { does: "append", bound, plans };
  }
  const overwritten = inserts.find(({ isOverwrite }) => isOverwrite);
  if (overwritten) throw overwriteRefused(overwritten, context);
  const { options } = context;
  const sql = inserts.map((each) => formatStatement(each)).join(";\n");
  const choice = lowerToJob(plans, options, sql);
  return {
    does: "job",
    bound,
    plans,
    definition: "job" in choice ? choice.job : planDataflow(plans, options, sql),
  };
}

/** `job`: its name, where that is settled already. */
export async function runInsert(
  prepared: PreparedInsert,
  options: SessionOptions,
  ports: SqlPorts,
  job?: string,
): Promise<StatementResult> {
  const { plans } = prepared;
  if (prepared.does === "append") return await append(plans, options, ports);
  const name = job ?? (await nameOfJob(plans[0]?.table.name ?? "", options, ports));
  const saved = optionOf(options, "execution.state-recovery.path");
  const start = saved === "" ? {} : { fromSavepoint: Number(saved) };
  await ask(ports, (rpc) => rpc.putJob(name, prepared.definition, start));
  const tables = plans.map(({ table }) => table.name).join(", ");
  return { statement: "INSERT", job: name, message: `Job ${name} writes to ${tables}.` };
}

/** The name of the next job: as it is set, or after the table that it writes to. */
export async function nameOfJob(table: string, options: SessionOptions, ports: SqlPorts): Promise<string> {
  const wanted = optionOf(options, "pipeline.name");
  if (wanted !== "") return wanted;
  const jobs = await ask(ports, (rpc) => rpc.jobs());
  const taken = new Set(jobs.map(({ job }) => job));
  const base = `insert-into-${table}`.slice(0, 56);
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** Rows that end go where rows are appended: no job runs that could keep them. */
function checkAppended({ table }: InsertPlan, insert: Insert | undefined, { source }: BindContext): void {
  const { connector } = table.options;
  if (connector === "http" || !insert) return;
  throw notSupported(
    source,
    insert,
    `rows that end, of VALUES or views, into ${table.name} with the connector '${connector}'; they go to ` +
      "tables of the connector 'http', and a job over such a table fills others",
  );
}

/** Appends the rows of queries that end, each query's as one request. */
async function append(
  plans: readonly InsertPlan[],
  options: SessionOptions,
  ports: SqlPorts,
): Promise<StatementResult> {
  const said: string[] = [];
  for (const { table, input } of plans) {
    const columns = writtenColumns(table);
    const rows = conforming(await evaluate(input, options, ports), columns, options);
    const records = rows.map((row) => {
      const values = columns.map(({ name, type }, index) => [name, encodeResult(row[index] ?? null, type)]);
      return Object.fromEntries(values);
    });
    if (records.length > 0) await appendRecords(streamOf(table), records, ports);
    said.push(`${records.length} ${records.length === 1 ? "row is" : "rows are"} appended to ${table.name}.`);
  }
  return { statement: "INSERT", message: said.join(" ") };
}

/** The rows as the table takes them, before any is appended. */
function conforming(
  rows: readonly Row[],
  columns: readonly TableColumn[],
  options: SessionOptions,
): readonly Row[] {
  const demand = demandOf(columns, options);
  if (!demand) return rows;
  const conform = conformTo(demand);
  try {
    return rows.map(conform).filter((row) => row !== undefined);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw new EngineError("SQL_EVALUATION_FAILED", { message: thrown.message, cause: thrown });
  }
}

async function appendRecords(stream: string, records: readonly unknown[], ports: SqlPorts): Promise<void> {
  const body = encodeUtf8(JSON.stringify(records));
  if (body.length > bodyBytesMax) {
    const message = `The rows are ${body.length} bytes as JSON, and a request has at most ${bodyBytesMax}.`;
    throw new EngineError("BODY_TOO_LARGE", { message });
  }
  const answer = await ports.append(stream, body);
  if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
  const { accepted, rejected, errors } = answer.value;
  if (rejected === 0) return;
  const message = `${stream} took ${accepted} rows and rejected ${rejected}: ${errors[0]?.message ?? ""}`;
  throw new EngineError("SQL_EVALUATION_FAILED", { message });
}
