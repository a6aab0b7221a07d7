/**
 * An exchange: what a job's rows need on their way to the partitions that own their keys, and the stage
 * there.
 *
 * The rows of several streams are taken as those of one: of each stream the same columns travel, bound by
 * name against what that stream has, so their types must agree. What travels is planned as a stream of its
 * own, and the stage behind it like any job on that.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { type Column, formatType } from "../../columnar/schema.ts";
import { type JobDefinition, sourcesOf } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import { InputColumns, JobColumns, type Wanted } from "./job-columns.ts";
import { planJob } from "./plan-job.ts";
import { planTwoPhases } from "./plan-two-phases.ts";
import { hasWeights, planWeights, weightColumn } from "./plan-weights.ts";
import { checkLane, naming } from "./stream-of-results.ts";
import type { SendPlan, TaskPlan } from "./task-plan.ts";

/** What runs before rows travel; only the partitions that they go to are still to be made. */
export type Sending = Omit<TaskPlan, "send"> & { readonly send: Omit<SendPlan, "to"> };

/** A stage behind an exchange, and of each stream that it reads what is sent to it. */
export interface Exchange {
  readonly sendings: readonly Sending[];
  readonly input: StreamDefinition;
  readonly last: TaskPlan;
}

/** A stream as one of those that an exchange takes rows from. */
interface Side {
  readonly source: string;
  readonly stream: StreamDefinition;
  readonly columns: JobColumns;
  /** The columns that travel: of all sides the same names in the same order. */
  readonly sent: readonly Wanted[];
  readonly parameters: readonly (Wanted | undefined)[];
}

/** What the event time is called where streams call it differently; no column of a stream is called so. */
const commonTime = "event.time";

/**
 * Plans the exchange of `job` over `streams`, in the order of its sources. `sendsChanges`: its results may
 * change after they were sent on.
 */
export function planExchange(
  job: JobDefinition,
  streams: readonly StreamDefinition[],
  sendsChanges: boolean,
): Exchange {
  const names = sourcesOf(job);
  const within = <Value>(index: number, work: () => Value) =>
    naming(streams.length > 1 && `stream "${names[index]}": `, work);
  const time = timeOf(streams);
  const sides = streams.map((stream, index) =>
    within(index, () => sideOf(job, names[index] ?? "", stream, time)),
  );
  const [side] = sides;
  assert(side, "a job reads a stream");
  const input = inputOf(job, sides, time);
  const plain = { sent: side.sent, input, last: planJob(innerJob(job, side), input, sendsChanges) };
  // Only the results of a step have weights, and they are a side alone.
  const isWeighed = hasWeights(side.stream);
  const whole = isWeighed ? planWeights(plain, side.columns.get(weightColumn)) : plain;
  const sendings = sides.map((each, index) => {
    const sent = isWeighed ? whole.sent : each.sent;
    return within(index, () => planSending(job, { ...each, sent }, time, whole.input.columns));
  });
  const isAlone = job.twoPhase === false || whole.last.countedValues !== undefined;
  if (isAlone) return { sendings, input: whole.input, last: whole.last };
  const phases = sendings.map((sending) => {
    const { send, ...rest } = planTwoPhases(whole.last, whole.input, sending.send);
    return { ...rest, sending: { ...sending, send } };
  });
  const { input: added, last } = phases[0] ?? whole;
  return { sendings: phases.map(({ sending }) => sending), input: added, last };
}

/** Partitions of the stage that groups by the job's key. */
export function parallelismOf(
  { key, parallelism }: JobDefinition,
  streams: readonly StreamDefinition[],
): number {
  return key.length === 0 ? 1 : (parallelism ?? Math.max(...streams.map(({ shards }) => shards)));
}

