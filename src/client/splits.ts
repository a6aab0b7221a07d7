/**
 * Splits of partitions as typed calls: of a stream's shards, and of a job's stages behind an exchange.
 */
import type { SplitAnswer } from "../protocol/answers.ts";
import type { ShardSplitBody, StageSplitBody } from "../protocol/split-body.ts";
import type { Connection } from "./connection.ts";

/** A split of a partition of one of a job's stages. */
export type StageSplitAnswer = SplitAnswer & { readonly stage: number };

export class Splits {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Splits a shard in two. The answer may come while it is still `running`: `ofStream` lists it. */
  async splitShard(stream: string, body: ShardSplitBody): Promise<SplitAnswer> {
    return await this.#connection.call("POST", pathOf("streams", stream), { json: body });
  }

  /** Splits a partition of a job's stage in two. */
  async splitStage(job: string, body: StageSplitBody): Promise<SplitAnswer> {
    return await this.#connection.call("POST", pathOf("jobs", job), { json: body });
  }

  /** The splits of a stream's shards, newest first. */
  async ofStream(stream: string): Promise<readonly SplitAnswer[]> {
    const answer = await this.#connection.call<{ splits: SplitAnswer[] }>("GET", pathOf("streams", stream));
    return answer.splits;
  }

  /** The splits of the partitions of a job's stages, newest first. */
  async ofJob(job: string): Promise<readonly StageSplitAnswer[]> {
    const answer = await this.#connection.call<{ splits: StageSplitAnswer[] }>("GET", pathOf("jobs", job));
    return answer.splits;
  }
}

function pathOf(kind: "streams" | "jobs", name: string): string {
  return `/v1/${kind}/${encodeURIComponent(name)}/splits`;
}
