/**
 * A job of several stages in Node: the shards of its streams, one each unless a test brings more, the
 * partitions of its later stages, and the calls between them, which a test can have lost or answered late.
 */

import type { EdgeKind } from "../../src/engine/exchange/edges.ts";
import { channelOf } from "../../src/engine/log/channel-name.ts";
import type { AppendResult } from "../../src/engine/log/records.ts";
import type { OutputCall } from "../../src/engine/partition-outputs.ts";
import type { PartitionIdentity, RpcResult } from "../../src/engine/partition-types.ts";
import { planDataflow } from "../../src/engine/plan/plan-dataflow.ts";
import { type DeployStage, type PlannedStage, planStages } from "../../src/engine/plan/plan-stages.ts";
import type { TaskPlan } from "../../src/engine/plan/task-plan.ts";
import type { SavedPart } from "../../src/engine/savepoint/savepoint-store.ts";
import { TaskRestore } from "../../src/engine/savepoint/task-restore.ts";
import { readTaskState } from "../../src/engine/savepoint/task-state.ts";
import { evenRanges } from "../../src/engine/shard-map.ts";
import type { DataflowDefinition } from "../../src/protocol/dataflow.ts";
import { type JobDefinition, readJobDefinition, sourcesOf } from "../../src/protocol/job-spec.ts";
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

interface Start {
  /** The shards of the job's sources, stream by stream; new ones where none are given. */
  readonly sources?: readonly PartitionHarness[];
  readonly run?: number;
  readonly saved?: SavedJob;
  /** In place of the edge that is planned between the sources and the stage behind them. */
  readonly edge?: EdgeKind;
  /** The shard of each stream that people made and a dataflow appends to. */
  readonly streams?: readonly PartitionHarness[];
}

export class StagesHarness {
  /** The partitions of each stage; those of sources come first. */
  readonly stages: readonly (readonly PartitionHarness[])[];
  readonly #options: HarnessOptions;
  readonly #job: JobDefinition | DataflowDefinition;
  readonly #run: number;
  readonly #streams: readonly PartitionHarness[];
  /** By how many channels a barrier comes to each stage, by generation. */
  readonly #sends: Record<string, number> = {};

