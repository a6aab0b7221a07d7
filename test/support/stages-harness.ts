/**
 * A job of several stages in Node: one shard of its stream, the partitions of its further stages, and the
 * calls between them, which a test can have lost or answered late.
 */

import { channelOf } from "../../src/engine/log/channel-name.ts";
import type { AppendResult } from "../../src/engine/log/records.ts";
import type { OutputCall } from "../../src/engine/partition-outputs.ts";
import type { RpcResult } from "../../src/engine/partition-types.ts";
import { planStages } from "../../src/engine/plan/plan-stages.ts";
import type { TaskPlan } from "../../src/engine/plan/task-plan.ts";
import type { SavedPart } from "../../src/engine/savepoint/savepoint-store.ts";
import { TaskRestore } from "../../src/engine/savepoint/task-restore.ts";
import { readTaskState } from "../../src/engine/savepoint/task-state.ts";
import { evenRanges } from "../../src/engine/shard-map.ts";
import { readJobDefinition } from "../../src/protocol/job-spec.ts";
import type { StreamDefinition } from "../../src/protocol/stream-spec.ts";
import { type HarnessOptions, PartitionHarness, type Row } from "./partition-harness.ts";

/** What becomes of a call between the stages. */
export type Fate = "answered" | "request lost" | "answer lost";

/** Work and deliveries after which everything must be at rest. */
const roundsMax = 1000;

/** What a savepoint holds of one partition. */
export interface SavedTask {
  readonly state: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

/** The partitions of a savepoint, stage by stage. */
export type SavedJob = readonly (readonly SavedTask[])[];

export class StagesHarness {
  readonly source: PartitionHarness;
  /** The stages behind the source's. */
  readonly #behind: readonly (readonly PartitionHarness[])[];
  readonly #options: HarnessOptions;
  readonly #run: number;

