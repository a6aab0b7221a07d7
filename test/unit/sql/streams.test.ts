/**
 * What statements over streams do in time: windows by the clock, state that is forgotten, windows of other
 * zones; and what becomes of it in a view and in a stream.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Row } from "../../../src/interpreter/values/sql-value.ts";
import { type StreamFrame, streamFrames, streamSchema } from "../../arbitraries/sql-streams.ts";
import { happenIn, happenings } from "../../arbitraries/stages-runs.ts";
import { TableProgram } from "../../conformance/table-program.ts";
import { contentOf } from "../../support/changes.ts";

/** A long run: LAW_RUNS=20 multiplies the number of cases. */
const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

const nanosPerSecond = 1_000_000_000n;

/** A row of `s`: its time in seconds. */
function rowOf(k: string | null, v: number | null, second = 0): Row {
  return [k, v, null, BigInt(second) * nanosPerSecond];
}

interface Sink {
  readonly schema: readonly string[];
  readonly connector?: "http" | "view";
  readonly isInstant?: boolean;
  readonly options?: Readonly<Record<string, string>>;
}

/** A query over `s` and `c` into a sink. */
function programOf(query: string, { schema, connector, isInstant = false, options = {} }: Sink) {
  const columns = streamSchema(isInstant);
  const sources = [
    { name: "s", schema: ["pt AS PROCTIME()", ...columns], options: {} },
    { name: "c", schema: columns, options: { "changelog-mode": "I,UA,UB,D" } },
  ];
  const sink = { name: "result", schema, options: { ...(connector && { connector }) } };
  const partitions = { checkpointTurnBytes: 1 };
  return new TableProgram(sources, [sink], [`INSERT INTO result ${query}`], options, partitions);
}

function changesOf(program: TableProgram): string[] {
  return program.rows("result").map(({ text }) => text);
}

describe("windows by the clock", () => {
  const schema = ["k STRING", "n BIGINT"];
  const queries = {
    "a table function": `SELECT k, COUNT(*) FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(pt), INTERVAL '10' SECOND))
      GROUP BY k, window_start, window_end`,
    "a group window": "SELECT k, COUNT(*) FROM s GROUP BY k, TUMBLE(pt, INTERVAL '10' SECOND)",
    "a session": "SELECT k, COUNT(*) FROM s GROUP BY k, SESSION(pt, INTERVAL '10' SECOND)",
    "a session as a table": `SELECT k, COUNT(*) FROM
      TABLE(SESSION(TABLE s PARTITION BY k, DESCRIPTOR(pt), INTERVAL '10' SECOND))
      GROUP BY k, window_start, window_end`,
  };

  test.each(Object.entries(queries))("fire by an alarm, without a row: %s", (_, query) => {
    const program = programOf(query, { schema });
    program.start(2);
    program.append("s", rowOf("a", 1));
    program.append("s", rowOf("a", 2));
    expect(changesOf(program)).toEqual([]);
    const due = program.stages.all.flatMap(({ partition }) => partition.nextAlarm() ?? []);
    expect(Math.min(...due)).toBeLessThanOrEqual(1_704_067_210_000);
    program.pass(10_000);
    expect(changesOf(program)).toEqual(["+I[a, 2]"]);
    program.append("s", rowOf("a", 3));
    program.pass(10_000);
    expect(changesOf(program)).toEqual(["+I[a, 2]", "+I[a, 1]"]);
  });

  const [five, ten] = ["INTERVAL '5' SECOND", "INTERVAL '10' SECOND"];
  const overlapping = {
    "HOP as a table": `FROM TABLE(HOP(TABLE s, DESCRIPTOR(pt), ${five}, ${ten}))
      GROUP BY k, window_start, window_end`,
    "HOP as a group window": `FROM s GROUP BY k, HOP(pt, ${five}, ${ten})`,
    CUMULATE: `FROM TABLE(CUMULATE(TABLE s, DESCRIPTOR(pt), ${five}, ${ten}))
      GROUP BY k, window_start, window_end`,
  };

  test.each(Object.entries(overlapping))("that overlap fire each at its end: %s", (name, from) => {
    const program = programOf(`SELECT k, COUNT(*) ${from}`, { schema });
    program.start(2);
    program.append("s", rowOf("a", 1));
    program.pass(4_000);
    expect(changesOf(program)).toEqual([]);
    program.pass(1_000);
    expect(changesOf(program)).toEqual(["+I[a, 1]"]);
    program.append("s", rowOf("a", 2));
    program.pass(5_000);
    expect(changesOf(program)).toEqual(["+I[a, 1]", "+I[a, 2]"]);
    program.pass(5_000);
    const last = name === "CUMULATE" ? [] : ["+I[a, 1]"];
    expect(changesOf(program)).toEqual(["+I[a, 1]", "+I[a, 2]", ...last]);
    program.pass(20_000);
    expect(changesOf(program)).toHaveLength(2 + last.length);
  });

  test("are grouped again by their bounds", () => {
    const inner = `SELECT k, window_start AS ws, window_end AS we, COUNT(*) AS n
      FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(pt), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end`;
    const query = `SELECT COUNT(*), SUM(n) FROM (${inner}) GROUP BY ws, we`;
    const program = programOf(query, { schema: ["users BIGINT", "n BIGINT"] });
    program.start(2);
    for (const k of ["a", "b", "a"]) program.append("s", rowOf(k, 1));
    program.pass(10_000);
    expect(contentOf(program.rows("result"))).toEqual(["[2, 3]"]);
  });
});

