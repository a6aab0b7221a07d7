/**
 * Lives of the whole deployment in a simulated platform: all are sound, a seed is one history, and what is
 * planted is found. `npm run simulate` is the long run.
 */
import { describe, expect, test } from "vitest";
import type { Plant } from "./plants.ts";
import { type Life, runLife } from "./run-life.ts";
import { shrinkLife } from "./shrink-life.ts";

describe("a simulated life", { timeout: 60_000 }, () => {
  test("comes to rest with every acknowledged row counted once, through crashes at any point", async () => {
    const unsound: Life[] = [];
    for (let seed = 1; seed <= 100; seed++) {
      const life = await runLife(seed);
      if (life.problems.length > 0) unsound.push(life);
    }
    expect(unsound).toEqual([]);
  });

  test("has the same history each time", async () => {
    const [first, second] = [await runLife(12), await runLife(12)];
    expect(first).toEqual(second);
    expect(first.rowsLogged).toBeGreaterThan(0);
    expect(first.trace).not.toBe((await runLife(13)).trace);
  });

  test("that fails is made smaller, and the smaller one fails again in the same way", async () => {
    const life = await runLife(await firstSeed("forgotten-retraction"), "forgotten-retraction");
    const { smallest } = await shrinkLife(life, "forgotten-retraction");
    expect(smallest.events).toBeLessThan(life.events);
    expect(await runLife(JSON.parse(JSON.stringify(smallest.plan)), "forgotten-retraction")).toEqual(
      smallest,
    );
    expect((await runLife(smallest.plan)).problems).toEqual([]);
  });

  test.each<[Plant, RegExp, from?: number]>([
    [
      "early-acknowledgement",
      /acknowledged and not in a log|that it acknowledged, and what follows cannot be|^stuck: /,
    ],
    ["forgotten-producers", /^wrong: \d+ times in the logs/],
    ["forgotten-alarm", /^stuck: /],
    ["forgotten-timer", /^stuck: /],
    ["readable-epoch", /^(wrong|crashed): /],
    ["lost-letter", /letters, expected/],
    ["dropped-outbox", /cannot be sent again|lacks|rests with \d+ open windows/],
    ["skipped-acceptance", /second (stage|step) of job_. (lacks|has too much of)|counts/],
    ["maximum-watermark", /^wrong: /],
    ["early-trim", /the log begins at|lacks|^stuck: /],
    ["passed-barrier", /the fork of job_/, 470],
    ["lost-page", /the (fork|view) of job_/],
    ["forgotten-retraction", /second step of job_. (lacks|has too much of)/],
    ["lost-split-page", /the view of job_. lacks/],
    ["kept-keys", /the view of job_. has too much of/],
    ["unannounced-channel", /^wrong: /, 250],
    ["clock-cut-frames", /^(wrong|crashed): /],
  ])("shows what is planted: %s", async (plant, expected, from = 1) => {
    expect(await firstProblem(plant, from)).toMatch(expected);
  });
});

/** Lives within which a planted bug must show. */
const livesMax = 2000;

/**
 * What the first life that is not sound is told of, among those with a bug planted; `from` spares the others.
 */
async function firstProblem(plant: Plant, from: number): Promise<string | undefined> {
  for (let seed = from; seed <= livesMax; seed++) {
    const [problem] = (await runLife(seed, plant)).problems;
    if (problem) return `${problem.verdict}: ${problem.message}`;
  }
  return undefined;
}

async function firstSeed(plant: Plant): Promise<number> {
  for (let seed = 1; ; seed++) if ((await runLife(seed, plant)).problems.length > 0) return seed;
}
