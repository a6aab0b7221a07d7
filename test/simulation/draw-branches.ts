/**
 * Further steps of a job that form a graph: branches over its first step's results, over the rows that came
 * too late for it, over what the job itself reads once more, over each other, and over several of these.
 *
 * Of each the results have `n`: of how many rows of the source they are made, along every way that leads
 * there.
 */
import type { Random } from "../arbitraries/random.ts";
import type { WindowSpec } from "../reference/windowed-batch.ts";
import { keptValuesBody } from "./kept-values.ts";

/** A number is that of an earlier branch. */
export type BranchInput = "first" | "late" | "source" | number;

export interface BranchPlan {
  /** Either results, `first` and numbers, or rows, `source` and `late`. */
  readonly inputs: readonly BranchInput[];
  readonly key: "user" | "item" | undefined;
  /** Of its windows; undefined: it has none. */
  readonly size: number | undefined;
  readonly lateness: number;
  readonly twoPhase: boolean;
  /** Whether it has what needs all values of `n` too; they travel each for itself. */
  readonly hasBounds: boolean;
}

/** A job, as far as its branches go. */
export interface BranchedJob {
  readonly key: "user" | "item";
  readonly window: WindowSpec;
  readonly lateness: number;
  readonly branches: readonly BranchPlan[];
  /** Rows with a smaller amount are filtered by the first step; undefined: none are. */
  readonly amountMin: number | undefined;
  readonly step: { readonly isForever: boolean } | undefined;
}

type Drawn = Pick<BranchedJob, "key" | "window" | "lateness" | "branches">;

/** Whether results that were sent on may change. */
export function isChanging({ window, lateness }: Pick<BranchedJob, "window" | "lateness">): boolean {
  return window.kind === "none" || lateness > 0;
}

/** What the branches of a job read, one after the other: a branch, diamonds, rows beside results. */
const shapes: readonly (readonly (readonly BranchInput[])[])[] = [
  [["first"]],
  [["first"], ["first"], [0, 1]],
  [["first"], ["first", 0]],
  [["first"], [0], ["first", 1]],
  [["late"]],
  [["late"], ["first", 0]],
  [["source"], ["late"], [0, "first", 1]],
  [["source", "late"], ["first"], [0, 1]],
];

/** `isLocal` where the first step runs in the shards of what the job reads. */
export function drawBranches(random: Random, job: Omit<Drawn, "branches">, isLocal: boolean): BranchPlan[] {
  const hasLate = job.window.kind !== "none";
  const branches: BranchPlan[] = [];
  for (const wanted of random.pick(shapes)) {
    const has = wanted.map((input) => (input === "late" && !hasLate ? "source" : input));
    // A task sends a step one thing: what runs in the shards has both the source's rows and late ones.
    const isOne = isLocal && has.includes("source");
    const inputs = isOne ? has.filter((input) => input !== "late") : has;
    branches.push(drawBranch(random, { ...job, branches }, [...new Set(inputs)]));
  }
  return branches;
}

function drawBranch(random: Random, job: Drawn, inputs: readonly BranchInput[]): BranchPlan {
  const { window, lateness } = job;
  const readsRows = inputs.some((input) => input === "source" || input === "late");
  const keys = inputs.map((input) => keysOf(job, input));
  const common = (["user", "item"] as const).filter((name) => keys.every((known) => known.includes(name)));
  const size = inputs.every((input) => hasEventTime(job, input)) && random.chance(0.5);
  const hasBounds = !readsRows && random.chance(0.4);
  return {
    inputs,
    key: random.pick([undefined, ...common, ...common]),
    size: size ? random.pick([1_000, 2 * (window.size || 500)]) : undefined,
    lateness: size ? random.pick([0, lateness, 60_000]) : 0,
    twoPhase: !hasBounds && random.chance(0.5),
    ...{ hasBounds },
  };
}

function keysOf({ key, branches }: Drawn, input: BranchInput): readonly string[] {
  if (input === "source") return ["user", "item"];
  const known = typeof input === "number" ? branches[input]?.key : key;
  return known === undefined ? [] : [known];
}

/** Whether what comes by an input has an event time. */
export function hasEventTime({ window, branches }: Drawn, input: BranchInput): boolean {
  if (typeof input === "number") return branches[input]?.size !== undefined;
  return input !== "first" || window.kind !== "none";
}

/** Whether what comes by an input may be taken back. */
function isTakenBack(job: Drawn, input: BranchInput): boolean {
  if (input === "source" || input === "late") return false;
  if (input === "first") return isChanging(job);
  const { size, lateness = 0 } = job.branches[input] ?? {};
  return size === undefined || lateness > 0;
}

/** Whether the rows that a branch gets have weights. */
export function hasWeights(job: Drawn, { inputs }: BranchPlan): boolean {
  return inputs.some((input) => isTakenBack(job, input));
}

/** Whether a branch reads rows of the source, late or not, instead of results. */
export function readsRowsOf({ inputs }: BranchPlan): boolean {
  return inputs.some((input) => input === "source" || input === "late");
}

/** Whether some branch reads what comes too late for the first step. */
export function readsLate({ branches }: Pick<BranchedJob, "branches">): boolean {
  return branches.some(({ inputs }) => inputs.includes("late"));
}

/** What the job's definition says of a branch. */
export function branchBodyOf(job: BranchedJob, branch: BranchPlan, number: number): object {
  const { inputs, key, size, lateness, twoPhase, hasBounds } = branch;
  const names = { first: "step-0", late: "step-0.late", source: "source" };
  const n = readsRowsOf(branch) ? { function: "count" } : { function: "sum", argument: "n" };
  return {
    uid: `branch-${number}`,
    input: inputs.map((input) => (typeof input === "number" ? `branch-${input}` : names[input])),
    key: key === undefined ? [] : [key],
    twoPhase,
    ...(size === undefined ? {} : { window: { type: "tumble", size }, allowedLateness: lateness }),
    ...(job.step?.isForever ? { retention: "forever" } : {}),
    aggregates: {
      ...{ results: { function: "count" }, n },
      ...(hasBounds && keptValuesBody()),
    },
  };
}

/** How often a row of the source counts in a branch's `n` for sure, once a token covers it. */
export function waysTo(job: BranchedJob, { inputs, size }: BranchPlan): number {
  if (size !== undefined) return 0;
  const countsAll = job.window.kind === "none" && job.amountMin === undefined;
  const waysBy = (input: BranchInput): number => {
    if (typeof input === "number") return waysTo(job, job.branches[input] as BranchPlan);
    return input === "source" || (input === "first" && countsAll) ? 1 : 0;
  };
  return inputs.map(waysBy).reduce((sum, ways) => sum + ways, 0);
}
