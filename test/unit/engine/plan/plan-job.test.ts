/** Plans of jobs: which columns, accumulators and outputs they have, and which jobs are refused. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import { encodeKey } from "../../../../src/columnar/key-encoding.ts";
import { formatType } from "../../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../../src/columnar/values.ts";
import { finishRow, finishValues } from "../../../../src/engine/plan/finish-row.ts";
import { planJob } from "../../../../src/engine/plan/plan-job.ts";
import { readJobDefinition } from "../../../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../../../src/protocol/stream-spec.ts";

const flightsBody = {
  columns: [
    { name: "origin", type: "STRING", nullable: false },
    { name: "delay", type: "INT" },
    { name: "unused", type: "STRING" },
    { name: "fare", type: "DECIMAL(10,2)" },
    { name: "distance", type: "DOUBLE", nullable: false },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "carrier", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
};
const jobBody = {
  source: "flights",
  key: ["origin"],
  window: { type: "tumble", size: "1h" },
  aggregates: { flights: { function: "count" } },
};

function plan(job: object, stream: object = {}) {
  return planJob(
    readJobDefinition({ ...jobBody, ...job }),
    readStreamDefinition({ ...flightsBody, ...stream }),
  );
}

function messageFor(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = errorBodyOf(error);
    return `${code} ${message}`;
  }
  return "no error";
}

test("only the columns that something needs are read, in the stream's order", () => {
  const { sourceColumns, eventTimeColumn, key, computedColumns } = plan({
    filter: [">", "fare", 10],
    columns: { never: ["+", "delay", 1] },
  });
  expect(sourceColumns.map(({ name, streamColumn }) => [name, streamColumn])).toEqual([
    ["origin", 0],
    ["fare", 3],
    ["time", 5],
  ]);
  expect(eventTimeColumn).toBe(2);
  expect(key).toEqual([{ name: "origin", type: { name: "STRING" }, nullable: false, column: 0 }]);
  expect(computedColumns).toEqual([]);
});

test("computed columns follow the source columns and are keys and arguments like them", () => {
  const planned = plan({
    columns: { hours: ["/", "delay", 60], late: [">", "hours", 0], from: "origin" },
    key: ["from", "late"],
    aggregates: {
      worst: { function: "max", argument: "hours" },
      miles: { function: "sum", argument: ["*", "distance", 2] },
      milesAgain: { function: "min", argument: ["*", "distance", 2] },
    },
  });
  expect(planned.sourceColumns.map(({ name }) => name)).toEqual(["origin", "delay", "distance", "time"]);
  expect(planned.computedColumns.map(({ name, nullable }) => [name, nullable])).toEqual([
    ["late", true],
    ["hours", true],
    ['["*","distance",2]', false],
  ]);
  expect(planned.key.map(({ name, column }) => [name, column])).toEqual([
    ["from", 0],
    ["late", 4],
  ]);
  expect(
    planned.accumulators.map(({ operation, argument, nullable }) => [operation, argument, nullable]),
  ).toEqual([
    ["max", 5, true],
    ["sum", 6, false],
    ["min", 6, false],
  ]);
});

test("outputs share accumulators", () => {
  const { accumulators, outputs } = plan({
    aggregates: {
      rows: { function: "count" },
      known: { function: "count", argument: "delay" },
      mean: { function: "avg", argument: "delay" },
      total: { function: "sum", argument: "delay" },
      miles: { function: "avg", argument: "distance" },
      fares: { function: "sum", argument: "fare" },
      first: { function: "first_value", argument: "carrier" },
    },
  });
  expect(accumulators).toEqual([
    { operation: "count", kind: 0, argument: null, wide: false, nullable: false },
    { operation: "count", kind: 0, argument: 1, wide: false, nullable: true },
    { operation: "sum", kind: 0, argument: 1, wide: false, nullable: true },
    { operation: "sum", kind: 1, argument: 3, wide: false, nullable: false },
    { operation: "sum", kind: 0, argument: 2, wide: true, nullable: true },
    { operation: "first", kind: 2, argument: 5, wide: false, nullable: true },
  ]);
  expect(outputs.map(({ name, type }) => [name, formatType(type)])).toEqual([
    ["origin", "STRING"],
    ["window_start", "TIMESTAMP(3)"],
    ["window_end", "TIMESTAMP(3)"],
    ["rows", "BIGINT"],
    ["known", "BIGINT"],
    ["mean", "DOUBLE"],
    ["total", "BIGINT"],
    ["miles", "DOUBLE"],
    ["fares", "DECIMAL(38, 2)"],
    ["first", "STRING"],
  ]);
  expect(outputs[7]?.from).toEqual({ from: "average", sum: 3, count: 0, argumentType: { name: "DOUBLE" } });
});

test("a window's offset is taken into its first period", () => {
  expect(plan({ window: { type: "tumble", size: "1d", offset: "-8h" } }).window).toEqual({
    kind: "tumble",
    sizeMs: 86_400_000,
    sliceMs: 86_400_000,
    offsetMs: 57_600_000,
  });
  expect(plan({ window: { type: "hop", size: "1h", slide: "15 min", offset: "20 min" } }).window).toEqual({
    kind: "hop",
    sizeMs: 3_600_000,
    sliceMs: 900_000,
    offsetMs: 300_000,
  });
  expect(
    plan({ window: { type: "cumulate", size: "1d", step: "1h", offset: "90 min" } }).window?.offsetMs,
  ).toBe(5_400_000);
});

test("a global aggregate without a window has neither key nor window columns", () => {
  const { window, key, outputs } = plan({ key: [], window: undefined });
  expect([window, key, outputs.map(({ name }) => name)]).toEqual([null, [], ["flights"]]);
});

test("a plan survives JSON", () => {
  const planned = plan({
    filter: ["<>", "carrier", { literal: "AA" }],
    aggregates: { mean: { function: "avg", argument: ["*", "fare", 1.5] } },
    retention: "forever",
  });
  expect(JSON.parse(JSON.stringify(planned))).toEqual(planned);
});

describe("a stream of several shards", () => {
  const sharded = { shards: 4, distributionKey: ["carrier", "origin"] };

  test("takes jobs whose key holds its distribution key, and says where", () => {
    expect(plan({ key: ["origin", "delay", "carrier"] }, sharded).routingKey).toEqual([2, 0]);
    expect(plan({ key: ["origin"] }).routingKey).toEqual([]);
  });

  test("takes a distribution column under another name", () => {
    expect(plan({ columns: { airline: "carrier" }, key: ["airline", "origin"] }, sharded).routingKey).toEqual(
      [0, 1],
    );
  });
});

describe("jobs that do not fit their stream are refused", () => {
  test.each<[string, object, string]>([
    [
      "an unknown key column",
      { key: ["orign"] },
      'JOB_INVALID key[0]: no column "orign"; did you mean "origin"?',
    ],
    [
      "a computed column that hides one of the stream's",
      { columns: { delay: ["+", "delay", 1] } },
      "JOB_INVALID columns.delay: the stream has a column of this name; choose another",
    ],
    [
      "an unknown column deep in an argument",
      { aggregates: { a: { function: "sum", argument: ["+", 1, ["*", 2, "dlay"]] } } },
      'EXPRESSION_INVALID aggregates.a.argument[2][2]: no column "dlay"; did you mean "delay"?',
    ],
    [
      "a sum of text",
      { aggregates: { a: { function: "sum", argument: "origin" } } },
      "JOB_INVALID aggregates.a.argument: found STRING, expected a number as the argument of sum",
    ],
    [
      "an average of times",
      { aggregates: { a: { function: "avg", argument: "time" } } },
      "JOB_INVALID aggregates.a.argument: found TIMESTAMP(3), expected a number as the argument of avg",
    ],
    [
      "a filter that is no condition",
      { filter: "delay" },
      "EXPRESSION_INVALID filter: found INT, expected BOOLEAN",
    ],
    [
      "lateness without a window",
      { window: undefined, allowedLateness: "1s" },
      "JOB_INVALID allowedLateness: a job without a window has no late rows; leave it out",
    ],
  ])("%s", (_, job, message) => {
    expect(messageFor(() => plan(job))).toBe(message);
  });
});

describe("rows of a view", () => {
  const planned = plan({
    key: ["origin", "delay"],
    aggregates: {
      n: { function: "count" },
      total: { function: "sum", argument: "fare" },
      mean: { function: "avg", argument: "fare" },
      miles: { function: "avg", argument: "distance" },
      last: { function: "last_value", argument: "carrier" },
    },
  });
  const window = { start: 978_307_200_000n, end: 978_310_800_000n };
  const cell = (accumulators: readonly LaneValue[], delay: bigint | null = 7n) => {
    const { bytes, nulls } = encodeKey([2, 0], [new TextEncoder().encode("SFO"), delay]);
    return { key: bytes, keyNulls: nulls, accumulators };
  };

  test("hold the key, the window and the finished aggregates", () => {
    expect(planned.accumulators.map(({ operation }) => operation)).toEqual([
      "count",
      "sum",
      "count",
      "sum",
      "last",
    ]);
    expect(finishRow(planned, cell([3n, 1001n, 3n, 9.5, new TextEncoder().encode("AA")]), window)).toEqual({
      origin: "SFO",
      delay: 7,
      window_start: "2001-01-01 00:00:00",
      window_end: "2001-01-01 01:00:00",
      n: 3,
      total: "10.01",
      mean: "3.336667",
      miles: 9.5 / 3,
      last: "AA",
    });
  });

  test("hold nulls where no row had a value", () => {
    expect(finishRow(planned, cell([2n, null, 0n, 5, null], null), window)).toMatchObject({
      delay: null,
      n: 2,
      total: null,
      mean: null,
      last: null,
    });
  });

  test("round averages of DECIMAL half away from zero, and hold sums beyond 64 bits", () => {
    const sum = -(10n ** 30n) - 1n;
    const [, , , , , total, mean] = finishValues(planned, cell([2n, sum, 2n, 0, null]), window);
    expect(total).toBe(sum);
    expect(mean).toBe((sum * 10_000n) / 2n);
    const third = finishValues(planned, cell([3n, -1n, 32_000n, 0, null]), window);
    expect(third[6]).toBe(0n);
    expect(finishValues(planned, cell([3n, -1n, 20_000n, 0, null]), window)[6]).toBe(-1n);
  });
});