describe("state that is kept for a time", () => {
  const options = { "table.exec.state.ttl": "10 s" };

  test("a group that did not change for so long begins anew", () => {
    const query = "SELECT k, COUNT(*) FROM s GROUP BY k";
    const program = programOf(query, { schema: ["k STRING", "n BIGINT"], options });
    program.start(2);
    program.append("s", rowOf("a", 1));
    program.append("s", rowOf("b", 1));
    program.pass(6_000);
    program.append("s", rowOf("a", 1));
    program.pass(6_000);
    program.append("s", rowOf("a", 1));
    program.append("s", rowOf("b", 1));
    const changes = ["+I[a, 1]", "+I[b, 1]", "-U[a, 1]", "+U[a, 2]", "-U[a, 2]", "+U[a, 3]", "+I[b, 1]"];
    expect(changesOf(program)).toEqual(changes);
  });

  test("a row that did not come for so long is distinct again", () => {
    const program = programOf("SELECT DISTINCT k FROM s", { schema: ["k STRING"], options });
    program.start(2);
    for (const k of ["a", "a"]) program.append("s", rowOf(k, 1));
    program.pass(11_000);
    program.append("s", rowOf("a", 1));
    expect(changesOf(program)).toEqual(["+I[a]", "+I[a]"]);
  });

  test("distinct rows go into a stream, and are counted once", () => {
    const distinct = "SELECT DISTINCT k, ts FROM s";
    const schema = ["k STRING", "ts TIMESTAMP(3)", "WATERMARK FOR ts AS ts"];
    const stream = programOf(distinct, { schema, connector: "http", options });
    const count = programOf(`SELECT COUNT(*) FROM (${distinct})`, { schema: ["n BIGINT"], options });
    for (const program of [stream, count]) {
      program.start(2);
      for (const k of ["a", "b", "a"]) program.append("s", rowOf(k, 1));
    }
    expect(stream.appendedRows("result")).toEqual(["[a, 1970-01-01T00:00]", "[b, 1970-01-01T00:00]"]);
    expect(contentOf(count.rows("result"))).toEqual(["[2]"]);
  });
});

