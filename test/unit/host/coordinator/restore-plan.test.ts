/**
 * What of a savepoint a job goes on with: by name and layout, whatever else changed; the rest by name too.
 */
import { describe, expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import { planStages } from "../../../../src/engine/plan/plan-stages.ts";
import type { JobRestore, JobStage } from "../../../../src/host/coordinator/catalog.ts";
import { planRestore, sourceOf } from "../../../../src/host/coordinator/restore-plan.ts";
import type { SavepointEntry } from "../../../../src/host/coordinator/savepoints.ts";
import type { JobBody } from "../../../../src/protocol/job-spec.ts";
import { stepNamesOf } from "../../../../src/protocol/step-inputs.ts";
import { jobOf, streamOf } from "../definitions.ts";

const shards = 2;
/** Shards of the stream, whose generation is 1. */
const shardsNow = new Map([[1, shards]]);
const stream = streamOf({ shards, distributionKey: ["user"] });

const hourly = {
  key: ["user"],
  window: { type: "tumble", size: "1h" },
  aggregates: { minutes: { function: "count" }, all: { function: "sum", argument: "total" } },
} satisfies NonNullable<JobBody["steps"]>[number];

/** The stages of a job as a coordinator has them; those behind the first read streams from `generation`. */
function stagesOf(changes: Partial<JobBody>, generation: number): { stages: JobStage[]; shardsOf: number[] } {
  const definition = jobOf(changes);
  const shardsOf = [shards];
  const planned = planStages(definition, [stream], (input) => {
    shardsOf.push(input.shards);
    return {
      stream: "inner",
      generation: generation + shardsOf.length - 1,
      mapVersion: 1,
      partitions: input.shards,
    };
  });
  const operators = stepNamesOf(definition);
  const stages = planned.map(({ plan, from }, index): JobStage => {
    const operator = plan.send ? undefined : operators.shift();
    const place = { ...(operator && { operator }), ...(from.length > 0 && { from }) };
    return { generation: index === 0 ? 1 : generation + index, plan, ...place };
  });
  return { stages, shardsOf };
}

function savedOf(changes: Partial<JobBody>): SavepointEntry {
  const { stages, shardsOf } = stagesOf(changes, 10);
  return {
    ...{ savepoint: 7, job: "totals", run: 3, state: "done", error: null, stop: false, drain: false },
    ...{ createdAt: 1, doneAt: 2, saved: [] },
    stages: stages.map((stage, index) => ({ ...stage, shards: shardsOf[index] ?? 0 })),
  };
}

function restoreOf(saved: Partial<JobBody>, wanted: Partial<JobBody>, allowNonRestored = false): JobRestore {
  return planRestore(savedOf(saved), stagesOf(wanted, 20).stages, shardsNow, allowNonRestored);
}

/** What is refused, by operator. */
function refusal(saved: Partial<JobBody>, wanted: Partial<JobBody>): Record<string, string> {
  try {
    restoreOf(saved, wanted);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    expect(thrown.code).toBe("SAVEPOINT_UNFIT");
    const list = thrown.details?.nonRestored as { operator: string; reason: string }[];
    for (const { operator } of list) expect(thrown.message).toContain(`"${operator}": `);
    return Object.fromEntries(list.map(({ operator, reason }) => [operator, reason]));
  }
  return {};
}

describe("state finds its place", () => {
  const exchange = { parallelism: 3 } satisfies Partial<JobBody>;

  test.each<[string, Partial<JobBody>]>([
    ["another parallelism", { parallelism: 5 }],
    ["a filter", { filter: [">", "amount", 3] }],
    ["more columns", { columns: { big: [">", "amount", 9] } }],
    ["one phase", { twoPhase: false }],
    ["another retention", { retention: "1d" }],
    ["another lateness", { allowedLateness: "5s" }],
    [
      "other names of outputs",
      { aggregates: { n: { function: "count" }, sum: { function: "sum", argument: "amount" } } },
    ],
    [
      "one more output of what is kept",
      {
        aggregates: {
          clicks: { function: "count" },
          total: { function: "sum", argument: "amount" },
          again: { function: "sum", argument: "amount" },
        },
      },
    ],
  ])("with %s", (_, changes) => {
    expect(restoreOf(exchange, { ...exchange, ...changes })).toEqual({
      savepoint: 7,
      sources: [{ generation: 1, shards }],
      states: [null, { generation: 11, shards: 3 }],
    });
  });

  test("in the shards, in partitions behind them, and back", () => {
    const local = {};
    expect(restoreOf(local, local).states).toEqual([{ generation: 1, shards }]);
    expect(restoreOf(local, exchange).states).toEqual([null, { generation: 1, shards }]);
    expect(restoreOf(exchange, local).states).toEqual([{ generation: 11, shards: 3 }]);
  });

  test("a step more begins empty, and steps are known by their uid wherever they stand", () => {
    expect(restoreOf(exchange, { ...exchange, steps: [hourly] }).states).toEqual([
      null,
      { generation: 11, shards: 3 },
      null,
    ]);
    const daily = { ...hourly, window: { type: "tumble", size: "1d" } as const };
    const saved = { ...exchange, steps: [{ ...hourly, uid: "hourly", parallelism: 4 }] };
    const wanted = {
      ...exchange,
      steps: [
        { ...hourly, uid: "hourly" },
        {
          ...daily,
          uid: "daily",
          aggregates: { hours: { function: "count" as const } },
        },
      ],
    };
    expect(restoreOf(saved, wanted).states).toEqual([
      null,
      { generation: 11, shards: 3 },
      { generation: 12, shards: 4 },
      null,
    ]);
  });
});

describe("state without a place is refused by name, or left out", () => {
  const base = { parallelism: 3, uid: "minutes" } satisfies Partial<JobBody>;

  test.each<[string, Partial<JobBody>, RegExp]>([
    ["another key", { key: ["amount"] }, /its key was \[user STRING\] and would be \[amount INT\]/],
    [
      "another window",
      { window: { type: "tumble", size: "2min" } },
      /its window was .*60000.* would be .*120000/,
    ],
    ["no window", { window: undefined }, /its window was .* and would be null/],
    [
      "an aggregate more",
      {},
      /its aggregates were \[count\(\*\), sum\(amount\) .*\] and would be .*max\(amount\)/,
    ],
  ])("%s", (what, changes, reason) => {
    const aggregates = {
      clicks: { function: "count" },
      total: { function: "sum", argument: "amount" },
      ...(what === "an aggregate more" && { most: { function: "max", argument: "amount" } }),
    } satisfies JobBody["aggregates"];
    const wanted = { ...base, ...changes, aggregates };
    expect(refusal(base, wanted)).toEqual({ minutes: expect.stringMatching(reason) });
    expect(restoreOf(base, wanted, true).states).toEqual([null, null]);
  });

  test("two aggregates that changed places, or what they are of", () => {
    const of = (first: string, second: string): Partial<JobBody> => ({
      ...base,
      columns: { twice: ["*", "amount", 2] },
      aggregates: { one: { function: "min", argument: first }, two: { function: "min", argument: second } },
    });
    expect(refusal(of("amount", "twice"), of("amount", "twice"))).toEqual({});
    const changed = { minutes: expect.stringContaining("min(twice)") };
    expect(refusal(of("amount", "twice"), of("twice", "amount"))).toEqual(changed);
    expect(refusal(of("amount", "twice"), of("amount", "amount"))).toEqual(changed);
  });

  test("a step that is gone, or has another name", () => {
    const saved = { ...base, steps: [{ ...hourly, uid: "hourly" }] };
    expect(refusal(saved, base)).toEqual({ hourly: "the job has no such step" });
    expect(refusal(saved, { ...base, steps: [{ ...hourly, uid: "hours" }] })).toEqual({
      hourly: "the job has no such step",
    });
    expect(restoreOf(saved, base, true).states).toEqual([null, { generation: 11, shards: 3 }]);
  });

  test("one of two steps between which results are taken back, without the other", () => {
    const users = { key: [], aggregates: { users: { function: "count" as const } }, uid: "users" };
    const changing = { ...base, window: undefined, steps: [users] } satisfies Partial<JobBody>;
    expect(refusal(changing, changing)).toEqual({});
    // The first one counts its rows already: a step more changes nothing of its layout.
    expect(refusal({ ...base, window: undefined }, changing)).toEqual({
      minutes: expect.stringContaining('"users" beside it does not go on'),
    });
    const renamed = { ...changing, uid: "others" };
    expect(refusal(changing, renamed)).toEqual({
      minutes: "the job has no such step",
      users: expect.stringContaining('"others" beside it does not go on'),
    });
    expect(restoreOf(changing, renamed, true).states).toEqual([null, null, null]);
  });

  test("all of a diamond along whose edges results are taken back, where one has no state", () => {
    const users = { key: ["user"], aggregates: { n: { function: "count" as const } } };
    const steps: NonNullable<JobBody["steps"]> = [
      { ...users, uid: "left" },
      { ...users, uid: "right", input: "minutes" },
      { ...users, uid: "both", input: ["left", "right"] },
    ];
    const changing = { ...base, window: undefined, steps } satisfies Partial<JobBody>;
    expect(refusal(changing, changing)).toEqual({});
    const renamed = steps.map((step) => (step.uid === "right" ? { ...step, uid: "wrong" } : step));
    renamed[2] = { ...users, uid: "both", input: ["left", "wrong"] };
    expect(Object.keys(refusal(changing, { ...changing, steps: renamed })).sort()).toEqual([
      ...["both", "left", "minutes", "right"],
    ]);
    // What only reads the source, or what comes when windows fire, has no part in it.
    const apart = steps.map((step) => ({ ...step, input: "source" }));
    const windows = {
      ...base,
      steps: [
        { ...hourly, uid: "hours" },
        { ...hourly, uid: "again", input: "minutes" },
      ],
    };
    expect(
      restoreOf({ ...changing, steps: apart }, { ...changing, steps: apart.slice(0, 1) }, true).states,
    ).toEqual([...[null, { generation: 11, shards: 3 }, { generation: 12, shards: 2 }]]);
    expect(restoreOf({ ...base, steps: windows.steps.slice(0, 1) }, windows).states.at(-1)).toBeNull();
  });

  test("keys that would lie in the shards of another column", () => {
    const wide = { ...base, key: ["user", "amount"] };
    expect(refusal(wide, { ...wide, parallelism: shards })).toEqual({
      minutes: expect.stringContaining('give it a "parallelism" other than 2'),
    });
    expect(refusal({ ...wide, parallelism: shards }, { ...wide, parallelism: shards })).toEqual({});
  });

  test("of another stream, or not complete, whatever is allowed", () => {
    const { stages } = stagesOf(base, 20);
    const saved = savedOf(base);
    const elsewhere = stages.map((stage, index) => (index === 0 ? { ...stage, generation: 5 } : stage));
    expect(() => planRestore(saved, elsewhere, shardsNow, true)).toThrow("it is of a job on another stream");
    const [first] = stages;
    const more = first ? [{ ...first, generation: 5 }, ...stages] : [];
    expect(() => planRestore(saved, more, shardsNow, true)).toThrow("or on more or fewer");
    expect(() => planRestore({ ...saved, state: "failed" }, stages, shardsNow, true)).toThrow("not complete");
  });
});

describe("a partition takes", () => {
  const from = (stage: number, shard: number, of: number, states: JobRestore["states"]) =>
    sourceOf({ savepoint: 7, sources: [{ generation: 1, shards: 2 }], states }, stage, shard, {
      generation: stage === 0 ? 1 : 20 + stage,
      definition: { ...stream, shards: of },
    });
  const task = (generation: number, shard: number) => `savepoints/7/${generation}.${shard}`;

  test("of the tasks of its stage those that had some of its key groups", () => {
    const states = [null, { generation: 11, shards: 4 }];
    expect(from(1, 0, 2, states)).toEqual({ states: [task(11, 0), task(11, 1)] });
    expect(from(1, 2, 3, states)).toEqual({ states: [task(11, 2), task(11, 3)] });
    expect(from(1, 1, 8, states)).toEqual({ states: [task(11, 0)] });
  });

  test("in a shard its place in the log, and its own state whatever its keys are", () => {
    expect(from(0, 1, 2, [null])).toEqual({ position: task(1, 1), states: [] });
    expect(from(0, 1, 2, [{ generation: 1, shards: 2 }])).toEqual({
      position: task(1, 1),
      states: [task(1, 1)],
    });
  });

  test("what was in shards from all of them, and takes nothing where it begins empty", () => {
    const places = [null, { generation: 1, shards: 2 }];
    expect(from(1, 0, 3, places)).toEqual({ states: [task(1, 0), task(1, 1)] });
    expect(from(1, 0, 3, [null, null])).toEqual({ states: [] });
  });
});
