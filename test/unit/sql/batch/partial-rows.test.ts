/** Queries over rows in several partitions: what is put together is what comes of all rows at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeResult } from "../../../../src/interpreter/values/result-json.ts";
import type { Row, SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { divide, type PartialQuery, scanOf } from "../../../../src/sql/batch/divide.ts";
import { evaluateRelation } from "../../../../src/sql/batch/evaluate-relation.ts";
import { PartialRows } from "../../../../src/sql/batch/partial-rows.ts";
import type { Relation } from "../../../../src/sql/bind/logical-plan.ts";
import { optimize } from "../../../../src/sql/optimize/optimize.ts";
import { choicesArbitrary, selectOf, selectRows } from "../../../arbitraries/sql-select.ts";
import { stillContext } from "../../../support/evaluated.ts";
import { boundQuery, evaluatedRelation, rowsIn } from "../../../support/selected.ts";

type Tables = Readonly<Record<"t" | "u", readonly Row[]>>;

/** Rows of each partition, in the shares in which it goes through them. */
type Shares = readonly (readonly (readonly Row[])[])[];

/** Cuts rows into shares of so many, which go to partitions in turn. */
function sharesOf(rows: readonly Row[], partitions: number, share: number): Shares {
  const shares: (readonly Row[])[][] = Array.from({ length: partitions }, () => []);
  for (let from = 0; from < rows.length; from += share) {
    shares[(from / share) % partitions]?.push(rows.slice(from, from + share));
  }
  return shares;
}

function gathered(sent: PartialQuery, shares: Shares): readonly Row[] {
  const { table, columns } = scanOf(sent);
  const places = columns.map((name) => table.columns.findIndex((column) => column.name === name));
  const parts = shares.map((partition) => {
    const part = new PartialRows(sent, stillContext);
    for (const share of partition) {
      if (part.isEnough) break;
      const made = new PartialRows(structuredClone(sent), stillContext);
      made.add(share.map((row) => places.map((place) => row[place] as SqlValue)));
      part.merge(made.encode());
    }
    return part;
  });
  const whole = new PartialRows(sent, stillContext);
  for (const part of parts) whole.merge(part.encode());
  return whole.rows();
}

function evaluatedApart(query: Relation, tables: Tables, partitions: number, share: number): readonly Row[] {
  const { relation, parts } = divide(query);
  const made = new Map<Relation, readonly Row[]>();
  for (const [part, sent] of parts) {
    const rows = tables[scanOf(sent).table.name as "t" | "u"];
    made.set(part, gathered(sent, sharesOf(rows, partitions, share)));
  }
  return evaluateRelation(relation, { ...stillContext, rowsOf: (each) => made.get(each) });
}

function shown({ fields }: Relation, rows: readonly Row[], isOrdered: boolean): string[] {
  const lines = rows.map((row) =>
    // There are two zeros, and an order of rows does not tell which of them stands for a group.
    JSON.stringify(fields.map(({ type }, index) => encodeResult(row[index] ?? null, type))).replace(
      /-0\b/,
      "0",
    ),
  );
  return isOrdered ? lines : lines.sort();
}

const cut = { partitions: fc.integer({ min: 1, max: 3 }), share: fc.integer({ min: 1, max: 4 }) };

test("a random query has the same rows over partitions", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(choicesArbitrary, selectRows, fc.record(cut), (choices, { t, u }, { partitions, share }) => {
      const { sql, isOrdered } = selectOf(choices, true);
      const tables = { t: rowsIn("t", t), u: rowsIn("u", u) };
      const relation = optimize(boundQuery(sql), {});
      const expected = shown(relation, evaluatedRelation(relation, tables), isOrdered);
      const apart = evaluatedApart(relation, tables, partitions, share);
      expect(shown(relation, apart, isOrdered), sql).toEqual(expected);
    }),
    { numRuns: 400 },
  );
});

const aggregates = [
  "COUNT(*)",
  "COUNT(DISTINCT a)",
  "SUM(DISTINCT k) FILTER (WHERE f)",
  "AVG(n)",
  "MIN(s)",
  "MAX(m)",
  "STDDEV_POP(a)",
  "FIRST_VALUE(s)",
  "LAST_VALUE(d)",
  "LISTAGG(s, '-')",
  "ARRAY_AGG(a)",
  "JSON_ARRAYAGG(k)",
  "PERCENTILE(k, 0.5)",
  "APPROX_COUNT_DISTINCT(s)",
];

test.each(aggregates)("%s of the rows of one partition, in shares", (aggregate) => {
  const relation = optimize(boundQuery(`SELECT f, ${aggregate} FROM t GROUP BY CUBE (f)`), {});
  fc.assert(
    fc.property(selectRows, cut.share, ({ t }, share) => {
      const tables = { t: rowsIn("t", t), u: [] };
      const expected = shown(relation, evaluatedRelation(relation, tables), true);
      expect(shown(relation, evaluatedApart(relation, tables, 1, share), true)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
