/**
 * The stages of a dataflow as tasks: what each partition runs, and what travels between them.
 *
 * Plans are of the same form as those of other jobs; what is particular is their chain. Throws JOB_INVALID
 * for a dataflow that cannot run; nothing is deployed then.
 */
import { EngineError } from "../../base/errors.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { DataflowDefinition, DataflowStage, SourceDefinition } from "../../protocol/dataflow.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { ChainSource, PrintPlan } from "./chain-plan.ts";
import { type ExchangeColumns, exchangeColumnsOf, firstKeyColumn, tagName } from "./exchange-columns.ts";
import { planChainEdges } from "./plan-chain-edges.ts";
import { planResult } from "./plan-chain-result.ts";
import type { SinkStreams } from "./plan-sink.ts";
import type { DeployStage, PlannedStage } from "./plan-stages.ts";
import type { SourceColumn, TaskPlan } from "./task-plan.ts";

/** A stage as it is planned, before there are partitions that it could send to. */
interface Draft {
  readonly stage: DataflowStage;
  /** What it reads, be it a stream that people made or what lies between. */
  readonly reads: StreamDefinition;
  readonly exchange: ExchangeColumns | undefined;
  readonly from: readonly number[];
  readonly ports: readonly (readonly SqlType[])[];
}

/** Returns the tasks of each stage on the streams that it reads, in the order of its first stages. */
export function planDataflow(
  dataflow: DataflowDefinition,
  sources: readonly StreamDefinition[],
  deploy: DeployStage,
  sinks: SinkStreams = new Map(),
): PlannedStage[] {
  const drafts: Draft[] = [];
  for (const [index, stage] of dataflow.stages.entries()) {
    drafts.push(draftOf(stage, sources[index], drafts, sources));
  }
  const plans = drafts.map((draft) => planStage(dataflow, draft));
  const nowhere = { stream: "", generation: 0, mapVersion: 0, partitions: 1 };
  // What cannot be sent is found before anything is deployed.
  for (const [index] of drafts.entries()) planChainEdges(index, drafts, () => nowhere, sinks);
  const targets = drafts.map(({ reads, from, exchange }) => exchange && deploy(reads, from));
  return drafts.map(({ stage, reads, from, exchange }, index): PlannedStage => {
    const edges = planChainEdges(index, drafts, (to) => targets[to] ?? nowhere, sinks);
    const plan: TaskPlan = { ...(plans[index] as TaskPlan), ...(edges.length > 0 && { edges }) };
    return { plan, input: exchange && reads, from, operator: stage.uid };
  });
}

function draftOf(
  stage: DataflowStage,
  source: StreamDefinition | undefined,
  before: readonly Draft[],
  sources: readonly StreamDefinition[],
): Draft {
  if (stage.source) {
    if (!source) throw refusal(stage, "reads a stream behind stages that read none");
    checkDistribution(stage, stage.source, source);
    const ports = [stage.source.columns.map(({ type }) => type)];
    return { stage, reads: source, exchange: undefined, from: [], ports };
  }
  const inputs = stage.inputs ?? [];
  if (inputs.length === 0) throw refusal(stage, "reads nothing");
  const exchange = exchangeColumnsOf(inputs);
  const from = [...new Set(inputs.map((input) => input.stage))].sort((one, other) => one - other);
  if (from.some((each) => each >= before.length)) throw refusal(stage, "reads a stage behind it");
  const isKeyed = inputs.some(({ key }) => key.length > 0);
  const shards = stage.parallelism ?? (isKeyed ? Math.max(...sources.map((each) => each.shards)) : 1);
  if (!isKeyed && shards > 1) throw refusal(stage, "has no key, and more than one partition");
  const reads: StreamDefinition = {
    columns: exchange.columns,
    eventTime: { column: tagName, outOfOrdernessMs: 0 },
    idleTimeoutMs: Math.max(...sources.map(({ idleTimeoutMs }) => idleTimeoutMs)),
    idle: sources.every(({ idle }) => idle === "advance") ? "advance" : "wait",
    distributionKey: exchange.columns.slice(firstKeyColumn).map(({ name }) => name),
    shards,
    retention: { timeMs: 0, bytesPerShard: 0 },
  };
  return { stage, reads, exchange, from, ports: inputs.map(({ types }) => types) };
}

