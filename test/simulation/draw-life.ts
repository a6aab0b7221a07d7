/**
 * What one life is like, drawn from its seed: its stream, its jobs, its clients and which faults it knows.
 *
 * A swarm: every life has only some of the faults, at rates of its own, since a life with all of them at once
 * gets nowhere near the states that a single fault makes.
 */

import { Random } from "../arbitraries/random.ts";
import type { WindowSpec } from "../reference/windowed-batch.ts";
import { type BranchPlan, branchBodyOf, drawBranches, isChanging } from "./draw-branches.ts";
import { type ClientPlans, drawClients } from "./draw-clients.ts";
import { drawSink, type SinkPlan } from "./draw-sink.ts";
import { keptValuesBody } from "./kept-values.ts";
import type { QueryPlan } from "./query-plan.ts";
import type { StreamName } from "./sent-requests.ts";

export interface JobPlan {
  readonly name: string;
  readonly key: "user" | "item";
  /** True where it reads the second stream too. */
  readonly isUnion: boolean;
  /** Partitions of a second stage; undefined: as many as the stream has shards. */
  readonly parallelism: number | undefined;
  /** Whether rows are added up before they go to a second stage. */
  readonly twoPhase: boolean;
  readonly window: WindowSpec;
  readonly lateness: number;
  /** Whether it has distinct values too: its rows travel each for itself then. */
  readonly hasDistinct: boolean;
  /** Rows with a smaller amount, or none, are filtered; undefined: no filter. */
  readonly amountMin: number | undefined;
  /** True where the life deletes the job. */
  readonly isDropped: boolean;
  readonly step: StepPlan | undefined;
  /** Further steps that form a graph, behind `step`. */
  readonly branches: readonly BranchPlan[];
  /** When savepoints are taken that nothing begins with. */
  readonly savesAtMs: readonly number[];
  readonly fork: ForkPlan | undefined;
  /** The stream that its first step's results go into. */
  readonly into: SinkPlan | undefined;
}

/** Another job that begins with a savepoint of the first one, and must come to the same. */
export interface ForkPlan {
  readonly atMs: number;
  /** Where the job has a second stage. */
  readonly parallelism: number;
  /** The job drains and stops: its fork goes on alone, and finds late what comes then. */
  readonly drains: boolean;
}

/** What is made of a job's results: how many there are, of how many rows in all. */
export interface StepPlan {
  /** The column of the results by which they are grouped; undefined: none. */
  readonly key: "user" | "item" | "n" | undefined;
  /** Of its windows; undefined: it has none. */
  readonly size: number | undefined;
  readonly lateness: number;
  readonly twoPhase: boolean;
  /** Whether it has what needs all values of the results too; they travel each for itself. */
  readonly hasBounds: boolean;
  /** Whether no result of the job expires. */
  readonly isForever: boolean;
}

/** A partition that is split in two: a shard of the stream, or of a stage of a job behind an exchange. */
export interface SplitPlan {
  readonly atMs: number;
  /** Undefined: a shard. */
  readonly stage: { readonly job: string; readonly stage: number } | undefined;
  /** Chooses among those that there are then. */
  readonly choice: number;
}

/** Rates are chances per event of the kind they are named for; times in ms. */
export interface FaultRates {
  readonly requestLoss: number;
  readonly answerLoss: number;
  readonly repeat: number;
  readonly delayMax: number;
  readonly slowRate: number;
  readonly slowMax: number;
  /** A turn's writes are dropped, and the object with them. */
  readonly crashInTurn: number;
  /** A turn is durable, but the object ends before anything leaves it. */
  readonly crashAfterTurn: number;
  /** A statement fails somewhere in a turn. */
  readonly storageFailure: number;
  /** Mean time between two ends of any process, between its turns. */
  readonly crashEveryMs: number | undefined;
  /** Mean time between two moments at which the disk of some process is full for a while. */
  readonly fullDiskEveryMs: number | undefined;
  /** How long the blob store takes at most for what it is given; ms. */
  readonly blobDelayMax: number;
}

