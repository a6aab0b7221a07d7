/**
 * A stream is its batch, whatever happens: rows that are taken back, out of order and framed at random, lost
 * calls, crashes, checkpoints, little memory, and a savepoint in between. What a sink was told adds up to
 * what the query answers over all rows at once.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatSqlType } from "../../../src/interpreter/types/sql-type.ts";
import type { SqlValue } from "../../../src/interpreter/values/sql-value.ts";
import { evaluateRelation } from "../../../src/sql/batch/evaluate-relation.ts";
import type { Relation } from "../../../src/sql/bind/logical-plan.ts";
import { changelogModesOf, modeAt, type StageModes } from "../../../src/sql/explain/changelog-modes.ts";
import {
  limitedQueries,
  orderedQueries,
  rowsLeft,
  type StreamFrame,
  type StreamName,
  streamFrames,
  streamQueries,
  streamSchema,
} from "../../arbitraries/sql-streams.ts";
import { happenIn, happenings } from "../../arbitraries/stages-runs.ts";
import { javaRow } from "../../conformance/java-text.ts";
import { TableProgram } from "../../conformance/table-program.ts";
import { contentOf, hasTotalOfNothing } from "../../support/changes.ts";
import { stillContext } from "../../support/evaluated.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

const parallelism = fc.integer({ min: 1, max: 3 });

/** By what both tables are distributed, over how many shards; `isInPlace`: as many do what needs a key. */
const distribution = fc.record({
  columns: fc.constantFrom(["k"], ["v"], ["k", "v"], ["v", "k"], ["d"]),
  shards: parallelism,
  isInPlace: fc.boolean(),
});

const phases = fc.constantFrom("AUTO", "ONE_PHASE", "TWO_PHASE");

/** How a query runs, and what happens behind each frame. */
const life = fc.record({
  isInstant: fc.boolean(),
  timeZone: fc.constantFrom("UTC", "UTC", "Asia/Tokyo", "America/St_Johns"),
  isFolding: fc.boolean(),
  isSplit: fc.boolean(),
  /** Before a savepoint and behind it. */
  phases: fc.tuple(phases, phases),
  pageBudget: fc.constantFrom(128 * 1024, 32 * 1024 * 1024),
  before: parallelism,
  distribution: fc.option(distribution, { freq: 3 }),
  /** Behind so many frames comes a savepoint, and `behind` more while it is taken. */
  savepoint: fc.option(fc.record({ frame: fc.nat(12), behind: fc.nat(3), after: parallelism })),
  happenings,
});

type Life = typeof life extends fc.Arbitrary<infer Value> ? Value : never;

const calm: Life = {
  ...{
    isInstant: false,
    timeZone: "UTC",
    isFolding: false,
    isSplit: false,
    phases: ["AUTO", "AUTO"],
    pageBudget: 32 * 1024 * 1024,
    before: 1,
  },
  ...{ savepoint: null, happenings: [], distribution: null },
};

const names: readonly StreamName[] = ["s", "c"];

function programOf(sql: string, drawn: Life, rest = "") {
  const { isInstant, timeZone, isFolding, pageBudget, distribution: by } = drawn;
  const tables = names.map((name) => ({
    name,
    schema: streamSchema(isInstant),
    options: name === "c" ? { "changelog-mode": "I,UA,UB,D" } : ({} as Record<string, string>),
    ...(by && { distributedBy: by }),
  }));
  const options = {
    "table.local-time-zone": timeZone,
    "table.exec.mini-batch.enabled": String(isFolding),
    "table.optimizer.agg-phase-strategy": drawn.phases[0],
    "table.optimizer.distinct-agg.split.enabled": String(drawn.isSplit),
    "table.optimizer.distinct-agg.split.bucket-num": "3",
  };
  const relation = new TableProgram(tables, [], [], options).relationOf(sql);
  const columns = relation.fields.map(
    ({ name, type }) => `\`${name}\` ${formatSqlType({ ...type, isNullable: true })}`,
  );
  const sink = { name: "result", schema: columns, options: {} };
  const insert = `INSERT INTO result ${sql}${rest}`;
  const program = new TableProgram(tables, [sink], [insert], options, { pageBudget, checkpointTurnBytes: 1 });
  return { relation, program };
}

