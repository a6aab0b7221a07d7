import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import { partTypesOf } from "../../../../src/interpreter/compile-aggregate.ts";
import type { GroupAggregateOperator, OperatorDefinition } from "../../../../src/protocol/dataflow.ts";
import { ChainHarness, chainTypes } from "../../../support/chain-harness.ts";
import {
  aggregate,
  bigint,
  boolean,
  call,
  input,
  int,
  literal,
  nullable,
  string,
} from "../../../support/dataflows.ts";

const { Delete } = RowKind;
const port = [{ port: 0 }];

const summing: GroupAggregateOperator = {
  operator: "group aggregate",
  inputs: port,
  ...{ key: [0], keyTypes: [string], aggregates: [aggregate("SUM", int, input(2, int))] },
  ...{ isRetracting: true, sendsUpdateBefore: false, isFolding: false },
};

/** Only the user and the amount. */
const narrow: OperatorDefinition = {
  operator: "calc",
  inputs: port,
  projection: [input(0, string), input(2, int)],
};

test("a group aggregate sends nothing where its result stays, and forgets what is old", () => {
  const kept = new ChainHarness([summing]);
  expect(kept.push(["ann", 1, 3], ["ann", 2, 0], ["ann", 3, 4])).toEqual(["+I[ann, 3]", "+U[ann, 7]"]);
  expect(kept.push(["bob", 3, 4, Delete], ["ann", 1, 3, Delete], ["ann", 3, 4, Delete])).toEqual([
    "+U[ann, 4]",
    "+U[ann, 0]",
  ]);
  expect(kept.push(["ann", 2, 0, Delete])).toEqual(["-D[ann, 0]"]);
  const forgetting = new ChainHarness([{ ...summing, ttlMs: 5_000 }]);
  expect(forgetting.push(["ann", 1, 3], ["ann", 2, 0])).toEqual(["+I[ann, 3]", "+U[ann, 3]"]);
  forgetting.partition.pass(5_000);
  expect(forgetting.push(["ann", 3, 4])).toEqual(["+I[ann, 4]"]);
});

test("changes of one frame are folded to one for each key", () => {
  const harness = new ChainHarness([{ ...summing, isFolding: true }]);
  const time = "1970-01-01 00:00:00";
  harness.partition.append([
    ["ann", time, 1, 0],
    ["bob", time, 5, 0],
    ["ann", time, 2, 0],
    ["bob", time, 5, Delete],
  ]);
  harness.partition.settle();
  expect(harness.changes()).toEqual(["+I[ann, 3]"]);
});

test("a local aggregate adds up one frame, in the order of its keys", () => {
  const aggregates = [aggregate("SUM", int, input(2, int)), aggregate("MAX", int, input(2, int))];
  const harness = new ChainHarness([
    {
      ...{ operator: "local aggregate", inputs: port, key: [0], keyTypes: [string], aggregates },
      types: [string, ...partTypesOf(aggregates)],
    },
    {
      operator: "calc",
      inputs: [{ operator: 0 }],
      projection: [input(0, string), input(1, bigint), input(3, int)],
    },
  ]);
  const time = "1970-01-01 00:00:00";
  const frame = (...rows: readonly (readonly [string, number])[]) => {
    harness.partition.append(rows.map(([user, amount]) => [user, time, amount, 0]));
    harness.partition.settle();
    return harness.changes();
  };
  expect(frame(["bob", 5], ["ann", 1], ["bob", 2])).toEqual(["+I[bob, 2, 5]", "+I[ann, 1, 1]"]);
  expect(frame(["ann", 7])).toEqual(["+I[ann, 1, 7]"]);
  const many = Array.from({ length: 8193 }, (_, index) => ["ann", index] as const);
  expect(frame(...many)).toEqual(["+I[ann, 8192, 8191]", "+I[ann, 1, 8192]"]);
});

test("INTERSECT and EXCEPT are of rows, as often as sides have them", () => {
  const side = (amount: number): OperatorDefinition => ({
    operator: "calc",
    inputs: port,
    condition: call("=", boolean, input(2, int), literal(amount, int)),
    projection: [input(0, string)],
  });
  const of = (set: "intersect" | "except", isAll: boolean) =>
    new ChainHarness([
      side(1),
      side(2),
      { operator: "set", inputs: [{ operator: 0 }, { operator: 1 }], set, isAll, types: [string] },
    ]);
  const rows = [
    ["ann", 0, 1],
    ["ann", 0, 1],
    ["ann", 0, 2],
    ["bob", 0, 2],
    ["ann", 0, 2, Delete],
  ] as const;
  expect(of("intersect", false).push(...rows)).toEqual(["+I[ann]", "-D[ann]"]);
  expect(of("except", false).push(...rows)).toEqual(["+I[ann]", "-D[ann]", "+I[ann]"]);
  expect(of("except", true).push(...rows)).toEqual(["+I[ann]", "+I[ann]", "-D[ann]", "+I[ann]"]);
});