describe("windows of instants lie on the clocks of the session's zone", () => {
  const options = { "table.local-time-zone": "Asia/Tokyo" };
  const hour = 3600;
  const window = "TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' DAY))";
  const perDay = `SELECT k, window_start AS ws, window_end AS we, COUNT(*) AS n FROM ${window}
    GROUP BY k, window_start, window_end`;
  // Midnight in Tokyo is 15:00 in UTC.
  const rows = [rowOf("a", 1, 14 * hour), rowOf("b", 1, 15 * hour - 1), rowOf("a", 1, 15 * hour)];
  const schema = ["ws TIMESTAMP(3)", "we TIMESTAMP(3)", "n BIGINT"];

  test.each([
    ["by day", `SELECT window_start, window_end, COUNT(*) FROM ${window} GROUP BY window_start, window_end`],
    ["by day, of what rows bring along", `SELECT ws, we, SUM(n) FROM (${perDay}) GROUP BY ws, we`],
    [
      "by day, as a group window",
      `SELECT TUMBLE_START(ts, INTERVAL '1' DAY), TUMBLE_END(ts, INTERVAL '1' DAY), COUNT(*) FROM s
       GROUP BY TUMBLE(ts, INTERVAL '1' DAY)`,
    ],
  ])("%s", (_, query) => {
    const program = programOf(query, { schema, isInstant: true, options });
    program.start(2);
    for (const row of rows) program.append("s", row);
    expect(changesOf(program)).toEqual([]);
    // The watermark is five seconds behind.
    program.append("s", rowOf("a", 1, 15 * hour + 5));
    expect(changesOf(program)).toEqual(["+I[1970-01-01T00:00, 1970-01-02T00:00, 2]"]);
    program.append("s", rowOf("a", 1, 39 * hour + 5));
    expect(changesOf(program).slice(1)).toEqual(["+I[1970-01-02T00:00, 1970-01-03T00:00, 2]"]);
  });

  test("where clocks are set back, once both hours are over, however rows are framed", () => {
    const zone = { "table.local-time-zone": "America/New_York" };
    const hops = "TABLE(HOP(TABLE s, DESCRIPTOR(ts), INTERVAL '30' MINUTE, INTERVAL '1' HOUR))";
    const query = `SELECT window_start, window_end, COUNT(*) FROM ${hops} GROUP BY window_start, window_end`;
    // On 2024-11-03 clocks show one o'clock at 5:00 and at 6:00 in UTC.
    const five = Date.UTC(2024, 10, 3, 5) / 1000;
    const minutes = [10, 50, 59.5, 65, 100, 119, 125];
    const rowsAt = minutes.map((minute) => rowOf("a", 1, five + minute * 60));
    const contents = [true, false].map((isAlone) => {
      const program = programOf(query, { schema, isInstant: true, options: zone });
      program.start(1);
      for (const frame of isAlone ? rowsAt.map((row) => [row]) : [rowsAt.slice(0, 2), rowsAt.slice(2)]) {
        program.appendFrame(
          "s",
          frame.map((row) => ({ kind: "+I", row })),
        );
        program.stages.settle();
        for (const each of program.stages.all) each.crash();
      }
      program.stages.settle();
      const before = changesOf(program).length;
      program.end();
      return [before, ...contentOf(program.rows("result"))];
    });
    const day = "2024-11-03T";
    expect(contents).toEqual(
      Array.from({ length: 2 }, () => [
        2,
        `[${day}00:30, ${day}01:30, 2]`,
        `[${day}01:00, ${day}02:00, 6]`,
        `[${day}01:30, ${day}02:30, 5]`,
        `[${day}02:00, ${day}03:00, 1]`,
      ]),
    );
  });
});

test("rows of the hour that comes twice are sorted by their instants, and none is late", () => {
  const options = { "table.local-time-zone": "America/New_York" };
  const program = programOf("SELECT v FROM s ORDER BY ts", { schema: ["v INT"], isInstant: true, options });
  const five = Date.UTC(2024, 10, 3, 5) / 1000;
  program.start(1);
  const minutes = [30, 10, 70, 65, 130];
  program.appendFrame(
    "s",
    minutes.map((minute) => ({ kind: "+I", row: rowOf("a", minute, five + minute * 60) })),
  );
  program.append("s", rowOf("a", 140, five + 140 * 60));
  program.end();
  expect(changesOf(program)).toEqual(["+I[10]", "+I[30]", "+I[65]", "+I[70]", "+I[130]", "+I[140]"]);
});

