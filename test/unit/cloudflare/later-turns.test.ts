/** All that is to be done in a later turn shares one timer. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LaterTurns } from "../../../src/cloudflare/later-turns.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("one timer runs all of it, in order; what that asks for comes in the turn behind", () => {
  const turns = new LaterTurns();
  const done: string[] = [];
  turns.soon(() => {
    done.push("first");
    turns.soon(() => done.push("third"));
  });
  turns.soon(() => done.push("second"));
  expect(vi.getTimerCount()).toBe(1);
  expect(done).toEqual([]);
  vi.runOnlyPendingTimers();
  expect(done).toEqual(["first", "second"]);
  vi.runOnlyPendingTimers();
  expect(done).toEqual(["first", "second", "third"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what throws takes nothing else with it", () => {
  const turns = new LaterTurns();
  const done: string[] = [];
  turns.soon(() => {
    throw new Error("broken");
  });
  turns.soon(() => done.push("second"));
  expect(() => vi.runOnlyPendingTimers()).toThrow("broken");
  vi.runOnlyPendingTimers();
  expect(done).toEqual(["second"]);
});
