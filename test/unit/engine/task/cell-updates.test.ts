/** What is sent of results that change, and what a key looks like whose rows were all taken back. */
import { describe, expect, test } from "vitest";
import type { Schema } from "../../../../src/columnar/schema.ts";
import { continuousWindow, TableFamily } from "../../../../src/engine/state/window-directory.ts";
import { FrameDecoder } from "../../../../src/kernel/frame-codec.ts";
import { releaseKernel } from "../../../support/kernels.ts";
import type { Row } from "../../../support/partition-harness.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "INT" },
  ],
  eventTime: { column: "time" },
};

const first = {
  ...{ source: "events", key: ["user"], retention: "forever" },
  aggregates: { n: { function: "count" }, total: { function: "sum", argument: "amount" } },
};

const byNumber = {
  ...{ key: ["n"], retention: "forever", twoPhase: false },
  aggregates: { users: { function: "count" }, sum: { function: "sum", argument: "total" } },
};

const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

function started(job: object = {}, step: object = {}): StagesHarness {
  return new StagesHarness({ stream }, { ...first, ...job, steps: [{ ...byNumber, ...step }] });
}

/** Takes the rows of the messages that wait as [weight, n, total with its sign]; they are lost. */
function sentBy({ source, stages }: StagesHarness): unknown[] {
  source.settle();
  const schema = stages[1]?.[0]?.schema;
  if (!schema) throw new Error("the job has no second stage");
  const { outputs } = source.partition;
  return outputs.take(source.identity).flatMap((call) => {
    const results = call.requests.map(() => ({ status: "logged", offset: 1, durable: true }) as const);
    outputs.settle(call, { ok: true, value: results });
    return call.requests.flatMap(({ frame }) => (frame.byteLength === 0 ? [] : rowsOf(frame, schema)));
  });
}

function rowsOf(frame: Uint8Array, schema: Schema): unknown[] {
  const { batch, release } = new FrameDecoder(releaseKernel()).decode(frame, schema, "all");
  const columns = ["$weight", "n", "$signed total"].map((wanted) =>
    schema.columns.findIndex(({ name }) => name === wanted),
  );
  const rows = Array.from({ length: batch.rows }, (_, row) =>
    columns.map((column) => Number(batch.value(column, row))),
  );
  release();
  return rows;
}

describe("a result that changes", () => {
  test("is sent when it is new, and as what it was and is when it changes, once for a record", () => {
    const harness = started();
    harness.append([
      ["a", at(1), 3],
      ["b", at(1), 4],
      ["a", at(1), 5],
    ]);
    expect(sentBy(harness)).toEqual([
      [1, 2, 8],
      [1, 1, 4],
    ]);
    harness.append([["b", at(2), 1]]);
    expect(sentBy(harness)).toEqual([
      [-1, 1, -4],
      [1, 2, 5],
    ]);
  });

  test("is not sent again where it comes to the same", () => {
    const aggregates = {
      n: { function: "max", argument: "amount" },
      total: { function: "min", argument: "amount" },
    };
    const harness = started({ aggregates });
    harness.append([["a", at(1), 3]]);
    expect(sentBy(harness)).toEqual([[1, 3, 3]]);
    harness.append([["a", at(2), 3]]);
    expect(sentBy(harness)).toEqual([]);
  });

  test("is sent again where results expire, so that nothing made of it expires before it", () => {
    const aggregates = {
      n: { function: "max", argument: "amount" },
      total: { function: "min", argument: "amount" },
    };
    const harness = started({ aggregates, retention: "1h" });
    harness.append([["a", at(1), 3]]);
    expect(sentBy(harness)).toEqual([[1, 3, 3]]);
    harness.append([["a", at(2), 3]]);
    expect(sentBy(harness)).toEqual([
      [-1, 3, -3],
      [1, 3, 3],
    ]);
  });

  test("is new again when it had expired: nobody took back what it was", () => {
    const harness = started({ retention: "1h" });
    harness.append([["a", at(1), 3]]);
    expect(sentBy(harness)).toEqual([[1, 1, 3]]);
    harness.source.pass(3_600_001);
    harness.append([["a", at(2), 4]]);
    expect(sentBy(harness)).toEqual([[1, 1, 4]]);
  });

  test("is sent only of windows that have fired", () => {
    const window = { type: "hop", size: "20s", slide: "10s" };
    const harness = started({ window, allowedLateness: "1h" });
    harness.append([["a", at(5), 3]]);
    expect(sentBy(harness)).toEqual([]);
    harness.append([["b", at(12), 1]]);
    expect(sentBy(harness)).toEqual([[1, 1, 3]]);
    // One of its two windows has fired, and then one in which nothing was before.
    harness.append([["a", at(4), 2]]);
    expect(sentBy(harness)).toEqual([
      [-1, 1, -3],
      [1, 2, 5],
    ]);
    harness.append([["c", at(6), 7]]);
    expect(sentBy(harness)).toEqual([[1, 1, 7]]);
  });

  test("is sent of more rows than are applied at a time as well", () => {
    const harness = started();
    const users = Array.from({ length: 9000 }, (_, index) => `user ${index}`);
    harness.append([...users, ...users].map((user) => [user, at(1), 1]));
    const sent = sentBy(harness);
    // In one part each key would change once.
    expect(sent.length).toBe(3 * 9000);
    expect(sent.reduce((sum: number, row) => sum + ((row as number[])[2] ?? 0), 0)).toBe(18_000);
    expect(harness.source.rows()).toHaveLength(9000);
  });
});

describe("a key whose rows are taken back", () => {
  test("has no row, and no cell", () => {
    const harness = started();
    const append = (rows: Row[]) => {
      harness.append(rows);
      harness.settle();
    };
    append([["a", at(1), 3]]);
    expect(harness.rows()).toEqual([[1, 1, 3, false]]);
    append([["a", at(1), 3]]);
    expect(harness.rows()).toEqual([[2, 1, 6, false]]);
    const [task] = harness.stages[1]?.[0]?.partition.jobs.tasks ?? [];
    const table = task?.tables.find(TableFamily.Result, continuousWindow)?.keyed;
    expect([...(table?.cells() ?? [])]).toHaveLength(1);
    append([["b", at(1), null]]);
    expect(harness.rows()).toEqual([
      [1, 1, null, false],
      [2, 1, 6, false],
    ]);
  });

  test("sums up to nothing where only rows without a value are left", () => {
    const harness = started();
    harness.append([
      ["a", at(1), 3],
      ["b", at(1), null],
    ]);
    harness.settle();
    expect(harness.rows()).toEqual([[1, 2, 3, false]]);
    harness.append([["a", at(1), 3]]);
    harness.settle();
    expect(harness.rows()).toEqual([
      [1, 1, null, false],
      [2, 1, 6, false],
    ]);
  });
});
