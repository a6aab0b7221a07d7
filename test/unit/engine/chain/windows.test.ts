import { describe, expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import type { WindowAggregateOperator, WindowShape } from "../../../../src/protocol/dataflow.ts";
import { ChainHarness, chainTypes, rowOf } from "../../../support/chain-harness.ts";
import { aggregate, bigint, input, int, string, timestamp } from "../../../support/dataflows.ts";

function counting(
  window: WindowAggregateOperator["window"],
  options: Partial<WindowAggregateOperator> = {},
): WindowAggregateOperator {
  return {
    operator: "window aggregate",
    inputs: [{ port: 0 }],
    key: [0],
    keyTypes: [string],
    aggregates: [aggregate("COUNT", bigint), aggregate("SUM", int, input(2, int))],
    isRetracting: false,
    window,
    time: { column: 1 },
    properties: [{ property: "end", type: timestamp }],
    isLegacy: false,
    latenessMs: 0,
    ...options,
  };
}

const ten = "1970-01-01 00:00:10";
const twenty = "1970-01-01 00:00:20";

const tumble: WindowShape = { kind: "tumble", sizeMs: 10_000, offsetMs: 0 };
const hop: WindowShape = { kind: "hop", sizeMs: 10_000, slideMs: 5_000, offsetMs: 0 };
const cumulate: WindowShape = { kind: "cumulate", sizeMs: 10_000, stepMs: 5_000, offsetMs: 0 };
const session: WindowShape = { kind: "session", gapMs: 3_000 };

describe("an aggregate of tumbling windows", () => {
  test("has a result for each key when time passes a window's end", () => {
    const harness = new ChainHarness([counting(tumble)]);
    expect(harness.push(["ann", 1, 3], ["bob", 2, 5], ["ann", 9, 4])).toEqual([]);
    expect(harness.push(["ann", 10, 1]).sort()).toEqual([`+I[ann, 2, 7, ${ten}]`, `+I[bob, 1, 5, ${ten}]`]);
    expect(harness.push(["ann", 9, 1])).toEqual([]);
    expect(harness.late).toBe(1);
    expect(harness.end()).toEqual([`+I[ann, 1, 1, ${twenty}]`]);
  });

  test("changes results again for rows within lateness", () => {
    const harness = new ChainHarness([counting(tumble, { latenessMs: 5_000, isLegacy: true })]);
    harness.push(["ann", 1, 3], ["ann", 12, 1]);
    expect(harness.push(["ann", 2, 4], ["bob", 2, 1])).toEqual([
      `-U[ann, 1, 3, ${ten}]`,
      `+U[ann, 2, 7, ${ten}]`,
      `+I[bob, 1, 1, ${ten}]`,
    ]);
    harness.push(["ann", 15, 1]);
    expect(harness.push(["ann", 2, 4])).toEqual([]);
    expect(harness.late).toBe(1);
  });

  test("is planned without lateness where they are sessions", () => {
    const harness = new ChainHarness([counting(session, { latenessMs: 5_000 })]);
    expect(() => harness.push(["ann", 1, 3])).toThrow(/takes no late rows/);
  });

  test("has none for keys whose rows were all taken back", () => {
    const harness = new ChainHarness([counting(tumble, { isRetracting: true })]);
    harness.push(["ann", 1, 3], ["bob", 2, 5], ["ann", 1, 3, RowKind.Delete]);
    expect(harness.push(["ann", 10, 1])).toEqual([`+I[bob, 1, 5, ${ten}]`]);
  });

  test("fails the job where a row has no time", () => {
    const time = counting(tumble, { time: { column: 3 } });
    const types = [...chainTypes, timestamp];
    const nulls = { node: "literal", value: null, type: timestamp } as const;
    const projection = [...chainTypes.map((type, index) => input(index, type)), nulls];
    const harness = new ChainHarness([
      { operator: "calc", inputs: [{ port: 0 }], projection },
      { ...time, inputs: [{ operator: 0 }] },
    ]);
    expect(types).toHaveLength(4);
    expect(() => harness.push(["ann", 1, 3])).toThrow(/its time column is null/);
  });
});

describe("an aggregate of windows that overlap", () => {
  test("merges the slices of a hop; a late row counts where its slice is still needed", () => {
    const harness = new ChainHarness([counting(hop)]);
    expect(harness.push(["ann", 1, 1], ["ann", 6, 2])).toEqual(["+I[ann, 1, 1, 1970-01-01 00:00:05]"]);
    expect(harness.push(["ann", 2, 4])).toEqual([]);
    expect(harness.push(["bob", 11, 8])).toEqual([`+I[ann, 3, 7, ${ten}]`]);
    expect(harness.end()).toEqual([
      "+I[bob, 1, 8, 1970-01-01 00:00:15]",
      "+I[ann, 1, 2, 1970-01-01 00:00:15]",
      `+I[bob, 1, 8, ${twenty}]`,
    ]);
    expect(harness.late).toBe(0);
  });

  test("grows a cumulating window by its steps", () => {
    const harness = new ChainHarness([counting(cumulate)]);
    expect(harness.push(["ann", 1, 1], ["ann", 6, 2])).toEqual(["+I[ann, 1, 1, 1970-01-01 00:00:05]"]);
    expect(harness.push(["ann", 12, 4])).toEqual([`+I[ann, 2, 3, ${ten}]`]);
  });
});

describe("sessions", () => {
  test("grow, grow together, and close behind their gap", () => {
    const harness = new ChainHarness([counting(session)]);
    const first = harness.push(["ann", 1, 1], ["ann", 5, 2], ["bob", 5, 9]);
    expect(first).toEqual(["+I[ann, 1, 1, 1970-01-01 00:00:04]"]);
    expect(harness.push(["ann", 3, 4], ["cid", 8, 1]).sort()).toEqual([
      "+I[ann, 2, 6, 1970-01-01 00:00:08]",
      "+I[bob, 1, 9, 1970-01-01 00:00:08]",
    ]);
    expect(harness.push(["ann", 4, 4])).toEqual([]);
    expect(harness.late).toBe(1);
  });

  test("that have grown are closed, though the time noted first comes in between", () => {
    const harness = new ChainHarness([counting(session)]);
    harness.partition.append([rowOf(["ann", 4, 1]), rowOf(["ann", 5, 1]), rowOf(["ann", 6, 1])]);
    harness.partition.settle();
    // What was noted is 6.999; the session ends at 9.
    expect(harness.push(["bob", 7, 1])).toEqual([]);
    expect(harness.push(["bob", 9, 1])).toEqual(["+I[ann, 3, 3, 1970-01-01 00:00:09]"]);
  });
});

test("windows that are assigned are columns of rows; aggregates of them fire by them", () => {
  const assign = {
    operator: "window assign",
    inputs: [{ port: 0 }],
    window: tumble,
    time: { column: 1 },
    key: [],
    types: chainTypes,
  } as const;
  const assigned = new ChainHarness([assign]);
  expect(assigned.push(["ann", 1, 3])).toEqual([
    `+I[ann, 1970-01-01 00:00:01, 3, 1970-01-01 00:00:00, ${ten}, 1970-01-01 00:00:09.999]`,
  ]);
  const attached = counting(
    { kind: "attached", start: 3, end: 4 },
    { time: { column: 5 }, inputs: [{ operator: 0 }] },
  );
  const harness = new ChainHarness([assign, attached]);
  harness.push(["ann", 1, 3], ["ann", 4, 3]);
  expect(harness.push(["ann", 11, 3])).toEqual([`+I[ann, 2, 6, ${ten}]`]);
});