  /** Starts the job as a new run, on a new shard or on `source`; from a savepoint, if one is given. */
  constructor(
    options: HarnessOptions,
    job: object,
    { source, run = 1, saved }: { source?: PartitionHarness; run?: number; saved?: SavedJob } = {},
  ) {
    this.#options = options;
    this.#run = run;
    this.source = source ?? new PartitionHarness(options);
    const inner: StreamDefinition[] = [];
    const plans = planStages(readJobDefinition(job), this.source.definition, (input) => {
      inner.push(input);
      const number = inner.length;
      return {
        ...{ stream: `job/${number}`, generation: generationOf(run, number) },
        ...{ mapVersion: 1, partitions: input.shards },
      };
    }).map(({ plan }) => plan);
    if (inner.length === 0) throw new Error("the job has one stage");
    let senders = [this.source];
    this.#behind = inner.map((definition, index) => {
      const inputs = senders.map(({ identity }) => channelOf(identity));
      senders = evenRanges(definition.shards).map((keyGroups, shard) => {
        const generation = generationOf(run, index + 1);
        const shardCount = definition.shards;
        const identity = { stream: `job/${index + 1}`, generation, shard, shardCount, keyGroups, inputs };
        return new PartitionHarness({ ...options, definition, identity });
      });
      return senders;
    });
    this.stages.forEach((partitions, index) => {
      const plan = plans[index] as TaskPlan;
      for (const partition of partitions) {
        if (saved) restore(partition, run, plan, saved[index] ?? []);
        partition.wish({ job: "job", run, state: "running", plan });
      }
    });
  }

  /** The partitions of each stage; of the first, the source's shard. */
  get stages(): readonly (readonly PartitionHarness[])[] {
    return [[this.source], ...this.#behind];
  }

  /** Enters a savepoint's barrier; it is complete when everything has come to rest. */
  beginSavepoint(savepoint: number, { drains }: { drains?: true } = {}): void {
    const barrier = { run: this.#run, savepoint, ...(drains && { drains }) };
    this.source.turn(() => this.source.partition.beginSavepoint(1, barrier));
  }

  /** What the partitions have to upload of their savepoint. */
  upload(): SavedJob {
    const save = (harness: PartitionHarness): SavedTask => {
      const { partition } = harness;
      const { savepoints } = partition.jobs;
      const parts = new Map<number, Uint8Array>();
      for (let part = savepoints.nextPart(); part; part = savepoints.nextPart()) {
        const { part: number, body } = part;
        parts.set(number, body);
        const done: SavedPart = part;
        harness.turn(() => savepoints.uploaded(done));
      }
      const state = parts.get(-1);
      if (!state) throw new Error("a partition has not been saved");
      parts.delete(-1);
      return { state, parts: [...parts.values()] };
    };
    return this.stages.map((partitions) => partitions.map(save));
  }

  /** Ends the run and starts the job again from a savepoint, perhaps with another parallelism. */
  restart(saved: SavedJob, job: object): StagesHarness {
    const run = this.#run + 1;
    this.source.endJob("job", this.#run);
    return new StagesHarness(this.#options, job, { source: this.source, run, saved });
  }

  get all(): readonly PartitionHarness[] {
    return this.stages.flat();
  }

  append(rows: readonly Row[]): void {
    this.source.append(rows);
  }

  /** Makes all calls that are to be made, each with the next fate. */
  deliver(fateOf: () => Fate = () => "answered"): number {
    let made = 0;
    for (const sender of this.all) {
      const calls = sender.partition.outputs.take(sender.identity);
      for (const call of calls) this.#call(sender, call, fateOf());
      made += calls.length;
    }
    return made;
  }

  /** Works and delivers until nothing is left. */
  settle(): void {
    for (let rounds = 0; rounds < roundsMax; rounds++) {
      for (const each of this.all) each.settle();
      if (this.deliver() === 0) return;
    }
    throw new Error("the stages do not come to rest");
  }

  /** All rows of the view of a stage, of the last one if none is named, as `[…outputs, final]`, sorted. */
  rows(stage = this.#behind.length): unknown[][] {
    const rows = (this.stages[stage] ?? []).flatMap((each) => each.rows("job", {}, this.#run));
    return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Sums over the partitions of the last stage. */
  counts(): { rows: number; late: number } {
    const statuses = (this.#behind.at(-1) ?? []).flatMap(({ partition }) => partition.jobs.statuses());
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      rows: sum(statuses.map(({ counts }) => counts.rows)),
      late: sum(statuses.map(({ counts }) => counts.late)),
    };
  }

  #call(sender: PartitionHarness, call: OutputCall, fate: Fate): void {
    const next = this.stages.findIndex((partitions) => partitions.includes(sender)) + 1;
    const receiver = this.stages[next]?.[call.receiver];
    const { outputs } = sender.partition;
    const isLost = fate === "request lost" || !receiver;
    const value = isLost ? [] : receiver.turn(() => receiver.partition.append(call.requests));
    const answer: RpcResult<readonly AppendResult[]> = { ok: true, value };
    if (fate !== "answered" || !outputs.settle(call, answer)) outputs.retry(call);
  }
}

/** The generation of the stream before a stage, the source's being 1. */
function generationOf(run: number, stage: number): number {
  return 1 + run * 16 + stage;
}

function restore(
  { partition, ports }: PartitionHarness,
  run: number,
  plan: TaskPlan,
  saved: readonly SavedTask[],
): void {
  const { log, jobs, identity } = partition;
  const context = { sql: ports.sql, log, cache: jobs.cache, identity };
  const states = saved.map(({ state }) => readTaskState(state));
  const restoring = new TaskRestore(context, run, plan, {
    position: identity.inputs ? undefined : states[0],
    states,
  });
  for (const state of restoring.order) {
    for (const part of saved[states.indexOf(state)]?.parts ?? []) restoring.addPart(state, part);
  }
  restoring.finish();
  ports.sql.commit();
}
