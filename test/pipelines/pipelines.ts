/**
 * What a pipeline is: a stream, what is posted to it, jobs over it, and what their views must hold in the
 * end, however the pipeline is run.
 */
import type { JobBody } from "../../src/protocol/job-spec.ts";
import type { StreamBody } from "../../src/protocol/stream-spec.ts";

export interface Pipelines {
  /** Part of the names of the stream and of all jobs. */
  readonly name: string;
  readonly stream: StreamBody;
  /** The events of each request, before the jobs are stopped and begun again, where they are. */
  readonly requests: readonly (readonly object[])[];
  readonly requestsAfter: readonly (readonly object[])[];
  /** Whether the stream is ended behind the last request. */
  readonly ends: boolean;
  readonly jobs: readonly Pipeline[];
}

export interface Pipeline {
  readonly name: string;
  /** Its body, but for the source; all stages behind an exchange have `parallelism` partitions. */
  body(parallelism: number): Omit<JobBody, "source">;
  /** What each of its views holds, in no order; times are milliseconds. The name stands behind the job's. */
  readonly views: Readonly<Record<string, readonly (readonly unknown[])[]>>;
}
