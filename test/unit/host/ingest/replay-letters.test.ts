/**
 * Replays of letters over real partitions: whatever is lost or crashes on the way, each letter that fits
 * goes in once, and those that do not stay as they are.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { BadRecord } from "../../../../src/columnar/bad-record.ts";
import { formatValue } from "../../../../src/columnar/values.ts";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import { RecordKind } from "../../../../src/engine/log/records.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import type { StreamFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { EncoderPool } from "../../../../src/host/ingest/encoder-pool.ts";
import { replayLetters } from "../../../../src/host/ingest/replay-letters.ts";
import type { PartitionRpc } from "../../../../src/host/partition/partition-rpc.ts";
import { readDeadLetters } from "../../../../src/host/query/read-letters.ts";
import type { ShardAddress, Shards } from "../../../../src/host/shards.ts";
import { readValueAt } from "../../../../src/kernel/column-batch.ts";
import { FrameDecoder } from "../../../../src/kernel/frame-codec.ts";
import { Kernel } from "../../../../src/kernel/kernel.ts";
import { type ReplayBody, readReplay } from "../../../../src/protocol/dead-letters.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { PartitionHarness, releaseModule } from "../../../support/partition-harness.ts";

const stream = {
  columns: [
    { name: "id", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DECIMAL(9, 2)", path: "price.total" },
  ],
  eventTime: { column: "time", outOfOrderness: 0 },
};

/** What becomes of a call: it never comes, it is undone, or it is done and nobody hears of it. */
type Fault = "none" | "lost" | "crashed" | "undone" | "unanswered";

/** Shards of one stream, and calls to them that may fail as told. */
class Deployment implements Shards {
  readonly shards: PartitionHarness[];
  facts: StreamFacts;
  readonly encoders = new EncoderPool(() => new Kernel(releaseModule));
  faults: Fault[] = [];

  constructor(shardCount: number, distributionKey: readonly number[] = [0]) {
    const ranges = evenRanges(shardCount);
    this.shards = ranges.map((keyGroups, shard) => {
      return new PartitionHarness({ stream, identity: { shard, shardCount, keyGroups } });
    });
    const { schema, identity } = this.shards[0] as PartitionHarness;
    this.facts = {
      ...{ stream: "events", generation: 1, mapVersion: 1, ranges, schema, distributionKey },
      ...{ eventTimeColumn: identity.eventTimeColumn, outOfOrdernessMs: 0, waitsForProducers: false },
    };
  }

  open({ shard }: ShardAddress): PartitionRpc {
    const harness = this.shards[shard] as PartitionHarness;
    const call = async <Value>(work: () => Value) => {
      const fault = this.faults.shift() ?? "none";
      if (fault === "lost") throw new Error("lost");
      if (fault === "undone") {
        work();
        harness.crash();
        throw new Error("undone");
      }
      const value = harness.turn(work);
      if (fault === "crashed") harness.crash();
      if (fault !== "none") throw new Error(fault);
      return { ok: true as const, value };
    };
    const rpc: Partial<PartitionRpc> = {
      append: (requests) => call(() => harness.partition.append(requests)),
      letters: (query) => call(() => harness.partition.letters.read(query)),
      beginReplay: (wish) => call(() => harness.partition.letters.beginReplay(wish) ?? null),
      endReplay: (number, done) =>
        call(() => {
          harness.partition.letters.endReplay(number, done);
          return null;
        }),
      status: () => call(() => harness.partition.status()),
    };
    return rpc as PartitionRpc;
  }

  /** Logs rejected records in one shard, as an ingest would that knew less. */
  reject(shard: number, texts: readonly string[]): void {
    const harness = this.shards[shard] as PartitionHarness;
    const rejected = texts.map((text, index): BadRecord => {
      const bytes = new TextEncoder().encode(text);
      return { record: index + 1, column: 1, reason: 4, field: "id", message: "found 7", bytes };
    });
    harness.turn(() => harness.partition.append([harness.request(harness.frame([], rejected))]));
  }

  replay(body: ReplayBody) {
    const askFacts = async () => ({ ok: true as const, value: this.facts });
    const ports = { clock: new ManualClock(), shards: this, encoders: this.encoders, askFacts };
    return replayLetters(ports, "events", readReplay(body));
  }

