/** The stages of jobs: which jobs run in the shards alone, and what travels where one does not. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import { formatType } from "../../../../src/columnar/schema.ts";
import { planJob } from "../../../../src/engine/plan/plan-job.ts";
import { planStages } from "../../../../src/engine/plan/plan-stages.ts";
import { readJobDefinition } from "../../../../src/protocol/job-spec.ts";
import { readStreamDefinition, type StreamDefinition } from "../../../../src/protocol/stream-spec.ts";

const streamBody = {
  columns: [
    { name: "origin", type: "STRING", nullable: false },
    { name: "delay", type: "INT" },
    { name: "fare", type: "DECIMAL(10,2)" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "carrier", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
  shards: 4,
  distributionKey: ["carrier"],
};
const jobBody = { source: "flights", key: ["origin"], aggregates: { flights: { function: "count" } } };

function staged(job: object, stream: object = {}) {
  const deployed: StreamDefinition[] = [];
  const definitions = [
    readJobDefinition({ ...jobBody, ...job }),
    readStreamDefinition({ ...streamBody, ...stream }),
  ] as const;
  const stages = planStages(definitions[0], [definitions[1]], (input) => {
    deployed.push(input);
    return { stream: "job/1", generation: 9, mapVersion: 1, partitions: input.shards };
  });
  return { stages, deployed, definitions };
}

describe("one stage is enough", () => {
  test.each<[string, object, object]>([
    ["where the key holds the distribution key", { key: ["origin", "carrier"] }, {}],
    ["for a stream of one shard", {}, { shards: 1, distributionKey: [] }],
    ["for a computed key of one shard", { columns: { o: "origin" }, key: ["o"] }, { shards: 1 }],
    ["where the parallelism is the shards' number", { key: ["carrier"], parallelism: 4 }, {}],
    ["for no key and one shard", { key: [], parallelism: 8 }, { shards: 1 }],
  ])("%s", (_, job, stream) => {
    const { stages, deployed, definitions } = staged(job, stream);
    expect(deployed).toEqual([]);
    expect(stages).toEqual([{ plan: planJob(...definitions), input: undefined, from: [] }]);
  });
});

const job = {
  filter: ["is not null", "carrier"],
  columns: { pounds: ["*", "fare", 2] },
  key: ["origin", "pounds"],
  parallelism: 7,
  aggregates: {
    flights: { function: "count" },
    worst: { function: "max", argument: ["+", "delay", 1] },
    mean: { function: "avg", argument: "delay" },
    takings: { function: "sum", argument: "fare" },
  },
};

describe("two stages", () => {
  test("send only what the second one needs, by the key", () => {
    const { stages, deployed } = staged({ ...job, twoPhase: false });
    const [first, second] = stages.map(({ plan }) => plan);
    const sent = first?.send?.columns.map(({ name }) => name);
    expect(sent).toEqual(["time", "origin", "pounds", '["+","delay",1]', "delay", "fare"]);
    const sources = ["origin", "pounds"].map(
      (name) => first?.send?.columns.find((column) => column.name === name)?.from,
    );
    expect(first?.send?.key.map((column) => ({ from: "column", column }))).toEqual(sources);
    expect(first?.send?.local).toBeUndefined();
    expect(first?.send?.to).toEqual({ stream: "job/1", generation: 9, mapVersion: 1, partitions: 7 });
    expect(first).toMatchObject({ key: [], outputs: [], accumulators: [], window: null });
    expect(deployed).toEqual([stages[1]?.input]);
    expect(deployed[0]).toMatchObject({ shards: 7, distributionKey: ["origin", "pounds"] });
    expect(second?.outputs.map(({ name }) => name)).toEqual([
      "origin",
      "pounds",
      ...["flights", "worst", "mean", "takings"],
    ]);
    expect(second?.routingKey).toEqual([0, 1]);
    expect(second?.computedColumns).toEqual([]);
    expect(second?.rowCountColumn).toBeUndefined();
  });

  test("add up before they send, and send what was added up", () => {
    const [first, second] = staged(job).stages.map(({ plan }) => plan);
    const plain = staged({ ...job, twoPhase: false }).stages[1]?.plan;
    expect(first?.send?.columns.map(({ name, type }) => `${name} ${formatType(type)}`)).toEqual([
      "time TIMESTAMP(3)",
      "origin STRING",
      "pounds DECIMAL(12, 2)",
      "count(*) BIGINT",
      'max(["+","delay",1]) INT',
      "sum(delay) BIGINT",
      "count(delay) BIGINT",
      "sum(fare) DECIMAL(18, 2)",
    ]);
    const operations = (plan: typeof first) =>
      plan?.accumulators.map(({ operation, argument, wide }) => [operation, argument, wide]);
    expect(operations(plain)?.map(([operation]) => operation)).toEqual([
      "count",
      "max",
      "sum",
      "count",
      "sum",
    ]);
    expect(operations(second)).toEqual([
      ["sum", 3, false],
      ["max", 4, false],
      ["sum", 5, false],
      ["sum", 6, false],
      ["sum", 7, true],
    ]);
    expect(second?.outputs).toEqual(plain?.outputs);
    expect(second?.rowCountColumn).toBe(3);
    expect(first?.send?.local?.accumulators.map(({ operation }) => operation)).toEqual(
      operations(plain)?.map(([operation]) => operation),
    );
  });

  test("count rows where no aggregate does, to know for how many each stands", () => {
    const aggregates = { worst: { function: "max", argument: "delay" } };
    const [first, second] = staged({ aggregates }).stages.map(({ plan }) => plan);
    expect(first?.send?.columns.map(({ name }) => name)).toEqual([
      "time",
      "origin",
      "max(delay)",
      "count(*)",
    ]);
    expect(second?.accumulators).toHaveLength(1);
    expect(second?.rowCountColumn).toBe(3);
  });

  test("have one partition where there is no key", () => {
    const { stages, deployed } = staged({ key: [], parallelism: 8 });
    expect(deployed[0]?.shards).toBe(1);
    expect(stages[0]?.plan.send?.edge).toBe("global");
    expect(staged({}).stages[0]?.plan.send?.edge).toBeUndefined();
  });

  test("start at the end of the source if they are told to, but take all that was sent", () => {
    const plans = staged({ startFrom: "latest" }).stages.map(({ plan }) => plan.startFrom);
    expect(plans).toEqual(["latest", "earliest"]);
  });

  test.each<[string, object, string]>([
    ["a key column that is not there", { key: ["orign"] }, 'JOB_INVALID key[0]: no column "orign"'],
    [
      "an aggregate of the wrong type",
      { aggregates: { total: { function: "sum", argument: "origin" } } },
      "JOB_INVALID aggregates.total.argument: found STRING, expected a number",
    ],
    ["a filter that is no condition", { filter: "delay" }, "EXPRESSION_INVALID filter"],
    ["lateness without a window", { allowedLateness: "1s" }, "JOB_INVALID allowedLateness"],
  ])("refuse %s before anything is deployed", (_, changes, expected) => {
    let message = "no error";
    const never = () => {
      throw new Error("something was deployed");
    };
    try {
      const stream = readStreamDefinition(streamBody);
      planStages(readJobDefinition({ ...jobBody, ...changes }), [stream], never);
    } catch (thrown) {
      const body = errorBodyOf(thrown);
      message = `${body.code} ${body.message}`;
    }
    expect(message.slice(0, expected.length)).toBe(expected);
  });
});

describe("several streams", () => {
  const trains = {
    columns: [
      { name: "departure", type: "TIMESTAMP(3)" },
      { name: "carrier", type: "STRING", nullable: false },
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "delay", type: "INT" },
      { name: "origin", type: "STRING" },
      { name: "fare", type: "DECIMAL(10,2)" },
    ],
    eventTime: { column: "departure", outOfOrderness: "9s" },
    shards: 6,
  };

  function united(changes: object = {}, others: object = {}) {
    const deployed: [StreamDefinition, readonly number[]][] = [];
    const streams = [streamBody, { ...trains, ...others }].map((body) => readStreamDefinition(body));
    const definition = readJobDefinition({ ...jobBody, ...job, source: ["flights", "trains"], ...changes });
    const stages = planStages(definition, streams, (input, from) => {
      deployed.push([input, from]);
      return { stream: "job/1", generation: 9, mapVersion: 1, partitions: input.shards };
    });
    return { stages, deployed };
  }

  test("send the same columns, each as it has them", () => {
    const { stages, deployed } = united({ twoPhase: false });
    expect(stages.map(({ from }) => from)).toEqual([[], [], [0, 1]]);
    const [flights, others, last] = stages.map(({ plan }) => plan);
    expect([flights?.source, others?.source]).toEqual(["flights", "trains"]);
    const names = ["event.time", "origin", "pounds", '["+","delay",1]', "delay", "fare"];
    for (const plan of [flights, others]) {
      expect(plan?.send?.columns.map(({ name }) => name)).toEqual(names);
      expect(plan?.send?.to.generation).toBe(9);
    }
    const time = (plan: typeof flights) => plan?.sourceColumns[plan.eventTimeColumn]?.name;
    expect([time(flights), time(others), time(last)]).toEqual(["time", "departure", "event.time"]);
    expect(flights?.send?.columns).not.toEqual(others?.send?.columns);
    // What one stream may leave out may be missing in the whole.
    const origin = deployed[0]?.[0].columns.find(({ name }) => name === "origin");
    expect(origin?.nullable).toBe(true);
    expect(deployed).toMatchObject([
      [{ shards: 7, eventTime: { column: "event.time", outOfOrdernessMs: 9000 } }, [0, 1]],
    ]);
  });

  test("are added up alike before they are sent", () => {
    const { stages } = united({ parallelism: undefined });
    const [flights, others, last] = stages.map(({ plan }) => plan);
    const sent = (plan: typeof flights) => plan?.send?.columns.map(({ name, type }) => [name, type]);
    expect(sent(flights)).toEqual(sent(others));
    expect(last?.rowCountColumn).toBe(3);
    expect(stages[2]?.input?.shards).toBe(6);
  });

  test("are exchanged though each has the key for its distribution key", () => {
    const { stages } = united({ key: ["carrier"] }, { distributionKey: ["carrier"], shards: 4 });
    expect(stages.map(({ plan }) => plan.send?.to.partitions)).toEqual([7, 7, undefined]);
  });

  test.each<[string, object, object, string]>([
    [
      "a column of another type",
      {},
      { columns: trains.columns.map((each) => (each.name === "fare" ? { ...each, type: "DOUBLE" } : each)) },
      'JOB_INVALID source: "pounds" is DECIMAL(12, 2) in stream "flights" and DOUBLE in stream "trains"',
    ],
    [
      "a column that one of them does not have",
      { key: ["delay"], filter: ["is not null", "carrier"] },
      { columns: trains.columns.filter(({ name }) => name !== "carrier") },
      'EXPRESSION_INVALID stream "trains": filter[1]: no column "carrier"',
    ],
    [
      "a key that one of them does not have",
      { key: ["origin"], columns: {} },
      { columns: trains.columns.filter(({ name }) => name !== "origin") },
      'JOB_INVALID stream "trains": key[0]: no column "origin"',
    ],
  ])("refuse %s", (_, changes, others, expected) => {
    let message = "no error";
    try {
      united(changes, others);
    } catch (thrown) {
      const body = errorBodyOf(thrown);
      message = `${body.code} ${body.message}`;
    }
    expect(message.slice(0, expected.length)).toBe(expected);
  });
});

describe("steps behind the first", () => {
  const window = { type: "tumble", size: "1h" };
  const step = {
    key: ["origin"],
    window: { type: "tumble", size: "1d" },
    aggregates: { days: { function: "max", argument: ["+", "flights", 1] } },
  };

  const counting = { key: ["flights"], aggregates: { origins: { function: "count" } } };

  test("read what the one before has fired", () => {
    const { stages, deployed } = staged({ window, steps: [{ ...step, twoPhase: false }] });
    const [, first, second] = stages.map(({ plan }) => plan);
    expect(deployed).toHaveLength(2);
    expect(first?.edges?.[0]?.sourceColumns.map(({ name, streamColumn }) => [name, streamColumn])).toEqual([
      ["origin", 0],
      ["flights", 3],
      ["window_time", 4],
    ]);
    expect(first?.edges?.[0]?.send.columns.map(({ name }) => name)).toEqual([
      "window_time",
      "origin",
      '["+","flights",1]',
    ]);
    expect(deployed[1]).toMatchObject({ shards: 4, eventTime: { column: "window_time" } });
    expect(second?.outputs.map(({ name }) => name)).toEqual(["origin", "window_start", "window_end", "days"]);
    expect([first?.send, second?.edges]).toEqual([undefined, undefined]);
  });

  test("follow a first step that runs in the shards", () => {
    const { stages, deployed } = staged({ key: ["carrier"], window, steps: [{ ...step, key: [] }] });
    expect(stages.map(({ plan }) => [plan.send !== undefined, plan.edges !== undefined])).toEqual([
      [false, true],
      [false, false],
    ]);
    expect(deployed.map(({ shards }) => shards)).toEqual([1]);
  });

  test("read every change with its weight where the one before has no window", () => {
    const aggregates = {
      ...{ origins: { function: "count" }, delays: { function: "sum", argument: "delayed" } },
      mean: { function: "avg", argument: ["cast", "delayed", "DOUBLE"] },
    };
    const first = { flights: { function: "count" }, delayed: { function: "sum", argument: "delay" } };
    const { stages, deployed } = staged({
      ...{ key: ["carrier"], aggregates: first },
      steps: [{ key: ["flights"], aggregates, filter: [">", "delayed", 0], twoPhase: false }],
    });
    const [source, last] = stages.map(({ plan }) => plan);
    expect(source?.recordCounter).toBe(0);
    expect(source?.edges?.[0]?.sourceColumns.map(({ name }) => name)).toEqual([
      "flights",
      "delayed",
      "$weight",
    ]);
    expect(deployed[0]?.columns.map(({ name, type }) => `${name} ${formatType(type)}`)).toEqual([
      "$weight BIGINT",
      "flights BIGINT",
      "$signed delayed BIGINT",
      "$weight of delayed BIGINT",
      '$signed ["cast","delayed","DOUBLE"] DOUBLE',
      '$weight of ["cast","delayed","DOUBLE"] BIGINT',
    ]);
    expect(last?.accumulators.map(({ operation, argument }) => [operation, argument])).toEqual([
      ["sum", 0],
      ["sum", 2],
      ["sum", 3],
      ["sum", 4],
      ["sum", 5],
    ]);
    expect(last?.recordCounter).toBe(0);
    expect(last?.outputs.map(({ from }) => from.from)).toEqual(["key", "accumulator", "sum", "average"]);
  });

  test("keep all values of which they want the largest, and get each for itself", () => {
    const aggregates = { ...counting.aggregates, most: { function: "max", argument: "flights" } };
    const { stages, deployed } = staged({ key: ["carrier"], steps: [{ key: [], aggregates }] });
    const last = stages[1]?.plan;
    expect(deployed[0]?.columns.map(({ name }) => name)).toEqual(["$weight", "flights"]);
    expect(last?.accumulators.map(({ operation, argument }) => [operation, argument])).toEqual([
      ["sum", 0],
      ["max", 1],
    ]);
    const columns = [{ column: 1, distinct: [], bounds: [1], ends: [] }];
    expect(last?.countedValues).toEqual({ columns, weightColumn: 0 });
    expect(last?.rowCountColumn).toBeUndefined();
  });

  test("keep distinct values beside others of the same column, of which rows need not be taken back", () => {
    const argument = "delay";
    const aggregates = {
      all: { function: "count", argument },
      different: { function: "count", argument, distinct: true },
      sum: { function: "sum", argument, distinct: true },
      mean: { function: "avg", argument, distinct: true },
      least: { function: "min", argument, distinct: true },
    };
    const { stages, deployed } = staged({ key: ["carrier"], aggregates });
    const last = stages.at(-1)?.plan;
    const specs = last?.accumulators.map(({ operation, distinct }) => [operation, distinct ?? false]);
    expect(specs).toEqual([
      ["count", false],
      ["count", true],
      ["sum", true],
      ["min", false],
      ["count", false],
    ]);
    expect(last?.countedValues?.columns).toMatchObject([{ distinct: [1, 2], bounds: [], ends: [] }]);
    expect(last?.outputs.slice(1).map(({ from }) => from.from)).toEqual([
      ...["accumulator", "accumulator", "sum", "average", "accumulator"],
    ]);
    expect(deployed.flatMap(({ columns }) => columns.map(({ name }) => name))).not.toContain("count(*)");
  });

  test("read changes of windows that late rows may change, and add them up before they travel", () => {
    const { stages, deployed } = staged({
      ...{ key: ["carrier"], window, allowedLateness: "1s" },
      steps: [{ ...step, aggregates: { flights: { function: "sum", argument: "flights" } }, key: [] }],
    });
    const [source, last] = stages.map(({ plan }) => plan);
    expect(source?.edges?.[0]?.sourceColumns.map(({ name }) => name)).toEqual([
      "flights",
      "window_time",
      "$weight",
    ]);
    expect(deployed[0]).toMatchObject({ shards: 1, eventTime: { column: "window_time" } });
    expect(deployed[0]?.columns.map(({ name }) => name)).toEqual([
      "window_time",
      "sum($signed flights)",
      "sum($weight of flights)",
      "sum($weight)",
      "count(*)",
    ]);
    expect([last?.recordCounter, last?.rowCountColumn]).toEqual([2, 4]);
  });

  test.each<[string, object, string]>([
    [
      "a window over results that have no event time",
      {},
      "JOB_INVALID steps[0].window: the step before has no window, so its results have no event time",
    ],
    [
      "the maximum of what may be taken back in windows that share slices",
      {
        ...{ window, allowedLateness: "1s" },
        steps: [{ ...step, window: { type: "hop", size: "2h", slide: "1h" } }],
      },
      "JOB_INVALID steps[0].aggregates.days.function: the results of the step before change, and max of " +
        "them needs all values of a window, which a hop window does not keep; expected a tumble window",
    ],
    [
      "distinct values of windows that share slices",
      {
        window: { type: "cumulate", size: "2h", step: "1h" },
        aggregates: { flights: { function: "count", argument: "origin", distinct: true } },
      },
      "JOB_INVALID aggregates.flights.distinct: count of distinct values needs all values of a window, " +
        "which a cumulate window does not keep; expected a tumble window or none",
    ],
    [
      "to forget what may still be taken back",
      { retention: "8d", steps: [counting] },
      "JOB_INVALID steps[0].retention: found 7d, but the step before keeps its results 8d",
    ],
    [
      "to forget what is kept for ever",
      { retention: "forever", steps: [counting] },
      "JOB_INVALID steps[0].retention: found 7d, but the step before keeps its results forever",
    ],
    [
      "the engine's own column",
      { steps: [{ ...counting, key: ["$weight"] }] },
      'JOB_INVALID steps[0].key[0]: no column "$weight"',
    ],
    [
      "a column that the step before does not have",
      { window, steps: [{ ...step, key: ["carrier"] }] },
      'JOB_INVALID steps[0].key[0]: no column "carrier"',
    ],
    [
      "a sum that is too wide to travel",
      {
        window,
        aggregates: { flights: { function: "sum", argument: "fare" } },
        steps: [{ ...step, aggregates: { most: { function: "max", argument: "flights" } } }],
      },
      'JOB_INVALID steps[0].source: "flights" of the step before is DECIMAL(38, 2), which is too wide',
    ],
    [
      "a name that is taken",
      { columns: { window_time: "origin" }, key: ["window_time"], window },
      "JOB_INVALID steps[0].source: an output of the step before is called window_time",
    ],
  ])("refuse %s", (_, changes, expected) => {
    let message = "no error";
    try {
      staged({ steps: [step], ...changes });
    } catch (thrown) {
      const body = errorBodyOf(thrown);
      message = `${body.code} ${body.message}`;
    }
    expect(message.slice(0, expected.length)).toBe(expected);
  });
});