export interface LifePlan extends ClientPlans {
  readonly seed: number;
  readonly shards: number;
  /** Shards of the second stream; undefined where there is none. */
  readonly otherShards: number | undefined;
  readonly isDistributed: boolean;
  readonly outOfOrdernessMs: number;
  readonly idle: "wait" | "advance";
  readonly idleTimeoutMs: number;
  readonly jobs: readonly JobPlan[];
  /** Jobs that are statements; see `draw-queries.ts`. */
  readonly queries: readonly QueryPlan[];
  /** Producers that name a sequence, and senders that name none. */
  readonly producers: number;
  readonly senders: number;
  readonly requestsPerClient: number;
  readonly rowsMax: number;
  readonly badRate: number;
  /** Whether watermarks wait for producers. */
  readonly waitsForProducers: boolean;
  /**
   * In ms: producers send in order but for the bound, one request at a time, each so much farther behind
   * the clock than the one before. Undefined: each row has a time of its own, and requests may overtake each
   * other.
   */
  readonly lagMs: number | undefined;
  /** How far behind the clock event times lie at most. */
  readonly spreadMs: number;
  readonly users: number;
  readonly pausesEveryMs: number | undefined;
  readonly workers: number;
  readonly chaosMs: number;
  readonly faults: FaultRates;
  readonly pageBudget: number;
  readonly checkpointTurnBytes: number;
  /** All processes end once when the faults are over, so that only alarms can finish the work. */
  readonly endsInCrash: boolean;
  readonly splits: readonly SplitPlan[];
  /** When all processes end at once, as when another version is deployed; ms. */
  readonly deploysAtMs: readonly number[];
  /** When the clocks of all processes are set back, and by how much; ms. */
  readonly clocksBack: readonly { readonly atMs: number; readonly byMs: number }[];
  /** How many bytes may wait on channels; undefined: as many as the product lets. */
  readonly channelBytesMax: number | undefined;
  /** Whether a part of a savepoint has one page. */
  readonly pagesGoOneByOne: boolean;
  /** Whether a task takes a checkpoint whenever it may. */
  readonly checkpointsAlways: boolean;
}

