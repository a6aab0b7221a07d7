/** Durations as text. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../src/protocol/duration.ts";

test.each([
  ["5s", 5000],
  ["1 min", 60_000],
  ["500ms", 500],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["1d12h", 129_600_000],
  [" 1 Day 12 Hours ", 129_600_000],
  ["-8h", -28_800_000],
  ["0ms", 0],
])("%s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "s", "1.5h", "5 parsecs", "5s-1s", "--5s", "5s,1s"])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("what is written reads back", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    }),
  );
});
