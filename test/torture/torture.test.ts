/**
 * A short torture inside `npm test`: two kills under load, with splits and savepoints meanwhile. The long one
 * is `npm run torture`.
 */
import { expect, test } from "vitest";
import { runTorture } from "./run-torture.ts";

test("counts are exact after kill -9 of the real server under load", { timeout: 120_000 }, async () => {
  const result = await runTorture({ rounds: 2, seed: 7, producers: 3, loadMs: [300, 800] });
  expect(result.problems).toEqual([]);
  expect(result.rounds).toHaveLength(2);
  expect(result.acknowledgedRows).toBeGreaterThan(0);
  expect(result.operations.length).toBeGreaterThan(0);
});
