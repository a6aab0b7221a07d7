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