/** Of seeds that lie side by side some draws would be the same: odd factors spread them. */
export function drawLife(seed: number): LifePlan {
  const random = new Random(Math.imul(seed, 0xc2b2ae35));
  const more = new Random(Math.imul(seed, 0x27d4eb2f));
  const otherShards = more.chance(0.4) ? more.between(1, 3) : undefined;
  const sometimes = (rate: number, max: number) =>
    random.chance(rate) ? (max * random.below(1000)) / 1000 : 0;
  const shards = random.pick([1, 1, 2, 3, 4]);
  const isDistributed = shards > 1 ? random.chance(0.9) : random.chance(0.5);
  const jobCount = random.between(1, 2);
  const idle = random.pick(["wait", "advance"] as const);
  const life: UndividedLife = {
    seed,
    shards,
    otherShards,
    isDistributed,
    outOfOrdernessMs: random.pick([0, 500, 5_000, 20_000]),
    idle,
    idleTimeoutMs: random.pick([10_001, 15_000, 30_000]),
    jobs: Array.from({ length: jobCount }, (_, index) =>
      drawJob(random, new Random(Math.imul(2 * seed + index, 0x85ebca6b)), {
        ...{ name: `job_${index}`, shards, isDistributed, idle },
        branching: new Random(Math.imul(2 * seed + index, 0x9e3779b1)),
        writing: new Random(Math.imul(2 * seed + index, 0xb5297a4d)),
        isUnion: otherShards !== undefined && more.chance(0.7),
      }),
    ),
    producers: random.between(0, 4),
    senders: random.between(0, 2),
    requestsPerClient: random.between(1, 14),
    rowsMax: random.pick([1, 5, 20, 60]),
    badRate: sometimes(0.5, 0.3),
    spreadMs: random.pick([0, 1_000, 10_000, 60_000]),
    users: random.pick([1, 3, 20, 300]),
    pausesEveryMs: random.chance(0.4) ? random.between(2_000, 20_000) : undefined,
    workers: random.between(1, 2),
    chaosMs: random.pick([10_000, 30_000, 60_000]),
    faults: {
      requestLoss: sometimes(0.5, 0.15),
      answerLoss: sometimes(0.5, 0.15),
      repeat: sometimes(0.4, 0.1),
      delayMax: random.pick([1, 20, 300]),
      slowRate: sometimes(0.4, 0.1),
      slowMax: random.pick([2_000, 12_000]),
      crashInTurn: sometimes(0.5, 0.06),
      crashAfterTurn: sometimes(0.5, 0.06),
      storageFailure: sometimes(0.4, 0.05),
      crashEveryMs: random.chance(0.6) ? random.between(300, 10_000) : undefined,
    },
    pageBudget: random.pick([192 * 1024, 512 * 1024, 32 * 1024 * 1024]),
    checkpointTurnBytes: random.pick([1, 4096, 4 * 1024 * 1024]),
    endsInCrash: random.chance(0.7),
  };
  const later = new Random(Math.imul(seed, 0x165667b1));
  const deploysAtMs = later.chance(0.3) ? [later.below(life.chaosMs), later.below(life.chaosMs)] : [];
  const channelBytesMax = later.pick([undefined, undefined, undefined, undefined, 0, 300]);
  const splits = drawSplits(new Random(Math.imul(seed, 0xd3a2646d)), life);
  const producers = drawProducers(new Random(Math.imul(seed, 0x9e3779b1)));
  const pageBudget = Math.max(life.pageBudget, ...life.jobs.map(leastBudgetOf));
  const limits = { pageBudget, channelBytesMax };
  const saving = drawSaving(new Random(Math.imul(seed, 0x2545f491)), life);
  const machine = drawMachine(new Random(Math.imul(seed, 0x7feb352d)), life.chaosMs, saving.faults);
  const jobs = { queries: [], ...saving };
  const lasting = saving.jobs.filter((job) => !job.isDropped && !job.fork?.drains);
  const views = lasting.flatMap((job) =>
    viewsOf(job).map((view, place) => ({ view, key: place === 0 ? job.key : undefined })),
  );
  const clients = drawClients(new Random(Math.imul(seed, 0x1b873593)), { ...life, views });
  return { ...life, ...jobs, ...limits, ...machine, splits, deploysAtMs, ...producers, ...clients };
}

/** What goes wrong with disks and clocks. */
function drawMachine(
  random: Random,
  chaosMs: number,
  faults: Omit<FaultRates, "fullDiskEveryMs">,
): Pick<LifePlan, "faults" | "clocksBack"> {
  const jumps = random.chance(0.2) ? random.between(1, 2) : 0;
  const fullDiskEveryMs = random.chance(0.2) ? random.between(1_000, 10_000) : undefined;
  return {
    faults: { ...faults, fullDiskEveryMs },
    clocksBack: Array.from({ length: jumps }, () => {
      return { atMs: random.below(chaosMs), byMs: random.pick([1, 900, 20_000, 600_000]) };
    }),
  };
}

/** Rows of one record may lie in many windows, and each has tables of its own for the values it keeps. */
function leastBudgetOf({ hasDistinct, window, step, branches }: JobPlan): number {
  const keeping = [step, ...branches].filter((each) => each?.hasBounds);
  if (keeping.some((each) => each?.size)) return 2 * 1024 * 1024;
  if (keeping.length > 0) return 1024 * 1024;
  return hasDistinct && window.kind !== "none" ? 512 * 1024 : 0;
}

type UndividedLife = Omit<
  LifePlan,
  | keyof ClientPlans
  | "faults"
  | "queries"
  | "splits"
  | "deploysAtMs"
  | "clocksBack"
  | "channelBytesMax"
  | "pagesGoOneByOne"
  | "checkpointsAlways"
  | "waitsForProducers"
  | "lagMs"
> & { readonly faults: Omit<FaultRates, "blobDelayMax" | "fullDiskEveryMs"> };