test("rows that a condition leaves out hold their session together", () => {
  const query = `SELECT window_start, COUNT(*)
    FROM TABLE(SESSION(TABLE s PARTITION BY k, DESCRIPTOR(ts), INTERVAL '3' SECOND))
    WHERE v > 0 GROUP BY k, window_start, window_end`;
  const program = programOf(query, { schema: ["started TIMESTAMP(3)", "n BIGINT"] });
  program.start(2);
  for (const [v, second] of [
    [1, 0],
    [0, 2],
    [1, 4],
    [0, 20],
  ] as const) {
    program.append("s", rowOf("a", v, second));
  }
  // It has fired: its results only come.
  expect(changesOf(program)).toEqual(["+I[1970-01-01T00:00, 2]"]);
});

test("ORDER BY time sends of one second what the watermark has passed, and the rest later", () => {
  const program = programOf("SELECT k, v FROM s ORDER BY ts, v DESC", { schema: ["k STRING", "v INT"] });
  program.start(2);
  // The watermark is five seconds behind.
  for (const [k, v, millis] of [
    ["a", 1, 1_800],
    ["b", 2, 1_200],
    ["c", 3, 1_200],
    ["d", 4, 6_500],
  ] as const) {
    program.append("s", [k, v, null, BigInt(millis) * 1_000_000n]);
  }
  expect(changesOf(program)).toEqual(["+I[c, 3]", "+I[b, 2]"]);
  program.restore(1);
  program.append("s", ["e", 5, null, 1_600_000_000n]);
  program.append("s", ["f", 6, null, 7_000_000_000n]);
  expect(changesOf(program)).toEqual(["+I[c, 3]", "+I[b, 2]", "+I[e, 5]", "+I[a, 1]"]);
  program.end();
  expect(changesOf(program).slice(4)).toEqual(["+I[d, 4]", "+I[f, 6]"]);
});

test("GROUPING_ID has a bit for each key that is left out", () => {
  const query = `SELECT k, v, GROUPING_ID(k, v), GROUPING(v), COUNT(*) FROM s
    GROUP BY GROUPING SETS ((k, v), (k), (v), ())`;
  const schema = ["k STRING", "v INT", "id BIGINT", "one BIGINT", "n BIGINT"];
  const program = programOf(query, { schema });
  program.start(2);
  program.append("s", rowOf("a", null));
  program.append("s", rowOf("a", 1));
  expect(contentOf(program.rows("result"))).toEqual([
    "[a, 1, 0, 0, 1]",
    "[a, null, 0, 0, 1]",
    "[a, null, 1, 1, 2]",
    "[null, 1, 2, 0, 1]",
    "[null, null, 2, 0, 1]",
    "[null, null, 3, 1, 2]",
  ]);
});

describe("ON CONFLICT, where several rows have one key", () => {
  const schema = ["k STRING", "v INT", "PRIMARY KEY (k) NOT ENFORCED"];
  const of = (conflict: string) =>
    programOf(`SELECT k, v FROM c ON CONFLICT DO ${conflict}`, { schema, connector: "view" });
  const feed = (program: TableProgram, ...changes: readonly [kind: string, k: string, v: number][]) => {
    for (const [kind, k, v] of changes) program.append("c", rowOf(k, v), kind);
  };

  test.each([
    ["DEDUPLICATE", ["[a, 3]", "[b, 9]"], ["[a, 2]"], ["[a, 1]"]],
    ["NOTHING", ["[a, 1]", "[b, 9]"], ["[a, 1]"], ["[a, 1]"]],
  ])("DO %s shows one of them, and another where it is taken back", (conflict, all, fewer, one) => {
    const program = of(conflict);
    program.start(3);
    feed(program, ["+I", "a", 1], ["+I", "a", 2], ["+I", "b", 9], ["+I", "a", 3]);
    expect(program.viewRows("result")).toEqual(all);
    program.restore(2);
    feed(program, ["-D", "b", 9], ["-D", "a", 3]);
    expect(program.viewRows("result")).toEqual(fewer);
    feed(program, ["-D", "a", 2]);
    expect(program.viewRows("result")).toEqual(one);
    feed(program, ["-D", "a", 1]);
    expect(program.viewRows("result")).toEqual([]);
  });

  test("DO ERROR fails the job, but where one follows the other", () => {
    const program = of("ERROR");
    program.start(2);
    feed(program, ["+I", "a", 1], ["-D", "a", 1], ["+I", "a", 2]);
    program.appendFrame("c", [
      { kind: "-U", row: rowOf("a", 2) },
      { kind: "+U", row: rowOf("a", 4) },
    ]);
    program.stages.settle();
    expect(program.viewRows("result")).toEqual(["[a, 4]"]);
    expect(() => feed(program, ["+I", "a", 3])).toThrow(/Several rows have one PRIMARY KEY of result/);
  });
});

