/**
 * Bugs planted into the product, or into the platform under it, are found by simulated lives: within
 * `livesMax` seeds each. Lives that a bug cannot concern are passed over.
 */
import { describe, expect, test } from "vitest";
import { isChanging } from "./draw-branches.ts";
import { drawLife, type LifePlan } from "./draw-life.ts";
import { drawQueryLife } from "./draw-queries.ts";
import { type Plant, plants, queryPlants } from "./plants.ts";
import { type Life, runLife } from "./run-life.ts";
import { shrinkLife } from "./shrink-life.ts";

/** Seeds within which a planted bug must show. */
const livesMax = 5000;

const hasFork = ({ jobs }: LifePlan) => jobs.some(({ fork }) => fork !== undefined);
/** Whoever is forgotten there is not registered either, and sends nothing. */
const waitsForNone = ({ waitsForProducers }: LifePlan) => !waitsForProducers;
const hasSplit = ({ splits }: LifePlan) => splits.length > 0;
const hasBranches = ({ jobs }: LifePlan) => jobs.some(({ branches }) => branches.length > 0);
const hasSink = ({ jobs }: LifePlan) => jobs.some(({ into, fork }) => into && fork?.drains);
const hasFailing = ({ queries }: LifePlan) => queries.some(({ expectedSql }) => expectedSql);
const hasRestore = ({ queries }: LifePlan) => queries.some(({ restores }) => restores.length > 0);
const hasChanges = ({ jobs }: LifePlan) => jobs.some((job) => job.step && isChanging(job));

const hasSubscribers = ({ subscribers }: LifePlan) => subscribers.length > 0;
const hasMends = ({ mendsAtMs }: LifePlan) => mendsAtMs.length > 0;

/** What the first life that a bug spoils is told of, and which lives it may concern. */
const symptoms: Readonly<Record<Plant, readonly [RegExp, ((plan: LifePlan) => boolean)?]>> = {
  "early-acknowledgement": [
    /acknowledged and not in a log|that it acknowledged, and what follows cannot be|^stuck: /,
  ],
  "forgotten-producers": [/^wrong: \d+ times in the logs/, waitsForNone],
  "forgotten-alarm": [/^stuck: /],
  "forgotten-timer": [/^stuck: |rests with messages that nobody acknowledged/],
  "readable-epoch": [/^(wrong|crashed): /],
  "lost-letter": [/letters, expected/],
  "lost-change": [/a subscriber of \S+ (lacks|has too much of|is told)/, hasSubscribers],
  "told-twice": [/a subscriber of \S+ is told/, hasSubscribers],
  "forgotten-replay": [/^wrong: \d+ times in the logs/, hasMends],
  "dropped-outbox": [/cannot be sent again|lacks|rests with \d+ open windows|^stuck: /],
  "forgotten-edge": [/cannot be sent again|lacks|rests with \d+ open windows|^stuck: /, hasBranches],
  "left-behind": [/the stream that job_. writes to lacks/, hasSink],
  "lost-late-rows": [/branch \d of job_. lacks/, hasBranches],
  "skipped-acceptance": [/(second (stage|step)|branch \d) of job_. (lacks|has too much of)|counts/],
  "maximum-watermark": [/^wrong: /],
  "fastest-producer": [/^wrong: shard \d of \w+ /],
  "early-trim": [/the log begins at|lacks|^stuck: /],
  "passed-barrier": [/the (fork of|drained view) job_/, hasFork],
  "lost-page": [/the (fork|view) of job_/, hasFork],
  "overwritten-page": [/the (fork|view) of job_/, hasFork],
  "deleted-page": [/the (fork|view) of job_/, hasFork],
  "forgotten-retraction": [/(second step|branch \d) of job_. (lacks|has too much of)/, hasChanges],
  "lost-split-page": [
    /the (second )?view of (branch \d of )?job_. lacks|the stream that job_. writes to has too much of/,
    hasSplit,
  ],
  "kept-keys": [/the (second )?view of .*job_. has too much of|a subscriber of \S+ is told/, hasSplit],
  "unannounced-channel": [/^wrong: /, hasSplit],
  "clock-cut-frames": [/^(wrong|crashed): /],
  "forgotten-spans": [/the view query_\d lacks/],
  "half-a-record": [/the view query_\d (lacks|has too much of)/],
  "greedy-skip": [/the view query_\d (lacks|has too much of)|^stuck: query_\d does not run/, hasFailing],
  "one-key-group": [/the view query_\d (lacks|has too much of)/, hasRestore],
};

describe("what is planted shows", { timeout: 300_000 }, () => {
  test.each(Object.keys(plants) as Plant[])("%s", async (plant) => {
    const [symptom, mayShow] = symptoms[plant];
    const [problem] = (await firstUnsound(plant, mayShow)).problems;
    expect(`${problem?.verdict}: ${problem?.message}`).toMatch(symptom);
  });
});

test.each([...queryPlants])("%s shows in no life without a statement", async (plant) => {
  for (let seed = 1; seed <= 3; seed++) expect((await runLife(seed, plant)).problems).toEqual([]);
});

test("a life that fails is made smaller, and the smaller one fails again in the same way", {
  timeout: 300_000,
}, async () => {
  const plant = "forgotten-retraction";
  const life = await firstUnsound(plant, hasChanges);
  const { smallest } = await shrinkLife(life, plant);
  expect(smallest.events).toBeLessThan(life.events);
  expect(await runLife(JSON.parse(JSON.stringify(smallest.plan)), plant)).toEqual(smallest);
  expect((await runLife(smallest.plan)).problems).toEqual([]);
});

async function firstUnsound(plant: Plant, mayShow?: (plan: LifePlan) => boolean): Promise<Life> {
  for (let seed = 1; seed <= livesMax; seed++) {
    const plan = queryPlants.has(plant) ? drawQueryLife(seed) : drawLife(seed);
    if (mayShow?.(plan) === false) continue;
    const life = await runLife(plan, plant);
    if (life.problems.length > 0) return life;
  }
  throw new Error(`${plant} shows in none of ${livesMax} lives`);
}