/**
 * How savepoints are taken. In some lives that happens early and takes long, with checkpoints all the time
 * and events behind it: what it needs is overwritten while it is uploaded.
 */
function drawSaving(
  random: Random,
  life: UndividedLife,
): Pick<LifePlan, "jobs" | "requestsPerClient" | "pagesGoOneByOne" | "checkpointsAlways"> & {
  readonly faults: Omit<FaultRates, "fullDiskEveryMs">;
} {
  const isLong = random.chance(0.3);
  const blobDelayMax = random.pick(isLong ? [0, 3_000, 10_000] : [0, 0, 0, 100, 25_000]);
  const early = ({ fork, ...job }: JobPlan): JobPlan => {
    return { ...job, fork: fork && isLong ? { ...fork, atMs: fork.atMs % 5_000 } : fork };
  };
  return {
    faults: { ...life.faults, blobDelayMax, ...(isLong && { slowRate: 0.1 }) },
    jobs: life.jobs.map(early),
    requestsPerClient: isLong ? 14 : life.requestsPerClient,
    pagesGoOneByOne: random.chance(0.4),
    checkpointsAlways: isLong || random.chance(0.1),
  };
}

function drawProducers(random: Random): Pick<LifePlan, "waitsForProducers" | "lagMs"> {
  if (random.chance(0.4)) return { waitsForProducers: false, lagMs: undefined };
  const lagMs = random.pick([0, 2_000, 60_000, 3_600_000]);
  return { waitsForProducers: true, lagMs: random.chance(0.75) ? lagMs : undefined };
}

/** What comes from several shards comes in any order: beside a fork only jobs are split that do not mind. */
function drawSplits(random: Random, life: UndividedLife): SplitPlan[] {
  const minds = (job: JobPlan) =>
    job.fork &&
    (job.fork.drains ||
      job.step ||
      job.branches.length > 0 ||
      (job.window.kind !== "none" && needsExchange(life, job)));
  if (life.jobs.some(minds) || random.chance(0.4)) return [];
  const stages = life.jobs.flatMap((job) =>
    Array.from(
      { length: (needsExchange(life, job) ? 1 : 0) + (job.step ? 1 : 0) + job.branches.length },
      (_, index) => ({ job: job.name, stage: index + (job.isUnion ? 2 : 1) }),
    ),
  );
  return Array.from({ length: random.between(1, 3) }, () => ({
    atMs: random.below(life.chaosMs),
    stage: random.pick([undefined, ...stages]),
    choice: random.below(1000),
  }));
}

type StreamPlan = Pick<LifePlan, "shards" | "isDistributed" | "idle">;