/** Appends frames, and lets happen behind each what is to happen. */
function live(program: TableProgram, frames: readonly StreamFrame[], { all, after }: Lived): void {
  program.start(3);
  for (const [index, { stream, changes }] of frames.entries()) {
    program.appendFrame(stream, changes);
    for (const each of all[index] ?? []) happenIn(program.stages, each);
    if (index === 3 && after !== null) program.restore(after);
  }
  program.end();
}

const lived = fc.record({ all: happenings, after: fc.option(fc.integer({ min: 1, max: 4 })) });

type Lived = typeof lived extends fc.Arbitrary<infer Value> ? Value : never;

const grouped = `SELECT k, v, COUNT(*) AS n, MAX(d) AS d FROM c WHERE k IS NOT NULL AND v IS NOT NULL
  GROUP BY k, v`;

test.each([
  grouped,
  `${grouped} HAVING COUNT(*) = 1`,
  `SELECT k, v, COUNT(*) AS n, MIN(d) FROM (SELECT * FROM s UNION ALL SELECT PROCTIME() AS pt, * FROM c)
   WHERE k IS NOT NULL AND v IS NOT NULL GROUP BY v, k`,
])("a view is what the changes of its query add up to: %s", { timeout: 60_000 * runs(1) }, (query) => {
  const columns = ["k STRING NOT NULL", "v INT NOT NULL", "n BIGINT", "d DECIMAL(6, 2)"];
  fc.assert(
    fc.property(streamFrames, lived, (frames, happened) => {
      const view = programOf(query, {
        schema: [...columns, "PRIMARY KEY (k, v) NOT ENFORCED"],
        connector: "view",
      });
      const changelog = programOf(query, { schema: columns });
      live(view, frames, happened);
      live(changelog, frames, { all: [], after: null });
      expect(view.viewRows("result")).toEqual(contentOf(changelog.rows("result")));
    }),
    { numRuns: runs(12) },
  );
});

test("a stream has each result once, whatever is lost and whoever crashes", {
  timeout: 60_000 * runs(1),
}, () => {
  const window = "TABLE(HOP(TABLE s, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '6' SECOND))";
  const query = `SELECT k, window_time AS ts, COUNT(*) AS n FROM ${window} WHERE k IS NOT NULL
    GROUP BY k, window_start, window_end, window_time`;
  const schema = ["k STRING", "ts TIMESTAMP(3)", "n BIGINT"];
  fc.assert(
    fc.property(streamFrames, lived, (frames, happened) => {
      const changelog = programOf(query, { schema });
      live(changelog, frames, { all: [], after: null });
      const stream = programOf(query, {
        schema: [...schema, "WATERMARK FOR ts AS ts"],
        connector: "http",
      });
      // What a restored run sends again is sent again.
      live(stream, frames, { ...happened, after: null });
      expect(stream.appendedRows("result")).toEqual(contentOf(changelog.rows("result")));
    }),
    { numRuns: runs(12) },
  );
});