/** Returns what is left in the sink at the end. */
function lived(
  program: TableProgram,
  frames: readonly StreamFrame[],
  { before, savepoint, happenings: happened, distribution: by, phases: [, later] }: Life,
): string[] {
  const parallelismOf = (wanted: number) => (by?.isInPlace ? 0 : wanted);
  program.start(parallelismOf(before));
  const append = (from: number, to: number) => {
    for (const [index, { stream, changes }] of [...frames.entries()].slice(from, to)) {
      program.appendFrame(stream, changes);
      for (const each of happened[index] ?? []) happenIn(program.stages, each);
    }
  };
  const cut = savepoint?.frame ?? frames.length;
  append(0, cut);
  if (savepoint) {
    program.set("table.optimizer.agg-phase-strategy", later);
    program.restore(parallelismOf(savepoint.after), () => append(cut, cut + savepoint.behind));
    append(cut + savepoint.behind, frames.length);
  }
  program.end();
  return contentOf(program.rows("result"));
}

function batchOf(frames: readonly StreamFrame[], timeZone: string) {
  const rows = { s: rowsLeft(frames, "s"), c: rowsLeft(frames, "c") };
  return (relation: Relation) =>
    evaluateRelation(relation, {
      ...stillContext,
      timeZone,
      rowsOf: (each) => {
        if (each.node !== "scan") return undefined;
        const { table, columns } = each;
        const places = columns.map((name) => table.columns.findIndex((column) => column.name === name));
        return rows[table.name as StreamName].map((row) => places.map((place) => row[place] as SqlValue));
      },
    });
}

function textsOf(relation: Relation, rowsOf: ReturnType<typeof batchOf>): string[] {
  const types = relation.fields.map(({ type }) => type);
  return rowsOf(relation)
    .map((row) => javaRow("", row, types))
    .sort();
}

/** Kinds that the plan says may come to a sink. */
function kindsToSink(program: TableProgram): readonly string[] {
  const dataflow = program.dataflow(1);
  const modes = changelogModesOf(dataflow);
  const names = { I: "+I", UB: "-U", UA: "+U", D: "-D" } as const;
  return dataflow.stages.flatMap(({ sinks }, stage) =>
    sinks.flatMap(({ of }) => modeAt(of, modes[stage] as StageModes).map((kind) => names[kind])),
  );
}

test("a query over streams adds up to its batch, whatever happens", { timeout: 60_000 * runs(1) }, () => {
  fc.assert(
    fc.property(streamQueries, streamFrames, life, (sql, frames, drawn) => {
      const { relation, program } = programOf(sql, drawn);
      const rowsOf = batchOf(frames, drawn.timeZone);
      fc.pre(!hasTotalOfNothing(relation, rowsOf));
      expect(lived(program, frames, drawn), sql).toEqual(textsOf(relation, rowsOf));
      const kinds = new Set(program.rows("result").map(({ kind }) => kind));
      expect(kindsToSink(program), sql).toEqual(expect.arrayContaining([...kinds]));
    }),
    { numRuns: runs(150) },
  );
});

test("LIMIT has so many rows of its input, and only these", { timeout: 60_000 * runs(1) }, () => {
  fc.assert(
    fc.property(limitedQueries, streamFrames, life, ({ sql, limit, offset = 0 }, frames, drawn) => {
      const rest = ` LIMIT ${limit}${offset > 0 ? ` OFFSET ${offset}` : ""}`;
      const { relation, program } = programOf(sql, drawn, rest);
      const all = textsOf(relation, batchOf(frames, drawn.timeZone));
      const found = lived(program, frames, drawn);
      expect(found).toHaveLength(Math.max(0, Math.min(limit, all.length - offset)));
      for (const row of found) {
        expect(all).toContain(row);
        all.splice(all.indexOf(row), 1);
      }
    }),
    { numRuns: runs(20) },
  );
});

function isOrdered(sql: string): boolean {
  return /FIRST_VALUE|LISTAGG|LIMIT/.test(sql);
}

test("other frames of the same rows end with the same content", { timeout: 60_000 * runs(1) }, () => {
  fc.assert(
    fc.property(fc.oneof(streamQueries, orderedQueries), streamFrames, life, (sql, frames, given) => {
      // Rows of several shards have no order among them.
      const drawn = isOrdered(sql) ? { ...given, distribution: null } : given;
      const rowByRow = frames.flatMap(({ stream, changes }) =>
        changes.map((change): StreamFrame => ({ stream, changes: [change] })),
      );
      const { isInstant, timeZone } = drawn;
      const alone = programOf(sql, { ...calm, isInstant, timeZone });
      const framed = programOf(sql, drawn);
      expect(lived(framed.program, frames, drawn), sql).toEqual(lived(alone.program, rowByRow, calm));
    }),
    { numRuns: runs(60) },
  );
});
