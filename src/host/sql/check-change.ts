/**
 * What a table that is there may become. Its rows lie where they were written, as the table was then: in its
 * stream, which outlives the jobs that read it, or with the job that fills it as a view.
 *
 * What is only read anew may change under a running job: computed columns, a watermark that no stream has,
 * comments, and columns that older rows lack.
 */
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { isStreamTable, streamOf } from "../../sql/catalog/stream-of-table.ts";
import { type TableDefinition, writtenColumns } from "../../sql/catalog/table-definition.ts";
import { type Span, statementError } from "../../sql/parse/syntax-error.ts";
import type { StatementContext } from "./read-catalog.ts";
import { ask, type SqlPorts } from "./sql-ports.ts";

/** Throws SQL_INVALID at `place` where a change would part a table from its rows. */
export async function checkChange(
  before: TableDefinition,
  after: TableDefinition,
  place: Span,
  { source }: StatementContext,
  ports: SqlPorts,
): Promise<void> {
  const { name } = before;
  if (isStreamTable(before) && !isSameStream(before, after)) {
    const stream = `the stream ${streamOf(before)}, which keeps its events`;
    const message = `${name} is ${stream}; DROP TABLE ${name} first`;
    throw statementError(source, place, message);
  }
  const difference = differenceOfView(before, after);
  const job = difference === undefined ? undefined : await fillingJob(before, ports);
  if (job === undefined) return;
  const message =
    `The job ${job} fills ${name}, which can only gain nullable columns meanwhile, and ${difference}; ` +
    `STOP JOB '${job}' before that`;
  throw statementError(source, place, message);
}

/** Throws SQL_INVALID at `place` where a job fills the table, whose rows lie with that job. */
export async function checkUnfilled(
  table: TableDefinition,
  place: Span,
  { source }: StatementContext,
  ports: SqlPorts,
): Promise<void> {
  const job = await fillingJob(table, ports);
  if (job === undefined) return;
  const message = `The job ${job} fills ${table.name}; STOP JOB '${job}' before it is dropped or replaced`;
  throw statementError(source, place, message);
}

/** The name of the job that keeps the rows of a view. */
async function fillingJob({ name, options }: TableDefinition, ports: SqlPorts): Promise<string | undefined> {
  if (options.connector !== "view") return undefined;
  const jobs = await ask(ports, (rpc) => rpc.jobs());
  return jobs.find(({ tables }) => tables?.includes(name))?.job;
}

function isSameStream(before: TableDefinition, after: TableDefinition): boolean {
  return before.options.connector === after.options.connector && streamOf(before) === streamOf(after);
}

/** How the view would differ from what its job writes; undefined where it only reads more. */
function differenceOfView(before: TableDefinition, after: TableDefinition): string | undefined {
  if (before.name !== after.name) return "its name would change";
  const keys = new Set([...Object.keys(before.options), ...Object.keys(after.options)]);
  const option = [...keys].find((key) => before.options[key] !== after.options[key]);
  if (option !== undefined) return `its option '${option}' would change`;
  if (before.primaryKey.join() !== after.primaryKey.join()) return "its PRIMARY KEY would change";
  const columns = writtenColumns(after);
  for (const { name, type } of writtenColumns(before)) {
    const column = columns.find((each) => each.name === name);
    if (!column) return `its column ${name} would be missing`;
    const [was, becomes] = [type, column.type].map((each) => describe(each));
    if (was !== becomes) return `its column ${name} is ${was} and would become ${becomes}`;
  }
  const known = new Set(writtenColumns(before).map(({ name }) => name));
  const required = columns.find(({ name, type }) => !known.has(name) && !type.isNullable);
  return required && `its new column ${required.name} is NOT NULL`;
}

function describe(type: SqlType): string {
  return formatShape(type) + (type.isNullable ? "" : " NOT NULL");
}