/** `changes` draws what is made of results that change. */
function drawJob(
  random: Random,
  changes: Random,
  {
    name,
    isUnion,
    branching,
    writing,
    ...stream
  }: StreamPlan &
    Pick<JobPlan, "name" | "isUnion"> & { readonly branching: Random; readonly writing: Random },
): JobPlan {
  const kind = random.pick(["tumble", "hop", "cumulate", "none"] as const);
  const step = random.pick([500, 2_000, 10_000, 60_000]);
  const steps = kind === "hop" || kind === "cumulate" ? random.pick([1, 2, 3, 6, 10]) : 1;
  const window = { kind, step, size: step * steps, offset: random.pick([0, 0, 137]) };
  const lateness = random.pick([0, 0, 3_000]);
  const isKeyed = random.chance(0.5);
  const finalStep = {
    ...{ size: 2 * window.size, lateness: 0, twoPhase: random.chance(0.5) },
    ...{ hasBounds: false, isForever: false },
  };
  const canChange = isChanging({ window, lateness });
  const hasStep = canChange ? changes.chance(0.6) : random.chance(0.6);
  const amountMin = random.chance(0.3) ? 20 : undefined;
  const isDropped = random.chance(0.1);
  const key = random.pick(["user", "user", "item"] as const);
  const drawnStep = canChange
    ? drawChangingStep(changes, { window, lateness, key })
    : drawFinalStep(changes, { ...finalStep, key: isKeyed ? key : undefined });
  const linear: JobPlan = {
    ...{ name, isUnion, window, lateness, amountMin, isDropped, key },
    step: hasStep ? drawnStep : undefined,
    parallelism: random.pick([undefined, undefined, 1, 2, 5]),
    twoPhase: random.chance(0.6),
    ...{ fork: undefined, branches: [], savesAtMs: [] },
    into: drawSink(writing, { name, key, window, lateness, isDropped }),
    hasDistinct: (kind === "none" || kind === "tumble") && changes.chance(0.4),
  };
  const isLocal = !needsExchange(stream, linear);
  const branches = branching.chance(0.3) ? drawBranches(branching, linear, isLocal) : [];
  const saves = branches.length === 0 ? 0 : branching.between(0, 2);
  const savesAtMs = Array.from({ length: saves }, () => branching.below(40_000));
  const drawn = { ...linear, branches, savesAtMs };
  const atMs = random.below(40_000);
  const isStopped = atMs % 3 === 0 || (drawn.into && atMs % 3 === 1);
  const drains = isStopped === true && !(drawn.step && isChanging(drawn)) && branches.length === 0;
  const fork = { atMs, parallelism: random.pick([2, 3, 5]), drains };
  const isForked = random.chance(0.4) || branches.length > 0 || drawn.into !== undefined;
  return isForked && canFork(stream, drawn) ? { ...drawn, fork } : drawn;
}

function drawFinalStep(random: Random, step: StepPlan): StepPlan {
  const hasBounds = random.chance(0.3);
  return { ...step, hasBounds, twoPhase: !hasBounds && step.twoPhase };
}

function drawChangingStep(
  random: Random,
  { window, lateness, key }: Pick<JobPlan, "window" | "lateness" | "key">,
): StepPlan {
  const hasWindow = random.chance(0.5) && window.kind !== "none";
  const hasBounds = random.chance(0.5);
  return {
    key: random.pick(["n", "n", key, undefined]),
    size: hasWindow ? 2 * window.size : undefined,
    lateness: hasWindow ? random.pick([0, lateness]) : 0,
    twoPhase: !hasBounds && random.chance(0.5),
    ...{ hasBounds, isForever: random.chance(0.5) },
  };
}

/**
 * Only where both jobs must come to the same: the order in which rows of several shards reach a second stage
 * decides which are late, and so do the ticks of an idle stream, which every partition has of its own.
 */
function canFork({ shards, isDistributed, idle }: StreamPlan, job: JobPlan): boolean {
  const hasSteps = job.step !== undefined || job.branches.length > 0;
  if (job.isDropped || (hasSteps && (shards > 1 || job.isUnion))) return false;
  // So may results of several branches be, and late rows.
  if (job.branches.some(({ size }) => size !== undefined)) return false;
  // Changes may be late to a step by the order in which they come.
  if (job.step?.size !== undefined && job.step.lateness < job.lateness) return false;
  if (!needsExchange({ shards, isDistributed }, job)) return idle === "wait" || job.window.kind === "none";
  return job.window.kind === "none" || (shards === 1 && !job.isUnion && idle === "wait");
}

/** The fork of a job as a job; it has no fork of its own. */
export function forkOf(life: Pick<LifePlan, "shards" | "isDistributed">, job: JobPlan): JobPlan {
  const drawn = job.fork?.parallelism ?? 2;
  const parallelism = !needsExchange(life, job) ? job.parallelism : drawn === life.shards ? 7 : drawn;
  const twoPhase = drawn % 2 === 0 ? job.twoPhase : !job.twoPhase;
  // Beside a job that goes on it would write again what that one writes.
  const into = job.fork?.drains ? job.into : undefined;
  return { ...job, name: `${job.name}_fork`, parallelism, twoPhase, fork: undefined, savesAtMs: [], into };
}

