/**
 * INSERT INTO as stages: what a query gives, checked by what the table demands, and put where its connector
 * says.
 */
import { EngineError } from "../../base/errors.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { ConstraintOperator, DataflowColumn, DataflowDefinition } from "../../protocol/dataflow.ts";
import type { InsertPlan, Relation } from "../bind/logical-plan.ts";
import { isSet, optionOf, type SessionOptions } from "../bind/session-options.ts";
import { streamOf } from "../catalog/stream-of-table.ts";
import { type TableDefinition, writtenColumns } from "../catalog/table-definition.ts";
import { viewRetentionOf } from "../catalog/view-retention.ts";
import { type Lowering, lower } from "./lower-relation.ts";
import { movedTo } from "./placement.ts";
import { type Flow, Staging } from "./staging.ts";

/** How long the rows of a changelog wait to be read. */
const changelogRetentionMs = 300_000;

/** Returns one dataflow for several INSERTs. Throws `SQL_NOT_SUPPORTED` or `SQL_INVALID`. */
export function planDataflow(
  inserts: readonly InsertPlan[],
  options: SessionOptions,
  sql: string,
): DataflowDefinition {
  const staging = stagingOf(
    inserts.map(({ input }) => input),
    options,
    sql,
  );
  for (const insert of inserts) lowerInsert(insert, staging, options);
  return staging.definition;
}

/**
 * Returns the columns by which the rows of an optimized query are known while they are there, in each of the
 * ways that are known. Throws as `planDataflow` does.
 */
export function keysOfQuery(query: Relation, options: SessionOptions): readonly (readonly number[])[] {
  const lowering = loweringOf("query", stagingOf([query], options, ""), options);
  return lower(query, lowering, false).upsertKeys ?? [];
}

function stagingOf(inputs: readonly Relation[], options: SessionOptions, sql: string): Staging {
  const timeZone = optionOf(options, "table.local-time-zone");
  return new Staging(inputs, {
    sql,
    timeZone,
    parallelism: Number(optionOf(options, "parallelism.default")),
    // A stage keeps one view. Whose that is must not depend on what other statements a set has.
    keepsViewInShards: inputs.length === 1,
  });
}

function loweringOf(name: string, staging: Staging, options: SessionOptions): Lowering {
  return {
    ...{ staging, name },
    isFolding: isSet(options, "table.exec.mini-batch.enabled"),
    sortsAnything: isSet(options, "table.exec.sort.non-temporal.enabled"),
  };
}

function lowerInsert(insert: InsertPlan, staging: Staging, options: SessionOptions): void {
  const { table, input } = insert;
  const lowering = loweringOf(table.name, staging, options);
  const columns = writtenColumns(table).map(({ name, type }): DataflowColumn => ({ name, type }));
  const isUpsert = takesUpserts(table);
  if (insert.onConflict !== undefined && !isUpsert) {
    const why = table.primaryKey.length === 0 ? "has no PRIMARY KEY" : "takes every change";
    throw new EngineError("SQL_INVALID", {
      message: `ON CONFLICT is for tables that know their rows by a key, and ${table.name} ${why}.`,
    });
  }
  const key = table.primaryKey.map((name) => columns.findIndex((column) => column.name === name));
  const made = lower(input, lowering, !isUpsert || insert.onConflict !== undefined);
  const knowsKey = made.upsertKeys?.some((each) => sameColumns(each, key)) ?? false;
  const flow = isUpsert && !knowsKey ? materialized(insert, made, key, staging) : made;
  const checked = constrained(flow, columns, options, staging);
  putInto(table, checked, { columns, key, isUpsert }, staging);
}

/** Rows that are known by another key than the table's, as rows of that. */
function materialized(
  { table, onConflict }: InsertPlan,
  flow: Flow,
  key: readonly number[],
  staging: Staging,
): Flow {
  if (onConflict === undefined) {
    if (!flow.isChanging) return flow;
    throw new EngineError("SQL_INVALID", {
      message:
        `The query's rows are known by other columns than the PRIMARY KEY of ${table.name}, so several may ` +
        "have one key; say ON CONFLICT DO DEDUPLICATE, NOTHING or ERROR.",
    });
  }
  const [sent] = staging.exchange([{ flow, key }], `${table.name}/conflicts`) as [Flow];
  const { types } = flow;
  const operator = {
    operator: "materialize",
    table: table.name,
    key,
    keyTypes: key.map((column) => types[column] as SqlType),
    types,
    conflict: onConflict.toLowerCase() as "deduplicate" | "nothing" | "error",
  } as const;
  const { partition } = sent;
  const made = staging.add(sent, operator, types);
  return { ...made, isChanging: true, upsertKeys: [key], ...(partition && { partition }) };
}

