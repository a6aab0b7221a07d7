/**
 * The stages of a job: which tasks it has, and what travels between them.
 *
 * Where all rows of a key lie in one shard already the first step runs there, without a shuffle. Otherwise a
 * task filters and computes in the shards and sends each row, with the columns that are still needed, to the
 * partition that owns its key. A job that reads several streams has such a task in the shards of each. So is
 * a step over the results of others: these are streams whose event time is the last millisecond of their
 * window. A task has an edge to each step that reads of it.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { type FurtherStep, type JobDefinition, sourcesOf } from "../../protocol/job-spec.ts";
import { nameOfInput, type StepInput, stepInputsOf, stepNamesOf } from "../../protocol/step-inputs.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { JobColumns, routingKeyOf } from "./job-columns.ts";
import { type ExchangeInput, parallelismOf, planExchange, type Sending } from "./plan-exchange.ts";
import { planJob } from "./plan-job.ts";
import { checkStep, isChanging, naming, streamOfResults } from "./stream-of-results.ts";
import type { EdgePlan, SendPlan, SendTarget, TaskPlan } from "./task-plan.ts";

/** The tasks of one stage. Those in the shards of sources come first, then one stage for each step. */
export interface PlannedStage {
  readonly plan: TaskPlan;
  /** The stream that lies between it and the stages before; undefined for one in the shards of a source. */
  readonly input: StreamDefinition | undefined;
  /** Numbers of the stages that send to it. */
  readonly from: readonly number[];
}

/** Makes the partitions of a stage, which read `input`, sent by the stages `from`; returns where they are. */
export type DeployStage = (input: StreamDefinition, from: readonly number[]) => SendTarget;

/** A stage as it is planned, before there are partitions that it could send to. */
interface Draft extends PlannedStage {
  /** What it reads, be it a source or what lies between. */
  readonly reads: StreamDefinition;
  readonly sends: Sent[];
}

/** What a stage sends to another. `edge` is undefined for a task that does nothing else. */
interface Sent {
  readonly to: number;
  readonly send: Omit<SendPlan, "to">;
  readonly edge: Omit<EdgePlan, "send"> | undefined;
}

/** What a step reads of a stage. */
interface ReadStage extends ExchangeInput {
  readonly stage: number;
  readonly of: EdgePlan["of"];
}

/**
 * Returns the stages of `job` on the streams that it reads, in the order in which it names them; throws
 * JOB_INVALID or EXPRESSION_INVALID naming the place. Nothing is deployed unless all stages are planned.
 */
export function planStages(
  job: JobDefinition,
  sources: readonly StreamDefinition[],
  deploy: DeployStage,
): PlannedStage[] {
  const inputs = stepInputsOf(job);
  const sendsChanges = ({ window, allowedLatenessMs }: FurtherStep, step: number) =>
    isChanging(window, allowedLatenessMs) &&
    inputs.flat().some((input) => input.of === "results" && input.step === step);
  const drafts = draftFirstStep(job, sources, sendsChanges(job, 0));
  const first = drafts.length - 1;
  for (const [index, step] of (job.steps ?? []).entries()) {
    naming(`steps[${index}].`, () => {
      const read = readStages(job, sources, drafts, first, inputs[index] ?? [], step);
      const definition = { ...step, source: job.source, startFrom: "earliest" } as const;
      const changes = sendsChanges(step, index + 1);
      const { sendings, input, last } = planExchange(definition, read, {
        place: "input",
        sendsChanges: changes,
      });
      const from = read.map(({ stage }) => stage);
      sendings.forEach(({ sourceColumns, program, send }: Sending, side) => {
        const { stage, of } = read[side] as ReadStage;
        drafts[stage]?.sends.push({ to: drafts.length, send, edge: { of, sourceColumns, program } });
      });
      drafts.push({ plan: last, input, from, reads: input, sends: [] });
    });
  }
  const targets = drafts.map(({ input, from }) => input && deploy(input, from));
  return drafts.map(({ plan, input, from, sends }) => {
    return { plan: { ...plan, ...outputOf(sends, targets) }, input, from };
  });
}

/**
 * The stages that a step reads. Throws JOB_INVALID where it cannot, or would read one twice: what a task
 * sends to a step is one chain of messages.
 */
function readStages(
  job: JobDefinition,
  sources: readonly StreamDefinition[],
  drafts: readonly Draft[],
  first: number,
  inputs: readonly StepInput[],
  step: FurtherStep,
): ReadStage[] {
  const names = stepNamesOf(job);
  const read = inputs.flatMap((input): ReadStage[] => {
    if (input.of === "source") {
      return sources.map((stream, stage) => {
        return { stage, of: "input", stream, label: `stream "${sourcesOf(job)[stage]}"` };
      });
    }
    const stage = first + input.step;
    const before = drafts[stage];
    assert(before, "a step reads those before it");
    const label = `step "${names[input.step]}"`;
    const stream = naming(inputs.length > 1 && `${label}: `, () => {
      checkStep(step, before.plan);
      return streamOfResults(before.plan, before.reads);
    });
    return [{ stage, of: "results", stream, label }];
  });
  const twice = read.find(({ stage }, at) => read.findIndex((other) => other.stage === stage) < at);
  if (!twice) return read;
  const named = inputs.map((input) => `"${nameOfInput(input, names)}"`).join(" and ");
  throw new EngineError("JOB_INVALID", {
    message: `input: ${named} come from the same tasks; read them in two steps, and these in a third`,
    details: { path: "input" },
  });
}

/** The stages up to the one that groups by the job's own key. */
function draftFirstStep(
  job: JobDefinition,
  sources: readonly StreamDefinition[],
  sendsChanges: boolean,
): Draft[] {
  const [source] = sources;
  const local = source && sources.length === 1 ? planLocally(job, source, sendsChanges) : undefined;
  if (local)
    return [{ plan: local, input: undefined, from: [], reads: source as StreamDefinition, sends: [] }];
  const names = sourcesOf(job);
  const streams = sources.map((stream, index) => ({ stream, label: `stream "${names[index]}"` }));
  const { sendings, input, last } = planExchange(job, streams, { place: "source", sendsChanges });
  const to = sendings.length;
  const sending = sendings.map(({ send, ...rest }, index): Draft => {
    const [reads, plan] = [sources[index] ?? input, { ...rest, source: names[index] ?? "" }];
    return { plan, input: undefined, from: [], reads, sends: [{ to, send, edge: undefined }] };
  });
  return [
    ...sending,
    { plan: last, input, from: sendings.map((_, index) => index), reads: input, sends: [] },
  ];
}

/** The plan of a job that needs no exchange; undefined for others. */
function planLocally(
  job: JobDefinition,
  stream: StreamDefinition,
  sendsChanges: boolean,
): TaskPlan | undefined {
  const keyed = new JobColumns(stream, job).key(job);
  const parallelism = parallelismOf(job, [stream]);
  if (!routingKeyOf(stream, keyed) || parallelism !== stream.shards) return undefined;
  return planJob(job, stream, sendsChanges);
}

function outputOf(
  sends: readonly Sent[],
  targets: readonly (SendTarget | undefined)[],
): Pick<TaskPlan, "send" | "edges"> {
  const planned = sends.map(({ to, send, edge }) => {
    const target = targets[to];
    assert(target, "what is sent to has partitions");
    return { edge, send: { ...send, to: target } };
  });
  const own = planned.find(({ edge }) => edge === undefined);
  const edges = planned.flatMap(({ edge, send }) => (edge ? [{ ...edge, send }] : []));
  return { ...(own && { send: own.send }), ...(edges.length > 0 && { edges }) };
}
