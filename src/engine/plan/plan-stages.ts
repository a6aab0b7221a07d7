/**
 * The stages of a job: which tasks it has, and what travels between them.
 *
 * Where all rows of a key lie in one shard already the first step runs there, without a shuffle. Otherwise a
 * task filters and computes in the shards and sends each row, with the columns that are still needed, to the
 * partition that owns its key. A job that reads several streams has such a task in the shards of each. So is
 * a step over the results of the one before: these are a stream whose event time is the last millisecond of
 * their window.
 */
import { assert } from "../../base/assert.ts";
import type { JobDefinition, StepDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { JobColumns, routingKeyOf } from "./job-columns.ts";
import { parallelismOf, planExchange } from "./plan-exchange.ts";
import { planJob } from "./plan-job.ts";
import { checkStep, isChanging, naming, streamOfResults } from "./stream-of-results.ts";
import type { EmitPlan, SendPlan, SendTarget, TaskPlan } from "./task-plan.ts";

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

/** What a stage sends to another; with `emit` where that is what its windows fire. */
interface Sent {
  readonly to: number;
  readonly send: Omit<SendPlan, "to">;
  readonly emit?: Omit<EmitPlan, "send">;
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
  const steps = job.steps ?? [];
  const sendsChanges = (step: StepDefinition, next: number) =>
    next < steps.length && isChanging(step.window, step.allowedLatenessMs);
  const drafts = draftFirstStep(job, sources, sendsChanges(job, 0));
  const first = drafts.length - 1;
  steps.forEach((step, index) => {
    const from = first + index;
    const before = drafts[from];
    assert(before, "a step reads one before it");
    const { sendings, input, last } = naming(`steps[${index}].`, () => {
      const results = streamOfResults(before.plan, before.reads);
      checkStep(step, before.plan);
      const definition = { ...step, source: job.source, startFrom: "earliest" } as const;
      return planExchange(definition, [results], sendsChanges(step, index + 1));
    });
    for (const { sourceColumns, program, send } of sendings) {
      before.sends.push({ to: drafts.length, send, emit: { sourceColumns, program } });
    }
    drafts.push({ plan: last, input, from: [from], reads: input, sends: [] });
  });
  const targets = drafts.map(({ input, from }) => input && deploy(input, from));
  return drafts.map(({ plan, input, from, sends }) => {
    return { plan: { ...plan, ...outputOf(sends, targets) }, input, from };
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
  const { sendings, input, last } = planExchange(job, sources, sendsChanges);
  const to = sendings.length;
  const sending = sendings.map(({ send, ...plan }, index): Draft => {
    return { plan, input: undefined, from: [], reads: sources[index] ?? input, sends: [{ to, send }] };
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
): Pick<TaskPlan, "send" | "emit"> {
  const [sent] = sends;
  if (!sent) return {};
  const to = targets[sent.to];
  assert(to, "what is sent to has partitions");
  const send = { ...sent.send, to };
  return sent.emit ? { emit: { ...sent.emit, send } } : { send };
}
