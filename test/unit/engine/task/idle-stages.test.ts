/**
 * A stream that was idle and goes on: what windows of the first step held meanwhile is not late to the next
 * one, whichever partition hears of it first.
 */
import { expect, test } from "vitest";
import { RecordKind } from "../../../../src/engine/log/records.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const laterTime = BigInt(Date.UTC(2026, 0, 1, 0, 10));

const columns = [
  { name: "time", type: "TIMESTAMP(3)" },
  { name: "user", type: "STRING" },
];

const body = {
  ...{ source: "events", key: ["user"], parallelism: 2, aggregates: { n: { function: "count" } } },
  window: { type: "tumble", size: "10s" },
  steps: [
    {
      ...{ key: [], window: { type: "tumble", size: "20s" } },
      aggregates: { users: { function: "count" }, n: { function: "sum", argument: "n" } },
    },
  ],
};

test.each([0, 1])("the partition that hears last, %i, is waited for", (slow) => {
  const stream = { columns, eventTime: { column: "time" } };
  const harness = new StagesHarness({ stream }, body);
  const users = ["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];
  harness.append(users.map((user) => ["2026-01-01 00:00:03", user]));
  harness.settle();
  expect((harness.stages[1] ?? []).map(({ partition }) => partition.jobs.statuses()[0]?.counts.rows)).toEqual(
    [expect.any(Number), expect.any(Number)],
  );
  harness.source.turn(() => harness.source.partition.log.appendIdle());
  harness.settle();
  harness.append(users.map((user) => ["2026-01-01 00:01:03", user]));
  // Calls of the shard to its two receivers come first: that to the slow one is lost again and again.
  for (let round = 0; round < 4; round++) {
    for (const each of harness.all) each.settle();
    let call = 0;
    harness.deliver(() => (round < 3 && call++ === slow ? "request lost" : "answered"));
  }
  harness.settle();
  expect(harness.counts().late).toBe(0);
  expect(harness.rows()).toContainEqual(["2026-01-01 00:00:00", "2026-01-01 00:00:20", 8, 8, true]);
});

test("a step whose stream is idle hears so from a task that begins with a savepoint", () => {
  const stream = { columns, eventTime: { column: "time" } };
  const { parallelism: _, ...inShard } = body;
  const harness = new StagesHarness({ stream }, inShard);
  harness.append([["2026-01-01 00:01:03", "ann"]]);
  harness.source.turn(() => harness.source.partition.log.appendWatermark(RecordKind.Watermark, laterTime));
  harness.source.turn(() => harness.source.partition.log.appendIdle());
  harness.settle();
  harness.beginSavepoint(1);
  harness.settle();
  const restored = harness.restart(harness.upload(), inShard);
  restored.settle();
  expect(restored.last[0]?.partition.jobs.taskAtRest).toMatchObject({ isIdle: true, watermark: laterTime });
});
