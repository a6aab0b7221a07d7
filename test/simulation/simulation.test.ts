/**
 * Lives of the whole deployment in a simulated platform: all are sound, a seed is one history, and what is
 * planted is found. `npm run simulate` is the long run.
 */
import { describe, expect, test } from "vitest";
import { type Life, runLife } from "./run-life.ts";

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
    const [first, second] = [await runLife(13), await runLife(13)];
    expect(first).toEqual(second);
    expect(first.rowsLogged).toBeGreaterThan(0);
    expect(first.trace).not.toBe((await runLife(14)).trace);
  });

  test("shows an acknowledgement that comes too early", async () => {
    expect(await firstProblem("early-acknowledgement", 100)).toMatch(
      /acknowledged and not in a log|acknowledged \d+\.\d+ and has no more/,
    );
  });

  test("shows a restart that forgets what producers sent", async () => {
    expect(await firstProblem("forgotten-producers", 100)).toMatch(/^wrong: \d+ times in the logs/);
  });

  test("shows an alarm that is not kept", async () => {
    expect(await firstProblem("forgotten-alarm", 100)).toMatch(/^stuck: /);
  });
});

/** What the first life that is not sound is told of, among `count` lives with a bug planted. */
async function firstProblem(
  plant: Parameters<typeof runLife>[1],
  count: number,
): Promise<string | undefined> {
  for (let seed = 1; seed <= count; seed++) {
    const [problem] = (await runLife(seed, plant)).problems;
    if (problem) return `${problem.verdict}: ${problem.message}`;
  }
  return undefined;
}
