/**
 * Queries over streams, and what comes in by these: rows of `s`, which only come, and changes of `c`, which
 * are taken back too, each within the bound by which the watermark is behind.
 *
 * Left out is what a stream cannot know: sessions of rows that are taken back, which stay as long as they
 * were, and totals of nothing.
 */
import fc from "fast-check";
import type { Row } from "../../src/interpreter/values/sql-value.ts";
import { nanosPerMilli } from "../../src/interpreter/values/sql-value.ts";

export type StreamName = "s" | "c";

/** A change of a table: its kind, and a row of all columns. */
export interface StreamChange {
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly row: Row;
}

export interface StreamFrame {
  readonly stream: StreamName;
  readonly changes: readonly StreamChange[];
}

/** How far rows may be behind the newest. */
const boundMs = 5_000;

/** What a table's columns are; its time is a TIMESTAMP, or an instant. */
export function streamSchema(isInstant: boolean): string[] {
  return [
    "k STRING",
    "v INT",
    "d DECIMAL(6, 2)",
    `ts ${isInstant ? "TIMESTAMP_LTZ" : "TIMESTAMP"}(3)`,
    `WATERMARK FOR ts AS ts - INTERVAL '${boundMs / 1000}' SECOND`,
  ];
}

interface Drawn {
  readonly stream: StreamName;
  readonly k: string | null;
  readonly v: number | null;
  readonly d: bigint | null;
  /** How much newer than the newest, or older. */
  readonly step: number;
  /** 0 to 3: a new row. Else one of those that are there is taken back, or changed. */
  readonly does: number;
  readonly choice: number;
  readonly endsFrame: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  stream: fc.constantFrom("s", "c"),
  k: fc.option(fc.constantFrom("a", "b", "cc"), { freq: 6 }),
  v: fc.option(fc.integer({ min: -3, max: 4 }), { freq: 6 }),
  d: fc.option(fc.constantFrom(0n, 125n, -750n, 1000n), { freq: 6 }),
  step: fc.integer({ min: -5, max: 6 }),
  does: fc.nat(6),
  choice: fc.nat(99),
  endsFrame: fc.boolean(),
});

/** Frames of both tables in the order in which they come. */
export const streamFrames: fc.Arbitrary<readonly StreamFrame[]> = fc
  .array(drawn, { maxLength: 30, size: "max" })
  .map(framesFrom);

function framesFrom(all: readonly Drawn[]): StreamFrame[] {
  const frames: { stream: StreamName; changes: StreamChange[] }[] = [];
  const open = new Map<StreamName, { stream: StreamName; changes: StreamChange[] }>();
  const newest = { s: 0, c: 0 };
  const there: Row[] = [];
  for (const each of all) {
    const { stream, choice, endsFrame } = each;
    const frame = open.get(stream) ?? { stream, changes: [] };
    if (!open.has(stream)) frames.push(frame);
    open.set(stream, frame);
    const since = newest[stream];
    // What is too old to be changed is late by now.
    const young = there.filter((row) => millisIn(row) > since - boundMs);
    const old = stream === "c" && each.does > 3 ? young[choice % young.length] : undefined;
    const time = Math.max(0, since + each.step * 1000 + (each.step < 0 ? 1 : 0));
    newest[stream] = old && each.does > 5 ? since : Math.max(since, time);
    const row: Row = [each.k, each.v, each.d, BigInt(time) * nanosPerMilli];
    if (old) there.splice(there.indexOf(old), 1);
    if (stream === "c" && !(old && each.does > 5)) there.push(row);
    if (!old) frame.changes.push({ kind: "+I", row });
    else if (each.does > 5) frame.changes.push({ kind: "-D", row: old });
    else frame.changes.push({ kind: "-U", row: old }, { kind: "+U", row });
    if (endsFrame) open.delete(stream);
  }
  return frames;
}

function millisIn(row: Row): number {
  return Number((row[3] as bigint) / nanosPerMilli);
}

/** The rows of a table when all of its changes were made. */
export function rowsLeft(frames: readonly StreamFrame[], stream: StreamName): Row[] {
  const rows: Row[] = [];
  for (const { kind, row } of frames.flatMap((frame) => (frame.stream === stream ? frame.changes : []))) {
    if (kind === "+I" || kind === "+U") rows.push(row);
    else rows.splice(rows.indexOf(row), 1);
  }
  return rows;
}

const columns = "k, v, d, ts";
const condition = fc.constantFrom("v > 0", "k = 'a'", "d IS NULL", "v IS NOT NULL AND k <> 'b'", "v < d");