test("a limit has the first rows; where one is taken back the next takes its place", () => {
  const of = (isRetracting: boolean) =>
    new ChainHarness([
      narrow,
      {
        ...{ operator: "limit", inputs: [{ operator: 0 }], offset: 1, count: 2 },
        ...{ isRetracting, types: [string, int] },
      },
    ]);
  const rows = ["a", "b", "c", "d", "e"].map((user) => [user, 0, 1] as const);
  expect(of(false).push(...rows)).toEqual(["+I[b, 1]", "+I[c, 1]"]);
  const harness = of(true);
  harness.push(...rows);
  expect(harness.push(["c", 0, 1, Delete])).toEqual(["-D[c, 1]", "+I[d, 1]"]);
  expect(harness.push(["a", 0, 1, Delete])).toEqual(["-D[b, 1]", "+I[e, 1]"]);
  expect(harness.push(["d", 0, 1, Delete], ["f", 0, 1])).toEqual(["-D[d, 1]", "+I[f, 1]"]);
});

test("a sort by time has rows in order when the watermark passes, without one at the end", () => {
  const order = [{ column: 2, isDescending: true, areNullsFirst: false }];
  const sort = { operator: "sort", inputs: port, order, types: chainTypes } as const;
  const byTime = new ChainHarness([
    { ...sort, time: 1 },
    { ...narrow, inputs: [{ operator: 0 }] },
  ]);
  byTime.partition.append([
    ["ann", "1970-01-01 00:00:02", 1, 0],
    ["bob", "1970-01-01 00:00:01", 1, 0],
    ["cid", "1970-01-01 00:00:02", 5, 0],
  ]);
  byTime.partition.settle();
  expect(byTime.changes()).toEqual(["+I[bob, 1]", "+I[cid, 5]", "+I[ann, 1]"]);
  const whole = new ChainHarness([sort, { ...narrow, inputs: [{ operator: 0 }] }]);
  expect(whole.push(["ann", 2, 1], ["bob", 1, null], ["cid", 3, 5])).toEqual([]);
  expect(whole.end()).toEqual(["+I[cid, 5]", "+I[ann, 1]", "+I[bob, ]"]);
});

test("elements of an array are rows; a row without any stays on the left of a join", () => {
  const element = int;
  const array = nullable({ name: "ARRAY", element });
  const harness = new ChainHarness([
    {
      ...{ operator: "unnest", inputs: port, isLeft: true, hasOrdinality: true, elementTypes: [element] },
      collection: literal([7, null], array),
    },
    {
      operator: "calc",
      inputs: [{ operator: 0 }],
      projection: [input(0, string), input(3, int), input(4, int)],
    },
  ]);
  expect(harness.push(["ann", 1, 3])).toEqual(["+I[ann, 7, 1]", "+I[ann, , 2]"]);
  const none = new ChainHarness([
    {
      ...{ operator: "unnest", inputs: port, isLeft: true, hasOrdinality: false, elementTypes: [element] },
      collection: literal(null, array),
    },
    { operator: "calc", inputs: [{ operator: 0 }], projection: [input(0, string), input(3, int)] },
  ]);
  expect(none.push(["ann", 1, 3])).toEqual(["+I[ann, ]"]);
});

test("a table's constraints fail the job, or drop and cut what does not fit", () => {
  const columns = [
    { name: "user", type: { name: "CHAR", length: 3, isNullable: false } as const },
    { name: "amount", type: int },
  ];
  const of = (notNull: "error" | "drop") =>
    new ChainHarness([
      narrow,
      { operator: "constraint", inputs: [{ operator: 0 }], columns, notNull, length: "trim and pad" },
    ]);
  expect(of("drop").push([null, 1, 1], ["a", 1, 2], ["abcd", 1, 3])).toEqual(["+I[a  , 2]", "+I[abc, 3]"]);
  expect(() => of("error").push([null, 1, 1])).toThrow(/Column 'user' is NOT NULL/);
});

test("windows by the clock fire with a record that comes later, or that the partition logs itself", () => {
  const harness = new ChainHarness([
    {
      ...{ operator: "window aggregate", inputs: port, key: [0], keyTypes: [string], isRetracting: false },
      aggregates: [aggregate("COUNT", bigint)],
      window: { kind: "tumble", sizeMs: 10_000, offsetMs: 0 },
      ...{ time: { processing: true }, properties: [], isLegacy: true, latenessMs: 0 },
    },
  ]);
  expect(harness.push(["ann", 1, 3], ["ann", 2, 3])).toEqual([]);
  expect(harness.partition.partition.nextAlarm()).toBeLessThanOrEqual(1_010_000);
  harness.partition.pass(10_000);
  harness.partition.turn(() => harness.partition.partition.heartbeat());
  harness.partition.settle();
  expect(harness.changes()).toEqual(["+I[ann, 2]"]);
});
