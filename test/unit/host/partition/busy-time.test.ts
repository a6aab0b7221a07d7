/** Busy time is that between turns that worked and the turns behind them. */
import { expect, test } from "vitest";
import { BusyTime } from "../../../../src/host/partition/busy-time.ts";
import { LaterTurns } from "../../../../src/host/partition/later-turns.ts";

test("the time from a turn that works to the next turn counts, rest does not", () => {
  const turns: (() => void)[] = [];
  let now = 1000;
  const busy = new BusyTime({ now: () => now }, new LaterTurns((turn) => turns.push(turn)));
  busy.note();
  busy.note();
  expect(turns).toHaveLength(1);
  now += 30;
  turns.shift()?.();
  expect(busy.ms).toBe(30);
  now += 5000;
  busy.note();
  now += 12;
  turns.shift()?.();
  expect(busy.ms).toBe(42);
});

test("a clock that goes back takes nothing away", () => {
  const turns: (() => void)[] = [];
  let now = 1000;
  const busy = new BusyTime({ now: () => now }, new LaterTurns((turn) => turns.push(turn)));
  busy.note();
  now -= 600;
  turns.shift()?.();
  expect(busy.ms).toBe(0);
});
