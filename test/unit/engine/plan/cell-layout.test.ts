import { expect, test } from "vitest";
import type { AccumulatorSpec } from "../../../../src/columnar/accumulator.ts";
import { cellSpecsOf, keptStringBytesMax, keptStrings } from "../../../../src/engine/plan/cell-layout.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const sum: AccumulatorSpec = { operation: "sum", kind: 0, argument: 1, wide: true, nullable: true };
const text: AccumulatorSpec = { operation: "min", kind: 2, argument: 3, wide: false, nullable: true };

test("a sum of DECIMAL has 128 bits, but in plans of version 1", () => {
  expect(cellSpecsOf([sum], 2)).toEqual([{ operation: "sumDecimal", nullable: true }]);
  expect(cellSpecsOf([sum], 1)).toEqual([{ operation: "sum", kind: 0, nullable: true }]);
});

test("the strings that accumulators keep share a cell", () => {
  const many = Array.from({ length: 20 }, (_, argument) => ({ ...text, argument: argument % 7 }));
  expect(keptStrings([sum, ...many])).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect([keptStringBytesMax([text]), keptStringBytesMax(many)]).toEqual([2048, 1264]);
});

test("a sum over what 64 bits hold is exact", () => {
  const columns = [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DECIMAL(18, 2)" },
  ];
  const harness = new PartitionHarness({ stream: { columns, eventTime: { column: "time" } } });
  const aggregates = { total: { function: "sum", argument: "amount" } };
  harness.startJob("job", { source: "events", key: [], aggregates });
  const largest = "9999999999999999.99";
  for (let round = 0; round < 10; round++) harness.append([["2026-01-01 00:00:00", largest]]);
  harness.settle();
  expect(harness.rows()).toEqual([["99999999999999999.90", false]]);
});
