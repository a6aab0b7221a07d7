/** Keys of state that are longer than a cell's: the same changes as of short ones. */
import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import type { OperatorDefinition } from "../../../../src/protocol/dataflow.ts";
import { ChainHarness } from "../../../support/chain-harness.ts";
import { aggregate, call, input, int, literal, string, timestamp } from "../../../support/dataflows.ts";

const common = {
  ...{ inputs: [{ port: 0 }], key: [0], keyTypes: [string] },
  aggregates: [aggregate("SUM", int, input(2, int))],
};
const windowed = {
  ...common,
  ...({ operator: "window aggregate", time: { column: 1 }, properties: [], latenessMs: 0 } as const),
  ...{ isRetracting: true, isLegacy: false },
};

const operators: readonly (readonly [string, OperatorDefinition])[] = [
  [
    "a group aggregate",
    {
      ...common,
      ...({ operator: "group aggregate", isRetracting: true, sendsUpdateBefore: true } as const),
      isFolding: false,
    },
  ],
  ["windows", { ...windowed, window: { kind: "tumble", sizeMs: 10_000, offsetMs: 0 } }],
  ["sliding windows", { ...windowed, window: { kind: "hop", sizeMs: 10_000, slideMs: 5_000, offsetMs: 0 } }],
  ["sessions", { ...windowed, window: { kind: "session", gapMs: 3_000 } }],
  [
    "one row of each key",
    {
      ...({ operator: "materialize", inputs: [{ port: 0 }], key: [0], keyTypes: [string] } as const),
      ...{ types: [string, timestamp, int], conflict: "deduplicate", table: "t" },
    },
  ],
];

/** All changes, with the last character of a user in place of it; the object dies in between. */
function changesOf(operator: OperatorDefinition, bytes: number): string[] {
  const of = operator.operator === "materialize" ? 2 : 1;
  const last = call("RIGHT", string, input(0, string), literal(1, { ...int, isNullable: false }));
  const harness = new ChainHarness([
    operator,
    { operator: "calc", inputs: [{ operator: 0 }], projection: [last, input(of, int)] },
  ]);
  const user = (name: string) => "u".repeat(bytes) + name;
  const made = harness.push(
    [user("a"), 1, 3],
    [user("b"), 2, 5],
    [user("a"), 4, 4],
    [user("b"), 2, 5, RowKind.Delete],
  );
  harness.partition.pass(60_000);
  harness.partition.settle();
  harness.partition.crash();
  made.push(...harness.push([user("c"), 5, 1], [user("a"), 1, 3, RowKind.Delete], [user("a"), 30, 9]));
  return [...made, ...harness.end()].sort();
}

test.each(operators)("%s by keys of any length", (_, operator) => {
  const expected = changesOf(operator, 0);
  expect(expected.length).toBeGreaterThan(2);
  for (const bytes of [2000, 2040, 2050, 10_000, 400_000]) {
    expect(changesOf(operator, bytes), `${bytes} bytes`).toEqual(expected);
  }
});
