/**
 * What partitions say of themselves, as metrics. A name behind the prefix is Flink's where it means what it
 * does there.
 *
 * Rows, rejected and late ones are counted in storage; what says "since the object started" begins anew with
 * it, which a `rate` sees as the reset of a counter.
 */
import { maxWatermark, minWatermark } from "../../engine/log/records.ts";
import type { JobStatus, PartitionStatus } from "../../engine/partition-types.ts";
import { Exposition, type Labels, type Metric } from "./exposition.ts";
import type { Survey, SurveyedJob, SurveyedPartitions } from "./survey.ts";

/** All metrics, in the order of the text; `docs/operations.md` lists them. */
export const metrics = [
  counter("millrace_stream_numRecordsIn", "Rows accepted."),
  counter("millrace_stream_numRecordsRejected", "Records rejected and kept as letters."),
  counter("millrace_stream_numRecordsDuplicate", "Rows acknowledged again and not taken twice."),
  gauge("millrace_stream_currentOutputWatermark", "Watermark in ms since 1970."),
  gauge("millrace_stream_isIdle", "1 while no frame has come for the idle timeout."),
  counter("millrace_log_bytesWritten", "Bytes of log rows written."),
  gauge("millrace_log_bytes", "Bytes of log rows kept."),
  gauge("millrace_log_records", "Records of the log kept."),
  gauge("millrace_partition_isReachable", "1 where the partition answered."),
  gauge("millrace_partition_storageBytes", "Bytes of the partition's database."),
  gauge("millrace_partition_stateBytes", "Bytes of the partition's database beside its log: pages, letters."),
  counter("millrace_partition_busyTimeMs", "Time with work at hand in ms since the object started."),
  gauge("millrace_partition_pages", "Pages of state in memory."),
  gauge("millrace_partition_pageBytes", "Bytes of pages of state in memory."),
  counter("millrace_partition_pageLookups", "Pages of state asked for since the object started."),
  counter("millrace_partition_pageLoads", "Pages read from storage since the object started."),
  counter("millrace_partition_pageEvictions", "Pages put out of memory since the object started."),
  gauge("millrace_job_isRunning", "1 where the job is to run, 0 where it is paused."),
  gauge("millrace_task_isFailed", "1 where the task failed."),
  counter("millrace_task_numRecordsIn", "Rows applied."),
  counter("millrace_task_numRecordsOut", "Rows sent to next stages and streams since the object started."),
  counter("millrace_task_numRecordsFiltered", "Rows that a condition left out."),
  counter("millrace_task_numLateRecordsDropped", "Rows that came too late."),
  counter("millrace_task_numRecordsBad", "Rows that could not be applied."),
  gauge("millrace_task_currentInputWatermark", "Watermark in ms since 1970."),
  gauge("millrace_task_pendingRecords", "Records of the log that are not applied."),
  gauge("millrace_task_pendingBytes", "Bytes of the log that are not applied."),
  gauge("millrace_task_pendingTimeMs", "Age of the oldest record that is not applied in ms."),
  gauge("millrace_task_unacknowledgedBytes", "Bytes sent that the receivers have not acknowledged."),
  gauge("millrace_task_stateBytes", "Bytes of the task's pages in storage, as they were counted last."),
  counter(
    "millrace_task_numCallRetries",
    "Calls to partitions and blobs made again since the object started.",
  ),
  gauge("millrace_task_openWindows", "Windows that have not fired."),
  counter("millrace_task_numberOfCompletedCheckpoints", "Checkpoints of the task."),
  gauge("millrace_task_lastCheckpointDuration", "Duration of the last checkpoint in ms."),
  gauge("millrace_task_lastCheckpointSize", "Bytes of pages that the last checkpoint wrote."),
  gauge("millrace_task_lastCheckpointAgeMs", "Time since the last checkpoint in ms."),
  gauge("millrace_partitions_unasked", "Partitions beyond the number that is asked for metrics."),
] as const satisfies readonly Metric[];

type MetricName = (typeof metrics)[number]["name"];

