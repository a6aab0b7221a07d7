/** Rows on their way to the log. */
import { expect, test } from "vitest";
import { RowKind } from "../../../../src/engine/chain/chain-row.ts";
import { PrintedRows } from "../../../../src/engine/chain/printed-rows.ts";
import { bigint, string } from "../../../support/dataflows.ts";

function printed() {
  const lines: string[] = [];
  const plan = { name: "t", of: { port: 0 }, types: [string, bigint] };
  const rows = new PrintedRows([plan], ({ table, text }) => lines.push(`${table}: ${text}`));
  const push = (kind: RowKind, ...values: [string | null, bigint]) =>
    rows.outlets[0]?.push({ kind, values, group: 0 });
  return { lines, rows, push };
}

test("a row is shown with its kind", () => {
  const { lines, push } = printed();
  push(RowKind.Insert, "ann", 1n);
  push(RowKind.Delete, null, 2n);
  expect(lines).toEqual(["t: +I[ann, 1]", "t: -D[null, 2]"]);
});

test("of many rows of a record the rest is counted, and the next record begins anew", () => {
  const { lines, rows, push } = printed();
  for (let row = 0; row < 103; row++) push(RowKind.Insert, "ann", 1n);
  rows.endRecord();
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe("t: and 3 rows more");
  push(RowKind.Insert, "ben", 2n);
  expect(lines.at(-1)).toBe("t: +I[ben, 2]");
});
