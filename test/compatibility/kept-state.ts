/**
 * What a partition keeps for people who come back, as each release leaves it for all later ones: changes of a
 * view for whoever goes on behind one, letters with those that were replayed and a replay that is under way,
 * and a job that has failed, with what it is to leave out when it goes on. And windows that share sums.
 */

import { TableFamily } from "../../src/engine/state/window-directory.ts";
import type { ChangePlace } from "../../src/engine/task/change-types.ts";
import { scalarFunction, UserFunctions } from "../../src/interpreter/user-functions.ts";
import { logRun } from "../../src/protocol/letter-id.ts";
import { ChainHarness, rowOf } from "../support/chain-harness.ts";
import { call, input, int, string, timestamp } from "../support/dataflows.ts";
import type { NodeStorage } from "../support/node-storage.ts";

/** Every deployment of it fails at the same amounts. */
const careful = scalarFunction({
  name: "careful",
  arguments: ["INT"],
  returns: "INT",
  evaluate: (amount: number | null) => {
    if (amount === 3 || amount === 5) throw new Error(`${amount} brings bad luck`);
    return amount;
  },
});

const projection = [input(0, string), input(1, timestamp), call("user:careful", int, input(2, int))];
const aggregates = { n: { function: "count" }, total: { function: "sum", argument: "amount" } };
const followed = { source: "events", key: ["user"], aggregates, retention: "forever" };
const window = { type: "tumble", size: "10s" };
const windowed = { source: "events", key: ["user"], aggregates, window };
/** Six slices: it is in the middle of a block, with what the block before it was added up to. */
const sliding = { ...windowed, window: { type: "hop", size: "6s", slide: "1s" } };
const view = { job: "followed", run: 2, map: 1 };

/** Where a subscriber stands who is away: some of the changes behind it are in storage, some not. */
const standsAt: ChangePlace = { offset: 2, row: 1 };

const rejectedPlace = { run: logRun, offset: 6, row: 0 };
const otherPlace = { run: logRun, offset: 6, row: 1 };
const into = { stream: "events", generation: 1 };

export function keepingHarness(storage?: NodeStorage): ChainHarness {
  return new ChainHarness([{ operator: "calc", inputs: [{ port: 0 }], projection }], {
    functions: () => new UserFunctions([careful]),
    ...(storage && { storage }),
  });
}

/** Makes the state that a release commits. */
export function writeKeptState(harness: ChainHarness): void {
  const { partition } = harness;
  partition.startJob("followed", followed, 2);
  partition.startJob("windowed", windowed, 3);
  partition.startJob("sliding", sliding, 4);
  partition.turn(() => partition.partition.changes.follow(view, "a hub"));
  for (const second of [1, 29, 30, 31]) appendRows(harness, second, [1, 2, 4]);
  // Late for a window that is over.
  appendRows(harness, 5, [1, 2]);
  appendRejected(harness, "{no record", '{"user": 7}');
  settle(harness);
  partition.checkpoint();
  for (const family of [TableFamily.Folded, TableFamily.Suffix, TableFamily.Prefix]) {
    const found = partition.storage.run("SELECT count(*) FROM tables WHERE family = ?", family)[0]?.[0];
    if (found === 0) throw new Error(`the state has no table of family ${family}`);
  }
  appendRows(harness, 32, [6, 3, 7]);
  settle(harness);
  skip(harness, { offset: 7, row: 1 });
  resume(harness, 1000);
  appendRows(harness, 33, [8, 5]);
  settle(harness);
  skip(harness, { offset: 8, row: 1 });
  const { letters } = partition.partition;
  const begin = (places: Parameters<typeof letters.beginReplay>[0]["places"]) =>
    partition.turn(() => letters.beginReplay({ into, places, again: false }));
  partition.turn(() => letters.endReplay(begin([rejectedPlace])?.number ?? 0, [rejectedPlace]));
  begin([{ ...otherPlace, text: '{"user": "seven"}' }]);
}

/** Everything that can be read of the state, after what was logged is applied. */
export function keptContentOf(harness: ChainHarness): unknown {
  settle(harness);
  const { partition, storage } = harness.partition;
  const content = {
    changes: changesBehind(harness, standsAt),
    followers: partition.jobs.taskOf("followed").changes.followers.state,
    letters: partition.letters.read({ limit: 1000 }).letters.map(({ bytes: _, ...letter }) => letter),
    // While one is pending nothing else is begun.
    replay: partition.letters.beginReplay({ into, places: [], again: false }) ?? null,
    jobs: partition.jobs.statuses().map(({ job, state, error, counts }) => [job, state, error, counts]),
    rows: harness.partition.rows("job").map((values) => values.slice(1)),
    sliding: harness.partition.rows("sliding", {}, 4),
  };
  storage.commit();
  return JSON.parse(JSON.stringify(content));
}

/** What comes after a restart, at a time: more rows, the end of the replay, and of the failure. */
export function goOnWithKept(harness: ChainHarness): void {
  const { partition } = harness;
  partition.ports.clock.time = 2_000_000;
  partition.turn(() => partition.partition.letters.endReplay(2, [otherPlace]));
  resume(harness, 2000);
  appendRows(harness, 34, [9, 10]);
  settle(harness);
  partition.pass(60_000);
  partition.turn(() => partition.partition.jobs.checkpointOld(partition.ports.clock.now()));
  settle(harness);
}

function changesBehind({ partition }: ChainHarness, place: ChangePlace): unknown[] {
  const page = partition.turn(() => partition.partition.changes.read(view, place, undefined));
  if (page.hasMore) throw new Error("the changes fit a page");
  return page.changes.map(({ at, kind, row }) => [at.offset, at.row, kind, row]);
}

/** Has the job that failed at a row leave it out when it goes on. */
function skip({ partition }: ChainHarness, at: { readonly offset: number; readonly row: number }): void {
  partition.turn(() => partition.partition.jobs.mend(1, { skip: at }));
}

function resume({ partition, plan }: ChainHarness, revision: number): void {
  const { generation } = partition.identity;
  partition.turn(() =>
    partition.partition.command(generation, { job: "job", run: 1, state: "running", plan, revision }),
  );
}

function appendRows({ partition }: ChainHarness, second: number, amounts: readonly number[]): void {
  partition.append(amounts.map((amount, index) => rowOf([`user ${index % 2}`, second, amount])));
}

function appendRejected({ partition }: ChainHarness, ...records: readonly string[]): void {
  const rejected = records.map((text, index) => {
    const bytes = new TextEncoder().encode(text);
    return {
      record: index,
      column: 2,
      reason: 1,
      field: undefined,
      message: "found no record",
      bytes,
    } as const;
  });
  partition.turn(() => partition.partition.append([partition.request(partition.frame([], rejected))]));
}

/** Works until nothing is left to do now; a job may fail meanwhile. */
function settle({ partition }: ChainHarness): void {
  while (partition.turn(() => partition.partition.step()) > 0);
}
