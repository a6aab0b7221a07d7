/** Jobs whose steps form a graph: which stages there are, and what travels on each edge. */
import { describe, expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import { planStages } from "../../../../src/engine/plan/plan-stages.ts";
import { readJobDefinition } from "../../../../src/protocol/job-spec.ts";
import { readStreamDefinition, type StreamDefinition } from "../../../../src/protocol/stream-spec.ts";

const stream = {
  columns: [
    { name: "shop", type: "STRING" },
    { name: "city", type: "STRING" },
    { name: "price", type: "DOUBLE" },
    { name: "pieces", type: "INT" },
    { name: "time", type: "TIMESTAMP(3)" },
  ],
  eventTime: { column: "time" },
  shards: 2,
};

const sum = (argument: string) => ({ total: { function: "sum", argument } });
const window = { type: "tumble", size: "1h" };
const base = { source: "sales", uid: "first", key: ["shop", "city"], aggregates: sum("pieces") };

function staged(changes: object, of: object = stream) {
  const deployed: StreamDefinition[] = [];
  const job = readJobDefinition({ ...base, ...changes });
  const stages = planStages(job, [readStreamDefinition(of)], (input) => {
    deployed.push(input);
    return { stream: "job/n", generation: deployed.length, mapVersion: 1, partitions: input.shards };
  });
  /** What each stage sends: of what, to which generation, which columns. */
  const edges = stages.map(({ plan }) => [
    ...(plan.send ? [["own", plan.send.to.generation, plan.send.columns.map(({ name }) => name)]] : []),
    ...(plan.edges ?? []).map(({ of, send }) => [
      ...[of, send.to.generation, send.columns.map(({ name }) => name)],
    ]),
  ]);
  return { stages, deployed, edges, from: stages.map(({ from }) => from) };
}

function messageFor(changes: object, of: object = stream): string {
  try {
    staged(changes, of);
  } catch (thrown) {
    const { code, message } = errorBodyOf(thrown);
    return `${code} ${message}`;
  }
  return "no error";
}

const shops = { uid: "shops", key: ["shop"], twoPhase: false, window, aggregates: sum("total") };
const cities = { ...shops, uid: "cities", key: ["city"], input: "first" };

describe("branches", () => {
  test("have an edge each from the task that they read", () => {
    const { edges, from } = staged({ window, steps: [shops, cities] });
    expect(from).toEqual([[], [0], [1], [1]]);
    expect(edges.slice(1)).toEqual([
      [
        ["results", 2, ["window_time", "shop", "total"]],
        ["results", 3, ["window_time", "city", "total"]],
      ],
      [],
      [],
    ]);
  });

  test("let a step send changes only where one reads its results", () => {
    const read = staged({
      steps: [
        { ...shops, window: undefined },
        { ...cities, window: undefined },
      ],
    });
    expect(read.stages.map(({ plan }) => plan.recordCounter !== undefined)).toEqual([
      ...[false, true, true, true],
    ]);
    const unread = staged({
      steps: [{ ...shops, window: undefined, input: "source", aggregates: sum("pieces") }],
    });
    expect(unread.stages.map(({ plan }) => plan.recordCounter)).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });
});

describe("what the job reads, read again", () => {
  const again = { uid: "again", input: "source", key: ["city"], twoPhase: false, aggregates: sum("price") };

  test("leaves the shards by an edge of its own", () => {
    const { edges, from, stages } = staged({
      twoPhase: false,
      steps: [{ ...again, filter: [">", "pieces", 1] }],
    });
    expect(from).toEqual([[], [0], [0]]);
    expect(edges[0]).toEqual([
      ["own", 1, ["time", "shop", "city", "pieces"]],
      ["input", 2, ["time", "city", "price"]],
    ]);
    expect(stages[0]?.plan.edges?.[0]?.sourceColumns.map(({ name }) => name)).toEqual([
      ...["city", "price", "pieces", "time"],
    ]);
  });

  test("leaves the shards beside a first step that runs there", () => {
    const { edges, from, stages } = staged({ steps: [again] }, { ...stream, shards: 1 });
    expect(from).toEqual([[], [0]]);
    expect(edges).toEqual([[["input", 1, ["time", "city", "price"]]], []]);
    expect(stages[0]?.plan.outputs.map(({ name }) => name)).toEqual(["shop", "city", "total"]);
  });

  test("has a window of its event time, whatever the step before has", () => {
    expect(staged({ steps: [{ ...again, window }] }).deployed[1]?.eventTime.column).toBe("time");
  });
});

describe("a union", () => {
  const all = {
    uid: "all",
    key: ["shop"],
    twoPhase: false,
    aggregates: sum("total"),
    input: ["first", "shops"],
  };

  test("takes the same columns of all, and waits for all", () => {
    const { edges, from, deployed } = staged({ window, steps: [shops, { ...all, window }] });
    expect(from).toEqual([[], [0], [1], [1, 2]]);
    const travels = ["results", 3, ["window_time", "shop", "total"]];
    expect(edges.slice(1)).toEqual([
      [["results", 2, ["window_time", "shop", "total"]], travels],
      [travels],
      [],
    ]);
    expect(deployed[2]?.shards).toBe(2);
  });

  test("has weights on all edges where the rows of one may be taken back", () => {
    const steps = [{ ...shops, input: "source", window, aggregates: sum("pieces") }, all];
    const { edges, stages } = staged({ steps });
    const travels = ["$weight", "shop", "$signed total", "$weight of total"];
    expect(edges.slice(1)).toEqual([[["results", 3, travels]], [["results", 3, travels]], []]);
    expect(stages[3]?.plan.recordCounter).toBeDefined();
  });

  test.each<[string, object, string]>([
    [
      "that lacks a column in one of them",
      { window, steps: [{ ...shops, aggregates: { other: { function: "count" } } }, all] },
      'EXPRESSION_INVALID steps[1].step "shops": aggregates.total.argument: no column "total"',
    ],
    [
      "of two types",
      { window, steps: [{ ...shops, input: "source", aggregates: sum("price") }, all] },
      'JOB_INVALID steps[1].input: "total" is BIGINT in step "first" and DOUBLE in step "shops"',
    ],
    [
      "with a window over one that has no event time",
      {
        steps: [
          { ...shops, input: "source", aggregates: sum("pieces") },
          { ...all, window },
        ],
      },
      'JOB_INVALID steps[1].step "first": window: the step before has no window',
    ],
    [
      "that would be sent one chain by the same task",
      { steps: [{ ...all, input: ["source", "first"] }] },
      'JOB_INVALID steps[0].input: "source" and "first" come from the same tasks; read them in two steps',
    ],
  ])("is refused %s", (_, changes, expected) => {
    const one = JSON.stringify(changes).includes('source","first') ? { ...stream, shards: 1 } : stream;
    expect(messageFor(changes, one)).toContain(expected);
  });
});

describe("late rows", () => {
  const late = { uid: "late", input: "first.late", key: ["city"], aggregates: sum("price") };

  test("bring what their reader needs, which travels to the step for that, each row for itself", () => {
    const { edges, stages, deployed } = staged({ window, steps: [{ ...late, twoPhase: false }] });
    expect(edges).toEqual([
      [["own", 1, ["time", "shop", "city", "pieces", "price"]]],
      [["late", 2, ["time", "city", "price"]]],
      [],
    ]);
    expect(stages[0]?.plan.send?.local).toBeUndefined();
    expect(stages[1]?.plan.sourceColumns.map(({ name }) => name)).toEqual(["time", "shop", "city", "pieces"]);
    expect(deployed[1]?.eventTime.column).toBe("time");
  });

  test("leave a first step that runs in the shards", () => {
    const { edges } = staged({ window, steps: [late] }, { ...stream, shards: 1 });
    expect(edges[0]?.map(([of, to]) => [of, to])).toEqual([["late", 1]]);
  });

  test("of late rows bring what those need who read them", () => {
    const again = { ...late, uid: "later", input: "late.late", key: ["shop"], aggregates: sum("pieces") };
    const { edges } = staged({
      window,
      key: [],
      aggregates: sum("price"),
      steps: [{ ...late, window }, again],
    });
    expect(edges[0]?.[0]?.[2]).toEqual(["time", "price", "city", "shop", "pieces"]);
    expect(edges[1]).toEqual([["late", 2, ["time", "city", "price", "shop", "pieces"]]]);
    expect(edges[2]?.map(([of, to]) => [of, to])).toEqual([["late", 3]]);
  });

  test("of a step over changes are changes", () => {
    const steps = [
      { ...shops, uid: "hours", allowedLateness: "1h" },
      { ...shops, window, uid: "again" },
      {
        uid: "late",
        input: "again.late",
        key: ["shop"],
        aggregates: { most: { function: "max", argument: "total" } },
      },
    ];
    const { edges } = staged({ window, allowedLateness: "1h", steps: steps.slice(0, 2) });
    expect(edges[1]?.[0]?.[2]).toContain("$weight");
    const read = staged({ window, allowedLateness: "1h", steps });
    expect(read.edges[2]?.[0]?.[2]).toEqual([
      "window_time",
      "shop",
      "$signed total",
      "$weight of total",
      "$weight",
      "total",
    ]);
    expect(read.edges[3]).toEqual([["late", 4, ["window_time", "shop", "total", "$weight"]]]);
    expect(read.stages[4]?.plan.countedValues).toBeDefined();
  });

  test.each<[string, object, string]>([
    [
      "a column that the step made",
      { window, columns: { dear: [">", "price", 9] }, key: ["dear"], steps: [{ ...late, key: ["dear"] }] },
      'JOB_INVALID steps[0].key[0]: no column "dear"',
    ],
    [
      "an output of the step",
      { window, steps: [{ ...late, aggregates: sum("total") }] },
      'EXPRESSION_INVALID steps[0].aggregates.total.argument: no column "total"',
    ],
    [
      "beside results of the same step",
      {
        window,
        steps: [
          {
            ...late,
            input: ["first", "first.late"],
            key: ["city"],
            aggregates: { n: { function: "count" } },
          },
        ],
      },
      'JOB_INVALID steps[0].input: "first" and "first.late" come from the same tasks; read them in two steps',
    ],
  ])("do not bring %s", (_, changes, expected) => {
    expect(messageFor(changes)).toContain(expected);
  });

  test("leave names to their reader that the step uses for itself", () => {
    const columns = { dear: [">", "price", 9] };
    const { edges } = staged({
      window,
      columns,
      key: ["dear"],
      steps: [{ ...late, columns, key: ["dear"] }],
    });
    expect(edges[1]?.map(([of]) => of)).toEqual(["late"]);
  });
});
