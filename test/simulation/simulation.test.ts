/**
 * Lives of the whole deployment in a simulated platform: all are sound, and a seed is one history.
 * `npm run simulate` is the long run; `plants.test.ts` shows that it finds what is wrong.
 */
import { describe, expect, test } from "vitest";
import { type Life, runLife } from "./run-life.ts";

describe("a simulated life", { timeout: 300_000 }, () => {
  test("comes to rest with every acknowledged row counted once, through crashes at any point", async () => {
    const unsound: Life[] = [];
    for (let seed = 1; seed <= 300; seed++) {
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
});
