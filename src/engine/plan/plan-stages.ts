/**
 * The stages of a job: which tasks it has, and what travels between them.
 *
 * Where all rows of a key lie in one shard already the first step runs there, without a shuffle. Otherwise a
 * task filters and computes in the shards and sends each row, with the columns that are still needed, to the
 * partition that owns its key. What lies between is planned as a stream of its own, so the stage behind it is
 * planned like any job. So is a step over the results of the one before: these are a stream whose event time
 * is the last millisecond of their window.
 */
import type { JobDefinition, StepDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import { InputColumns, JobColumns, routingKeyOf, type Wanted } from "./job-columns.ts";
import { planJob } from "./plan-job.ts";
import { planTwoPhases } from "./plan-two-phases.ts";
import { hasWeights, planWeights, weightColumn } from "./plan-weights.ts";
import { checkLane, checkStep, inStep, isChanging, streamOfResults } from "./stream-of-results.ts";
import type { SendPlan, SendTarget, TaskPlan } from "./task-plan.ts";

/** The tasks of a job, from the source on. `input` is the stream between it and the stage before. */
export interface PlannedStage {
  readonly plan: TaskPlan;
  readonly input: StreamDefinition | undefined;
}

/** Makes the partitions of a stage, which read `input`; returns where they are. */
export type DeployStage = (input: StreamDefinition) => SendTarget;

/** A job's stage behind an exchange, and what is sent to it. */
interface Exchange {
  readonly sending: Sending;
  readonly input: StreamDefinition;
  readonly last: TaskPlan;
}

/** What runs before rows travel; only the partitions that they go to are still to be made. */
type Sending = Omit<TaskPlan, "send"> & { readonly send: Omit<SendPlan, "to"> };

/**
 * Returns the stages of `job` on `stream`; throws JOB_INVALID or EXPRESSION_INVALID naming the place. Nothing
 * is deployed unless all stages are planned.
 */
export function planStages(
  job: JobDefinition,
  stream: StreamDefinition,
  deploy: DeployStage,
): PlannedStage[] {
  const steps = job.steps ?? [];
  const sendsChanges = (step: StepDefinition, next: number) =>
    next < steps.length && isChanging(step.window, step.allowedLatenessMs);
  const local = planLocally(job, stream, sendsChanges(job, 0));
  const first = local ? undefined : planExchange(job, stream, sendsChanges(job, 0));
  const exchanges: Exchange[] = [];
  let before = { plan: (local ?? first?.last) as TaskPlan, stream: first?.input ?? stream };
  steps.forEach((step, index) => {
    const exchange = inStep(index, () => {
      const results = streamOfResults(before.plan, before.stream);
      checkStep(step, before.plan);
      const definition = { ...step, source: job.source, startFrom: "earliest" } as const;
      return planExchange(definition, results, sendsChanges(step, index + 1));
    });
    exchanges.push(exchange);
    before = { plan: exchange.last, stream: exchange.input };
  });
  const stages: PlannedStage[] = [];
  if (first) {
    const { sending, input } = first;
    const plan = { ...sending, send: { ...sending.send, to: deploy(input) } };
    stages.push({ plan, input: undefined });
  }
  let plan = (local ?? first?.last) as TaskPlan;
  let input = first?.input;
  for (const { sending, input: next, last } of exchanges) {
    const { sourceColumns, program, send } = sending;
    const emit = { sourceColumns, program, send: { ...send, to: deploy(next) } };
    stages.push({ plan: { ...plan, emit }, input });
    plan = last;
    input = next;
  }
  return [...stages, { plan, input }];
}

/** The plan of a job that needs no exchange; undefined for others. */
function planLocally(
  job: JobDefinition,
  stream: StreamDefinition,
  sendsChanges: boolean,
): TaskPlan | undefined {
  const keyed = new JobColumns(stream, job).key(job);
  const parallelism = parallelismOf(job, stream);
  if (!routingKeyOf(stream, keyed) || parallelism !== stream.shards) return undefined;
  return planJob(job, stream, sendsChanges);
}

function parallelismOf({ key, parallelism }: JobDefinition, stream: StreamDefinition): number {
  return key.length === 0 ? 1 : (parallelism ?? stream.shards);
}

function planExchange(job: JobDefinition, stream: StreamDefinition, sendsChanges: boolean): Exchange {
  const columns = new JobColumns(stream, job);
  const keyed = columns.key(job);
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const time = { name: stream.eventTime.column, expression: columns.get(stream.eventTime.column) };
  const weight = hasWeights(stream) ? columns.get(weightColumn) : undefined;
  const sent = byName([
    ...[time, ...keyed, ...parameters.flatMap((wanted) => wanted ?? [])],
    ...(weight ? [{ name: weightColumn, expression: weight }] : []),
  ]);
  const input: StreamDefinition = {
    columns: sent.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })),
    eventTime: stream.eventTime,
    idleTimeoutMs: stream.idleTimeoutMs,
    idle: stream.idle,
    distributionKey: job.key,
    shards: parallelismOf(job, stream),
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
  const plain = { sent, input, last: planJob(inner, input, sendsChanges) };
  const whole = weight ? planWeights(plain, weight) : plain;
  const { send, ...first } = planSending(job, stream, columns, whole.sent);
  const phases = job.twoPhase === false ? { ...whole, send } : planTwoPhases(whole.last, whole.input, send);
  return { sending: { ...first, send: phases.send }, input: phases.input, last: phases.last };
}

/** The task in the shards: it keeps nothing and sends on the columns `sent`. */
function planSending(
  job: JobDefinition,
  stream: StreamDefinition,
  columns: JobColumns,
  sent: readonly Wanted[],
): Sending {
  const filter = job.filter === undefined ? undefined : bindCondition(job.filter, columns, ["filter"]);
  const inputs = new InputColumns(stream, sent, filter);
  const columnOf = (name: string) => {
    const wanted = sent.find((candidate) => candidate.name === name);
    return wanted ? inputs.indexOf(wanted.expression) : 0;
  };
  const { sourceColumns, computed } = inputs;
  for (const { name, type } of sourceColumns) checkLane(name, type);
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
