/**
 * DuckDB at its best for this question: one thread, columns declared, no order kept, the file in the page
 * cache.
 *
 * Only the columns that the query uses are declared, and times are read as the integers they are. The result
 * stays in DuckDB as a table, since a reader of a stream also asks for it afterwards.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { TumblingRow } from "./tumbling-result.ts";

export interface DuckTumblingQuery {
  readonly path: string;
  /** SQL types of the fields to read. */
  readonly columns: Readonly<Record<string, string>>;
  readonly key: string;
  /** An SQL expression of the event time in milliseconds. */
  readonly time: string;
  readonly value: string;
  readonly windowMs: number;
}

export class DuckTumbling {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #query: string;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection, query: DuckTumblingQuery) {
    this.#instance = instance;
    this.#connection = connection;
    const columns = Object.entries(query.columns).map(([name, type]) => `"${name}": '${type}'`);
    this.#query = `
      CREATE OR REPLACE TEMP TABLE result AS
      SELECT ${query.key} AS key, ${query.time} - (${query.time} % ${query.windowMs}) AS window_start,
             count(*) AS count, sum(${query.value}) AS sum, max(${query.value}) AS max
      FROM read_json('${query.path}', format = 'newline_delimited', columns = {${columns.join(", ")}})
      GROUP BY 1, 2`;
  }

  static async open(query: DuckTumblingQuery): Promise<DuckTumbling> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await instance.connect();
    await connection.run("SET preserve_insertion_order = false");
    return new DuckTumbling(instance, connection, query);
  }

  async run(): Promise<undefined> {
    await this.#connection.run(this.#query);
  }

  /** The rows of the last run. */
  async rows(): Promise<TumblingRow[]> {
    const reader = await this.#connection.runAndReadAll("SELECT * FROM result");
    return reader.getRowsJS().map(([key, windowStart, count, sum, max]) => ({
      key: String(key),
      windowStart: Number(windowStart),
      count: Number(count),
      sum: Number(sum),
      max: Number(max),
    }));
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
