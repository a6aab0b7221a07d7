/**
 * A batch oracle: DuckDB answers over a whole file what a job has answered piece by piece once its stream has
 * ended.
 *
 * It shares no code with the engine but the shapes of definitions: windows are made by multiplying each row
 * with the windows that hold it, `first_value` and `last_value` go by the row's place in the file, and no row
 * is late.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { AggregateDefinition, JobDefinition, WindowDefinition } from "../../src/protocol/job-spec.ts";
import { sqlOfExpression } from "./sql-of-expression.ts";

export type OracleValue = string | number | boolean | null;

/** A row of a view by output name: times in milliseconds, numbers as numbers. */
export type OracleRow = Readonly<Record<string, OracleValue>>;

export interface OracleSource {
  /** A file of one JSON array. */
  readonly path: string;
  /** SQL types of the fields to read. */
  readonly fields: Readonly<Record<string, string>>;
  /** SQL by column of the stream, where it is not the field as it was read. */
  readonly columns: Readonly<Record<string, string>>;
  readonly eventTime: string;
}

export class BatchOracle {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #source: OracleSource;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection, source: OracleSource) {
    this.#instance = instance;
    this.#connection = connection;
    this.#source = source;
  }

  /** Reads the file into a table with the rows' arrival. */
  static async open(source: OracleSource): Promise<BatchOracle> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    const fields = Object.entries(source.fields).map(([name, type]) => `${quoted(name)}: '${type}'`);
    const replaced = Object.entries(source.columns).map(([name, sql]) => `${sql} AS ${quoted(name)}`);
    const replace = replaced.length > 0 ? `REPLACE (${replaced.join(", ")})` : "";
    await connection.run(`
      CREATE TABLE source AS
      SELECT row_number() OVER () AS arrival, * ${replace}
      FROM read_json('${source.path}', format = 'array', columns = {${fields.join(", ")}})`);
    return new BatchOracle(instance, connection, source);
  }

  /** Returns the rows of the job's view in no order. */
  async rowsOf(job: JobDefinition): Promise<OracleRow[]> {
    const reader = await this.#connection.runAndReadAll(this.sqlOf(job));
    return reader.getRowObjectsJS().map((row) => {
      const values = Object.entries(row).map(([name, value]): [string, OracleValue] => {
        if (typeof value === "bigint") return [name, Number(value)];
        if (value instanceof Date) return [name, value.getTime()];
        return [name, value as OracleValue];
      });
      return Object.fromEntries(values);
    });
  }

  /** The query behind `rowsOf`, to be read where the two disagree. */
  sqlOf(job: JobDefinition): string {
    const computed = computedColumns(job);
    const sqlOfColumn = (name: string) => computed.get(name) ?? quoted(name);
    const keys = job.key.map((name) => `${sqlOfColumn(name)} AS ${quoted(name)}`);
    const aggregates = job.aggregates.map(
      (aggregate) => `${sqlOfAggregate(aggregate, sqlOfColumn)} AS ${quoted(aggregate.name)}`,
    );
    const window = job.window ? ["window_start", "window_end"] : [];
    const groups = [...keys, ...window].map((_, index) => index + 1);
    return `
      SELECT ${[...keys, ...window, ...aggregates].join(", ")}
      FROM (SELECT *, epoch_ms(${quoted(this.#source.eventTime)}) AS event_time FROM source) AS rows
      ${job.window ? windowsOf(job.window) : ""}
      WHERE ${job.filter === undefined ? "true" : sqlOfExpression(job.filter, sqlOfColumn)}
      ${groups.length > 0 ? `GROUP BY ${groups.join(", ")}` : ""}`;
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Computed columns as SQL, each with those before it put in. */
function computedColumns(job: JobDefinition): Map<string, string> {
  const computed = new Map<string, string>();
  for (const { name, expression } of job.columns) {
    computed.set(
      name,
      sqlOfExpression(expression, (used) => computed.get(used) ?? quoted(used)),
    );
  }
  return computed;
}

/** Joins each row with the windows that hold its time. */
function windowsOf(window: WindowDefinition): string {
  const { sizeMs, offsetMs } = window;
  const floor = (step: number) =>
    `event_time - (((event_time - (${offsetMs})) % ${step} + ${step}) % ${step})`;
  switch (window.type) {
    case "tumble":
      return lateral({ start: floor(sizeMs), end: `${floor(sizeMs)} + ${sizeMs}`, count: 1 });
    case "hop": {
      const { slideMs } = window;
      const start = `${floor(slideMs)} - number * ${slideMs}`;
      return lateral({ start, end: `${start} + ${sizeMs}`, count: sizeMs / slideMs });
    }
    case "cumulate": {
      const { stepMs } = window;
      const end = `${floor(sizeMs)} + (number + 1) * ${stepMs}`;
      return lateral({ start: floor(sizeMs), end, count: sizeMs / stepMs });
    }
  }
}

/** Candidates number 0 to `count` - 1, of which those that hold the row's time remain. */
function lateral({ start, end, count }: { start: string; end: string; count: number }): string {
  return `, LATERAL (
        SELECT ${start} AS window_start, ${end} AS window_end FROM range(${count}) AS numbers(number)
        WHERE event_time < ${end}
      ) AS windows`;
}

function sqlOfAggregate(aggregate: AggregateDefinition, sqlOfColumn: (name: string) => string): string {
  if (aggregate.argument === undefined) return "count(*)";
  const argument = sqlOfExpression(aggregate.argument, sqlOfColumn);
  switch (aggregate.function) {
    case "first_value":
      return `arg_min(${argument}, arrival)`;
    case "last_value":
      return `arg_max(${argument}, arrival)`;
    default:
      return `${aggregate.function}(${aggregate.distinct ? "DISTINCT " : ""}${argument})`;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
