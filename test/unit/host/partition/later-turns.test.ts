/** What is to be done in a later turn shares one timer, as long as it may share the turn. */
import { expect, test } from "vitest";
import { LaterTurns } from "../../../../src/host/partition/later-turns.ts";

function harness() {
  const timers: (() => void)[] = [];
  const done: string[] = [];
  const turns = new LaterTurns((turn) => timers.push(turn));
  return {
    ...{ timers, done, turns },
    add: (name: string, mayGoOn = true) =>
      turns.add(() => {
        done.push(name);
        return mayGoOn;
      }),
    fire: () => timers.shift()?.(),
  };
}

test("one timer runs all of it, in order; what that asks for comes in the turn behind", () => {
  const { add, done, fire, timers, turns } = harness();
  turns.add(() => {
    done.push("first");
    add("third");
    return true;
  });
  add("second");
  expect(timers).toHaveLength(1);
  expect(done).toEqual([]);
  fire();
  expect(done).toEqual(["first", "second"]);
  fire();
  expect(done).toEqual(["first", "second", "third"]);
  expect(timers).toHaveLength(0);
});

test("what ends its turn leaves the rest to the next one, before what was asked for meanwhile", () => {
  const { add, done, fire, timers, turns } = harness();
  turns.add(() => {
    done.push("first");
    add("third");
    return false;
  });
  add("second");
  fire();
  expect(done).toEqual(["first"]);
  expect(timers).toHaveLength(1);
  fire();
  expect(done).toEqual(["first", "second", "third"]);
});

test("what throws takes nothing else with it", () => {
  const { add, done, fire, turns } = harness();
  turns.add(() => {
    throw new Error("broken");
  });
  add("second");
  expect(fire).toThrow("broken");
  fire();
  expect(done).toEqual(["second"]);
});
