/**
 * A table program on the real engine: its statements planned as for a deployed Worker, its sources streams
 * whose shards take one row a frame, its sinks changelogs.
 */
import { encodeKey, hashKey, keyGroupOf } from "../../src/columnar/key-encoding.ts";
import { kindOf } from "../../src/columnar/schema.ts";
import { formatValue, type JsonScalar } from "../../src/columnar/values.ts";
import { maxWatermark } from "../../src/engine/log/records.ts";
import { columnTypeOf, laneTypeOf, laneWriter } from "../../src/engine/plan/lane-values.ts";
import { evenRanges, shardOfKeyGroup } from "../../src/engine/shard-map.ts";
import type { SqlType } from "../../src/interpreter/types/sql-type.ts";
import { decodeResult, type ResultJson } from "../../src/interpreter/values/result-json.ts";
import type { Row, SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { decodeValueJson } from "../../src/interpreter/values/value-json.ts";
import type { DataflowDefinition } from "../../src/protocol/dataflow.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { bindInsert } from "../../src/sql/bind/bind-insert.ts";
import { bindQuery } from "../../src/sql/bind/bind-query.ts";
import type { Relation } from "../../src/sql/bind/logical-plan.ts";
import { checkOption, optionKey } from "../../src/sql/bind/session-options.ts";
import { defineTable } from "../../src/sql/catalog/define-table.ts";
import { eventTimeOf } from "../../src/sql/catalog/stream-of-table.ts";
import {
  isChangelog,
  storedColumns,
  type TableColumn,
  type TableDefinition,
  writtenColumns,
} from "../../src/sql/catalog/table-definition.ts";
import { optimize } from "../../src/sql/optimize/optimize.ts";
import { parseStatements } from "../../src/sql/parse/parse-statements.ts";
import type { Insert } from "../../src/sql/parse/statement-tree.ts";
import { planDataflow } from "../../src/sql/plan/lower-insert.ts";
import { type HarnessOptions, PartitionHarness } from "../support/partition-harness.ts";
import { StagesHarness } from "../support/stages-harness.ts";
import { javaRow } from "./java-text.ts";
import { decodeTagged, type Tagged } from "./tagged-values.ts";

export interface ProgramTable {
  readonly name: string;
  readonly schema: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly partitionKeys?: readonly string[] | null;
  /** DISTRIBUTED BY, and the shards that its stream has; one where there is none. */
  readonly distributedBy?: { readonly columns: readonly string[]; readonly shards: number };
}

export interface ProgramRow {
  readonly kind: string;
  readonly values: readonly Tagged[];
}

const kinds: readonly string[] = ["+I", "-U", "+U", "-D"];

/** A row of all stored columns. */
export interface ProgramChange {
  readonly kind: string;
  readonly row: Row;
}

/** 2024-01-01: what processing time is in a program. */
const startMs = 1_704_067_200_000;

/** Plans the statements of a program as one job; throws as planning does. */
export class TableProgram {
  readonly tables = new Map<string, TableDefinition>();
  readonly dataflow: (parallelism: number) => DataflowDefinition;
  readonly #sources: readonly TableDefinition[];
  readonly #sinks: readonly TableDefinition[];
  #options: Readonly<Record<string, string>>;
  #sql: readonly string[];
  readonly #partitions: Partial<HarnessOptions>;
  #harness: StagesHarness | undefined;
  #written: PartitionHarness[] = [];
  #run = 1;
  #parallelism = 0;

  /** `partitions`: what all of them are like. */
  constructor(
    sources: readonly ProgramTable[],
    sinks: readonly ProgramTable[],
    sql: readonly string[],
    config: Readonly<Record<string, string>>,
    partitions: Partial<HarnessOptions> = {},
  ) {
    this.#partitions = partitions;
    this.#sql = sql;
    this.#sources = sources.map((each) => this.#create(each, "http"));
    this.#sinks = sinks.map((each) => this.#create(each, each.options.connector ?? "changelog"));
    this.#options = Object.fromEntries(
      Object.entries(config).map(([key, value]) => {
        checkOption(key, value);
        return [optionKey(key), value];
      }),
    );
    this.dataflow = (parallelism) => {
      const options = { ...this.#options, "parallelism.default": String(parallelism) };
      const plans = this.#sql.flatMap((text) =>
        parseStatements(text).map((statement) => {
          const plan = bindInsert(statement as Insert, this.#context(text, options));
          return { ...plan, input: optimize(plan.input, options) };
        }),
      );
      return keepingAll(planDataflow(plans, options, this.#sql.join(";\n")));
    };
  }

  /** Sets an option of the session, for runs to come. */
  set(key: string, value: string): void {
    checkOption(key, value);
    this.#options = { ...this.#options, [optionKey(key)]: value };
  }

  /** Sets the statements of runs to come. */
  change(sql: readonly string[]): void {
    this.#sql = sql;
  }

  /** The relation of a query over the tables. */
  relationOf(sql: string): Relation {
    const [statement] = parseStatements(sql);
    if (statement?.kind !== "query") throw new Error("no query");
    return bindQuery(statement.query, this.#context(sql, this.#options));
  }

  #context(text: string, options: Readonly<Record<string, string>>) {
    const catalog = {
      table: (name: string) => this.tables.get(name),
      view: () => undefined,
      function: () => undefined,
      names: [...this.tables.keys()],
    };
    const shared = { source: { text }, catalog, options, named: new Map(), views: [] };
    return { ...shared, numbers: { next: 1 }, bindQuery };
  }

  #create(
    { name, schema, options, partitionKeys, distributedBy }: ProgramTable,
    connector: string,
  ): TableDefinition {
    const given = Object.entries({ ...options, connector }).map(([key, value]) => `'${key}' = '${value}'`);
    const partitions = partitionKeys?.length ? ` PARTITIONED BY (${partitionKeys.join(", ")})` : "";
    const distributed = distributedBy
      ? ` DISTRIBUTED BY HASH (${distributedBy.columns.join(", ")}) INTO ${distributedBy.shards} BUCKETS`
      : "";
    const divided = `${distributed}${partitions} WITH (${given.join(", ")})`;
    const text = `CREATE TABLE \`${name}\` (${schema.join(", ")})${divided}`;
    const [statement] = parseStatements(text);
    if (statement?.kind !== "create table") throw new Error("no table");
    const table = defineTable({ text }, name, statement, {
      table: (other) => this.tables.get(other),
      function: () => undefined,
      names: [...this.tables.keys()],
    });
    this.tables.set(name, table);
    return table;
  }

  /** Starts the job; parallelism 0: of its sources. */
  start(parallelism: number): void {
    this.#parallelism = parallelism;
    const dataflow = this.dataflow(parallelism);
    const shards = sourcesOf(dataflow).flatMap((name, index) => this.#shardsOf(name, index));
    this.#harness = new StagesHarness({ stream: undefined, ...this.#partitions }, dataflow, {
      sources: shards,
      streams: this.#targets(),
    });
    for (const each of this.#harness.all) each.pass(startMs - each.ports.clock.time);
    this.#settle();
  }

  /** The shards of the streams that are written to. */
  #targets(): PartitionHarness[] {
    const targets = this.#sinks.filter(({ options }) => options.connector === "http");
    this.#written = targets.flatMap(({ name }, index) => this.#shardsOf(name, 50 + index));
    return this.#written;
  }

  #shardsOf(name: string, index: number): PartitionHarness[] {
    const table = this.tables.get(name);
    if (!table) throw new Error(`no table ${name}`);
    const time = eventTimeOf(table);
    const columns = storedColumns(table).map(({ name: column, type }) => {
      return { name: column, type: columnTypeOf(type, "bytes"), nullable: true };
    });
    const kind = { name: "$kind", type: { name: "INT" }, nullable: false } as const;
    const { columns: distributionKey = [], buckets: shardCount = 1 } = table.distribution ?? {};
    const stream = {
      ...readStreamDefinition({ columns: [{ name: "a", type: "INT" }] }),
      ...{ distributionKey, shards: shardCount },
      columns: isChangelog(table) ? [...columns, kind] : columns,
      ...(time && { eventTime: { column: time.column, outOfOrdernessMs: time.outOfOrderness } }),
    };
    return evenRanges(shardCount).map((keyGroups, shard) => {
      const made = new PartitionHarness({
        stream: undefined,
        ...this.#partitions,
        definition: stream,
        identity: { generation: index + 1, stream: name, shard, shardCount, keyGroups },
      });
      made.pass(startMs - made.ports.clock.time);
      return made;
    });
  }

  /** Appends rows to a source, each in a frame of its own. */
  feed(source: string, rows: readonly ProgramRow[]): void {
    const columns = storedColumns(this.tables.get(source) ?? { columns: [] });
    for (const { kind, values } of rows) {
      const row = columns.map(({ type }, index) => decodeTagged(values[index], type));
      this.append(source, row, kind);
    }
  }

  /** Appends a row of all stored columns to a source. */
  append(source: string, row: Row, kind = "+I"): void {
    this.appendFrame(source, [{ kind, row }]);
    this.#settle();
  }

  /** Appends rows as one frame, which nobody has worked on yet. */
  appendFrame(source: string, rows: readonly ProgramChange[]): void {
    const table = this.tables.get(source);
    const shards = this.#shards(source);
    // A table that nothing reads has no stream.
    if (!table || shards.length === 0) return;
    const columns = storedColumns(table);
    for (const [shard, some] of Map.groupBy(rows, ({ row }) => shardOfRow(table, row, shards.length))) {
      shards[shard]?.append(
        some.map(({ kind, row }) => {
          const lanes = columns.map(({ type }, index) => laneJson(row[index] ?? null, type));
          return isChangelog(table) ? [...lanes, kinds.indexOf(kind)] : lanes;
        }),
      );
    }
  }

  /** The partitions of the run. */
  get stages(): StagesHarness {
    if (!this.#harness) throw new Error("the job runs");
    return this.#harness;
  }

  #shards(source: string): readonly PartitionHarness[] {
    return this.#harness?.sources.filter(({ identity }) => identity.stream === source) ?? [];
  }

  /** All sources end. */
  end(): void {
    for (const { name } of this.#sources) {
      for (const shard of this.#shards(name)) {
        shard.turn(() => shard.partition.setWatermark(shard.identity.generation, maxWatermark));
      }
    }
    this.#settle();
  }

  /**
   * Takes a savepoint, ends the run, and goes on from it ten seconds later at another parallelism. What comes
   * `behind` the barrier belongs to the new run.
   */
  restore(parallelism: number, behind: () => void = () => undefined): void {
    const harness = this.stages;
    harness.beginSavepoint(this.#run);
    behind();
    this.#settle();
    for (const each of harness.sources) each.pass(10_000);
    this.#run++;
    this.#parallelism = parallelism;
    this.#harness = harness.restart(harness.upload(), this.dataflow(parallelism));
    for (const each of this.#harness.all) {
      each.pass(Math.max(0, startMs + 10_000 - each.ports.clock.time));
    }
    this.#settle();
  }

  #settle(): void {
    this.#harness?.settle();
  }

  /** Moves the clock on everywhere, and does what is due by it. */
  pass(ms: number): void {
    for (const each of this.stages.all) {
      each.pass(ms);
      each.turn(() => each.partition.heartbeat());
    }
    this.#settle();
  }

  /** The rows of a view, as texts, sorted. */
  viewRows(sink: string): string[] {
    const { columns, values } = this.#kept(sink);
    return values.map((each) => textOf(columns, each)).sort();
  }

  /** The rows that came into a stream, as texts, sorted. */
  appendedRows(sink: string): string[] {
    const shard = this.#written.find(({ identity }) => identity.stream === sink);
    const table = this.tables.get(sink);
    if (!shard || !table) throw new Error(`${sink} is no stream`);
    const columns = writtenColumns(table);
    const key = columns.map(({ name }) => name);
    shard.startJob("rows", { source: sink, key, aggregates: { times: { function: "count" } } });
    shard.settle();
    const found = shard.scan("rows").rows.flatMap(({ values }) => {
      const text = textOf(columns, values as Record<string, ResultJson>);
      return Array.from({ length: Number(values.times) }, () => text);
    });
    return found.sort();
  }

  /** What a sink holds so far, in order. */
  rows(sink: string): { readonly kind: string; readonly row: Row; readonly text: string }[] {
    const { columns, values } = this.#kept(sink);
    const types = columns.map(({ type }) => type);
    return values.map((each) => {
      const [, kind, ...rest] = Object.values(each);
      const row = types.map((type, index) => readLane(rest[index] ?? null, type));
      return { kind: String(kind), row, text: javaRow(String(kind), row, types) };
    });
  }

  /** The columns of a sink, and what its partitions show of each row. */
  #kept(sink: string) {
    const table = this.tables.get(sink);
    if (!table) throw new Error(`no table ${sink}`);
    const { stages } = this.dataflow(this.#parallelism);
    const stage = stages.findIndex(({ sinks }) => sinks.some(({ name }) => name === sink));
    const found = (this.stages.stages[stage] ?? []).flatMap((each) => each.scan("job", {}, this.#run).rows);
    return {
      columns: writtenColumns(table),
      values: found.map(({ values }) => values as Record<string, ResultJson>),
    };
  }

  get sinks(): readonly TableDefinition[] {
    return this.#sinks;
  }
}

/** However far the clock goes, the rows of sinks stay to be compared. */
function keepingAll(dataflow: DataflowDefinition): DataflowDefinition {
  const stages = dataflow.stages.map((stage) => {
    const sinks = stage.sinks.map((each) =>
      each.sink === "changelog" ? { ...each, retentionMs: Number.MAX_SAFE_INTEGER } : each,
    );
    return { ...stage, sinks };
  });
  return { ...dataflow, stages };
}

/** The shard to which a row goes, as the door of a stream says. */
function shardOfRow(table: TableDefinition, row: Row, shards: number): number {
  const columns = storedColumns(table);
  const places = (table.distribution?.columns ?? []).map((name) =>
    columns.findIndex((column) => column.name === name),
  );
  if (places.length === 0) return 0;
  const types = places.map((place) => (columns[place] as TableColumn).type);
  const values = places.map((place, index) => {
    return laneWriter(types[index] as SqlType, "bytes")(row[place] ?? null);
  });
  const kinds = types.map((type) => kindOf(columnTypeOf(type, "bytes")));
  const { bytes, nulls } = encodeKey(kinds, values);
  return shardOfKeyGroup(keyGroupOf(hashKey(bytes, nulls)), evenRanges(shards));
}

function sourcesOf({ stages }: DataflowDefinition): string[] {
  return stages.flatMap(({ source }) => (source ? [source.stream] : []));
}

/** A value as the harness takes it for its lane. */
function laneJson(value: SqlValue, type: SqlType): JsonScalar {
  return formatValue(laneWriter(type, "bytes")(value), columnTypeOf(type, "bytes"));
}

function textOf(columns: readonly TableColumn[], values: Readonly<Record<string, ResultJson>>): string {
  const row = columns.map(({ name, type }) => readLane(values[name] ?? null, type));
  return javaRow(
    "",
    row,
    columns.map(({ type }) => type),
  );
}

/** A value of a view, which is text where it has no lane. */
function readLane(json: ResultJson, type: SqlType): SqlValue {
  if (json === null) return null;
  if (!laneTypeOf(type)) return decodeValueJson(JSON.parse(String(json)));
  return decodeResult(json, type) ?? null;
}
