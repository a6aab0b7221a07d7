/**
 * Rows that lie by their key already: what is done by it stays where they are, unless that would be wrong;
 * and rows of a view are where a query for their key looks.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planDataflow } from "../../../../src/engine/plan/plan-dataflow.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import { readKey } from "../../../../src/host/query/read-key.ts";
import { readStreamDefinition } from "../../../../src/protocol/stream-spec.ts";
import { type StreamFrame, streamFrames, streamSchema } from "../../../arbitraries/sql-streams.ts";
import { TableProgram } from "../../../conformance/table-program.ts";
import { contentOf } from "../../../support/changes.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

interface Drawn {
  readonly by?: readonly string[];
  readonly shards?: number;
  readonly options?: Readonly<Record<string, string>>;
  /** Of the sink. */
  readonly connector?: string;
}

function programOf(
  query: string | readonly string[],
  schema: readonly string[],
  { by = ["k"], shards = 3, options = {}, connector = "blackhole" }: Drawn = {},
): TableProgram {
  const source = { name: "s", options: {}, distributedBy: { columns: by, shards } };
  const queries = typeof query === "string" ? [query] : query;
  const sinks = queries.map((_, index) => ({ name: `result${index}`, schema, options: { connector } }));
  return new TableProgram(
    [{ ...source, schema: [...streamSchema(false), "f FLOAT", "c CHAR(3)"] }],
    sinks,
    queries.map((each, index) => `INSERT INTO result${index} ${each}`),
    options,
  );
}

/** The names of what is done in the shards, and of the stages behind them. */
function placesOf(program: TableProgram): string[] {
  const { stages } = program.dataflow(0);
  return stages.flatMap(({ uid, kept = [], source }) => [
    ...(source ? [] : [uid]),
    ...kept.map(({ name }) => `in place ${name}`),
  ]);
}

const counted = (by: string, from = "s") => `SELECT ${by}, COUNT(*) FROM ${from} GROUP BY ${by}`;

describe("a group stays in the shards", () => {
  test.each([
    ["by the distribution", counted("k"), ["k STRING", "n BIGINT"], ["k"]],
    ["by more than that", counted("v, k"), ["v INT", "k STRING", "n BIGINT"], ["k"]],
    ["in another order", counted("v, k"), ["v INT", "k STRING", "n BIGINT"], ["k", "v"]],
    [
      "of columns that only moved",
      counted("a, b", "(SELECT v AS a, k AS b FROM s WHERE v > 0)"),
      ["v INT", "k STRING", "n BIGINT"],
      ["k"],
    ],
    [
      "of the elements of an array",
      counted("k, e", "s CROSS JOIN UNNEST(ARRAY[v, 1]) AS u (e)"),
      ["k STRING", "e INT", "n BIGINT"],
      ["k"],
    ],
  ] as const)("%s", (_, query, schema, by) => {
    expect(placesOf(programOf(query, schema, { by }))).toEqual([
      expect.stringMatching(/^in place result0.group/),
    ]);
  });

  test("distinct rows and windows too", () => {
    expect(placesOf(programOf("SELECT DISTINCT k, v FROM s", ["k STRING", "v INT"]))).toEqual([
      "in place result0/distinct(k,v)",
    ]);
    const windowed = "SELECT k, COUNT(*) FROM s GROUP BY k, TUMBLE(ts, INTERVAL '5' SECOND)";
    expect(placesOf(programOf(windowed, ["k STRING", "n BIGINT"]))).toEqual(["in place result0/window(k)"]);
  });

  test("and the view of a single statement with it", () => {
    const schema = ["k STRING", "n BIGINT", "PRIMARY KEY (k) NOT ENFORCED"];
    const [one, several] = [[counted("k")], [counted("k"), counted("k")]].map((queries) =>
      placesOf(programOf(queries, schema, { connector: "view" })),
    );
    expect(one).toEqual(["in place result0/group(k)", "in place result0/view"]);
    expect(several).toEqual([
      ...["in place result0/group(k)", "in place result1/group(k)"],
      ...["result0/view", "result1/view"],
    ]);
  });
});