/** What is read: a table, rows of it, both together, or with the elements of an array. */
const whole: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("s", "c", "s", "c"),
  fc
    .tuple(fc.constantFrom("s", "c"), condition)
    .map(([name, where]) => `(SELECT * FROM ${name} WHERE ${where})`),
  fc.constant(`(SELECT ${columns} FROM s UNION ALL SELECT ${columns} FROM c)`),
  fc
    .constantFrom("s", "c")
    .map((name) => `(SELECT k, e AS v, d, ts FROM ${name} CROSS JOIN UNNEST(ARRAY[v, 2, v + 1]) AS x (e))`),
);

/** Rows that only come. */
const appended: fc.Arbitrary<string> = fc.oneof(
  fc.constant("s"),
  condition.map((where) => `(SELECT * FROM s WHERE ${where})`),
);

const aggregate = fc
  .tuple(
    fc.constantFrom(
      ...["COUNT(*)", "COUNT(v)", "SUM(v)", "SUM(d)", "MIN(v)", "MAX(d)", "AVG(v)", "AVG(d)", "MAX(k)"],
      ...["COUNT(DISTINCT v)", "SUM(DISTINCT v)", "COUNT(DISTINCT k)", "MIN(DISTINCT d)", "MAX(ts)"],
    ),
    fc.option(condition),
  )
  .map(([called, filter]) => (filter === null ? called : `${called} FILTER (WHERE ${filter})`));

const aggregates = fc
  .array(aggregate, { minLength: 1, maxLength: 3 })
  .map((all) => all.map((each, index) => `${each} AS a${index}`).join(", "));

const keys = fc.constantFrom("k", "v", "k, v", "k, d");
const having = fc.constantFrom("", "", " HAVING COUNT(*) > 1", " HAVING SUM(v) > 0 OR MIN(v) IS NULL");

const projected = fc
  .tuple(whole, fc.constantFrom("*", "k, v + 1 AS w", "UPPER(k) AS u, d", "v"), fc.option(condition))
  .map(([from, items, where]) => `SELECT ${items} FROM ${from}${where === null ? "" : ` WHERE ${where}`}`);

const grouped = fc
  .tuple(whole, keys, aggregates, having)
  .map(([from, by, items, kept]) => `SELECT ${by}, ${items} FROM ${from} GROUP BY ${by}${kept}`);

const inSets = fc
  .tuple(
    whole,
    fc.constantFrom("ROLLUP (k, v)", "CUBE (k, v)", "GROUPING SETS ((k), (v), (k, v))"),
    aggregates,
  )
  .map(([from, by, items]) => `SELECT k, v, GROUPING_ID(k, v) AS g, ${items} FROM ${from} GROUP BY ${by}`);

const distinct = fc.tuple(whole, keys).map(([from, items]) => `SELECT DISTINCT ${items} FROM ${from}`);

const total = fc.tuple(whole, aggregates).map(([from, items]) => `SELECT ${items} FROM ${from}`);

const setOf = fc
  .tuple(
    fc.constantFrom("UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"),
    ...[whole, whole],
    fc.constantFrom("k", "k, v", "v"),
  )
  .map(([set, left, right, items]) => `SELECT ${items} FROM ${left} ${set} SELECT ${items} FROM ${right}`);

/** How often there is each result of a group: results that change are grouped again. */
const regrouped = fc
  .tuple(whole, keys, aggregate)
  .map(
    ([from, by, inner]) =>
      `SELECT n, COUNT(*) AS b, MAX(i) AS m FROM (SELECT ${by}, COUNT(*) AS n, ${inner} AS i FROM ${from} ` +
      `GROUP BY ${by}) GROUP BY n`,
  );

const seconds = (count: number) => `INTERVAL '${count}' SECOND`;
const sizes = fc.constantFrom(
  ...[`TUMBLE|${seconds(7)}`, `HOP|${seconds(4)}, ${seconds(8)}`, `HOP|${seconds(3)}, ${seconds(9)}`],
  `CUMULATE|${seconds(3)}, ${seconds(9)}`,
);
const offset = fc.constantFrom("", "", `, ${seconds(2)}`, `, INTERVAL -'1' SECOND`);

/** A window of rows, as what FROM may name. */
const onGrid = fc.tuple(whole, sizes, offset).map(([from, size, moved]) => {
  const [name, given] = size.split("|");
  return `TABLE(${name}(${asTable(from)}, DESCRIPTOR(ts), ${given}${moved}))`;
});

const inSessions = fc.constantFrom("k", "v", "k, v").map((by): readonly [string, string] => {
  return [`TABLE(SESSION(TABLE s PARTITION BY (${by}), DESCRIPTOR(ts), ${seconds(3)}))`, by];
});

function asTable(from: string): string {
  return from.startsWith("(") ? from : `TABLE ${from}`;
}

