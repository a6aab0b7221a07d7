/**
 * An exchange: what a job's rows need on their way to the partitions that own their keys, and the stage
 * there.
 *
 * The rows of several streams are taken as those of one: of each stream the same columns travel, bound by
 * name against what that stream has, so their types must agree. Where the rows of one may be taken back, all
 * have weights. What travels is planned as a stream of its own, and the stage behind it like any job on that.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { type Column, formatType } from "../../columnar/schema.ts";
import type { JobDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { TypedExpression } from "../expressions/typed-expression.ts";
import { InputColumns, JobColumns, timeColumnOf, type Wanted } from "./job-columns.ts";
import { planJob } from "./plan-job.ts";
import { planTwoPhases } from "./plan-two-phases.ts";
import { hasWeights, planWeights, type WeighedStage, weightColumn } from "./plan-weights.ts";
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
export interface ExchangeInput {
  /** Such as `stream "clicks"`. */
  readonly label: string;
  readonly stream: StreamDefinition;
}

/** How an exchange is planned: which field of the job names its inputs, and whether its results change. */
export interface ExchangeOptions {
  readonly place: "source" | "input";
  /** Its results may change after they were sent on. */
  readonly sendsChanges: boolean;
  /** The columns that readers of its late rows need; undefined where there is none. */
  readonly late?: readonly string[] | undefined;
}

interface Side extends ExchangeInput {
  readonly columns: JobColumns;
  /** Undefined where no side's rows have weights. */
  readonly weight: TypedExpression | undefined;
  /** The columns that travel: of all sides the same names in the same order. */
  readonly sent: readonly Wanted[];
  readonly parameters: readonly (Wanted | undefined)[];
}

/** What the event time is called where streams call it differently; no column of a stream is called so. */
const commonTime = "event.time";

/** Plans the exchange of `job` over its inputs. */
export function planExchange(
  job: JobDefinition,
  inputs: readonly ExchangeInput[],
  { place, sendsChanges, late }: ExchangeOptions,
): Exchange {
  const within = <Value>({ label }: ExchangeInput, work: () => Value) =>
    naming(inputs.length > 1 && `${label}: `, work);
  const streams = inputs.map(({ stream }) => stream);
  const time = timeOf(streams);
  const isWeighed = streams.some(hasWeights);
  const sides = inputs.map((input) => within(input, () => sideOf(job, input, time, isWeighed, late)));
  const [side] = sides;
  assert(side, "a job reads a stream");
  const input = naming(`${place}: `, () => inputOf(job, sides, time));
  const plain = planJob(innerJob(job, side), input, sendsChanges);
  const stage = { kept: late ?? [], input, last: plain };
  const whole = weighedOf({ ...stage, sent: columnsOf(side, input) }, side.weight);
  const sendings = sides.map((each) => {
    const { sent } = weighedOf({ ...stage, sent: each.sent }, each.weight);
    return within(each, () => planSending(job, { ...each, sent }, time, whole.input.columns));
  });
  // Rows that were added up could not be told apart when they come too late.
  const isAlone = job.twoPhase === false || late || whole.last.countedValues !== undefined;
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

function sideOf(
  job: JobDefinition,
  input: ExchangeInput,
  time: string,
  isWeighed: boolean,
  late: readonly string[] = [],
): Side {
  const { stream } = input;
  const columns = new JobColumns(stream, job);
  const keyed = columns.key(job);
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const weight = isWeighed ? weightOf(stream, columns) : undefined;
  const ownTime = (time === weightColumn && weight) || columns.get(timeColumnOf(stream));
  const wanted = [
    { name: time, expression: ownTime },
    ...keyed,
    ...parameters.flatMap((parameter) => parameter ?? []),
    ...(weight ? [{ name: weightColumn, expression: weight }] : []),
    ...late.map((name) => ({ name, expression: (name === weightColumn && weight) || columns.get(name) })),
  ];
  // Columns of the same name are the same.
  const sent = [...new Map(wanted.map((column) => [column.name, column])).values()];
  return { ...input, columns, weight, sent, parameters };
}

/** The weight of a stream's rows: each counts once where none is taken back. */
function weightOf(stream: StreamDefinition, columns: JobColumns): TypedExpression {
  if (hasWeights(stream)) return columns.get(weightColumn);
  return { node: "literal", value: 1n, type: { name: "BIGINT" }, nullable: false };
}

/** `stage` as it is where rows have weights. */
function weighedOf(stage: WeighedStage, weight: TypedExpression | undefined): WeighedStage {
  return weight ? planWeights(stage, weight) : stage;
}

/** What a side sends, null wherever another side's may be. */
function columnsOf({ sent }: Side, { columns }: StreamDefinition): Wanted[] {
  return sent.map(({ name, expression }, index) => {
    return { name, expression: { ...expression, nullable: columns[index]?.nullable ?? true } };
  });
}

/**
 * What the event time is called that travels. Where the rows of one stream have none, those of the others
 * need none: the weights stand in for it.
 */
function timeOf(streams: readonly StreamDefinition[]): string {
  const [first = commonTime, ...others] = streams.map(timeColumnOf);
  if ([first, ...others].includes(weightColumn)) return weightColumn;
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
    const labels = [first.label, (sides[other] as Side).label] as const;
    const [one, another] = [formatType(type), formatType(found[other]?.type ?? type)];
    throw new EngineError("JOB_INVALID", {
      message:
        `"${name}" is ${one} in ${labels[0]} and ${another} in ${labels[1]}; ` +
        "make it one type with a computed column",
      details: { column: name, inputs: labels },
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
  { stream, columns, sent }: Side,
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
    source: String(job.source),
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
