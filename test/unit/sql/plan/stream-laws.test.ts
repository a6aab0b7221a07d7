/**
 * A stream is its batch: what a random query changes from row to row, on the real engine, in any number of
 * partitions and through a savepoint, adds up to what it answers over all rows at once.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import { formatSqlType } from "../../../../src/interpreter/types/sql-type.ts";
import type { Row } from "../../../../src/interpreter/values/sql-value.ts";
import type { Relation } from "../../../../src/sql/bind/logical-plan.ts";
import { choicesArbitrary, selectOf, selectRows } from "../../../arbitraries/sql-select.ts";
import { javaRow } from "../../../conformance/java-text.ts";
import { TableProgram } from "../../../conformance/table-program.ts";
import { contentOf, hasTotalOfNothing } from "../../../support/changes.ts";
import { boundQuery, evaluatedRelation, rowsIn, schemaOf } from "../../../support/selected.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

/** The time of a row of `t`, which come in its order: none is late. */
const timeOf = (row: Row) => row[7] as bigint;

function inOrderOfTime(rows: readonly Row[]): Row[] {
  return rows.toSorted((one, other) => Number(timeOf(one) - timeOf(other)));
}

/** By what both tables are distributed, over how many shards; `isInPlace`: as many do what needs a key. */
const distribution = fc.record({
  columns: fc.constantFrom(["a"], ["k"], ["s"], ["k", "a"]),
  shards: fc.integer({ min: 1, max: 3 }),
  isInPlace: fc.boolean(),
});

type Distribution = typeof distribution extends fc.Arbitrary<infer Value> ? Value : never;

function planned(sql: string, relation: Relation, by: Distribution | null): TableProgram | undefined {
  const columns = relation.fields.map(({ name, type }) => {
    const isText = type.name === "CHAR" || type.name === "VARCHAR";
    return `${name} ${isText ? "STRING" : formatSqlType({ ...type, isNullable: true })}`;
  });
  const tables = (["t", "u"] as const).map((name) => ({
    ...{ name, schema: schemaOf(name), options: {} },
    ...(by && { distributedBy: by }),
  }));
  const sink = { name: "result", schema: columns, options: {} };
  const options = { "table.exec.sort.non-temporal.enabled": "true" };
  const program = new TableProgram(tables, [sink], [`INSERT INTO result ${sql}`], options);
  try {
    program.dataflow(1);
  } catch (thrown) {
    // VALUES and LIMIT are not for streams.
    if (thrown instanceof EngineError && thrown.code === "SQL_NOT_SUPPORTED") return undefined;
    throw thrown;
  }
  return program;
}

let checked = 0;

test("a query over streams adds up to its batch", { timeout: 60_000 * runs(1) }, () => {
  const partitions = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(
      choicesArbitrary,
      selectRows,
      partitions,
      fc.option(partitions),
      fc.option(distribution),
      (choices, drawn, before, after, by) => {
        const rows = { t: inOrderOfTime(rowsIn("t", drawn.t)), u: rowsIn("u", drawn.u) };
        const { sql } = selectOf(choices, true);
        const relation = boundQuery(sql);
        const program = planned(sql, relation, by);
        const rowsOf = (each: Relation) => evaluatedRelation(each, rows);
        fc.pre(program !== undefined && !hasTotalOfNothing(relation, rowsOf));
        if (!program) return;
        const parallelismOf = (wanted: number) => (by?.isInPlace ? 0 : wanted);
        program.start(parallelismOf(before));
        const steps = Math.max(rows.t.length, rows.u.length);
        for (let step = 0; step < steps; step++) {
          for (const table of ["t", "u"] as const) {
            const row = rows[table][step];
            if (row) program.append(table, row);
          }
          if (step === 2 && after !== null) program.restore(parallelismOf(after));
        }
        program.end();
        const types = relation.fields.map(({ type }) => type);
        const expected = evaluatedRelation(relation, rows).map((row) => javaRow("", row, types));
        expect(contentOf(program.rows("result")), sql).toEqual(expected.sort());
        checked++;
      },
    ),
    { numRuns: runs(200) },
  );
  expect(checked).toBeGreaterThan(runs(100));
});
