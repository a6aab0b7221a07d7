/**
 * What the coordinator is asked and what it answers: the face of its object. Plain values, they cross RPC as
 * they are.
 *
 * Facts are what workers keep in memory to route by. They may be old: a partition that knows better answers
 * MAP_STALE and the worker asks again.
 */
import type { Schema } from "../../columnar/schema.ts";
import type { ProducerName } from "../../engine/log/producer-changes.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { TaskPlan } from "../../engine/plan/task-plan.ts";
import type { KeyGroupRange } from "../../engine/shard-map.ts";
import type {
  JobAnswer,
  JobStatusAnswer,
  SavepointAnswer,
  SplitAnswer,
  StreamAnswer,
  StreamStatusAnswer,
} from "../../protocol/answers.ts";
import type { MendingWish, RunState } from "../../protocol/mending-body.ts";
import type { SavepointWish } from "../../protocol/savepoint-body.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import type { AnyJobDefinition, JobStart } from "./job-definitions.ts";

/** What it takes to send a row of a stream to its shard. */
export interface StreamFacts {
  readonly stream: string;
  readonly generation: number;
  readonly mapVersion: number;
  /** Key groups of each shard. */
  readonly ranges: readonly KeyGroupRange[];
  readonly schema: Schema;
  readonly eventTimeColumn: number;
  readonly outOfOrdernessMs: number;
  /** Indices of columns; empty: rows may go to any shard. */
  readonly distributionKey: readonly number[];
  /** Whether a producer is registered before it sends. */
  readonly waitsForProducers: boolean;
  /** Whether rejected records are only counted; absent: they are kept. */
  readonly deadLetters?: "count";
}

/** Partitions that tasks of one stage run in: the shards of the stream that the stage reads. */
export interface StagePartitions {
  readonly stream: string;
  readonly generation: number;
  readonly mapVersion: number;
  /** Key groups of each shard. */
  readonly ranges: readonly KeyGroupRange[];
}

/** A stage that leads to a view, and the generation of the next one on the way. */
export interface StageBefore extends StagePartitions {
  readonly to: number;
}

/** What it takes to read a view of a job: where the stage that keeps it is, and its plan. */
export interface JobFacts extends StagePartitions {
  readonly view: string;
  readonly job: string;
  readonly run: number;
  readonly plan: TaskPlan;
  /** Of a view that is a table of SQL: how its rows are made. */
  readonly shape?: TableShape;
  /** The stages that lead to that one, from the sources on. */
  readonly before: readonly StageBefore[];
}

/** A producer that is going to send to a stream. */
export interface ProducerRegistration extends ProducerName {
  readonly stream: string;
  readonly generation: number;
  /** The number under which a shard refused it; absent for one that the worker does not know. */
  readonly refused?: number;
}

export interface Put<Answer> {
  readonly isNew: boolean;
  readonly answer: Answer;
}

/** No method throws for what can happen: it answers `ok: false`. */
export interface CoordinatorRpc {
  streamFacts(name: string): Promise<RpcResult<StreamFacts>>;
  jobFacts(view: string): Promise<RpcResult<JobFacts>>;
  putStream(name: string, definition: StreamDefinition): Promise<RpcResult<Put<StreamAnswer>>>;
  stream(name: string): Promise<RpcResult<StreamStatusAnswer>>;
  streams(): Promise<RpcResult<readonly StreamAnswer[]>>;
  deleteStream(name: string): Promise<RpcResult<null>>;
  /** `start` is for a dataflow, which does not say it itself. */
  putJob(name: string, definition: AnyJobDefinition, start?: JobStart): Promise<RpcResult<Put<JobAnswer>>>;
  job(name: string): Promise<RpcResult<JobStatusAnswer>>;
  jobs(): Promise<RpcResult<readonly JobAnswer[]>>;
  /** `without`: what a failed job is to go on without. */
  setJobState(name: string, state: RunState, without?: MendingWish): Promise<RpcResult<JobAnswer>>;
  deleteJob(name: string): Promise<RpcResult<null>>;
  /** Has a job end when this is not called again within `leaseMs`. */
  renewLease(name: string): Promise<RpcResult<null>>;
  /**
   * Takes a savepoint of a running job; answers when it is complete, or after some seconds while it goes on.
   */
  createSavepoint(job: string, wish: SavepointWish): Promise<RpcResult<SavepointAnswer>>;
  /** Newest first; also those of jobs that are gone. */
  savepoints(job: string): Promise<RpcResult<readonly SavepointAnswer[]>>;
  savepoint(savepoint: number): Promise<RpcResult<SavepointAnswer>>;
  deleteSavepoint(savepoint: number): Promise<RpcResult<null>>;
  /**
   * Splits a shard at a key group, or in the middle of its range; answers when the state has moved, or after
   * some seconds while it goes on.
   */
  splitStream(name: string, shard: number, keyGroup: number | undefined): Promise<RpcResult<SplitAnswer>>;
  /** Splits a partition of a job's stage behind an exchange in the same way. */
  splitStage(
    job: string,
    stage: number,
    partition: number,
    keyGroup: number | undefined,
  ): Promise<RpcResult<SplitAnswer>>;
  /** Newest first. */
  splitsOfStream(name: string): Promise<RpcResult<readonly SplitAnswer[]>>;
  splitsOfJob(job: string): Promise<RpcResult<readonly (SplitAnswer & { readonly stage: number })[]>>;
  /**
   * Makes a producer live in all shards of a stream; answers the number that its frames are to bear. Throws
   * `MAP_STALE` where the stream is another one by now, `PRODUCERS_TOO_MANY`, `PARTITION_UNAVAILABLE`.
   */
  registerProducer(registration: ProducerRegistration): Promise<RpcResult<number>>;
  /** A shard tells that it left idleness, so that its idle siblings get ticks. */
  shardActive(stream: string, generation: number, shard: number): Promise<RpcResult<null>>;
}
