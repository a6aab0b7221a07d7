/**
 * The tables of a life with queries: its streams and views as statements, and the rows that a query's batch
 * reads.
 */

import { formatSqlType } from "../../src/interpreter/types/sql-type.ts";
import { encodeResult } from "../../src/interpreter/values/result-json.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { evaluateRelation } from "../../src/sql/batch/evaluate-relation.ts";
import type { Relation } from "../../src/sql/bind/logical-plan.ts";
import { TableProgram } from "../conformance/table-program.ts";
import { stillContext } from "../support/evaluated.ts";
import { differenceOf } from "./differences.ts";
import type { LifePlan } from "./draw-life.ts";
import { queryBoundMs } from "./draw-queries.ts";
import type { LoggedRow } from "./logged-rows.ts";
import type { QueryPlan } from "./query-plan.ts";
import type { StreamName } from "./sent-requests.ts";

const bound = `INTERVAL '${queryBoundMs / 3_600_000}' HOUR`;

/** As `streamBodyOf` has them: the event time of the second has another name. */
const schemas: Readonly<Record<StreamName, readonly string[]>> = {
  events: [
    ...["`time` TIMESTAMP(3)", "`user` STRING", "id BIGINT NOT NULL", "amount INT", "item STRING"],
    `WATERMARK FOR \`time\` AS \`time\` - ${bound}`,
  ],
  others: [
    ...["id BIGINT NOT NULL", "amount INT", "item STRING", "`time` TIMESTAMP(3)", "`user` STRING"],
    ...["at TIMESTAMP(3)", `WATERMARK FOR at AS at - ${bound}`],
  ],
};

export function createStreamOf(plan: LifePlan, stream: StreamName): string {
  const { shards, otherShards, isDistributed, idle, idleTimeoutMs, waitsForProducers } = plan;
  const options = {
    connector: "http",
    shards: stream === "others" ? otherShards : shards,
    idle,
    "idle-timeout": `${idleTimeoutMs} ms`,
    "wait-for-producers": waitsForProducers,
  };
  const given = Object.entries(options).map(([key, value]) => `'${key}' = '${value}'`);
  const key = stream === "others" ? "item" : isDistributed ? "`user`" : undefined;
  const distributed = key === undefined ? "" : ` DISTRIBUTED BY (${key})`;
  const columns = schemas[stream].join(", ");
  return `CREATE TABLE IF NOT EXISTS ${stream} (${columns})${distributed} WITH (${given.join(", ")})`;
}

export function createViewOf({ name, sql, expectedSql = sql, key }: QueryPlan): string {
  const columns = relationOf(expectedSql).fields.map((field) => {
    const type = formatSqlType({ ...field.type, isNullable: !key.includes(field.name) });
    return `\`${field.name}\` ${type}`;
  });
  const primary = `PRIMARY KEY (${key.map((column) => `\`${column}\``).join(", ")}) NOT ENFORCED`;
  const options = "'connector' = 'view', 'retention' = 'forever'";
  return `CREATE TABLE IF NOT EXISTS ${name} (${columns.join(", ")}, ${primary}) WITH (${options})`;
}

/** The view of a query is its batch over all rows that are in the logs. */
export function checkQuery(
  { name, sql, expectedSql = sql, key }: QueryPlan,
  logged: Readonly<Record<StreamName, readonly LoggedRow[]>>,
  found: readonly (readonly unknown[])[],
): string[] {
  const relation = relationOf(expectedSql);
  const keys = key.map((column) => relation.fields.findIndex((field) => field.name === column));
  const rows = batchOf(relation, logged).filter((row) => keys.every((place) => row[place] !== null));
  const expected = rows.map((row) =>
    relation.fields.map(({ type }, index) => encodeResult(row[index] ?? null, type)),
  );
  const texts = [expected, found].map((all) => all.map((row) => JSON.stringify(row)));
  return differenceOf(...(texts as [string[], string[]])).map((text) => `the view ${name} ${text}`);
}

function batchOf(
  relation: Relation,
  logged: Readonly<Record<StreamName, readonly LoggedRow[]>>,
): readonly Row[] {
  return evaluateRelation(relation, {
    ...stillContext,
    timeZone: "UTC",
    rowsOf: (each) => {
      if (each.node !== "scan") return undefined;
      const { table, columns } = each;
      return logged[table.name as StreamName].map((row) => {
        const time = BigInt(row.time) * nanosPerMilli;
        const values: Record<string, SqlValue> = {
          ...{ time, at: time, user: row.user, amount: row.amount, item: row.item },
          id: BigInt(row.id ?? 0),
        };
        return columns.map((column) => values[column] as SqlValue);
      });
    },
  });
}

function relationOf(sql: string): Relation {
  const names = Object.keys(schemas) as StreamName[];
  const tables = names.map((name) => ({ name, schema: schemas[name], options: {} }));
  return new TableProgram(tables, [], [], {}).relationOf(sql);
}
