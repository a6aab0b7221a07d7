/**
 * State in the shards of a stream has names: a savepoint fits whatever else comes to a statement set, goes,
 * or changes its place in it.
 */
import { describe, expect, test } from "vitest";
import { EngineError } from "../../../src/base/errors.ts";
import { planDataflow } from "../../../src/engine/plan/plan-dataflow.ts";
import type { JobStage } from "../../../src/host/coordinator/catalog.ts";
import { planRestore } from "../../../src/host/coordinator/restore-plan.ts";
import type { SavepointEntry } from "../../../src/host/coordinator/savepoints.ts";
import { streamOfTable } from "../../../src/sql/catalog/stream-of-table.ts";
import type { TableDefinition } from "../../../src/sql/catalog/table-definition.ts";
import { streamSchema } from "../../arbitraries/sql-streams.ts";
import { type ProgramTable, TableProgram } from "../../conformance/table-program.ts";

const shards = 3;
const windows = ["k STRING", "ts TIMESTAMP(3)", "n BIGINT", "WATERMARK FOR ts AS ts"];
const totals = ["k STRING", "n BIGINT", "PRIMARY KEY (k) NOT ENFORCED"];

const sinks: readonly ProgramTable[] = [
  { name: "by_window", schema: windows, options: { connector: "http" } },
  { name: "by_session", schema: windows, options: { connector: "http" } },
  { name: "total", schema: totals, options: { connector: "view" } },
  { name: "other", schema: totals, options: { connector: "view" } },
];

const window = "TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '20' SECOND))";
const session = "TABLE(SESSION(TABLE s PARTITION BY k, DESCRIPTOR(ts), INTERVAL '7' SECOND))";
const insert = {
  window: `INSERT INTO by_window SELECT k, window_time, COUNT(*) FROM ${window}
    GROUP BY k, window_start, window_end, window_time`,
  session: `INSERT INTO by_session SELECT k, window_time, COUNT(*) FROM ${session}
    GROUP BY k, window_start, window_end, window_time`,
  total: "INSERT INTO total SELECT k, COUNT(*) FROM s GROUP BY k",
  filtered: "INSERT INTO total SELECT k, COUNT(*) FROM s WHERE v > -1 AND CHAR_LENGTH(k) > 0 GROUP BY k",
  sum: "INSERT INTO total SELECT k, SUM(v) FROM s GROUP BY k",
  other: "INSERT INTO other SELECT k, COUNT(*) FROM s GROUP BY k",
  assigned: `INSERT INTO by_session SELECT k, window_time, CAST(v AS BIGINT) FROM ${window}`,
  twice: "INSERT INTO total SELECT k, SUM(n) FROM (SELECT k, COUNT(*) AS n FROM s GROUP BY k) GROUP BY k",
  between: `INSERT INTO total SELECT k, SUM(n) FROM (SELECT k, COUNT(*) AS n FROM s GROUP BY k)
    WHERE n > 0 GROUP BY k`,
  latest: "INSERT INTO total SELECT k, CAST(v AS BIGINT) FROM s ON CONFLICT DO DEDUPLICATE",
  large: "INSERT INTO total SELECT k, CAST(v AS BIGINT) FROM s WHERE v > -1 ON CONFLICT DO DEDUPLICATE",
} as const;

type Statement = keyof typeof insert;

function programOf(statements: readonly Statement[], by = "k"): TableProgram {
  const source = {
    name: "s",
    schema: streamSchema(false),
    options: {},
    distributedBy: { columns: [by], shards },
  };
  return new TableProgram(
    [source],
    sinks,
    statements.map((each) => insert[each]),
    {},
  );
}

/** Appends a row of each second from one up to another. */
function append(program: TableProgram, from: number, to: number): void {
  for (let second = from; second < to; second++) {
    const k = "abcdefg"[(second * second) % 7] as string;
    program.append("s", [k, second % 5, null, BigInt(second) * 1_000_000_000n]);
  }
}

/** What tables hold after a run, which goes on in its middle, from a savepoint, with `changed` statements. */
function run(
  before: readonly Statement[],
  tables: readonly string[],
  changed?: readonly Statement[],
  { from = 0, parallelism = 0 } = {},
): string[][] {
  const program = programOf(before);
  program.start(parallelism);
  append(program, from, 33);
  if (changed) {
    program.change(changed.map((each) => insert[each]));
    program.restore(parallelism);
  }
  append(program, 33, 70);
  program.end();
  return tables.map((name) =>
    name === "total" || name === "other" ? program.viewRows(name) : program.appendedRows(name),
  );
}

const both = ["by_window", "total"];

