/**
 * Generators of jobs whose steps form a graph: what each step reads, and what of it; their definitions.
 */
import fc from "fast-check";
import type { Graph, GraphInput, GraphRow, GraphStep, KeyName } from "../reference/graph-batch.ts";
import type { WindowSpec } from "../reference/windowed-batch.ts";
import { windowBodyOf } from "./partition-runs.ts";

export const graphColumns = [
  { name: "user", type: "STRING" },
  { name: "item", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
  { name: "v", type: "BIGINT" },
];

export const graphRowArbitrary: fc.Arbitrary<GraphRow> = fc.record({
  user: fc.option(fc.constantFrom("a", "b", "carol", "dave", "a much longer key than others"), { freq: 8 }),
  item: fc.constantFrom("pen", "ink", "paper"),
  time: fc.integer({ min: -200, max: 400 }),
  v: fc.option(fc.integer({ min: -3, max: 5 }), { freq: 5 }),
});

/** How a step is drawn: its choices among what there is when it comes. */
const stepDraw = fc.record({
  inputs: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }),
  key: fc.nat(3),
  least: fc.option(fc.integer({ min: -2, max: 3 }), { nil: undefined, freq: 2 }),
  size: fc.constantFrom(undefined, 50, 200),
  hasBounds: fc.boolean(),
});

const stepsDraw = fc.array(stepDraw, { minLength: 1, maxLength: 5 });

type StepDraw = typeof stepDraw extends fc.Arbitrary<infer Drawn> ? Drawn : never;

export interface GraphShape {
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly bound: number;
  /** Whether steps may read what the job reads, which must not run where that comes. */
  readonly readsSource: boolean;
}

/** Graphs of one to five steps, each over one to three others. */
export function graphArbitrary(shape: fc.Arbitrary<GraphShape>): fc.Arbitrary<Graph> {
  return fc
    .tuple(shape, fc.constantFrom<(readonly KeyName[])[]>(["user", "item"], ["user"]), stepsDraw)
    .map(([{ window, lateness, bound, readsSource }, key, draws]) => {
      const late = window.kind === "none" ? 0 : lateness;
      const graph = { key, window, lateness: late, bound, steps: [] as GraphStep[] };
      for (const draw of draws) graph.steps.push(drawStep(graph, draw, readsSource));
      return graph;
    });
}

function drawStep(graph: Graph, draw: StepDraw, readsSource: boolean): GraphStep {
  const { window, lateness, steps } = graph;
  const known: GraphInput[] = [0, ...steps.map((_, index) => index + 1)];
  if (readsSource) known.push("source");
  if (window.kind !== "none") known.push("late");
  const drawn = [...new Set(draw.inputs.map((choice) => known[choice % known.length] as GraphInput))];
  // A task sends a step either its results or what came too late.
  const inputs = drawn.includes("late") ? drawn.filter((input) => input !== 0) : drawn;
  const keys = inputs.map((input) => keyOf(graph, input));
  const common = (["user", "item"] as const).filter((name) => keys.every((key) => key.includes(name)));
  const key = common.filter((_, index) => ((draw.key >> index) & 1) === 1);
  // Windows only over what comes in the order of time.
  const isOrdered = (input: GraphInput) => {
    if (typeof input === "string") return false;
    return input === 0 ? window.kind !== "none" && lateness === 0 : steps[input - 1]?.size !== undefined;
  };
  const size = inputs.every(isOrdered) ? draw.size : undefined;
  return { inputs, key, least: draw.least, size, hasBounds: draw.hasBounds && size === undefined };
}

function keyOf({ key, steps }: Graph, input: GraphInput): readonly KeyName[] {
  if (typeof input === "string") return ["user", "item"];
  return input === 0 ? key : (steps[input - 1]?.key ?? []);
}

export interface GraphRun {
  readonly parallelism: number;
  /** Of the job's own step. */
  readonly firstParallelism: number;
  readonly twoPhase: boolean;
}

/** What is put as a job. */
export function graphBody(graph: Graph, { parallelism, firstParallelism, twoPhase }: GraphRun): object {
  const common = { twoPhase, retention: "forever" };
  return {
    ...{ source: "events", uid: "first", ...common },
    ...{ key: graph.key, parallelism: firstParallelism, aggregates: aggregatesOf(false) },
    ...windowBodyOf(graph.window, graph.lateness),
    steps: graph.steps.map(({ inputs, key, least, size, hasBounds }, index) => ({
      ...{ key, parallelism, ...common },
      // The first reader of the job's own step need not say so.
      ...(index === 0 && inputs.length === 1 && inputs[0] === 0 ? {} : { input: inputs.map(nameOf) }),
      ...(least === undefined ? {} : { filter: [">=", "v", least] }),
      ...(size === undefined ? {} : { window: { type: "tumble", size } }),
      aggregates: aggregatesOf(hasBounds),
    })),
  };
}

function nameOf(input: GraphInput): string {
  if (typeof input === "string") return input === "late" ? "first.late" : input;
  return input === 0 ? "first" : `step-${input}`;
}

function aggregatesOf(hasBounds: boolean): object {
  return {
    ...{ n: { function: "count" }, v: { function: "sum", argument: "v" } },
    ...(hasBounds && {
      low: { function: "min", argument: "v" },
      high: { function: "max", argument: "v" },
    }),
  };
}
