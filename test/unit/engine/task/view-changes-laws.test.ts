/**
 * The law of a view's changes: put onto a snapshot, from its place on, they give the view; and they are the
 * same at the same places, whatever crashes, however little memory there is, wherever checkpoints fall.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  eventRowArbitrary,
  eventStream,
  framesOf,
  stepsArbitrary,
  windowBodyOf,
  windowSpecArbitrary,
} from "../../../arbitraries/partition-runs.ts";
import type { EventRow } from "../../../reference/windowed-batch.ts";
import { aggregate, bigint, dataflow, double, input, string, timestamp } from "../../../support/dataflows.ts";
import { PartitionHarness, type Row } from "../../../support/partition-harness.ts";
import { StagesHarness } from "../../../support/stages-harness.ts";
import { type SeenChange, ViewFollower, viewContent } from "../../../support/view-follower.ts";

const aggregates = {
  total: { function: "sum", argument: "amount" },
  least: { function: "min", argument: "item" },
  last: { function: "last_value", argument: "amount" },
};

/** Many keys, so that a view has several pages and snapshots take several turns. */
const wideArbitrary: fc.Arbitrary<EventRow[][]> = fc
  .array(
    fc.record({
      first: fc.nat(900),
      count: fc.constantFrom(1, 100, 600),
      time: fc.integer({ min: -50, max: 90 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((frames) =>
    frames.map(({ first, count, time }) =>
      Array.from({ length: count }, (_, index) => {
        return { user: `user ${first + index}`, time, amount: index % 7, item: null };
      }),
    ),
  );

function rowsOf(frame: readonly EventRow[]): Row[] {
  return frame.map(({ user, time, amount, item }) => [
    user,
    new Date(time).toISOString().replace("T", " ").replace("Z", ""),
    amount,
    item,
  ]);
}

const view = { job: "job", run: 1, map: 1 };

const runs = (count: number) => count * Number(process.env.LAW_RUNS ?? 1);

/** Every change has one place, and every place one change, for all who have seen it. */
function expectSame(seen: readonly SeenChange[], known: Map<string, string>): void {
  for (const { at, text } of seen) {
    const place = `${at.offset}.${at.row}`;
    expect(known.get(place) ?? text).toBe(text);
    known.set(place, text);
  }
}

describe("changes of a view", { timeout: 180_000 * runs(1) }, () => {
  test("give the view, onto any snapshot, through crashes, checkpoints and evictions at any point", () => {
    fc.assert(
      fc.property(
        windowSpecArbitrary,
        fc.record({ lateness: fc.constantFrom(0, 60, 500), bound: fc.constantFrom(0, 30) }),
        fc.oneof(
          { weight: 3, arbitrary: framesOf(eventRowArbitrary) },
          { weight: 1, arbitrary: wideArbitrary },
        ),
        stepsArbitrary,
        fc.array(fc.constantFrom("follow", "snapshot", "read", "none"), { minLength: 12, maxLength: 12 }),
        fc.constantFrom(640 * 1024, 32 * 1024 * 1024),
        (window, { lateness, bound }, frames, steps, readings, pageBudget) => {
          const harness = new PartitionHarness({
            stream: eventStream(bound),
            checkpointTurnBytes: 1,
            pageBudget,
          });
          const body = { source: "events", key: ["user"], aggregates, ...windowBodyOf(window, lateness) };
          harness.startJob("job", body);
          const followers: ViewFollower[] = [];
          const partial: ViewFollower[] = [];
          const known = new Map<string, string>();
          frames.forEach((frame, index) => {
            harness.append(rowsOf(frame));
            const performed = [...(steps[index] ?? [])];
            if (readings[index] === "follow") partial.push(new ViewFollower(harness, view));
            if (readings[index] === "snapshot") {
              const follower = new ViewFollower(harness, view);
              follower.snapshot(() => {
                const step = performed.shift();
                if (step) harness.perform(step);
              });
              followers.push(follower);
            }
            if (readings[index] === "read") for (const follower of followers) follower.read();
            for (const step of performed) harness.perform(step);
          });
          harness.settle();
          const content = viewContent(harness);
          for (const follower of followers) {
            follower.read();
            expect(follower.content()).toEqual(content);
            expectSame(follower.seen, known);
          }
          const [first] = followers;
          if (!first) return;
          harness.checkpoint();
          const again = new ViewFollower(harness, view);
          again.snapshot(() => {});
          expect(again.content()).toEqual(content);
          expect(again.place).toEqual(first.place);
        },
      ),
      { numRuns: runs(80) },
    );
  });

  test.each([
    ["of a step over results that change", countsOfCounts],
    ["of a dataflow", totalsOfUsers],
  ])("%s give the view, onto any snapshot, whoever crashes", (_, job) => {
    fc.assert(
      fc.property(
        framesOf(eventRowArbitrary),
        stepsArbitrary,
        fc.array(fc.constantFrom("snapshot", "read", "none"), { minLength: 12, maxLength: 12 }),
        fc.array(fc.nat(9), { minLength: 12, maxLength: 12 }),
        (frames, steps, readings, places) => {
          const harness = new StagesHarness({ stream: eventStream(0), checkpointTurnBytes: 1 }, job());
          const followers: { readonly follower: ViewFollower; readonly partition: PartitionHarness }[] = [];
          const known = harness.last.map(() => new Map<string, string>());
          frames.forEach((frame, index) => {
            harness.append(rowsOf(frame));
            const at = harness.all[(places[index] ?? 0) % harness.all.length];
            for (const step of steps[index] ?? []) {
              at?.perform(step);
              harness.deliver();
            }
            for (const partition of readings[index] === "snapshot" ? harness.last : []) {
              const follower = new ViewFollower(partition, view);
              follower.snapshot(() => partition.perform({ do: "work", slices: 1 }));
              followers.push({ follower, partition });
            }
            if (readings[index] === "read") for (const { follower } of followers) follower.read();
          });
          harness.settle();
          for (const { follower, partition } of followers) {
            follower.read();
            expect(follower.content()).toEqual(viewContent(partition));
            expectSame(follower.seen, known[harness.last.indexOf(partition)] as Map<string, string>);
          }
        },
      ),
      { numRuns: runs(60) },
    );
  });
});

/** How many users have so many events: results come, change and go. */
function countsOfCounts(): object {
  const count = { n: { function: "count" } };
  const step = { key: ["n"], aggregates: { users: { function: "count" } }, parallelism: 2 };
  return { source: "events", key: ["user"], aggregates: count, steps: [step] };
}

function totalsOfUsers(): object {
  const types = [string, timestamp, double, string];
  const columns = ["user", "n", "total"].map((name, index) => {
    return { name, type: [string, bigint, double][index] ?? double };
  });
  return dataflow(
    {
      uid: "source",
      source: {
        stream: "events",
        columns: ["user", "time", "amount", "item"].map((name, index) => {
          return { name, type: types[index] ?? string };
        }),
        watermark: input(1, timestamp),
      },
      ...{ operators: [], sinks: [] },
    },
    {
      uid: "totals",
      inputs: [{ stage: 0, operator: { port: 0 }, key: [0], types }],
      parallelism: 2,
      operators: [
        {
          operator: "group aggregate",
          inputs: [{ port: 0 }],
          ...{ key: [0], keyTypes: [string], isRetracting: false, sendsUpdateBefore: true, isFolding: false },
          aggregates: [aggregate("COUNT", bigint), aggregate("SUM", double, input(2, double))],
        },
      ],
      sinks: [{ sink: "view", name: "out", of: { operator: 0 }, columns, key: [0], retentionMs: null }],
    },
  );
}