describe("a group is exchanged", () => {
  test.each([
    ["by less than the distribution", counted("k"), ["k STRING", "n BIGINT"], ["k", "v"]],
    [
      "by what was calculated",
      counted("u", "(SELECT UPPER(k) AS u FROM s)"),
      ["u STRING", "n BIGINT"],
      ["k"],
    ],
    ["by a FLOAT, which several values in a stream are", counted("f"), ["f FLOAT", "n BIGINT"], ["f"]],
    [
      "with the nulls of ROLLUP",
      "SELECT k, v, COUNT(*) FROM s GROUP BY ROLLUP (k, v)",
      ["k STRING", "v INT", "n BIGINT"],
      ["k"],
    ],
  ] as const)("%s", (_, query, schema, by) => {
    expect(placesOf(programOf(query, schema, { by }))).toEqual([expect.stringMatching(/^result0.group/)]);
  });

  test("of a table of one shard, which may need more partitions", () => {
    const program = programOf(counted("k"), ["k STRING", "n BIGINT"], { shards: 1 });
    expect(placesOf(program)).toEqual(["result0/group(k)"]);
  });

  test("a row whose key is padded goes to the partition of that", () => {
    const schema = ["c CHAR(3) NOT NULL", "n BIGINT", "PRIMARY KEY (c) NOT ENFORCED"];
    const options = { "table.exec.sink.type-length-enforcer": "TRIM_PAD" };
    for (const by of [["c"], ["k"]]) {
      const program = programOf(counted("c"), schema, { by, options, connector: "view" });
      expect(placesOf(program).at(-1)).toBe("result0/view");
    }
  });
});

test("a group by more stays where rows came by less", () => {
  const inner = "(SELECT v, d, COUNT(*) AS n FROM s GROUP BY v, d)";
  const summed = `SELECT v, d, n, COUNT(*) FROM ${inner} GROUP BY v, d, n`;
  const { stages } = programOf(summed, ["v INT", "d DECIMAL(6, 2)", "n BIGINT", "m BIGINT"]).dataflow(2);
  expect(stages.map(({ uid, operators }) => [uid, operators.length])).toEqual([
    ["source/s", 0],
    ["result0/group(v,d)", 2],
  ]);
});

test("a stream that is distributed by something else is refused", () => {
  const dataflow = programOf(counted("k"), ["k STRING", "n BIGINT"]).dataflow(0);
  const columns = [{ name: "k", type: "STRING" }];
  const stream = readStreamDefinition({ columns, shards: 2 });
  const deploy = () => ({ stream: "x", generation: 2, mapVersion: 1, partitions: 1 });
  expect(() => planDataflow(dataflow, [stream], deploy)).toThrow(
    'counts on stream "s" being distributed by k, and it is by no columns',
  );
});

const everyKey = "SELECT k, v, d, COUNT(*) AS n FROM s GROUP BY k, v, d";

/** What may be done by a key, with columns of the result. */
const keyed = fc
  .tuple(
    fc.constantFrom(
      "SELECT KEY, COUNT(*) AS n, COUNT(DISTINCT d) AS u FROM s GROUP BY KEY",
      "SELECT DISTINCT KEY, 1 AS n, 1 AS u FROM s",
      `SELECT KEY, SUM(n) AS n, MAX(v) AS u FROM (${everyKey}) GROUP BY KEY`,
      "SELECT KEY, COUNT(*) AS n, MAX(v) AS u FROM s GROUP BY KEY, TUMBLE(ts, INTERVAL '4' SECOND)",
      "SELECT KEY, COUNT(*) AS n, MAX(v) AS u FROM s GROUP BY KEY, SESSION(ts, INTERVAL '4' SECOND)",
      "SELECT KEY, e AS n, COUNT(*) AS u FROM s CROSS JOIN UNNEST(ARRAY[1, 2]) AS x (e) GROUP BY KEY, e",
      "SELECT KEY, MAX(v) AS n, COUNT(*) AS u FROM (SELECT UPPER(k) AS k, -v AS v, d FROM s) GROUP BY KEY",
    ),
    fc.constantFrom("k", "v", "k, v", "v, d", "d, v, k"),
  )
  .map(([query, key]) => ({ key, query: query.replaceAll("KEY", key) }));

