/**
 * The state of a partition that each release leaves for all later ones: a log with producers and rejected
 * records, pages of several jobs, open and fired windows, letters, a savepoint that is not uploaded yet with
 * pages that were overwritten since, and records that are logged and not applied yet.
 */

import { createHash } from "node:crypto";
import type { LetterQuery } from "../../src/engine/letters/letter.ts";
import { decodePart } from "../../src/engine/savepoint/part-codec.ts";
import type { NodeStorage } from "../support/node-storage.ts";
import { PartitionHarness, type Row } from "../support/partition-harness.ts";

export const jobs = {
  hourly: { window: { type: "tumble", size: "1h" } },
  sliding: { window: { type: "hop", size: "2h", slide: "30min" }, allowedLateness: "1h" },
  growing: { window: { type: "cumulate", size: "1d", step: "6h", offset: "1h" } },
  running: {},
} as const;

const stream = {
  columns: [
    { name: "device", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "level", type: "DOUBLE" },
    { name: "price", type: "DECIMAL(10, 2)" },
    { name: "note", type: "STRING" },
  ],
  eventTime: { column: "time", outOfOrderness: "10min" },
};

const aggregates = {
  n: { function: "count" },
  level: { function: "avg", argument: "level" },
  spent: { function: "sum", argument: "price" },
  first: { function: "first_value", argument: "note" },
  highest: { function: "max", argument: "note" },
};

export function harnessOver(storage?: NodeStorage): PartitionHarness {
  return new PartitionHarness({ stream, ...(storage && { storage }) });
}

/** Makes the state that a release commits. */
export function writeState(harness: PartitionHarness): void {
  Object.entries(jobs).forEach(([job, body], index) => {
    harness.startJob(job, { source: "events", key: ["device"], aggregates, ...body }, index + 1);
  });
  for (let frame = 0; frame < 40; frame++) {
    harness.append(rowsOf(frame), { producer: "p", sequence: frame, part: 0, checksum: BigInt(frame) });
    harness.settle();
    if (frame % 9 === 0) harness.checkpoint();
    if (frame === 10) harness.turn(() => harness.partition.beginSavepoint(1, { run: 4, savepoint: 7 }));
  }
  const bytes = new TextEncoder().encode('{"device": 7}');
  const rejected = [
    { record: 1, column: 12, reason: 4 as const, field: "device", message: "found 7", bytes },
  ];
  harness.turn(() => harness.partition.append([harness.request(harness.frame(rowsOf(40), rejected))]));
}

/** Everything that can be read of the state, after what was logged is applied. */
export function contentOf(harness: PartitionHarness): unknown {
  harness.settle();
  const { log } = harness.partition;
  const views = Object.keys(jobs).map((job, index) => [job, harness.rows(job, {}, index + 1)]);
  const letters = Object.keys(jobs).map((job) => [job, lettersOf(harness, { job, limit: 1000 })]);
  return JSON.parse(
    JSON.stringify({
      log: [log.firstOffset, log.nextOffset, log.counts, String(log.watermark)],
      views: Object.fromEntries(views),
      letters: Object.fromEntries(letters),
      savepoint: savedPagesOf(harness),
      rejected: lettersOf(harness, { reasons: ["rejected"], limit: 100 }),
    }),
  );
}

/** Letters as the first releases answered them. */
function lettersOf({ partition }: PartitionHarness, query: LetterQuery) {
  const { letters } = partition.letters.read(query);
  return letters.map(({ message: reason, offset, row, appendTime, content }) => {
    return { offset, row, reason, appendTime, content };
  });
}

/** The pages that a savepoint under way uploads next; undefined where there is none. */
function savedPagesOf({ partition }: PartitionHarness): unknown {
  const part = partition.jobs.savepoints.nextPart();
  return (
    part &&
    decodePart(part.body).map(({ table, bytes }) => [table, createHash("sha256").update(bytes).digest("hex")])
  );
}

/** Rows that come after a restart: some new, some late. */
export function goOn(harness: PartitionHarness): void {
  for (let frame = 41; frame < 60; frame++) harness.append(rowsOf(frame));
  harness.checkpoint();
}

function rowsOf(frame: number): Row[] {
  return Array.from({ length: 30 }, (_, index) => {
    const second = frame * 1700 + index * 40 - (index % 11 === 0 ? 9000 : 0);
    const time = new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");
    const device = index % 13 === 0 ? null : `device ${(frame * 7 + index * 5) % 17}`;
    const price = `${(frame * 31 + index * 17) % 900}.${10 + (index % 90)}`;
    return [
      device,
      time,
      index % 7 === 0 ? null : index / 8 - frame,
      price,
      `note ${"x".repeat(index % 9)}${frame}`,
    ];
  });
}