  async letters(replayed?: boolean) {
    const filter = replayed === undefined ? {} : { isReplayed: replayed };
    const query = { ...filter, limit: 1000, cursor: undefined };
    const page = await readDeadLetters({ clock: new ManualClock(), shards: this }, this.facts, query);
    if (!page.ok) throw new Error(page.error.message);
    return page.value.letters;
  }

  /** Splits the first shard in the middle of its key groups. */
  split(): void {
    const parent = this.shards[0] as PartitionHarness;
    const { identity } = parent.partition;
    const [first, end] = identity.keyGroups;
    if (end - first < 2) return;
    const middle = Math.floor((first + end) / 2);
    const [mapVersion, child] = [this.facts.mapVersion + 1, this.shards.length];
    const changed = { ...identity, mapVersion, shardCount: child + 1 };
    for (const shard of this.shards.slice(1)) {
      const { identity: own } = shard.partition;
      shard.turn(() => shard.partition.setUp({ ...own, mapVersion, mapVersionMin: 1 }));
    }
    const narrowed = { ...changed, mapVersionMin: mapVersion, keyGroups: [first, middle] as const };
    const order = { split: child, child, middle, identity: narrowed };
    const handover = parent.turn(() => parent.partition.split(order));
    const storage = new NodeStorage();
    PartitionLog.begin(portsOver(storage), handover);
    const moved = { ...narrowed, shard: child, keyGroups: [middle, end] as const };
    this.shards.push(new PartitionHarness({ stream, storage, identity: moved }));
    const ranges = this.shards.map((shard) => shard.partition.identity.keyGroups);
    this.facts = { ...this.facts, mapVersion, ranges };
  }

