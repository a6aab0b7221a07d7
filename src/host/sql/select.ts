/**
 * Queries: what there is now is answered at once, what comes is a job whose changes are read.
 */
import { EngineError } from "../../base/errors.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlField } from "../../interpreter/types/sql-type.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { divide, scanOf } from "../../sql/batch/divide.ts";
import { evaluateRelation } from "../../sql/batch/evaluate-relation.ts";
import type { BindContext } from "../../sql/bind/bind-context.ts";
import { bindQuery } from "../../sql/bind/bind-query.ts";
import { endlessScanOf, type Field, type Relation } from "../../sql/bind/logical-plan.ts";
import { optionOf, type SessionOptions } from "../../sql/bind/session-options.ts";
import { isStreamTable, streamOf } from "../../sql/catalog/stream-of-table.ts";
import { isChangelog, type TableDefinition } from "../../sql/catalog/table-definition.ts";
import { optimize } from "../../sql/optimize/optimize.ts";
import { formatStatement } from "../../sql/parse/format-statement.ts";
import type { QueryStatement } from "../../sql/parse/statement-tree.ts";
import { demandReading } from "./access.ts";
import { ContinuousQuery } from "./continuous-query.ts";
import { type Session, type SqlPorts, thrownOf } from "./sql-ports.ts";
import type { StatementResult } from "./statement-result.ts";

/**
 * The changes of a query over streams, as they come, where the caller reads them so; else what there is now,
 * in views and streams.
 */
export async function select(
  statement: QueryStatement,
  context: BindContext,
  { isContinuous }: Session,
  ports: SqlPorts,
): Promise<StatementResult> {
  const relation = optimize(bindQuery(statement.query, context), context.options);
  const fields = withOwnNames(relation.fields);
  if (isContinuous && endlessScanOf(relation, context.options)) {
    const text = formatStatement(statement);
    const query = await ContinuousQuery.start({ ...relation, fields }, context.options, text, ports);
    return { statement: "SELECT", job: query.job, query };
  }
  return { statement: "SELECT", table: { fields, rows: await evaluate(relation, context.options, ports) } };
}

/** The rows of a query that ends: its partitions make what they can, all else is evaluated here. */
export async function evaluate(
  query: Relation,
  options: SessionOptions,
  ports: SqlPorts,
): Promise<readonly Row[]> {
  const context: EvaluationContext = {
    timeZone: optionOf(options, "table.local-time-zone"),
    moment: { processingTime: ports.clock.now(), watermark: null, random: () => ports.random() },
    functions: ports.functions,
  };
  const { relation, parts } = divide(query);
  const made = new Map<Relation, readonly Row[]>();
  for (const [part, partial] of parts) {
    const { table } = scanOf(partial);
    checkComesOnly(table);
    // A hint may have put another stream in place of the one that the catalog has.
    demandReading(ports.caller, [isStreamTable(table) ? streamOf(table) : table.name]);
    const answer = isStreamTable(table)
      ? await ports.evaluateOverStream(streamOf(table), partial, context)
      : await ports.views.evaluate(table.name, partial, context);
    if (!answer.ok) throw thrownOf(answer.error);
    made.set(part, answer.value);
  }
  return evaluateRelation(relation, { ...context, rowsOf: (each) => made.get(each) });
}

function checkComesOnly(table: TableDefinition): void {
  if (!isChangelog(table)) return;
  const what = `an answer over ${table.name}, whose rows are changes; fill a view, and query that`;
  const message = `Not supported: ${what}.`;
  throw new EngineError("SQL_NOT_SUPPORTED", { message });
}

/** Of columns that share a name all but the first get a number behind it, as Flink gives them. */
function withOwnNames(fields: readonly Field[]): SqlField[] {
  const taken = new Set(fields.map(({ name }) => name));
  const seen = new Set<string>();
  return fields.map(({ name, type }) => {
    let own = name;
    for (let number = 0; seen.has(own) || (own !== name && taken.has(own)); number++)
      own = `${name}${number}`;
    seen.add(own);
    return { name: own, type };
  });
}
