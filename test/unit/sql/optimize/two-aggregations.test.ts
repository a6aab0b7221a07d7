/**
 * One aggregation made two: in two phases, before rows travel and behind that; and by buckets of distinct
 * values. Neither changes a result.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inputsOfRelation, type Relation } from "../../../../src/sql/bind/logical-plan.ts";
import type { SessionOptions } from "../../../../src/sql/bind/session-options.ts";
import { aggregateInTwoPhases } from "../../../../src/sql/optimize/aggregate-in-two-phases.ts";
import { splitDistinct } from "../../../../src/sql/optimize/split-distinct.ts";
import { selectRows } from "../../../arbitraries/sql-select.ts";
import { type StreamFrame, streamFrames, streamSchema } from "../../../arbitraries/sql-streams.ts";
import { javaRow } from "../../../conformance/java-text.ts";
import { TableProgram } from "../../../conformance/table-program.ts";
import { contentOf } from "../../../support/changes.ts";
import { boundQuery, evaluatedRelation, rowsIn } from "../../../support/selected.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

const miniBatch = { "table.exec.mini-batch.enabled": "true" };
const splitting = { "table.optimizer.distinct-agg.split.enabled": "true" };
const phasesKey = "table.optimizer.agg-phase-strategy";

function aggregationsIn(relation: Relation): number {
  const below = inputsOfRelation(relation).reduce((sum, input) => sum + aggregationsIn(input), 0);
  return below + (relation.node === "aggregate" ? 1 : 0);
}

describe("in two phases", () => {
  const isMarked = (sql: string, options: SessionOptions) =>
    JSON.stringify(aggregateInTwoPhases(boundQuery(sql), options)).includes('"isInTwoPhases":true');

  test.each([
    ["SELECT k, COUNT(*), SUM(a), AVG(n), MIN(s), MAX(x) FROM t GROUP BY k"],
    ["SELECT COUNT(DISTINCT a) FILTER (WHERE k > 1) FROM t"],
    ["SELECT DISTINCT a, s FROM t"],
    ["SELECT k, FIRST_VALUE(s), LAST_VALUE(a) FROM t GROUP BY k"],
  ])("%s", (sql) => {
    expect(isMarked(sql, miniBatch)).toBe(true);
    expect(isMarked(sql, { ...miniBatch, [phasesKey]: "TWO_PHASE" })).toBe(true);
    expect(isMarked(sql, { ...miniBatch, [phasesKey]: "ONE_PHASE" })).toBe(false);
    expect(isMarked(sql, { [phasesKey]: "TWO_PHASE" })).toBe(false);
  });

  test.each([
    ["of fractions", "SELECT k, SUM(x) FROM t GROUP BY k"],
    ["of variances", "SELECT k, COUNT(*), STDDEV(a) FROM t GROUP BY k"],
    ["of lists", "SELECT k, LISTAGG(s) FROM t GROUP BY k"],
    ["of several that keep texts", "SELECT k, MIN(s), MAX(s) FROM t GROUP BY k"],
    ["of several with DISTINCT", "SELECT COUNT(DISTINCT s), COUNT(DISTINCT a) FROM t"],
    ["of windows", "SELECT COUNT(*) FROM t GROUP BY TUMBLE(m, INTERVAL '5' SECOND)"],
  ])("not %s", (_, sql) => {
    expect(isMarked(sql, miniBatch)).toBe(false);
  });

  test("not of rows that change", () => {
    const inner = "SELECT k, SUM(x) AS z FROM t GROUP BY k";
    expect(isMarked(`SELECT z, COUNT(*) FROM (${inner}) GROUP BY z`, miniBatch)).toBe(false);
    expect(
      isMarked(
        "SELECT k, COUNT(*) FROM (SELECT a AS k FROM t INTERSECT SELECT k FROM u) GROUP BY k",
        miniBatch,
      ),
    ).toBe(false);
  });

  test("a record's rows travel as one of each key", () => {
    const program = programOf("SELECT k, COUNT(*), SUM(v) FROM s GROUP BY k", [
      "k STRING",
      "n BIGINT",
      "v INT",
    ]);
    program.start(2);
    const rows = ["a", "b", "a", null, "a", null].map((k, v) => ({ kind: "+I", row: [k, v, null, 0n] }));
    program.appendFrame("s", rows);
    program.appendFrame("s", rows.slice(0, 3));
    program.end();
    expect(program.stages.counts(1).rows).toBe(5);
    expect(contentOf(program.rows("result"))).toEqual(["[a, 5, 8]", "[b, 2, 2]", "[null, 2, 8]"]);
  });

  const called = fc.constantFrom(
    ...[
      "COUNT(*)",
      "COUNT(v)",
      "SUM(v)",
      "SUM(d)",
      "AVG(v)",
      "AVG(d)",
      "MIN(d)",
      "MAX(k)",
      "COUNT(DISTINCT v)",
    ],
    ...["SUM(DISTINCT d)", "COUNT(DISTINCT k) FILTER (WHERE v > 0)", "FIRST_VALUE(v)", "LAST_VALUE(d)"],
  );
  const grouped = fc
    .tuple(fc.constantFrom("k", "v", "k, v", ""), fc.array(called, { minLength: 1, maxLength: 4 }))
    .map(([key, calls]) => {
      const items = calls.map((each, index) => `${each} AS a${index}`).join(", ");
      return key === "" ? `SELECT ${items} FROM s` : `SELECT ${key}, ${items} FROM s GROUP BY ${key}`;
    });

  test("a savepoint of one phase goes on in two, and back", { timeout: 60_000 * runs(1) }, () => {
    const phases = fc.constantFrom("ONE_PHASE", "TWO_PHASE");
    const cut = fc.nat(8);
    fc.assert(
      fc.property(grouped, streamFrames, phases, phases, cut, (sql, frames, before, after, at) => {
        const program = programOf(sql, sinkOf(sql));
        const plain = programOf(sql, sinkOf(sql));
        plain.set("table.exec.mini-batch.enabled", "false");
        for (const each of [program, plain]) each.set(phasesKey, before);
        for (const each of [program, plain]) each.start(2);
        feed([program, plain], frames.slice(0, at));
        program.set(phasesKey, after);
        program.restore(3);
        feed([program, plain], frames.slice(at));
        for (const each of [program, plain]) each.end();
        expect(contentOf(program.rows("result")), sql).toEqual(contentOf(plain.rows("result")));
      }),
      { numRuns: runs(40) },
    );
  });
});

function programOf(sql: string, schema: readonly string[]): TableProgram {
  const source = { name: "s", schema: streamSchema(false), options: {} };
  const sink = { name: "result", schema, options: {} };
  return new TableProgram([source], [sink], [`INSERT INTO result ${sql}`], { ...miniBatch });
}

function sinkOf(sql: string): string[] {
  const source = { name: "s", schema: streamSchema(false), options: {} };
  const { fields } = new TableProgram([source], [], [], {}).relationOf(sql);
  return fields.map(({ name, type }) => {
    const shown = type.name === "DECIMAL" ? `DECIMAL(${type.precision}, ${type.scale})` : type.name;
    return `${name} ${type.name === "VARCHAR" ? "STRING" : shown}`;
  });
}

function feed(programs: readonly TableProgram[], frames: readonly StreamFrame[]): void {
  for (const { stream, changes } of frames) {
    if (stream === "s") for (const each of programs) each.appendFrame("s", changes);
  }
}

describe("distinct values by buckets", () => {
  test.each([
    ["COUNT(DISTINCT s)"],
    ["COUNT(DISTINCT n), SUM(a), MIN(s), MAX(x), AVG(a), COUNT(*)"],
    ["SUM(DISTINCT a), AVG(DISTINCT a), COUNT(DISTINCT a) FILTER (WHERE f)"],
    ["COUNT(DISTINCT m), SUM(n)"],
  ])("%s", (items) => {
    for (const sql of [`SELECT k, ${items} FROM t GROUP BY k`, `SELECT ${items} FROM t`]) {
      const relation = boundQuery(sql);
      expect(aggregationsIn(splitDistinct(relation, splitting)), sql).toBe(2);
      expect(splitDistinct(relation, {})).toBe(relation);
    }
  });

  test.each([
    ["without DISTINCT", "SELECT k, COUNT(a) FROM t GROUP BY k"],
    ["where DISTINCT says nothing", "SELECT k, MAX(DISTINCT a) FROM t GROUP BY k"],
    ["of two columns", "SELECT k, COUNT(DISTINCT a), COUNT(DISTINCT s) FROM t GROUP BY k"],
    ["of bytes, which may be no text", "SELECT k, COUNT(DISTINCT CAST(s AS BYTES)) FROM t GROUP BY k"],
    [
      "of instants, whose text a zone makes",
      "SELECT k, COUNT(DISTINCT CAST(m AS TIMESTAMP_LTZ(3))) FROM t GROUP BY k",
    ],
    ["of values together", "SELECT k, COUNT(DISTINCT a, s) FROM t GROUP BY k"],
    ["beside fractions", "SELECT k, COUNT(DISTINCT a), SUM(x) FROM t GROUP BY k"],
    ["beside what is rounded", "SELECT k, COUNT(DISTINCT a), AVG(n) FROM t GROUP BY k"],
    ["of windows", "SELECT COUNT(DISTINCT a) FROM t GROUP BY TUMBLE(m, INTERVAL '5' SECOND)"],
    ["in sets", "SELECT k, COUNT(DISTINCT a) FROM t GROUP BY ROLLUP (k)"],
    ["that are forgotten", "SELECT /*+ STATE_TTL('t' = '1 d') */ k, COUNT(DISTINCT a) FROM t GROUP BY k"],
  ])("not %s", (_, sql) => {
    expect(aggregationsIn(splitDistinct(boundQuery(sql), splitting))).toBe(1);
  });

  test("other buckets are other state: its name says how many there are", () => {
    const nameOf = (buckets: string) => {
      const options = { ...splitting, "table.optimizer.distinct-agg.split.bucket-num": buckets };
      return JSON.stringify(
        splitDistinct(boundQuery("SELECT k, COUNT(DISTINCT s) FROM t GROUP BY k"), options),
      );
    };
    expect([nameOf("1024").includes("$bucket1024"), nameOf("16").includes("$bucket16")]).toEqual([
      true,
      true,
    ]);
  });

  const value = fc.constantFrom("a", "k", "s", "n", "x", "f", "d", "m");
  const filter = fc.constantFrom("", "", " FILTER (WHERE k > 1)", " FILTER (WHERE f)");
  const beside = fc.array(
    fc
      .tuple(
        fc.constantFrom("COUNT(*)", "COUNT(s)", "SUM(a)", "SUM(n)", "MIN(x)", "MAX(s)", "AVG(a)", "AVG(k)"),
        filter,
      )
      .map((parts) => parts.join("")),
    { maxLength: 3 },
  );
  const query = fc
    .tuple(value, filter, beside, fc.constantFrom("", "a", "s", "f, k"), fc.boolean())
    .map(([of, where, others, key, sums]) => {
      const distinct =
        ["a", "k"].includes(of) && sums
          ? `SUM(DISTINCT ${of}), AVG(DISTINCT ${of})`
          : `COUNT(DISTINCT ${of})`;
      const items = [`${distinct}${where}`, ...others].join(", ");
      return key === "" ? `SELECT ${items} FROM t` : `SELECT ${key}, ${items} FROM t GROUP BY ${key}`;
    });

  test("has the same rows", { timeout: 60_000 * runs(1) }, () => {
    fc.assert(
      fc.property(query, selectRows, fc.integer({ min: 1, max: 5 }), (sql, drawn, buckets) => {
        const rows = { t: rowsIn("t", drawn.t), u: [] };
        const relation = boundQuery(sql);
        const options = { ...splitting, "table.optimizer.distinct-agg.split.bucket-num": String(buckets) };
        const split = splitDistinct(relation, options);
        expect(aggregationsIn(split), sql).toBe(2);
        const types = relation.fields.map(({ type }) => type);
        const [expected, found] = [relation, split].map((each) =>
          evaluatedRelation(each, rows)
            .map((row) => javaRow("", row, types))
            .sort(),
        );
        expect(found, sql).toEqual(expected);
        expect(split.fields).toEqual(relation.fields);
      }),
      { numRuns: runs(200) },
    );
  });
});
