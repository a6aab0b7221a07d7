/**
 * What all partitions say of themselves at one time: the source of metrics.
 *
 * One call per partition, all at once; one that does not answer in time is missing.
 */
import { surveyedPartitionsMax } from "../../base/limits.ts";
import type { PartitionStatus, RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import { Catalog, type JobEntry, type StreamEntry } from "../coordinator/catalog.ts";
import { shardCountOf } from "../coordinator/shard-ranges.ts";
import { statusesOf } from "../coordinator/watermark-ticks.ts";
import { resultOf } from "../rpc-result.ts";
import type { Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";

/** Partitions of a stream, or of a stage of a job that lies behind an exchange. */
export interface SurveyedPartitions {
  /** The stream that people made; of a stage the name of what lies before it. */
  readonly stream: string;
  /** Undefined where one did not answer. */
  readonly statuses: readonly (PartitionStatus | undefined)[];
  readonly generation: number;
}

export interface SurveyedJob {
  readonly job: string;
  readonly run: number;
  readonly state: "running" | "paused";
  /** Generations of what its stages read, by the stage's number. */
  readonly stages: readonly number[];
}

export interface Survey {
  /** When it was asked, in ms. */
  readonly at: number;
  readonly partitions: readonly SurveyedPartitions[];
  readonly jobs: readonly SurveyedJob[];
  /** Partitions beyond the number that is asked. */
  readonly unasked: number;
}

/** No method throws for what can happen: it answers `ok: false`. */
export interface SurveyRpc {
  survey(): Promise<RpcResult<Survey>>;
}

export interface SurveyPorts {
  readonly sql: SqlStorage;
  readonly shards: Shards;
  readonly clock: WallClock;
}

export class PartitionSurvey implements SurveyRpc {
  readonly #ports: SurveyPorts;
  readonly #catalog: Catalog;

  constructor(ports: SurveyPorts) {
    this.#ports = ports;
    this.#catalog = new Catalog(ports.sql);
  }

  survey(): Promise<RpcResult<Survey>> {
    return resultOf(() => this.#make());
  }

  async #make(): Promise<Survey> {
    const { shards, clock } = this.#ports;
    const jobs = this.#catalog.jobs();
    const asked: StreamEntry[] = [];
    let [count, unasked] = [0, 0];
    for (const stream of this.#streamsOf(jobs)) {
      const partitions = shardCountOf(stream);
      if (count + partitions > surveyedPartitionsMax) unasked += partitions;
      else asked.push(stream);
      count += partitions;
    }
    const at = clock.now();
    const partitions = asked.map(async (stream) => ({
      stream: stream.name,
      generation: stream.generation,
      statuses: await statusesOf(stream, shards, clock),
    }));
    return {
      at,
      partitions: await Promise.all(partitions),
      jobs: jobs.flatMap(({ name: job, run, state, stages }) => {
        if (state === "deleted") return [];
        return [{ job, run, state, stages: stages.map(({ generation }) => generation) }];
      }),
      unasked,
    };
  }

  /** Those that people made, then what lies between the stages of jobs. */
  #streamsOf(jobs: readonly JobEntry[]): StreamEntry[] {
    const between = jobs.flatMap((job) =>
      this.#catalog.streamsOf(job).filter(({ definition }) => definition.inputs !== undefined),
    );
    return [...this.#catalog.streams(), ...between];
  }
}
