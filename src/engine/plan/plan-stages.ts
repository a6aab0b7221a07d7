/**
 * The stages of a job: one task in the source's shards, or two with an exchange between them.
 *
 * Where all rows of a key lie in one shard already the job runs there, without a shuffle. Otherwise a first
 * task filters and computes in the shards and sends each row, with the columns that are still needed, to the
 * partition that owns its key. What lies between is planned as a stream of its own, so the second stage is
 * planned like any job.
 */
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import { InputColumns, JobColumns, routingKeyOf, type Wanted } from "./job-columns.ts";
import { planJob } from "./plan-job.ts";
import { planTwoPhases } from "./plan-two-phases.ts";
import type { SendPlan, SendTarget, TaskPlan } from "./task-plan.ts";

/** The tasks of a job, from the source on. `input` is the stream between it and the stage before. */
export interface PlannedStage {
  readonly plan: TaskPlan;
  readonly input: StreamDefinition | undefined;
}

/** Makes the partitions of a stage, which read `input`; returns where they are. */
export type DeployStage = (input: StreamDefinition) => SendTarget;

/** Returns the stages of `job` on `stream`; throws JOB_INVALID or EXPRESSION_INVALID naming the place. */
export function planStages(
  job: JobDefinition,
  stream: StreamDefinition,
  deploy: DeployStage,
): PlannedStage[] {
  const columns = new JobColumns(stream, job);
  const keyed = columns.key(job);
  const parallelism = job.key.length === 0 ? 1 : (job.parallelism ?? stream.shards);
  if (routingKeyOf(stream, keyed) && parallelism === stream.shards) {
    return [{ plan: planJob(job, stream), input: undefined }];
  }
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const time = { name: stream.eventTime.column, expression: columns.get(stream.eventTime.column) };
  const sent = byName([time, ...keyed, ...parameters.flatMap((wanted) => wanted ?? [])]);
  const input: StreamDefinition = {
    columns: sent.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })),
    eventTime: stream.eventTime,
    idleTimeoutMs: stream.idleTimeoutMs,
    idle: stream.idle,
    distributionKey: job.key,
    shards: parallelism,
    retention: { timeMs: 0, bytesPerShard: 0 },
  };
  const { filter: _, ...rest } = job;
  const inner: JobDefinition = {
    ...rest,
    startFrom: "earliest",
    columns: [],
    aggregates: job.aggregates.map((aggregate, index) => {
      const argument = parameters[index]?.name;
      return argument === undefined ? aggregate : { ...aggregate, argument };
    }),
  };
  const whole = planJob(inner, input);
  const { send, ...first } = planSending(job, stream, columns, sent);
  const phases = job.twoPhase === false ? { last: whole, input, send } : planTwoPhases(whole, input, send);
  return [
    { plan: { ...first, send: { ...phases.send, to: deploy(phases.input) } }, input: undefined },
    { plan: phases.last, input: phases.input },
  ];
}

/** The task in the shards: it keeps nothing and sends on the columns `sent`. */
function planSending(
  job: JobDefinition,
  stream: StreamDefinition,
  columns: JobColumns,
  sent: readonly Wanted[],
): Omit<TaskPlan, "send"> & { readonly send: Omit<SendPlan, "to"> } {
  const filter = job.filter === undefined ? undefined : bindCondition(job.filter, columns, ["filter"]);
  const inputs = new InputColumns(stream, sent, filter);
  const columnOf = (name: string) => {
    const wanted = sent.find((candidate) => candidate.name === name);
    return wanted ? inputs.indexOf(wanted.expression) : 0;
  };
  const { sourceColumns, computed } = inputs;
  return {
    planVersion: 2,
    source: job.source,
    startFrom: job.startFrom,
    sourceColumns,
    computedColumns: computed.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })),
    program: compileProgram({
      sourceColumns,
      computed: computed.map(({ expression }) => expression),
      filter,
    }),
    eventTimeColumn: columnOf(stream.eventTime.column),
    key: [],
    routingKey: [],
    window: null,
    accumulators: [],
    outputs: [],
    latenessMs: 0,
    retentionMs: null,
    send: {
      columns: sent.map(({ name, expression: { type, nullable } }) => {
        return { name, type, nullable, from: { from: "column", column: columnOf(name) } };
      }),
      key: job.key.map(columnOf),
    },
  };
}

/** Columns of the same name are the same. */
function byName(wanted: readonly Wanted[]): Wanted[] {
  return [...new Map(wanted.map((column) => [column.name, column])).values()];
}
