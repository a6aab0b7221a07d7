/** An object whose clock stands still is told by what comes to it; a sender's wrong clock cannot end it. */
import { expect, test } from "vitest";
import { appendDeadlineMs, clockAheadMsMax } from "../../../../src/base/limits.ts";
import type { AppendRequest } from "../../../../src/engine/log/records.ts";
import { ClockCheck } from "../../../../src/host/partition/clock-check.ts";

const sentAt = (time: number) => ({ deadline: time + appendDeadlineMs }) as AppendRequest;

test("a clock that was right and is far ahead of all that comes is wrong now", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead([sentAt(999_990)])).toBe(false);
  expect(check.isAhead([sentAt(1_000_000 - clockAheadMsMax)])).toBe(false);
  expect(check.isAhead([sentAt(999_999 - clockAheadMsMax), sentAt(999_990)])).toBe(false);
  expect(check.isAhead([sentAt(999_999 - clockAheadMsMax)])).toBe(true);
});

test("one that was never right is the sender's fault", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead([sentAt(500_000)])).toBe(false);
  expect(check.isAhead([sentAt(500_000)])).toBe(false);
});

test("what has no deadline, as messages of other stages, tells nothing of it", () => {
  const check = new ClockCheck({ now: () => 1_000_000 });
  expect(check.isAhead([{ deadline: Number.MAX_SAFE_INTEGER } as AppendRequest])).toBe(false);
  expect(check.isAhead([])).toBe(false);
});