describe("what stays of a statement set goes on with its state", () => {
  test.each<{ name: string; before?: readonly Statement[]; changed: readonly Statement[] }>([
    { name: "nothing changed", changed: ["window", "total"] },
    { name: "a statement in front", changed: ["session", "window", "total"] },
    { name: "a statement between", changed: ["window", "session", "total"] },
    { name: "one that keeps nothing", changed: ["assigned", "window", "total"] },
    { name: "another order", changed: ["total", "window"] },
    { name: "one removed", before: ["session", "window", "total"], changed: ["window", "total"] },
    { name: "one for another", before: ["session", "total", "window"], changed: ["window", "total"] },
    { name: "a filter", changed: ["window", "filtered"] },
    { name: "a filter and a statement in front", changed: ["session", "filtered", "window"] },
    { name: "a filter between", before: ["twice", "window"], changed: ["between", "window"] },
    { name: "a filter before ON CONFLICT", before: ["latest", "window"], changed: ["window", "large"] },
    { name: "a view behind", changed: ["window", "total", "other"] },
    { name: "a view in front", changed: ["other", "window", "total"] },
    {
      name: "views in another order",
      before: ["other", "total", "window"],
      changed: ["total", "window", "other"],
    },
    { name: "a view removed", before: ["other", "total", "window"], changed: ["total", "window"] },
  ])("$name", ({ before = ["window", "total"], changed }) => {
    expect(run(before, both, changed)).toEqual(run(before, both));
  });

  test("and so does a stage behind an exchange, with a filter within", () => {
    const options = { parallelism: 2 };
    const [whole, filtered] = [undefined, ["between"] as const].map((changed) =>
      run(["twice"], ["total"], changed, options),
    );
    expect(filtered).toEqual(whole);
  });

  test("and what is new begins empty", () => {
    const [sessions, total] = run(
      ["window", "total"],
      ["by_session", "total"],
      ["session", "total", "window"],
    );
    expect(sessions).not.toEqual([]);
    expect([sessions]).toEqual(onlyLater(["session"], "by_session"));
    expect([total]).toEqual(run(["total"], ["total"]));
  });

  test("and so does the view of a single statement", () => {
    expect(run(["total"], ["total"], ["filtered"])).toEqual(run(["total"], ["total"]));
    expect(run(["total"], ["other"], ["other"])).toEqual(onlyLater(["other"], "other"));
  });

  test("a view of another name has no rows of the one before", () => {
    expect(run(["window", "total"], ["other"], ["other", "window"])).toEqual(onlyLater(["other"], "other"));
  });
});

/** A run that reads nothing but what comes behind the middle. */
function onlyLater(statements: readonly Statement[], table: string): string[][] {
  return run(statements, [table], undefined, { from: 33 });
}

/**
 * What is refused of a savepoint of `before`, by name; `allows`: nothing is. `by`: what the stream is
 * distributed by, before and then, with another parallelism.
 */
function refusedOf(
  before: readonly Statement[],
  wanted: readonly Statement[],
  allows = false,
  by = ["k", "k"],
): unknown {
  const stages = stagesOf(before, by[0]).map((stage) => ({ ...stage, shards }));
  const entry: SavepointEntry = {
    ...{ savepoint: 7, job: "set", run: 1, state: "done", error: null, stop: false, drain: false },
    ...{ createdAt: 1, doneAt: 2, saved: [], stages },
  };
  try {
    return planRestore(entry, stagesOf(wanted, by[1], 2), new Map([[1, shards]]), allows).states.map(
      (place) => place?.generation,
    );
  } catch (error) {
    if (error instanceof EngineError) return error.details?.nonRestored;
    throw error;
  }
}

function stagesOf(statements: readonly Statement[], by = "k", parallelism = 0): JobStage[] {
  const program = programOf(statements, by);
  const stream = streamOfTable(program.tables.get("s") as TableDefinition);
  const target = { stream: "x", generation: 9, mapVersion: 1, partitions: 1 };
  const written = new Map(
    ["by_window", "by_session"].map((name) => {
      const definition = streamOfTable(program.tables.get(name) as TableDefinition);
      return [name, { definition, schemaVersion: 1, target }];
    }),
  );
  return planDataflow(program.dataflow(parallelism), [stream], () => target, written).map(
    (planned, index) => {
      const { plan, from, operator = "" } = planned;
      return { generation: index + 1, plan, operator, ...(from.length > 0 && { from }) };
    },
  );
}

describe("a savepoint", () => {
  test.each<[Statement[], Statement[]]>([
    [
      ["window", "total"],
      ["session", "total", "window"],
    ],
    [
      ["window", "total"],
      ["window", "filtered"],
    ],
  ])("of %j fits %j", (before, wanted) => {
    expect(refusedOf(before, wanted)).toEqual([1, 2]);
  });

  test("is refused where a statement is gone, unless that is allowed", () => {
    const reason = "the job has no such step";
    const gone = ["total/group(k)", "total/view"].map((operator) => ({ operator, reason }));
    expect(refusedOf(["window", "total"], ["window"])).toEqual(gone);
    expect(refusedOf(["window", "total"], ["window"], true)).toEqual([1]);
    expect(refusedOf(["window", "total"], ["other"])).toHaveLength(3);
  });

  test("is refused where state would have to move into the shards, or out of them", () => {
    const refused = (...by: string[]) => refusedOf(["total"], ["total"], false, by);
    const operator = "total/group(k)";
    expect(refused("k", "v")).toContainEqual({
      operator,
      reason: expect.stringMatching(/^it was in the shards/),
    });
    expect(refused("v", "k")).toContainEqual({
      operator,
      reason: expect.stringMatching(/would be in the shards/),
    });
  });

  test("is refused where state of one name is another", () => {
    const reason = "it was of other types, or of another kind";
    expect(refusedOf(["total", "window"], ["window", "sum"])).toEqual([
      { operator: "total/group(k)", reason },
    ]);
  });
});
