/** Metrics of partitions that do not answer, or that are not asked; and that the documentation lists all. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { maxWatermark, minWatermark } from "../../../../src/engine/log/records.ts";
import type { JobStatus, PartitionStatus } from "../../../../src/engine/partition-types.ts";
import { Catalog } from "../../../../src/host/coordinator/catalog.ts";
import { metrics, metricsOfSurvey } from "../../../../src/host/metrics/metrics-of-survey.ts";
import { PartitionSurvey } from "../../../../src/host/metrics/survey.ts";
import { readStreamDefinition } from "../../../../src/protocol/stream-spec.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readExposition } from "../../../support/read-exposition.ts";
import { FakeShards } from "../fake-shards.ts";

const partition: PartitionStatus = {
  ...{ shard: 0, generation: 1, firstOffset: 5, nextOffset: 9, isIdle: true, isEnded: false },
  ...{ watermark: minWatermark, ownWatermark: minWatermark, producers: [], lastFrameAt: undefined },
  counts: { rows: 100, rejected: 3, duplicates: 2, bytes: 5000 },
  ...{ storageBytes: 9000, keptLogBytes: 2000, busyMs: 40 },
  pages: { pages: 7, bytes: 7168, lookups: 50, loads: 11, evictions: 4 },
  jobs: [],
};

const task: JobStatus = {
  ...{ job: "sums", run: 8, state: "failed", error: undefined, watermark: maxWatermark, appliedOffset: 6 },
  ...{ lostRecords: 0, lagRecords: 2, lagBytes: 300, lagMs: 1500, openWindows: 3, unacknowledgedBytes: 64 },
  counts: { rows: 90, filtered: 6, late: 4, bad: 1 },
  ...{ rowsSent: 30, checkpointsCompleted: 12, stateBytesInMemory: 0, stateBytes: 40_960 },
  retries: { peers: 5, blobs: 2, last: { at: 74_000, message: "The store did not answer." } },
  checkpoints: [{ epoch: 12, offset: 6, at: 70_000, durationMs: 25, pages: 2, bytes: 2048 }],
};

test("say what partitions said, and which said nothing", () => {
  const text = metricsOfSurvey({
    at: 75_000,
    partitions: [{ stream: "clicks", generation: 1, statuses: [{ ...partition, jobs: [task] }, undefined] }],
    jobs: [{ job: "sums", run: 8, state: "running", stages: [1] }],
    unasked: 2,
  });
  const samples = [...readExposition(text)].flatMap(([name, { samples: found }]) =>
    found.map(({ labels, value }) => [name, Object.values(labels).join(" "), value]),
  );
  const ofTask = (name: string, value: number) => [`millrace_task_${name}`, "sums 0 0", value];
  expect(samples).toEqual([
    ["millrace_stream_numRecordsIn", "clicks 0", 100],
    ["millrace_stream_numRecordsRejected", "clicks 0", 3],
    ["millrace_stream_numRecordsDuplicate", "clicks 0", 2],
    ["millrace_stream_currentOutputWatermark", "clicks 0", Number.NEGATIVE_INFINITY],
    ["millrace_stream_isIdle", "clicks 0", 1],
    ["millrace_log_bytesWritten", "clicks 0", 5000],
    ["millrace_log_bytes", "clicks 0", 2000],
    ["millrace_log_records", "clicks 0", 4],
    ["millrace_partition_isReachable", "clicks 0", 1],
    ["millrace_partition_isReachable", "clicks 1", 0],
    ["millrace_partition_storageBytes", "clicks 0", 9000],
    ["millrace_partition_stateBytes", "clicks 0", 7000],
    ["millrace_partition_busyTimeMs", "clicks 0", 40],
    ["millrace_partition_pages", "clicks 0", 7],
    ["millrace_partition_pageBytes", "clicks 0", 7168],
    ["millrace_partition_pageLookups", "clicks 0", 50],
    ["millrace_partition_pageLoads", "clicks 0", 11],
    ["millrace_partition_pageEvictions", "clicks 0", 4],
    ["millrace_job_isRunning", "sums", 1],
    ofTask("isFailed", 1),
    ofTask("numRecordsIn", 90),
    ofTask("numRecordsOut", 30),
    ofTask("numRecordsFiltered", 6),
    ofTask("numLateRecordsDropped", 4),
    ofTask("numRecordsBad", 1),
    ofTask("currentInputWatermark", Number.POSITIVE_INFINITY),
    ofTask("pendingRecords", 2),
    ofTask("pendingBytes", 300),
    ofTask("pendingTimeMs", 1500),
    ofTask("unacknowledgedBytes", 64),
    ofTask("stateBytes", 40_960),
    ofTask("numCallRetries", 7),
    ofTask("openWindows", 3),
    ofTask("numberOfCompletedCheckpoints", 12),
    ofTask("lastCheckpointDuration", 25),
    ofTask("lastCheckpointSize", 2048),
    ofTask("lastCheckpointAgeMs", 5000),
    ["millrace_partitions_unasked", "", 2],
  ]);
});

test("streams are asked whole, as long as their partitions are not too many", async () => {
  const [sql, clock, shards] = [new NodeStorage(), new ManualClock(), new FakeShards()];
  const catalog = new Catalog(sql);
  const define = (shardCount: number) =>
    readStreamDefinition({
      columns: [{ name: "user", type: "STRING" }],
      shards: shardCount,
      distributionKey: ["user"],
    });
  const counts = [200, 256, 256, 256, 16];
  counts.forEach((count, index) => {
    catalog.addStream(`stream-${index}`, define(count), 0);
  });
  const answer = await new PartitionSurvey({ sql, clock, shards }).survey();
  if (!answer.ok) throw new Error(answer.error.message);
  const asked = answer.value.partitions.map(({ statuses }) => statuses.length);
  expect(asked).toEqual([200, 256, 256]);
  expect(answer.value.unasked).toBe(272);
});

test("the documentation lists every metric, and no other", () => {
  const text = readFileSync(new URL("../../../../docs/operations.md", import.meta.url), "utf8");
  const listed = [...text.matchAll(/^\| `(millrace_\w+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(metrics.map(({ name }) => name));
});
