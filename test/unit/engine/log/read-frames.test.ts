/** What a turn reads of a log for a query: bounded by bytes, and by rows, which may take none. */
import { expect, test } from "vitest";
import { type LogPlace, readFrames } from "../../../../src/engine/log/read-frames.ts";
import { readFrameHeader } from "../../../../src/kernel/frame-codec.ts";
import { PartitionHarness } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "constant", type: "BIGINT" },
  ],
  eventTime: { column: "time" },
};

test("rows that take no bytes are read a few frames at a time, and each once", () => {
  const harness = new PartitionHarness({ stream });
  const rows = Array.from({ length: 5000 }, () => [0, 7]);
  for (let frame = 0; frame < 12; frame++) harness.append(rows);
  const { log } = harness.partition;
  const turns: number[] = [];
  for (let place: LogPlace | undefined | null; place !== null; ) {
    const { records, next } = readFrames(log, place);
    turns.push(records.reduce((sum, { frame }) => sum + readFrameHeader(frame).rows, 0));
    place = next ?? null;
  }
  expect(Math.max(...turns)).toBeLessThan(16_384 + 5000);
  expect(turns.reduce((sum, count) => sum + count, 0)).toBe(60_000);
});

test("what is appended meanwhile is not read", () => {
  const harness = new PartitionHarness({ stream });
  for (let frame = 0; frame < 8; frame++) harness.append(Array.from({ length: 5000 }, () => [0, 7]));
  const { log } = harness.partition;
  const first = readFrames(log, undefined);
  harness.append([[0, 8]]);
  let records = first.records.length;
  for (let { next } = first; next; ) {
    const page = readFrames(log, next);
    records += page.records.length;
    next = page.next;
  }
  expect(records).toBe(8);
});
