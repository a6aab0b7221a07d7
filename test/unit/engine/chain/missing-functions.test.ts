/** Jobs that call a function which the deployed worker lacks: they wait, and go on where they were. */
import { beforeEach, expect, test } from "vitest";
import { calledUser } from "../../../../src/interpreter/call-user-function.ts";
import { scalarFunction, UserFunctions } from "../../../../src/interpreter/user-functions.ts";
import { ChainHarness, rowOf } from "../../../support/chain-harness.ts";
import { call, input, int } from "../../../support/dataflows.ts";

const doubled = scalarFunction({
  name: "doubled",
  arguments: ["INT NOT NULL"],
  returns: "INT",
  evaluate: (value) => 2 * value,
});

let registered: UserFunctions;
let harness: ChainHarness;

beforeEach(() => {
  registered = new UserFunctions([doubled]);
  const projection = [call(calledUser("doubled"), int, input(2, int))];
  harness = new ChainHarness([{ operator: "calc", inputs: [{ port: 0 }], projection }], {
    functions: () => registered,
  });
  harness.push(["ann", 1, 1]);
});

/** Starts the partition again, under a worker that registers the function, or does not. */
function deploy(has: boolean): void {
  registered = new UserFunctions(has ? [doubled] : []);
  harness.partition.crash();
}

function status() {
  return harness.partition.turn(() => harness.partition.partition.jobs.statuses())[0];
}

const waits = {
  code: "JOB_FAILED",
  message: expect.stringMatching(/^Job "job" waits.*no function "doubled"/),
};

test("one that ran runs again by itself, over what came meanwhile", () => {
  deploy(false);
  expect(status()).toMatchObject({ state: "failed", error: waits });
  harness.partition.append([rowOf(["bob", 2, 2])]);
  harness.partition.pass(60_000);
  harness.partition.turn(() => harness.partition.partition.heartbeat());
  deploy(true);
  harness.partition.settle();
  expect(status()).toMatchObject({ state: "running", error: undefined });
  expect(harness.changes().concat(harness.push(["cid", 3, 3]))).toEqual(["+I[4]", "+I[6]"]);
});

test("the log that it needs is kept for it, whatever its retention", () => {
  harness.partition.checkpoint();
  deploy(false);
  const { partition } = harness.partition;
  for (let second = 2; second < 40; second++) {
    harness.partition.append([rowOf(["bob", second, second])]);
  }
  harness.partition.pass(700_000_000);
  harness.partition.turn(() => partition.trim());
  deploy(true);
  harness.partition.settle();
  expect(harness.changes()).toHaveLength(38);
});

test("one that is paused stays so, and fails when it is to run without it", () => {
  harness.wish("paused");
  deploy(false);
  expect(status()).toMatchObject({ state: "paused" });
  harness.wish("running");
  expect(status()).toMatchObject({ state: "failed", error: waits });
  deploy(true);
  expect(status()).toMatchObject({ state: "running" });
  expect(harness.push(["bob", 2, 5])).toEqual(["+I[10]"]);
});
