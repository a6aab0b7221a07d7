/** Pipelines of every kind of step, whose contents are known from the slow, obvious batch model. */
import { graphBody, graphColumns } from "../arbitraries/graphs.ts";
import { Random } from "../arbitraries/random.ts";
import { type Graph, type GraphRow, graphBatch } from "../reference/graph-batch.ts";
import type { Pipeline, Pipelines } from "./pipelines.ts";

const bound = 3_000;
const requests = 12;
const rowsPerRequest = 4;
const minute = 60_000;

const noWindow = { kind: "none", size: 1, step: 1, offset: 0 } as const;
const tumble = { kind: "tumble", size: 5_000, step: 5_000, offset: 0 } as const;
const hop = { kind: "hop", size: 10_000, step: 5_000, offset: 1_000 } as const;
const cumulate = { kind: "cumulate", size: 15_000, step: 5_000, offset: 0 } as const;

const first = { key: ["user", "item"], window: tumble, lateness: 0, bound, steps: [] } as const;
const step = { inputs: [0], key: ["item"], least: undefined, size: undefined, hasBounds: false } as const;

const graphs: Readonly<Record<string, Graph>> = {
  tumble: first,
  hop_late: { ...first, window: hop, lateness: 2_000 },
  cumulate: { ...first, window: cumulate },
  continuous: { ...first, window: noWindow },
  windows_of_windows: { ...first, steps: [{ ...step, size: 20_000 }] },
  changes: { ...first, window: noWindow, steps: [{ ...step, hasBounds: true }] },
  late_changes: { ...first, lateness: 2_000, steps: [step, { ...step, inputs: [1], key: [] }] },
  branches: { ...first, steps: [step, { ...step, key: ["user"], least: 2 }] },
  diamond: { ...first, steps: [step, { ...step, least: 1 }, { ...step, inputs: [1, 2], key: [] }] },
  late_rows: { ...first, steps: [{ ...step, inputs: ["late"], key: ["user"] }] },
  source_again: { ...first, steps: [{ ...step, inputs: ["source"], key: ["user"] }] },
};

export function graphPipelines(): Pipelines {
  const random = new Random(5);
  const frames = Array.from({ length: requests }, (_frame, request) =>
    Array.from({ length: rowsPerRequest }, (_row, index): GraphRow => {
      return {
        time: (request * rowsPerRequest + index) * 900 - random.below(5_000),
        user: random.pick(["ann", "bob", "cid", null]),
        item: random.pick(["pen", "ink"]),
        v: random.pick([1, 2, 3, -4, null]),
      };
    }),
  );
  // Far ahead: the windows of all others are over.
  frames.push([{ time: 10 * minute, user: "ann", item: "pen", v: 5 }]);
  return {
    name: "graphs",
    stream: {
      columns: graphColumns as Pipelines["stream"]["columns"],
      eventTime: { column: "time", outOfOrderness: bound },
    },
    requests: frames.slice(0, requests / 2),
    requestsAfter: frames.slice(requests / 2),
    ends: false,
    jobs: Object.entries(graphs).map(([name, graph]) => pipelineOf(name, graph, frames)),
  };
}

function pipelineOf(name: string, graph: Graph, frames: readonly (readonly GraphRow[])[]): Pipeline {
  const { views } = graphBatch(frames, graph);
  return {
    name,
    body: (parallelism) => {
      const body = graphBody(graph, { parallelism, firstParallelism: parallelism, twoPhase: true });
      const { source: _, ...rest } = body as ReturnType<Pipeline["body"]> & { source: string };
      return rest;
    },
    views: Object.fromEntries(views.map((view, index) => [`.${index}`, view])),
  };
}
