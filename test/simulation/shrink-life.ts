/**
 * A failing life made smaller: fewer clients, rows, jobs and faults, as long as it still fails.
 *
 * Each change is tried for itself and kept where the life still fails in the same way; then all are tried
 * again, until none helps. What is left is the plan of a life that shows the bug with little else going on.
 */
import { type FaultRates, type LifePlan, viewsOf } from "./draw-life.ts";
import type { Plant } from "./plants.ts";
import { type Life, runLife } from "./run-life.ts";

/** Lives that a search runs at most. */
const livesMax = 400;

/** Any change turns the rest of a history over, so each is tried with so many seeds. */
const rolls = 4;

type Change = (plan: LifePlan) => LifePlan;

const halved = (count: number) => Math.max(1, Math.floor(count / 2));

const changes: readonly Change[] = [
  (plan) => ({ ...plan, jobs: plan.jobs.slice(1) }),
  (plan) => ({ ...plan, jobs: plan.jobs.slice(0, -1) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, step: undefined })) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, branches: [] })) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, branches: job.branches.slice(0, -1) })) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, into: undefined })) }),
  (plan) => ({ ...plan, queries: plan.queries.slice(1) }),
  (plan) => ({ ...plan, queries: plan.queries.slice(0, -1) }),
  (plan) => ({
    ...plan,
    queries: plan.queries.map((query) => ({ ...query, restores: query.restores.slice(1) })),
  }),
  (plan) => ({ ...plan, channelBytesMax: undefined }),
  (plan) => ({ ...plan, pagesGoOneByOne: false }),
  (plan) => ({ ...plan, checkpointsAlways: false }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, isUnion: false })) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, amountMin: undefined })) }),
  (plan) => ({ ...plan, jobs: plan.jobs.map((job) => ({ ...job, twoPhase: false })) }),
  (plan) => ({ ...plan, deploysAtMs: plan.deploysAtMs.slice(1) }),
  (plan) => ({ ...plan, clocksBack: plan.clocksBack.slice(1) }),
  (plan) => ({ ...plan, subscribers: plan.subscribers.slice(1) }),
  (plan) => ({ ...plan, mendsAtMs: plan.mendsAtMs.slice(1) }),
  (plan) => ({ ...plan, splits: plan.splits.slice(1) }),
  (plan) => ({ ...plan, splits: plan.splits.slice(0, -1) }),
  (plan) => ({ ...plan, producers: plan.producers - 1 }),
  (plan) => ({ ...plan, senders: plan.senders - 1 }),
  (plan) => ({ ...plan, requestsPerClient: halved(plan.requestsPerClient) }),
  (plan) => ({ ...plan, requestsPerClient: plan.requestsPerClient - 1 }),
  (plan) => ({ ...plan, rowsMax: halved(plan.rowsMax) }),
  (plan) => ({ ...plan, users: halved(plan.users) }),
  (plan) => ({ ...plan, shards: halved(plan.shards) }),
  (plan) => ({ ...plan, workers: 1 }),
  (plan) => ({ ...plan, badRate: 0 }),
  (plan) => ({ ...plan, spreadMs: 0 }),
  (plan) => ({ ...plan, chaosMs: halved(plan.chaosMs) }),
  (plan) => ({ ...plan, pausesEveryMs: undefined }),
  (plan) => ({ ...plan, endsInCrash: false }),
  ...(["requestLoss", "answerLoss", "repeat", "slowRate", "blobDelayMax"] as const).map(withoutFault),
  ...(["crashInTurn", "crashAfterTurn", "storageFailure"] as const).map(withoutFault),
  (plan) => ({ ...plan, faults: { ...plan.faults, crashEveryMs: undefined } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, fullDiskEveryMs: undefined } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, delayMax: 1 } }),
];

/** Returns the smallest life found that fails with a verdict of `life`, and how many were run for it. */
export async function shrinkLife(life: Life, plant?: Plant): Promise<{ smallest: Life; lives: number }> {
  const verdicts = new Set(life.problems.map(({ verdict }) => verdict));
  let smallest = life;
  let lives = 0;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const change of changes) {
      for (let roll = 0; roll < rolls; roll++) {
        const changed = change(smallest.plan);
        const isSame = JSON.stringify(changed) === JSON.stringify(smallest.plan);
        if (lives >= livesMax || isSame || !isPlan(changed)) break;
        lives++;
        const tried = await runLife({ ...changed, seed: changed.seed + roll }, plant);
        if (!tried.problems.some(({ verdict }) => verdicts.has(verdict))) continue;
        smallest = tried;
        isSmaller = true;
        break;
      }
    }
  }
  return { smallest, lives };
}

/** A life without clients shows nothing, and who follows a view needs its job. */
function isPlan({ producers, senders, requestsPerClient, subscribers, jobs }: LifePlan): boolean {
  const views = new Set(jobs.flatMap(viewsOf));
  if (!subscribers.every(({ view }) => views.has(view))) return false;
  return producers >= 0 && senders >= 0 && producers + senders > 0 && requestsPerClient > 0;
}

function withoutFault(name: keyof FaultRates): Change {
  return (plan) => ({ ...plan, faults: { ...plan.faults, [name]: 0 } });
}