/** The text that `GET /metrics` answers. */
export function metricsOfSurvey(survey: Survey): string {
  const text = new Exposition<MetricName>(metrics);
  const jobs = new Map(survey.jobs.map((job) => [job.run, job]));
  for (const { job, state } of survey.jobs) {
    text.add("millrace_job_isRunning", { job }, state === "running" ? 1 : 0);
  }
  for (const partitions of survey.partitions) {
    partitions.statuses.forEach((status, partition) => {
      const labels = { stream: partitions.stream, partition };
      text.add("millrace_partition_isReachable", labels, status ? 1 : 0);
      if (!status) return;
      addPartition(text, labels, status);
      for (const task of status.jobs) {
        const job = jobs.get(task.run);
        if (job) addTask(text, labelsOfTask(job, partitions, partition), task, survey.at);
      }
    });
  }
  text.add("millrace_partitions_unasked", {}, survey.unasked);
  return text.text();
}

function labelsOfTask(job: SurveyedJob, { generation }: SurveyedPartitions, partition: number): Labels {
  return { job: job.job, stage: job.stages.indexOf(generation), subtask_index: partition };
}

function addPartition(text: Exposition<MetricName>, labels: Labels, status: PartitionStatus): void {
  const { counts, storageBytes, keptLogBytes, pages } = status;
  const add = (name: MetricName, value: number | undefined) => text.add(name, labels, value);
  add("millrace_stream_numRecordsIn", counts.rows);
  add("millrace_stream_numRecordsRejected", counts.rejected);
  add("millrace_stream_numRecordsDuplicate", counts.duplicates);
  add("millrace_stream_currentOutputWatermark", watermarkMs(status.watermark));
  add("millrace_stream_isIdle", status.isIdle ? 1 : 0);
  add("millrace_log_bytesWritten", counts.bytes);
  add("millrace_log_bytes", keptLogBytes);
  add("millrace_log_records", status.nextOffset - status.firstOffset);
  add("millrace_partition_storageBytes", storageBytes);
  const stateBytes = keptLogBytes === undefined ? undefined : Math.max(0, storageBytes - keptLogBytes);
  add("millrace_partition_stateBytes", stateBytes);
  add("millrace_partition_busyTimeMs", status.busyMs);
  add("millrace_partition_pages", pages?.pages);
  add("millrace_partition_pageBytes", pages?.bytes);
  add("millrace_partition_pageLookups", pages?.lookups);
  add("millrace_partition_pageLoads", pages?.loads);
  add("millrace_partition_pageEvictions", pages?.evictions);
}

function addTask(text: Exposition<MetricName>, labels: Labels, task: JobStatus, now: number): void {
  const { counts } = task;
  const [last] = task.checkpoints;
  const add = (name: MetricName, value: number | undefined) => text.add(name, labels, value);
  add("millrace_task_isFailed", task.state === "failed" ? 1 : 0);
  add("millrace_task_numRecordsIn", counts.rows);
  add("millrace_task_numRecordsOut", task.rowsSent);
  add("millrace_task_numRecordsFiltered", counts.filtered);
  add("millrace_task_numLateRecordsDropped", counts.late);
  add("millrace_task_numRecordsBad", counts.bad);
  add("millrace_task_currentInputWatermark", watermarkMs(task.watermark));
  add("millrace_task_pendingRecords", task.lagRecords);
  add("millrace_task_pendingBytes", task.lagBytes);
  add("millrace_task_pendingTimeMs", task.lagMs);
  add("millrace_task_unacknowledgedBytes", task.unacknowledgedBytes);
  add("millrace_task_stateBytes", task.stateBytes);
  const { peers = 0, blobs = 0 } = task.retries ?? {};
  add("millrace_task_numCallRetries", peers + blobs);
  add("millrace_task_openWindows", task.openWindows);
  add("millrace_task_numberOfCompletedCheckpoints", task.checkpointsCompleted);
  add("millrace_task_lastCheckpointDuration", last?.durationMs);
  add("millrace_task_lastCheckpointSize", last?.bytes);
  add("millrace_task_lastCheckpointAgeMs", last && Math.max(0, now - last.at));
}

/** As Flink shows them: none yet is the least of all times, the end of time the greatest. */
function watermarkMs(watermark: bigint): number {
  if (watermark <= minWatermark) return Number.NEGATIVE_INFINITY;
  return watermark >= maxWatermark ? Number.POSITIVE_INFINITY : Number(watermark);
}

function counter<Name extends string>(name: Name, help: string): Metric<Name> {
  return { name, type: "counter", help };
}

function gauge<Name extends string>(name: Name, help: string): Metric<Name> {
  return { name, type: "gauge", help };
}
