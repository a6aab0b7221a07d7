/**
 * Programs of Flink's own restore tests as pipelines, with the rows that Flink expects:
 * `shared/conformance/programs.json`, which is not part of the product.
 *
 * Taken are the window aggregates over appended rows, all windows but sessions.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { JobBody } from "../../src/protocol/job-spec.ts";
import type { Pipeline, Pipelines } from "./pipelines.ts";

const programsPath = fileURLToPath(new URL("../../../shared/conformance/programs.json", import.meta.url));

interface FlinkRow {
  readonly values: readonly unknown[];
}

interface Program {
  readonly uid: string;
  readonly portability: string;
  readonly sources: readonly {
    readonly name: string;
    readonly rows: readonly FlinkRow[];
    readonly rowsAfterRestore: readonly FlinkRow[];
  }[];
  readonly sinks: readonly {
    readonly expected: readonly { readonly str: string }[];
    readonly expectedAfterRestore: readonly { readonly str: string }[];
  }[];
  readonly sql: readonly string[];
}

const columns = [
  { name: "rowtime", type: "TIMESTAMP(3)", path: "ts" },
  { name: "a_int", type: "INT" },
  { name: "comment", type: "STRING" },
  { name: "name", type: "STRING" },
] as const;

/** As they stand in the rows of the programs. */
const fields = ["ts", "a_int", "b_double", "c_float", "d_bigdec", "comment", "name"];

/** The pipelines; undefined where the programs are not there. */
export function flinkPipelines(): Pipelines | undefined {
  if (!existsSync(programsPath)) return undefined;
  const { cases } = JSON.parse(readFileSync(programsPath, "utf8")) as { readonly cases: readonly Program[] };
  const programs = cases.filter(({ uid, portability, sql }) => {
    return uid.startsWith("WindowAggregate") && portability.startsWith("A") && windowOf(sql[0] ?? "");
  });
  const [source] = programs[0]?.sources ?? [];
  if (!source) throw new Error(`${programsPath} has none of the programs that are expected there`);
  return {
    name: "flink",
    stream: { columns: [...columns], eventTime: { column: "rowtime", outOfOrderness: "1s" } },
    // As in Flink's tests: judged one by one.
    requests: source.rows.map((row) => [eventOf(row)]),
    requestsAfter: source.rowsAfterRestore.map((row) => [eventOf(row)]),
    ends: true,
    jobs: programs.map(pipelineOf),
  };
}

function pipelineOf({ uid, sql, sinks }: Program): Pipeline {
  const window = windowOf(sql[0] ?? "");
  // The last column counts distinct values: of windows that overlap a job cannot yet.
  const hasDistinct = window?.type === "tumble";
  const rows = sinks.flatMap(({ expected, expectedAfterRestore }) => [...expected, ...expectedAfterRestore]);
  return {
    name: uid.replace(/^.*\./, "").toLowerCase(),
    body: (parallelism) => ({
      ...{ key: ["name"], parallelism, twoPhase: uid.includes("TWO_PHASE") },
      ...(window && { window }),
      aggregates: {
        cnt: { function: "count" },
        sum_int: { function: "sum", argument: "a_int" },
        ...(hasDistinct && {
          distinct_cnt: { function: "count", argument: "comment", distinct: true } as const,
        }),
      },
    }),
    views: { "": rows.map(({ str }) => [...valuesOf(str).slice(0, hasDistinct ? undefined : -1), true]) },
  };
}

/** The window of a statement over rows that are only appended; undefined for others. */
function windowOf(sql: string): JobBody["window"] {
  const found = /(TUMBLE|HOP|CUMULATE)\(TABLE window_source_t, DESCRIPTOR\(rowtime\), (.*?)\)\)/.exec(sql);
  if (!found) return undefined;
  const [first = "", second = "", third = ""] = [
    ...(found[2] ?? "").matchAll(/INTERVAL '(\d+)' SECOND/g),
  ].map(([, seconds]) => `${seconds}s`);
  if (found[1] === "TUMBLE") return { type: "tumble", size: first, ...(second && { offset: second }) };
  const offset = third && { offset: third };
  return found[1] === "HOP"
    ? { type: "hop", slide: first, size: second, ...offset }
    : { type: "cumulate", step: first, size: second, ...offset };
}

function eventOf({ values }: FlinkRow): object {
  return Object.fromEntries(fields.map((field, index) => [field, values[index]]));
}

/** Flink's text of a row as values; times as milliseconds. */
function valuesOf(text: string): unknown[] {
  return text
    .slice(3, -1)
    .split(", ")
    .map((value) => {
      if (value === "null") return null;
      if (/^\d{4}-\d\d-\d\dT/.test(value)) return Date.parse(`${value}Z`);
      return /^-?\d+$/.test(value) ? Number(value) : value;
    });
}
