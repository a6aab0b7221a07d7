/**
 * Random queries over random rows: what the front end and its batch evaluation make of them is what DuckDB
 * answers, and no pass of the optimizer changes it.
 */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatDecimal } from "../../src/columnar/decimal-text.ts";
import type { SqlType } from "../../src/interpreter/types/sql-type.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../src/interpreter/values/sql-value.ts";
import type { Relation } from "../../src/sql/bind/logical-plan.ts";
import type { SessionOptions } from "../../src/sql/bind/session-options.ts";
import { optimize, optimizerPasses } from "../../src/sql/optimize/optimize.ts";
import {
  choicesArbitrary,
  type SelectRow,
  type SelectType,
  selectOf,
  selectRows,
  selectTables,
} from "../arbitraries/sql-select.ts";
import { boundQuery, evaluatedRelation, rowsIn } from "../support/selected.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

type Plain = number | string | boolean | null;

/** Numbers as numbers, times in milliseconds. */
function plain(value: SqlValue, type: SqlType): Plain {
  if (value === null) return null;
  switch (type.name) {
    case "DECIMAL":
      return Number(formatDecimal(value as bigint, type.scale)) + 0;
    case "DATE":
      return Number(value) * 86_400_000;
    case "TIMESTAMP":
      return Number((value as bigint) / nanosPerMilli);
    case "BIGINT":
      return Number(value);
    case "DOUBLE":
      // There are two zeros, and an order of rows does not tell which of them stands for a group.
      return Number(value) + 0;
    default:
      return value as Plain;
  }
}

function plainRows({ fields }: Relation, rows: readonly Row[]): Plain[][] {
  return rows.map((row) => fields.map(({ type }, index) => plain(row[index] ?? null, type)));
}

/** Rows in an order of their own, where the query has none. */
function comparable(rows: readonly Plain[][], isOrdered: boolean): string[] {
  const lines = rows.map((row) => JSON.stringify(row));
  return isOrdered ? lines : lines.sort();
}

const duckTypes: Readonly<Record<SelectType, string>> = {
  int: "INTEGER",
  decimal: "DECIMAL(6, 2)",
  double: "DOUBLE",
  text: "VARCHAR",
  boolean: "BOOLEAN",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

let instance: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  connection = await instance.connect();
});

afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

async function fill(table: "t" | "u", rows: readonly SelectRow[]): Promise<void> {
  const columns = selectTables[table].map(({ name, type }) => `${name} ${duckTypes[type]}`);
  await connection.run(`CREATE OR REPLACE TABLE ${table} (${columns.join(", ")})`);
  if (rows.length === 0) return;
  const values = rows.map((row) => `(${row.map((value) => value ?? "NULL").join(", ")})`);
  await connection.run(`INSERT INTO ${table} VALUES ${values.join(", ")}`);
}

async function answered(sql: string): Promise<Plain[][]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowsJS().map((row) =>
    row.map((value) => {
      if (typeof value === "bigint") return Number(value);
      if (value instanceof Date) return value.getTime();
      return typeof value === "number" ? value + 0 : (value as Plain);
    }),
  );
}

/** A session in which every pass may do something. */
const wantingAll: SessionOptions = {
  "table.exec.mini-batch.enabled": "true",
  "table.optimizer.distinct-agg.split.enabled": "true",
  "table.optimizer.distinct-agg.split.bucket-num": "2",
};

describe("a random query", { timeout: 60_000 * runs(1) }, () => {
  test("has the rows that DuckDB finds", async () => {
    await fc.assert(
      fc.asyncProperty(choicesArbitrary, selectRows, async (choices, { t, u }) => {
        const { sql, isOrdered } = selectOf(choices);
        await fill("t", t);
        await fill("u", u);
        const relation = optimize(boundQuery(sql), {});
        const rows = evaluatedRelation(relation, { t: rowsIn("t", t), u: rowsIn("u", u) });
        const expected = comparable(await answered(sql), isOrdered);
        expect(comparable(plainRows(relation, rows), isOrdered), sql).toEqual(expected);
      }),
      { numRuns: runs(300) },
    );
  });

  test.each([
    ...optimizerPasses.map(({ name, run }) => [name, run] as const),
    [
      "all passes",
      (relation: Relation, options: SessionOptions) =>
        optimizerPasses.reduce((made, { run }) => run(made, options), relation),
    ] as const,
  ])("has the same rows behind: %s", (_, run) => {
    fc.assert(
      fc.property(choicesArbitrary, selectRows, (choices, { t, u }) => {
        const { sql, isOrdered } = selectOf(choices, true);
        const rows = { t: rowsIn("t", t), u: rowsIn("u", u) };
        const [before, after] = [boundQuery(sql), run(boundQuery(sql), wantingAll)];
        const [expected, made] = [before, after].map((relation) =>
          comparable(plainRows(relation, evaluatedRelation(relation, rows)), isOrdered),
        );
        expect(made, sql).toEqual(expected);
        expect(
          after.fields.map(({ name, type }) => ({ name, type })),
          sql,
        ).toEqual(before.fields.map(({ name, type }) => ({ name, type })));
      }),
      { numRuns: runs(150) },
    );
  });
});