/** Whether rows of one key lie in several shards, or the job wants other partitions than these. */
export function needsExchange(
  { shards, isDistributed }: Pick<LifePlan, "shards" | "isDistributed">,
  { key, isUnion, parallelism = shards }: JobPlan,
): boolean {
  if (isUnion) return true;
  return parallelism !== shards || (shards > 1 && !(isDistributed && key === "user"));
}

/** The streams that a job reads. */
export function sourcesOf({ isUnion }: Pick<JobPlan, "isUnion">): StreamName[] {
  return isUnion ? ["events", "others"] : ["events"];
}

/** The body of a stream's definition. */
export function streamBodyOf(life: LifePlan, stream: StreamName): object {
  if (stream === "others") {
    const { columns, ...rest } = streamBodyOf(life, "events") as { readonly columns: readonly object[] };
    const moved = [...columns.slice(2), ...columns.slice(0, 2), { name: "at", type: "TIMESTAMP(3)" }];
    const eventTime = { ...eventTimeOf(life), column: "at" };
    return { ...rest, columns: moved, eventTime, shards: life.otherShards, distributionKey: ["item"] };
  }
  return {
    columns: [
      { name: "time", type: "TIMESTAMP(3)" },
      { name: "user", type: "STRING" },
      { name: "id", type: "BIGINT", nullable: false },
      { name: "amount", type: "INT" },
      { name: "item", type: "STRING" },
    ],
    eventTime: { column: "time", ...eventTimeOf(life) },
    idle: life.idle,
    idleTimeout: life.idleTimeoutMs,
    shards: life.shards,
    distributionKey: life.isDistributed ? ["user"] : [],
  };
}

function eventTimeOf({ outOfOrdernessMs, waitsForProducers }: LifePlan) {
  return { outOfOrderness: outOfOrdernessMs, waitForProducers: waitsForProducers };
}

/** The body of a job's definition. */
export function jobBodyOf(job: JobPlan): object {
  const { key, parallelism, twoPhase, lateness, amountMin } = job;
  const { kind, size, step, offset } = job.window;
  const windows = {
    tumble: { type: "tumble", size, offset },
    hop: { type: "hop", size, slide: step, offset },
    cumulate: { type: "cumulate", size, step, offset },
    none: undefined,
  };
  const window = windows[kind];
  const retention = job.step?.isForever ? { retention: "forever" } : {};
  return {
    source: sourcesOf(job),
    ...retention,
    key: [key],
    ...(parallelism === undefined ? {} : { parallelism }),
    twoPhase,
    ...(amountMin === undefined ? {} : { filter: [">=", "amount", amountMin] }),
    ...(window ? { window, allowedLateness: lateness } : {}),
    ...(job.into && { into: job.into.stream }),
    aggregates: {
      n: { function: "count" },
      total: { function: "sum", argument: "amount" },
      least: { function: "min", argument: "item" },
      first: { function: "first_value", argument: "id" },
      last: { function: "last_value", argument: "id" },
      ...(job.hasDistinct && {
        kinds: { function: "count", argument: "item", distinct: true },
        amounts: { function: "sum", argument: "amount", distinct: true },
      }),
    },
    steps: [
      ...(job.step ? [stepBodyOf(job.step, key)] : []),
      ...job.branches.map((branch, number) => branchBodyOf(job, branch, number)),
    ],
  };
}

function stepBodyOf(step: StepPlan, text: string): object {
  const { key, twoPhase, size, lateness, isForever, hasBounds } = step;
  return {
    key: key === undefined ? [] : [key],
    twoPhase,
    ...(size === undefined ? {} : { window: { type: "tumble", size }, allowedLateness: lateness }),
    ...(isForever ? { retention: "forever" } : {}),
    aggregates: {
      ...{ results: { function: "count" }, rows: { function: "sum", argument: "n" } },
      ...(hasBounds && keptValuesBody(text)),
    },
  };
}

/** The views of a job, the first step's first. */
export function viewsOf({ name, step, branches }: Pick<JobPlan, "name" | "step" | "branches">): string[] {
  const further = (step ? 1 : 0) + branches.length;
  return [...Array.from({ length: further }, (_, number) => `${name}.${number}`), name];
}