function sideOf(job: JobDefinition, source: string, stream: StreamDefinition, time: string): Side {
  const columns = new JobColumns(stream, job);
  const keyed = columns.key(job);
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const ownTime = { name: time, expression: columns.get(stream.eventTime.column) };
  const weight = hasWeights(stream) ? [{ name: weightColumn, expression: columns.get(weightColumn) }] : [];
  const wanted = [ownTime, ...keyed, ...parameters.flatMap((parameter) => parameter ?? []), ...weight];
  // Columns of the same name are the same.
  const sent = [...new Map(wanted.map((column) => [column.name, column])).values()];
  return { source, stream, columns, sent, parameters };
}

/** What the event time is called that travels. */
function timeOf(streams: readonly StreamDefinition[]): string {
  const [first = commonTime, ...others] = streams.map(({ eventTime }) => eventTime.column);
  return others.every((name) => name === first) ? first : commonTime;
}

/** What travels, as a stream: it is as far out of order, and as soon idle, as the slowest side. */
function inputOf(job: JobDefinition, sides: readonly Side[], time: string): StreamDefinition {
  const streams = sides.map(({ stream }) => stream);
  const outOfOrdernessMs = Math.max(...streams.map(({ eventTime }) => eventTime.outOfOrdernessMs));
  return {
    columns: commonColumns(sides),
    eventTime: { column: time, outOfOrdernessMs },
    idleTimeoutMs: Math.max(...streams.map(({ idleTimeoutMs }) => idleTimeoutMs)),
    idle: streams.every(({ idle }) => idle === "advance") ? "advance" : "wait",
    distributionKey: job.key,
    shards: parallelismOf(job, streams),
    retention: { timeMs: 0, bytesPerShard: 0 },
  };
}

/** The columns that travel, of all sides. Throws JOB_INVALID where two do not agree in the type of one. */
function commonColumns(sides: readonly Side[]): Column[] {
  const [first] = sides;
  assert(first, "an exchange has a side");
  return first.sent.map(({ name, expression: { type } }, index) => {
    const found = sides.flatMap(({ sent }) => sent[index]?.expression ?? []);
    const other = found.findIndex((expression) => formatType(expression.type) !== formatType(type));
    if (other < 0) return { name, type, nullable: found.some(({ nullable }) => nullable) };
    const { source } = sides[other] as Side;
    const [one, another] = [formatType(type), formatType(found[other]?.type ?? type)];
    throw new EngineError("JOB_INVALID", {
      message:
        `source: "${name}" is ${one} in stream "${first.source}" and ${another} in stream "${source}"; ` +
        "make it one type with a computed column",
      details: { path: "source", column: name, streams: [first.source, source] },
    });
  });
}

/** The job as it is on the columns that travel. */
function innerJob(job: JobDefinition, { parameters }: Side): JobDefinition {
  const { filter: _, ...rest } = job;
  return {
    ...rest,
    startFrom: "earliest",
    columns: [],
    aggregates: job.aggregates.map((aggregate, index) => {
      const argument = parameters[index]?.name;
      return argument === undefined ? aggregate : { ...aggregate, argument };
    }),
  };
}

/** The task in the shards of one side: it keeps nothing and sends on what is wanted. */
function planSending(
  job: JobDefinition,
  { source, stream, columns, sent }: Side,
  time: string,
  common: readonly Column[],
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
    source,
    startFrom: job.startFrom,
    sourceColumns,
    computedColumns: computed.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })),
    program: compileProgram({
      sourceColumns,
      computed: computed.map(({ expression }) => expression),
      filter,
    }),
    eventTimeColumn: columnOf(time),
    key: [],
    routingKey: [],
    window: null,
    accumulators: [],
    outputs: [],
    latenessMs: 0,
    retentionMs: null,
    send: {
      ...(job.key.length === 0 && { edge: "global" as const }),
      columns: common.map(({ name, type, nullable }) => {
        return { name, type, nullable, from: { from: "column", column: columnOf(name) } };
      }),
      key: job.key.map(columnOf),
    },
  };
}