  /** Starts the job as a new run, from a savepoint if one is given. */
  constructor(
    options: HarnessOptions,
    job: object,
    { sources, run = 1, saved, edge, streams = [] }: Start = {},
  ) {
    this.#options = options;
    this.#job = "stages" in job ? (job as DataflowDefinition) : readJobDefinition(job);
    this.#run = run;
    this.#streams = streams;
    const shards = byStream(sources) ?? sourcesIn(this.#job).map(() => [new PartitionHarness(options)]);
    const inner: { readonly definition: StreamDefinition; readonly identity: Partial<PartitionIdentity> }[] =
      [];
    const placesOf = (stage: number) =>
      inner[stage - shards.length] ?? (shards[stage]?.[0] as PartitionHarness);
    const planned = planOf(this.#job)(
      shards.map(([first]) => (first as PartitionHarness).definition),
      (definition, from) => {
        const inputs = from.flatMap((stage) => {
          const { identity, definition: read } = placesOf(stage);
          const generation = identity.generation ?? 0;
          const { length } = shards[stage] ?? Array.from({ length: read.shards });
          return Array.from({ length }, (_, shard) => channelOf({ generation, shard }));
        });
        const between = from.filter((stage) => stage >= shards.length);
        const idleTogether = between.map((stage) => placesOf(stage).identity.generation ?? 0);
        const [stream, generation] = [`job/${inner.length + 1}`, 100 * run + inner.length];
        this.#sends[generation] = inputs.length;
        inner.push({
          definition,
          identity: { stream, generation, shardCount: definition.shards, inputs, idleTogether },
        });
        return { stream, generation, mapVersion: 1, partitions: definition.shards };
      },
      streams,
    );
    const behind = inner.map(({ definition, identity }) =>
      evenRanges(definition.shards).map((keyGroups, shard) => {
        return new PartitionHarness({ ...options, definition, identity: { ...identity, shard, keyGroups } });
      }),
    );
    this.stages = [...shards, ...behind];
    for (const [stage, { plan: drawn }] of planned.entries()) {
      const plan = edge && drawn.send ? { ...drawn, send: { ...drawn.send, edge } } : drawn;
      for (const partition of this.stages[stage] ?? []) {
        if (saved) restore(partition, run, plan, saved[stage] ?? []);
        partition.wish({ job: "job", run, state: "running", plan });
      }
    }
  }

  /** The shards of the job's sources. */
  get sources(): readonly PartitionHarness[] {
    return this.stages.slice(0, sourcesIn(this.#job).length).flat();
  }

  /** The partitions that have the view. */
  get last(): readonly PartitionHarness[] {
    return this.stages.at(-1) ?? [];
  }

  /** The shard of the first source. */
  get source(): PartitionHarness {
    return this.sources[0] as PartitionHarness;
  }

  /** Enters a savepoint's barrier; it is complete when everything has come to rest. */
  beginSavepoint(savepoint: number, { drains }: { drains?: true } = {}): void {
    const barrier = { run: this.#run, savepoint, sends: this.#sends, ...(drains && { drains }) };
    for (const source of this.sources) {
      const { generation } = source.identity;
      source.turn(() => source.partition.beginSavepoint(generation, barrier));
    }
  }

  /** What the partitions have to upload of their savepoint. */
  upload(): SavedJob {
    return this.stages.map((stage) => stage.map(uploadOf));
  }

  /** Ends the run and starts the job again from a savepoint, perhaps with another parallelism. */
  restart(saved: SavedJob, job: object): StagesHarness {
    const { sources } = this;
    // Stages of a dataflow are found by name.
    const before = uidsOf(this.#job);
    const found = uidsOf(job)?.map((uid) => saved[before?.indexOf(uid) ?? -1] ?? []) ?? saved;
    for (const source of sources) source.endJob("job", this.#run);
    const streams = this.#streams;
    return new StagesHarness(this.#options, job, { sources, run: this.#run + 1, saved: found, streams });
  }

  get all(): readonly PartitionHarness[] {
    return this.stages.flat();
  }

  append(rows: readonly Row[], source = 0): void {
    this.sources[source]?.append(rows);
  }

  /** Makes all calls that are to be made, each with the next fate. */
  deliver(fateOf: () => Fate = () => "answered"): number {
    const calls = this.all.flatMap((from) =>
      from.partition.outputs.take(from.identity).map((call) => ({ from, call })),
    );
    for (const { from, call } of calls) this.#call(from, call, fateOf());
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

  /** All rows of the view of a stage, of the last one if none is named, as `[…outputs, final]`, sorted. */
  rows(stage = this.stages.length - 1): unknown[][] {
    const rows = (this.stages[stage] ?? []).flatMap((each) => each.rows("job", {}, this.#run));
    return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }

  /** Sums over the partitions that have the view of a stage, of the last one if none is named. */
  counts(stage = this.stages.length - 1): { rows: number; late: number } {
    const statuses = (this.stages[stage] ?? []).flatMap(({ partition }) => partition.jobs.statuses());
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      rows: sum(statuses.map(({ counts }) => counts.rows)),
      late: sum(statuses.map(({ counts }) => counts.late)),
    };
  }

  #call(from: PartitionHarness, call: OutputCall, fate: Fate): void {
    const { generation } = call.to;
    const stage = [...this.stages, ...this.#streams.map((each) => [each])].find(
      ([first]) => first?.identity.generation === generation,
    );
    const receiver = stage?.[call.receiver];
    const { outputs } = from.partition;
    const isLost = fate === "request lost" || !receiver;
    const value = isLost ? [] : receiver.turn(() => receiver.partition.append(call.requests));
    const answer: RpcResult<readonly AppendResult[]> = { ok: true, value };
    if (fate !== "answered" || !outputs.settle(call, answer)) outputs.retry(call);
  }
}

function byStream(sources: Start["sources"]): (readonly PartitionHarness[])[] | undefined {
  return sources && [...Map.groupBy(sources, ({ identity }) => identity.generation).values()];
}

function sourcesIn(job: JobDefinition | DataflowDefinition): readonly unknown[] {
  return "stages" in job ? job.stages.filter(({ source }) => source) : sourcesOf(job);
}

function planOf(job: JobDefinition | DataflowDefinition) {
  return (
    sources: readonly StreamDefinition[],
    deploy: DeployStage,
    streams: readonly PartitionHarness[],
  ): PlannedStage[] => {
    const sinks = new Map(streams.map((each) => [each.identity.stream, sinkOf(each)]));
    return "stages" in job ? planDataflow(job, sources, deploy, sinks) : planStages(job, sources, deploy);
  };
}

function sinkOf({ definition, identity: { stream, generation } }: PartitionHarness) {
  const target = { stream, generation, mapVersion: 1, partitions: 1 };
  return { definition, schemaVersion: 1, target };
}

function uidsOf(job: object): string[] | undefined {
  return "stages" in job ? (job as DataflowDefinition).stages.map(({ uid }) => uid) : undefined;
}

function uploadOf(harness: PartitionHarness): SavedTask {
  const { savepoints } = harness.partition.jobs;
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
}

function restore(
  { partition, ports }: PartitionHarness,
  run: number,
  plan: TaskPlan,
  saved: readonly SavedTask[],
): void {
  const { log, jobs, identity } = partition;
  const context = { sql: ports.sql, log, cache: jobs.cache, identity };
  // A shard goes on with what was its own.
  const taken = identity.inputs ? saved : saved.slice(identity.shard, identity.shard + 1);
  const states = taken.map(({ state }) => readTaskState(state));
  const restoring = new TaskRestore(context, run, plan, {
    position: identity.inputs ? undefined : states[0],
    states,
  });
  for (const state of restoring.order) {
    for (const part of taken[states.indexOf(state)]?.parts ?? []) restoring.addPart(state, part);
  }
  restoring.finish();
  ports.sql.commit();
}