const placed = {
  by: fc.constantFrom(["k"], ["v"], ["k", "v"], ["v", "k"], ["d"]),
  shards: fc.integer({ min: 1, max: 4 }),
};

test("what is done in the shards is what is done by one", { timeout: 60_000 * runs(1) }, () => {
  const cut = fc.option(fc.nat(8));
  let inPlace = 0;
  fc.assert(
    fc.property(keyed, fc.record(placed), streamFrames, cut, ({ key, query }, drawn, frames, at) => {
      const types = { k: "k STRING", v: "v INT", d: "d DECIMAL(6, 2)" };
      const columns = key.split(", ").map((name) => types[name as keyof typeof types]);
      const sink = [...columns, "n BIGINT", "u BIGINT"];
      const [divided, whole] = [
        programOf(query, sink, { ...drawn, connector: "changelog" }),
        programOf(query, sink, { connector: "changelog", shards: 1 }),
      ];
      run(divided, 0, frames, at);
      run(whole, 1, frames);
      expect(contentOf(divided.rows("result0")), query).toEqual(contentOf(whole.rows("result0")));
      inPlace += placesOf(divided).filter((place) => place.startsWith("in place")).length;
    }),
    { numRuns: runs(150) },
  );
  expect(inPlace).toBeGreaterThan(runs(30));
});

/** Keys of a view, with what its rows are counted by. */
const viewKeys = fc.constantFrom("k", "v", "k, v", "v, k", "d, v");

test("a row of a view is in the partition where a query for its key looks", {
  timeout: 60_000 * runs(1),
}, () => {
  const parallelism = fc.constantFrom(0, 0, 1, 3);
  let found = 0;
  fc.assert(
    fc.property(viewKeys, fc.record(placed), parallelism, streamFrames, (key, drawn, wanted, frames) => {
      const schema = [
        "k STRING",
        "v INT",
        "d DECIMAL(6, 2)",
        "n BIGINT",
        `PRIMARY KEY (${key}) NOT ENFORCED`,
      ];
      const columns = ["k", "v", "d"].map((name) => (key.includes(name) ? name : `MIN(${name})`));
      const query = `SELECT ${columns.join(", ")}, COUNT(*) FROM s GROUP BY ${key}`;
      const options = { "table.exec.sink.not-null-enforcer": "DROP" };
      const program = programOf(query, schema, { ...drawn, options, connector: "view" });
      run(program, wanted, frames);
      const { stages } = program.dataflow(wanted);
      const stage = program.stages.stages[stages.findIndex(({ sinks }) => sinks.length > 0)] ?? [];
      for (const [shard, partition] of stage.entries()) {
        const { plan } = partition.partition.jobs.taskOf("job", 1);
        for (const { values } of partition.scan().rows) {
          const equal = Object.fromEntries(plan.key.map(({ name }) => [name, values[name]]));
          expect(readKey(plan, equal, evenRanges(stage.length)).shard, query).toBe(shard);
          found++;
        }
      }
    }),
    { numRuns: runs(60) },
  );
  expect(found).toBeGreaterThan(runs(60));
});

/** `cut`: behind so many frames comes a savepoint. */
function run(
  program: TableProgram,
  parallelism: number,
  frames: readonly StreamFrame[],
  cut: number | null = null,
): void {
  program.start(parallelism);
  for (const [index, { stream, changes }] of frames.entries()) {
    if (index === cut) program.restore(parallelism);
    if (stream !== "s") continue;
    const rows = changes.map(({ kind, row }) => ({ kind, row: [...row, null, null] }));
    program.appendFrame("s", rows);
  }
  program.end();
}
