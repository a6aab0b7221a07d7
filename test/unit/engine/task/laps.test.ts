/**
 * Many records at once over a state that is far larger than memory: the same content as one record after the
 * other gives, through crashes at any point, with each page loaded once for all of them.
 */
import { describe, expect, test } from "vitest";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DOUBLE" },
    { name: "item", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};

const counted = { n: { function: "count" }, total: { function: "sum", argument: "amount" } };
const job = { source: "events", key: ["user"], retention: "forever" };

/** Rows are kept on their way through a lap where their numbers do not matter, else they are read again. */
const jobs = [
  {
    name: "of first and last values",
    ...job,
    aggregates: {
      ...counted,
      first: { function: "first_value", argument: "amount" },
      last: { function: "last_value", argument: "item" },
    },
  },
  {
    name: "of greatest values",
    ...job,
    aggregates: { ...counted, most: { function: "max", argument: "item" } },
  },
  {
    name: "of some rows, by what is computed",
    ...job,
    columns: { double: ["*", "amount", 2] },
    filter: ["<>", "amount", 3.5],
    aggregates: { ...counted, most: { function: "max", argument: "double" } },
  },
];

const users = 12_000;
const time = "1970-01-01 00:00:00.000";

/** Rows of a frame: some users once, one of them many times. */
function rowsOf(frame: number, count: number): Row[] {
  return Array.from({ length: count }, (_, row) => {
    const user = row % 5 === 4 ? 7 : (frame * 977 + row * 3111) % users;
    return [`user ${user}`, time, frame + row / 10, `item ${frame}.${row}`];
  });
}

/** A partition whose state is there already, with a backlog of records that its job has not applied. */
function behind({ name: _, ...body }: (typeof jobs)[number], pageBudget: number): PartitionHarness {
  const harness = new PartitionHarness({ stream, pageBudget });
  harness.startJob("job", body);
  for (let frame = 0; frame < 60; frame++) {
    const rows = Array.from({ length: 200 }, (_, row) => [`user ${frame * 200 + row}`, time, 1, "none"]);
    harness.append(rows);
    harness.settle();
  }
  harness.checkpoint();
  for (let frame = 0; frame < 120; frame++) {
    const long: Row = ["u".repeat(3000), time, 1, "bad"];
    harness.append(frame === 50 ? [...rowsOf(frame, 40), long] : rowsOf(frame, 40));
  }
  return harness;
}

const contentOf = (harness: PartitionHarness) => ({
  rows: harness.rows(),
  counts: harness.partition.jobs.statuses()[0]?.counts,
  letters: harness.partition.letters.read({ job: "job", limit: 100 }).letters.length,
});

describe.each(jobs)(
  "a job $name that is behind, with a state larger than memory",
  { timeout: 60_000 },
  (of) => {
    const harnessBehind = (pageBudget: number) => behind(of, pageBudget);
    const inMemory = harnessBehind(32 * 1024 * 1024);
    inMemory.settle();
    const expected = contentOf(inMemory);

    test("has the content of one in memory, and loads each page about once for all records", () => {
      const harness = harnessBehind(512 * 1024);
      const before = harness.partition.jobs.cache.loads;
      expect(expected.letters).toBe(1);
      harness.settle();
      const loads = harness.partition.jobs.cache.loads - before;
      expect(contentOf(harness)).toEqual(expected);
      expect(loads).toBeLessThan(500);
      expect(harness.partition.jobs.statuses()[0]?.stateBytesInMemory).toBeLessThan(600 * 1024);
    });

    test.each([5, 60, 150, 250])("has it through a crash after %d slices of work", (slices) => {
      const harness = harnessBehind(512 * 1024);
      for (let slice = 0; slice < slices; slice++) harness.turn(() => harness.partition.step());
      harness.crash();
      harness.settle();
      expect(contentOf(harness)).toEqual(expected);
    });

    test("takes appends in between, and no checkpoint", () => {
      const harness = harnessBehind(512 * 1024);
      const before = harness.partition.jobs.statuses()[0];
      while (!harness.partition.jobs.taskOf("job").isHalfway) harness.turn(() => harness.partition.step());
      const offset = harness.partition.jobs.taskOf("job").appliedOffset;
      harness.pass(60_000);
      harness.turn(() => harness.partition.jobs.checkpointOld(harness.ports.clock.now()));
      for (let slice = 0; slice < 20; slice++) {
        expect(harness.append([["user 7", time, 0, "later"]]).status).toBe("logged");
        harness.turn(() => harness.partition.step());
      }
      expect(harness.partition.jobs.taskOf("job").isHalfway).toBe(true);
      expect(harness.partition.jobs.taskOf("job").appliedOffset).toBe(offset);
      expect(harness.partition.jobs.statuses()[0]?.checkpoints[0]).toEqual(before?.checkpoints[0]);
      harness.settle();
      const row = harness.rows().find(([user]) => user === "user 7");
      const was = expected.rows.find(([user]) => user === "user 7");
      expect(row?.[1]).toBe(Number(was?.[1]) + 20);
      if ("first" in of.aggregates) expect(row?.[4]).toBe("later");
    });

    test("names the record that cannot be read, and goes on without it", () => {
      const harness = harnessBehind(512 * 1024);
      const damaged = 100;
      const where = `"offset" = ${damaged}`;
      const [row] = harness.storage.run(`SELECT bytes FROM log WHERE ${where}`);
      const [stored] = row as [Uint8Array];
      const bytes = stored.with(-9, (stored.at(-9) ?? 0) ^ 1);
      harness.storage.run(`UPDATE log SET bytes = ? WHERE ${where}`, bytes);
      harness.storage.commit();
      harness.crash();
      const settle = () => {
        while (harness.turn(() => harness.partition.step()) > 0);
      };
      settle();
      const { jobs } = harness.partition;
      const failed = jobs.statuses()[0];
      // In the middle of many that were taken together.
      expect(failed?.state).toBe("failed");
      expect(failed?.appliedOffset).toBeLessThan(damaged - 10);
      expect(failed?.error?.at).toEqual({ operator: "read log", offset: damaged });
      harness.turn(() => harness.partition.jobs.mend(1, { skip: { offset: damaged } }));
      const { plan } = jobs.taskOf("job");
      harness.wish({ job: "job", run: 1, state: "running", plan });
      settle();
      const { counts } = expected;
      expect(jobs.statuses()[0]).toMatchObject({
        state: "running",
        counts: { rows: (counts?.rows ?? 0) - 40, bad: (counts?.bad ?? 0) + 1 },
      });
    });
  },
);