const windows: fc.Arbitrary<readonly [from: string, by: string]> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(onGrid, fc.constantFrom("", "k", "v", "k, v")) },
  { weight: 1, arbitrary: inSessions },
);

const assigned = windows.map(
  ([from]) => `SELECT k, v, d, window_start, window_end, window_time FROM ${from}`,
);

const windowed = fc
  .tuple(windows, aggregates, having, fc.constantFrom("window_start, window_end", "window_end, window_start"))
  .map(([[from, key], items, kept, bounds]) => {
    const by = key === "" ? bounds : `${key}, ${bounds}`;
    return `SELECT ${by}, ${items} FROM ${from} GROUP BY ${by}${kept}`;
  });

const legacy = fc
  .tuple(
    fc.oneof(
      fc.tuple(whole, fc.constantFrom(`TUMBLE(ts, ${seconds(7)})`, `HOP(ts, ${seconds(4)}, ${seconds(8)})`)),
      fc.tuple(appended, fc.constant(`SESSION(ts, ${seconds(3)})`)),
    ),
    ...[keys, aggregates, having],
  )
  .map(([[from, window], by, items, kept]) => {
    const bounds = ["START", "END", "ROWTIME"].map((each) => {
      return `${window.replace("(", `_${each}(`)} AS w_${each.toLowerCase()}`;
    });
    return `SELECT ${by}, ${bounds.join(", ")}, ${items} FROM ${from} GROUP BY ${by}, ${window}${kept}`;
  });

/** Windows of the results of windows. */
const cascaded = fc
  .tuple(windows, sizes, fc.constantFrom("", "n, "), fc.constantFrom("", "k, "))
  .map(([[from, key], size, outer, first]) => {
    const own = key === "" ? "" : `${key}, `;
    const [name, given] = size.split("|");
    const by = key.includes("k") ? first : outer.replace("n, ", "");
    const inner =
      `SELECT ${own}window_start AS ws, window_end AS we, window_time AS rt, COUNT(*) AS n, SUM(v) AS i ` +
      `FROM ${from} GROUP BY ${own}window_start, window_end, window_time`;
    return (
      `SELECT ${by}window_start, window_end, SUM(n) AS n, MAX(i) AS i, COUNT(DISTINCT n) AS u ` +
      `FROM TABLE(${name}((${inner}), DESCRIPTOR(rt), ${given})) GROUP BY ${by}window_start, window_end`
    );
  });

/** Totals over all windows so far, and windows that rows bring along. */
const overWindows = fc
  .tuple(windows, fc.constantFrom("attached", "totals"), condition)
  .map(([[from, key], shape, where]) => {
    const own = key === "" ? "" : `${key}, `;
    const inner =
      `SELECT ${own}window_start, window_end, COUNT(*) AS n, SUM(v) AS i ` +
      `FROM ${from} WHERE ${where} GROUP BY ${own}window_start, window_end`;
    return shape === "attached"
      ? `SELECT window_start, window_end, SUM(n) AS n FROM (${inner}) GROUP BY window_start, window_end`
      : `SELECT n, COUNT(*) AS c, SUM(i) AS i FROM (${inner}) GROUP BY n`;
  });

const limited = fc
  .tuple(fc.constantFrom("s", "(SELECT * FROM s WHERE v > 0)"), fc.nat(5), fc.nat(2))
  .map(([from, limit, skipped]) => ({
    sql: `SELECT k, v FROM ${from}`,
    limit,
    ...(skipped > 0 && { offset: skipped }),
  }));

/** Queries whose results do not depend on the order in which rows come. */
export const streamQueries: fc.Arbitrary<string> = fc.oneof(
  ...[projected, grouped, inSets, distinct, total, setOf, regrouped],
  ...[assigned, windowed, windowed, legacy, cascaded, overWindows],
);

/** Rows by their arrival: `limit` rows of those that `sql` has, behind some. */
export const limitedQueries: fc.Arbitrary<{
  readonly sql: string;
  readonly limit: number;
  readonly offset?: number;
}> = limited;

/** Queries that do, over the rows of one partition. */
export const orderedQueries: fc.Arbitrary<string> = fc.constantFrom(
  "SELECT k, FIRST_VALUE(v) AS a, LAST_VALUE(v) AS b, LISTAGG(k) AS l FROM s GROUP BY k",
  "SELECT k, LISTAGG(CAST(v AS STRING)) AS l FROM c GROUP BY k",
  "SELECT k, v FROM s LIMIT 3 OFFSET 1",
  "SELECT k, v FROM c LIMIT 3",
  `SELECT k, window_end, FIRST_VALUE(v) AS a FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), ${seconds(7)})) ` +
    "GROUP BY k, window_start, window_end",
);
