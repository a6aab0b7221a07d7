/** What the results of a step are in the stream that they go into, and where they do not fit. */
import { expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import type { SinkStreams } from "../../../../src/engine/plan/plan-sink.ts";
import { planStages } from "../../../../src/engine/plan/plan-stages.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import { readJobDefinition } from "../../../../src/protocol/job-spec.ts";
import { readStreamDefinition } from "../../../../src/protocol/stream-spec.ts";

const flights = readStreamDefinition({
  columns: [
    { name: "origin", type: "STRING", nullable: false },
    { name: "delay", type: "INT" },
    { name: "fare", type: "DECIMAL(10,2)" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
});

const columns = {
  time: { name: "window_time", type: "TIMESTAMP(3)" },
  origin: { name: "origin", type: "STRING", nullable: false },
  flights: { name: "flights", type: "BIGINT", nullable: false },
  worst: { name: "worst", type: "INT" },
};

const step = {
  key: ["origin"],
  window: { type: "tumble", size: "1h" },
  aggregates: { flights: { function: "count" }, worst: { function: "max", argument: "delay" } },
  into: "alerts",
};
const job = { source: "flights", ...step };

function planned(body: object, stream: object = {}) {
  const definition = readStreamDefinition({
    columns: Object.values(columns),
    eventTime: { column: "window_time", outOfOrderness: "7s" },
    distributionKey: ["origin"],
    shards: 2,
    ...stream,
  });
  const target = { stream: "alerts", generation: 5, mapVersion: 3, partitions: 2, ranges: evenRanges(2) };
  const sinks: SinkStreams = new Map([["alerts", { definition, schemaVersion: 3, target }]]);
  const deploy = () => ({ stream: "job/1", generation: 9, mapVersion: 1, partitions: 1 });
  return planStages(readJobDefinition({ ...job, ...body }), [flights], deploy, sinks);
}

test("a row has the stream's columns in its order, by name, and goes by its distribution key", () => {
  const more = [
    { name: "note", type: "STRING" },
    columns.origin,
    columns.worst,
    columns.time,
    columns.flights,
  ];
  const [stage] = planned({}, { columns: more });
  const [edge] = stage?.plan.edges ?? [];
  expect(edge?.of).toBe("results");
  expect(edge?.send.columns.map(({ name, nullable }) => [name, nullable])).toEqual([
    ["note", true],
    ["origin", false],
    ["worst", true],
    ["window_time", false],
    ["flights", false],
  ]);
  const names = edge?.sourceColumns.map(({ name }) => name) ?? [];
  const from = edge?.send.columns.map((column) => (column.from.from === "column" ? column.from.column : -1));
  // The one column that the step does not make is computed, behind all others.
  expect(from?.map((index) => names[index])).toEqual([
    undefined,
    "origin",
    "worst",
    "window_time",
    "flights",
  ]);
  expect(edge?.send.key.map((index) => names[index])).toEqual(["origin"]);
  expect(edge?.send.to).toMatchObject({ generation: 5, mapVersion: 3, partitions: 2 });
  expect(edge?.send.into).toEqual({ schemaVersion: 3, eventTimeColumn: 3, outOfOrdernessMs: 7000 });
});

test("rows of a stream without a distribution key go to its shards in turn", () => {
  const [edge] = planned({}, { distributionKey: [] })[0]?.plan.edges ?? [];
  expect(edge?.send.edge).toBe("rebalance");
});

test("each step may write, and a step that is read as well", () => {
  const aggregates = {
    flights: { function: "sum", argument: "flights" },
    worst: { function: "max", argument: "worst" },
  };
  // Of what comes from another step nothing is known but that windows have bounds.
  const open = Object.values(columns).map((column) => ({ ...column, nullable: true }));
  const steps = [{ ...step, into: ["alerts"], aggregates }];
  const stages = planned({ steps }, { columns: open });
  const edges = stages.map(({ plan }) => plan.edges?.map(({ send }) => send.to.generation));
  expect(edges).toEqual([[9, 5], [5]]);
});

const { time, origin, flights: counted, worst } = columns;

test.each<[string, object, object, string]>([
  [
    "without a window",
    { window: undefined },
    {},
    "into: results without a window change, and a stream takes nothing back; give the step a window",
  ],
  [
    "that changes",
    { allowedLateness: "1s" },
    {},
    "into: results with allowedLateness change, and a stream takes nothing back; set allowedLateness to 0",
  ],
  ["into a stream that is not there", { into: "alarms" }, {}, 'into: there is no stream "alarms"'],
  [
    "of another type",
    {},
    { columns: [time, origin, counted, { ...worst, type: "BIGINT" }] },
    'into: column "worst" of stream "alerts": found INT, expected BIGINT',
  ],
  [
    "that may be null",
    {},
    { columns: [time, origin, counted, { ...worst, nullable: false }] },
    'into: column "worst" of stream "alerts": found an output that may be null, ' +
      "expected INT that is never null",
  ],
  [
    "without a column that must be there",
    {},
    { columns: [time, origin, counted, { name: "city", type: "STRING", nullable: false }] },
    'into: column "city" of stream "alerts" is no output of the step; expected STRING that is never null',
  ],
])("a step is refused %s", (_, body, stream, message) => {
  const refused = (work: () => unknown) => {
    try {
      work();
    } catch (thrown) {
      return errorBodyOf(thrown);
    }
    return undefined;
  };
  expect(refused(() => planned(body, stream))).toMatchObject({ code: "JOB_INVALID", message });
  const further = { ...step, input: "source", ...body };
  const inStep = refused(() => planned({ into: undefined, steps: [further] }, stream));
  expect(inStep).toMatchObject({ code: "JOB_INVALID", message: `steps[0].${message}` });
});
