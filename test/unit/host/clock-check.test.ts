/** An object whose clock stands still is told by what comes to it; a sender's wrong clock cannot end it. */
import { expect, test } from "vitest";
import { clockAheadMsMax } from "../../../src/base/limits.ts";
import { ClockCheck, ClockRestarts } from "../../../src/host/clock-check.ts";

test("a clock that was right and is far ahead of what comes is wrong now", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead(999_990)).toBe(false);
  expect(check.isAhead(1_000_000 - clockAheadMsMax)).toBe(false);
  expect(check.isAhead(999_999 - clockAheadMsMax)).toBe(true);
});

test("one of which nothing is known starts anew, but not again while that does not help", () => {
  const restarts = new ClockRestarts();
  const start = () => new ClockCheck({ now: () => 1_000_000 }, (sentAt) => restarts.note("one", sentAt));
  expect(start().isAhead(500_000)).toBe(true);
  expect(start().isAhead(500_100)).toBe(false);
  expect(start().isAhead(559_999)).toBe(false);
  expect(start().isAhead(560_000)).toBe(true);
  expect(restarts.note("another", 560_000)).toBe(true);
  // The clock was put back again, far behind what it was.
  expect(start().isAhead(100_000)).toBe(true);
});

test("one that was never right is the sender's fault", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead(500_000)).toBe(false);
  expect(check.isAhead(500_000)).toBe(false);
});

test("what is dated later, or not at all, tells nothing against it", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead(2_000_000)).toBe(false);
  expect(check.isAhead(Number.MAX_SAFE_INTEGER)).toBe(false);
});
