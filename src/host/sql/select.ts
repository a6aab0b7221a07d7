/**
 * Queries: what ends is answered at once, what does not is a job whose changes are read.
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
import { optimize } from "../../sql/optimize/optimize.ts";
import { formatStatement } from "../../sql/parse/format-statement.ts";
import type { QueryStatement } from "../../sql/parse/statement-tree.ts";
import { notSupported } from "../../sql/parse/syntax-error.ts";
import { ContinuousQuery } from "./continuous-query.ts";
import type { Session, SqlPorts } from "./sql-ports.ts";
import type { StatementResult } from "./statement-result.ts";

/** A query over what ends, VALUES and views; or one that does not, where changes are read as they come. */
export async function select(
  statement: QueryStatement,
  context: BindContext,
  { isContinuous }: Session,
  ports: SqlPorts,
): Promise<StatementResult> {
  const bound = bindQuery(statement.query, context);
  const stream = endlessScanOf(bound);
  // What ends is not made ready to be kept.
  const relation = optimize(bound, stream ? context.options : {});
  if (stream && isContinuous) {
    const text = formatStatement(statement);
    const named = { ...relation, fields: withOwnNames(relation.fields) };
    const query = await ContinuousQuery.start(named, context.options, text, ports);
    return { statement: "SELECT", job: query.job, query };
  }
  if (stream) {
    const { name } = stream.table;
    throw notSupported(
      context.source,
      statement,
      `an answer that ends to a query over ${name}, which does not; ` +
        "read its changes with Accept: text/event-stream, or INSERT INTO a table of the view connector " +
        "and query that",
    );
  }
  const rows = await evaluate(relation, context.options, ports);
  return { statement: "SELECT", table: { fields: withOwnNames(relation.fields), rows } };
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
    const answer = await ports.views.evaluate(scanOf(partial).table.name, partial, context);
    if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
    made.set(part, answer.value);
  }
  return evaluateRelation(relation, { ...context, rowsOf: (each) => made.get(each) });
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