function sameColumns(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((column) => other.includes(column));
}

/** True where a table knows its rows by a key: it needs not be told what they were. */
function takesUpserts({ primaryKey, options }: TableDefinition): boolean {
  const mode = options["sink-changelog-mode-enforced"];
  return primaryKey.length > 0 && !mode?.split(",").includes("UB");
}

function constrained(
  flow: Flow,
  columns: readonly DataflowColumn[],
  options: SessionOptions,
  staging: Staging,
): Flow {
  const demand = demandOf(columns, options);
  if (!demand) return flow;
  const { partition, ...facts } = flow;
  const made = { ...facts, ...staging.add(flow, demand, flow.types) };
  // A key that is cut or padded is another one than rows were sent by.
  return demand.length === "trim and pad" || !partition ? made : { ...made, partition };
}

/** What a table demands of its rows; undefined where it demands nothing. */
export function demandOf(
  columns: readonly DataflowColumn[],
  options: SessionOptions,
): Omit<ConstraintOperator, "inputs"> | undefined {
  const nested = optionOf(options, "table.exec.sink.nested-constraint-enforcer").toUpperCase();
  const length = optionOf(options, "table.exec.sink.type-length-enforcer").toUpperCase();
  const mustBeThere = columns.some(({ type }) => hasNotNull(type, nested !== "IGNORE"));
  if (!mustBeThere && length === "IGNORE") return undefined;
  return {
    operator: "constraint",
    columns: columns.map(({ name, type }) => ({ name, type })),
    ...(mustBeThere && {
      notNull: optionOf(options, "table.exec.sink.not-null-enforcer").toLowerCase() as "error" | "drop",
    }),
    ...(nested === "ROWS" && { nested: "rows" as const }),
    ...(nested === "ROWS_AND_COLLECTIONS" && { nested: "rows and collections" as const }),
    ...(length === "TRIM_PAD" && { length: "trim and pad" as const }),
    ...(length === "ERROR" && { length: "error" as const }),
  };
}

function hasNotNull(type: SqlType, isNested: boolean): boolean {
  if (!type.isNullable) return true;
  if (!isNested) return false;
  switch (type.name) {
    case "ROW":
      return type.fields.some((field) => hasNotNull(field.type, true));
    case "ARRAY":
    case "MULTISET":
      return hasNotNull(type.element, true);
    case "MAP":
      return hasNotNull(type.key, true) || hasNotNull(type.value, true);
    default:
      return false;
  }
}

interface Target {
  readonly columns: readonly DataflowColumn[];
  readonly key: readonly number[];
  readonly isUpsert: boolean;
}

function putInto(table: TableDefinition, flow: Flow, target: Target, staging: Staging): void {
  const { name, options } = table;
  const { columns, key, isUpsert } = target;
  switch (options.connector) {
    case "http":
      if (flow.isChanging) {
        throw new EngineError("SQL_INVALID", {
          message:
            `The rows of this query change, and ${name} is a stream, which takes nothing back: aggregate ` +
            "by windows, or insert into a table WITH ('connector' = 'view').",
        });
      }
      staging.sink(flow, { sink: "stream", name, columns, stream: streamOf(table) });
      return;
    case "view": {
      if (key.length === 0) {
        throw new EngineError("SQL_INVALID", {
          message:
            `${name} is a view, which keeps the last row of each key: ` +
            "it needs a PRIMARY KEY (…) NOT ENFORCED.",
        });
      }
      const [sent] = staging.exchange([{ flow, key }], `${name}/view`, true) as [Flow];
      const retentionMs = viewRetentionOf(table);
      const routing = movedTo(sent.partition, (column) => key.indexOf(column));
      const isWhole = routing?.length === key.length && routing.every((at, place) => at === place);
      staging.sink(staging.gathered(sent), {
        ...{ sink: "view", name, columns, key, retentionMs },
        ...(routing && !isWhole && { routing }),
      });
      return;
    }
    case "blackhole":
    case "print":
      staging.sink(flow, { sink: options.connector, name, columns });
      return;
    case "changelog": {
      const told =
        isUpsert && flow.isChanging
          ? staging.add(flow, { operator: "drop update before" }, flow.types)
          : flow;
      const [sent] = staging.exchange([{ flow: { ...flow, ...told }, key: [] }], `${name}/changelog`) as [
        Flow,
      ];
      staging.sink(staging.gathered(sent), {
        sink: "changelog",
        name,
        columns,
        retentionMs: changelogRetentionMs,
      });
      return;
    }
    default:
      throw new EngineError("SQL_INVALID", {
        message: `${name} has the connector '${options.connector}', which nothing can be written to.`,
      });
  }
}