/** What is kept by a key in the shards is right only where the stream is as the dataflow was planned for. */
function checkDistribution(
  stage: DataflowStage,
  { stream, distribution }: SourceDefinition,
  { distributionKey }: StreamDefinition,
): void {
  if (!distribution || JSON.stringify(distribution) === JSON.stringify(distributionKey)) return;
  const found = distributionKey.length === 0 ? "no columns" : distributionKey.join(", ");
  throw refusal(
    stage,
    `counts on stream "${stream}" being distributed by ${distribution.join(", ")}, and it is by ${found}; ` +
      "say so in the table's DISTRIBUTED BY",
  );
}

function planStage({ timeZone }: DataflowDefinition, { stage, reads, exchange, ports }: Draft): TaskPlan {
  const { source, operators, sinks, kept } = stage;
  const columns = source ? sourceColumnsOf(stage, source, reads) : columnsOf(reads);
  const result = planResult(stage, reads);
  const prints = sinks.flatMap((sink): PrintPlan[] => {
    if (sink.sink !== "print") return [];
    return [{ name: sink.name, of: sink.of, types: sink.columns.map(({ type }) => type) }];
  });
  const route = reads.distributionKey.map((name) => columns.findIndex((column) => column.name === name));
  return {
    planVersion: 2,
    source: source?.stream ?? stage.uid,
    startFrom: "earliest",
    sourceColumns: columns,
    computedColumns: [],
    program: compileProgram({ sourceColumns: columns, computed: [], filter: undefined }),
    eventTimeColumn: 0,
    window: null,
    latenessMs: 0,
    ...result.plan,
    chain: {
      timeZone,
      ...(source && { source: chainSourceOf(source, columns) }),
      ports,
      route: exchange && !exchange.keyLanes ? [firstKeyColumn] : route,
      operators,
      ...(kept && { kept }),
      ...(result.chain && { result: result.chain }),
      ...(prints.length > 0 && { prints }),
    },
  };
}

/** The columns of port 0 that lie in rows; behind them the kind, and what rows are distributed by. */
function sourceColumnsOf(
  stage: DataflowStage,
  { stream, columns, kindColumn }: SourceDefinition,
  { columns: all, distributionKey }: StreamDefinition,
): SourceColumn[] {
  const names = columns.flatMap(({ name, metadata }) => (metadata ? [] : [name]));
  const further = [...(kindColumn === undefined ? [] : [kindColumn]), ...distributionKey];
  return [...names, ...further.filter((name) => !names.includes(name))].map((name) => {
    const streamColumn = all.findIndex((column) => column.name === name);
    const found = all[streamColumn];
    if (!found) throw refusal(stage, `reads a column "${name}" that stream "${stream}" does not have`);
    return { name, type: found.type, nullable: found.nullable, streamColumn };
  });
}

function columnsOf({ columns }: StreamDefinition): SourceColumn[] {
  return columns.map(({ name, type, nullable }, streamColumn) => ({ name, type, nullable, streamColumn }));
}

function chainSourceOf(
  { columns, watermark, kindColumn }: SourceDefinition,
  sourceColumns: readonly SourceColumn[],
): ChainSource {
  const kind = sourceColumns.findIndex(({ name }) => name === kindColumn);
  return { columns, ...(watermark && { watermark }), ...(kind >= 0 && { kindColumn: kind }) };
}

function refusal({ uid }: DataflowStage, why: string): EngineError {
  return new EngineError("JOB_INVALID", { message: `Stage "${uid}" ${why}.`, details: { stage: uid } });
}
