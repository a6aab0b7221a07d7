/**
 * A job of two stages in Node: one shard of its stream, the partitions of its second stage, and the calls
 * between them, which a test can have lost or answered late.
 */

import type { AppendResult } from "../../src/engine/log/records.ts";
import type { OutputCall } from "../../src/engine/partition-outputs.ts";
import type { RpcResult } from "../../src/engine/partition-types.ts";
import { planStages } from "../../src/engine/plan/plan-stages.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import type { StreamDefinition } from "../../src/protocol/stream-spec.ts";
import { type HarnessOptions, PartitionHarness, type Row } from "./partition-harness.ts";

/** What becomes of a call between the stages. */
export type Fate = "answered" | "request lost" | "answer lost";

const innerGeneration = 2;

/** Work and deliveries after which everything must be at rest. */
const roundsMax = 1000;

export class StagesHarness {
  readonly source: PartitionHarness;
  readonly stage: readonly PartitionHarness[];

  constructor(options: HarnessOptions, job: object) {
    this.source = new PartitionHarness(options);
    const inner: StreamDefinition[] = [];
    const [first, second] = planStages(readJobDefinition(job), this.source.definition, (input) => {
      inner.push(input);
      return { stream: "job/1", generation: innerGeneration, mapVersion: 1, partitions: input.shards };
    });
    const [definition] = inner;
    if (!first || !second || !definition) throw new Error("the job has one stage");
    this.stage = Array.from({ length: definition.shards }, (_, shard) => {
      const identity = { stream: "job/1", generation: innerGeneration, shard, inputs: ["1.0"] };
      const partition = new PartitionHarness({ ...options, definition, identity });
      partition.wish({ job: "job", run: 1, state: "running", plan: second.plan });
      return partition;
    });
    this.source.wish({ job: "job", run: 1, state: "running", plan: first.plan });
  }

  get all(): readonly PartitionHarness[] {
    return [this.source, ...this.stage];
  }

  append(rows: readonly Row[]): void {
    this.source.append(rows);
  }

  /** Makes all calls that are to be made, each with the next fate. */
  deliver(fateOf: () => Fate = () => "answered"): number {
    const { partition, identity } = this.source;
    const calls = partition.outputs.take(identity);
    for (const call of calls) this.#call(call, fateOf());
    return calls.length;
  }

  /** Works and delivers until nothing is left. */
  settle(): void {
    for (let rounds = 0; rounds < roundsMax; rounds++) {
      for (const each of this.all) each.settle();
      if (this.deliver() === 0) return;
    }
    throw new Error("the stages do not come to rest");
  }

  /** All rows of the view as `[…outputs, final]`, sorted. */
  rows(): unknown[][] {
    const rows = this.stage.flatMap((each) => each.rows("job"));
    return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Sums over the partitions of the second stage. */
  counts(): { rows: number; late: number } {
    const statuses = this.stage.flatMap(({ partition }) => partition.jobs.statuses());
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      rows: sum(statuses.map(({ counts }) => counts.rows)),
      late: sum(statuses.map(({ counts }) => counts.late)),
    };
  }

  #call(call: OutputCall, fate: Fate): void {
    const receiver = this.stage[call.receiver];
    const { outputs } = this.source.partition;
    const isLost = fate === "request lost" || !receiver;
    const value = isLost ? [] : receiver.turn(() => receiver.partition.append(call.requests));
    const answer: RpcResult<readonly AppendResult[]> = { ok: true, value };
    if (fate !== "answered" || !outputs.settle(call, answer)) outputs.retry(call);
  }
}