  /** How often each id lies in the logs of all shards. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    const kernel = new Kernel(releaseModule);
    const decoder = new FrameDecoder(kernel);
    for (const { partition, schema } of this.shards) {
      const { log } = partition;
      for (let offset = log.firstOffset; offset < log.nextOffset; offset++) {
        const found = log.read(offset);
        if (found?.kind !== RecordKind.Frame) continue;
        const { batch, release } = decoder.decode(found.frame, schema, [0]);
        for (let row = 0; row < batch.rows; row++) {
          const id = String(formatValue(readValueAt(kernel.memory, batch, 0, row), { name: "STRING" }));
          counts[id] = (counts[id] ?? 0) + 1;
        }
        release();
      }
    }
    return counts;
  }
}

function record(id: string): string {
  return JSON.stringify({ id, time: "2026-01-01 00:00", price: { total: 1.5 } });
}

const fault = fc.constantFrom<Fault>("none", "none", "none", "lost", "crashed", "undone", "unanswered");

test("each letter that fits is appended once, whatever is lost, undone, repeated or split", {
  timeout: 30_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        shards: fc.integer({ min: 1, max: 3 }),
        isDistributed: fc.boolean(),
        frames: fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), { maxLength: 5 }),
        calls: fc.array(
          fc.record({
            faults: fc.array(fault, { maxLength: 9 }),
            limit: fc.integer({ min: 1, max: 9 }),
            splits: fc.boolean(),
          }),
          { maxLength: 6 },
        ),
      }),
      async ({ shards, isDistributed, frames, calls }) => {
        const deployment = new Deployment(shards, isDistributed ? [0] : []);
        const fitting: string[] = [];
        let number = 0;
        frames.forEach((fits, frame) => {
          const texts = fits.map((fit) => {
            const id = `r${number++}`;
            if (fit) fitting.push(id);
            return fit ? record(id) : `{"id": "${id}", "time": "never"}`;
          });
          deployment.reject(frame % shards, texts);
        });
        for (const { faults, limit, splits } of calls) {
          deployment.faults = [...faults];
          await deployment.replay({ reason: "rejected", limit });
          if (splits) deployment.split();
        }
        deployment.faults = [];
        const last = await deployment.replay({ reason: "rejected" });
        expect(last).toMatchObject({ ok: true, value: { rejectedAgain: number - fitting.length } });
        expect(deployment.counts()).toEqual(Object.fromEntries(fitting.map((id) => [id, 1])));
        expect(await deployment.letters(true)).toHaveLength(fitting.length);
        expect(await deployment.letters(false)).toHaveLength(number - fitting.length);
        const again = await deployment.replay({ reason: "rejected" });
        expect(again).toMatchObject({ ok: true, value: { replayed: 0, alreadyReplayed: fitting.length } });
      },
    ),
    { numRuns: 60 },
  );
});

test("a dry run tells and does nothing; a walk goes on at its cursor; again replays again", async () => {
  const deployment = new Deployment(2);
  deployment.reject(0, [record("a"), "{}", record("b")]);
  deployment.reject(1, [record("c")]);
  const dry = await deployment.replay({ reason: "rejected", dryRun: true });
  expect(dry).toMatchObject({ ok: true, value: { dryRun: true, replayed: 3, rejectedAgain: 1 } });
  expect(deployment.counts()).toEqual({});
  const first = await deployment.replay({ reason: "rejected", limit: 2 });
  expect(first).toMatchObject({ ok: true, value: { replayed: 1, rejectedAgain: 1 } });
  expect(first.ok && first.value.errors[0]?.message).toContain("time");
  const cursor = first.ok ? (first.value.cursor ?? "") : "";
  const rest = await deployment.replay({ reason: "rejected", cursor });
  expect(rest).toMatchObject({ ok: true, value: { replayed: 2, alreadyReplayed: 0 } });
  expect(rest.ok && rest.value.cursor).toBeUndefined();
  const again = await deployment.replay({ reason: "rejected", again: true });
  expect(again).toMatchObject({ ok: true, value: { replayed: 3, alreadyReplayed: 0 } });
  expect(deployment.counts()).toEqual({ a: 2, b: 2, c: 2 });
});

test("a record that was mended goes in the letter's place, also when another call finishes it", async () => {
  const deployment = new Deployment(1);
  deployment.reject(0, ['{"id": 7}', "{oops"]);
  const [first, second] = await deployment.letters();
  const mend = { records: { [first?.id ?? ""]: { id: "seven", time: "2026-01-01 00:00" } } };
  // Reads the letter, begins, appends: the answer to that is lost.
  deployment.faults = ["none", "none", "crashed"];
  expect(await deployment.replay(mend)).toMatchObject({
    ok: false,
    error: { code: "PARTITION_UNAVAILABLE" },
  });
  const other = await deployment.replay({ records: { [second?.id ?? ""]: record("second") } });
  expect(other).toMatchObject({ ok: true, value: { replayed: 1, resumed: 1 } });
  expect(deployment.counts()).toEqual({ seven: 1, second: 1 });
  expect(await deployment.replay(mend)).toMatchObject({
    ok: true,
    value: { replayed: 0, alreadyReplayed: 1 },
  });
});

test("a record of several lines is one record, and one that was cut is not replayed", async () => {
  const deployment = new Deployment(1);
  const lines = JSON.stringify(JSON.parse(record("lines")), undefined, 2).replaceAll("\n", "\r\n");
  deployment.reject(0, [lines, `{"id": "${"x".repeat(70_000)}`.slice(0, 65_536), "  "]);
  const answer = await deployment.replay({ reason: "rejected" });
  expect(answer).toMatchObject({ ok: true, value: { replayed: 1, cut: 1, rejectedAgain: 1 } });
  expect(deployment.counts()).toEqual({ lines: 1 });
});

test("late rows go where the caller says, with the values that they had", async () => {
  const deployment = new Deployment(1);
  const [harness] = deployment.shards as [PartitionHarness];
  const window = { window: { type: "tumble", size: "1h" } };
  const aggregates = { n: { function: "count" } };
  const total = { total: { function: "sum", argument: "amount" } };
  harness.startJob("job", { source: "events", key: ["id"], aggregates: total });
  harness.startJob("hourly", { source: "events", key: ["id"], aggregates, ...window }, 2);
  harness.append([["new", "2026-01-02 00:00", "1"]]);
  harness.append([["late", "2026-01-01 00:00", "12.34"]]);
  harness.settle();
  const body = { reason: "late" as const, job: "hourly" };
  expect(() => readReplay(body)).toThrow(/would count them twice/);
  expect(await deployment.letters()).toMatchObject([
    { reason: "late", job: "hourly", lateBy: 86_400_000, content: { id: "late" } },
  ]);
  const answer = await deployment.replay({ ...body, into: "events" });
  expect(answer).toMatchObject({ ok: true, value: { replayed: 1 } });
  expect(deployment.counts()).toEqual({ new: 1, late: 2 });
  harness.settle();
  const [row] = harness.scan("job").rows.filter(({ values }) => values.id === "late");
  expect(row?.values.total).toBe("24.68");
});
