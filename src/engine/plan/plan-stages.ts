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
import { lateColumnsOf, lateRowsOf } from "./late-rows.ts";
import { type ExchangeInput, parallelismOf, planExchange } from "./plan-exchange.ts";
import { planJob } from "./plan-job.ts";
import { planSinks, type SinkStreams } from "./plan-sink.ts";
import { checkStep, isChanging, naming, streamOfResults } from "./stream-of-results.ts";
import type { EdgePlan, SendPlan, SendTarget, TaskPlan } from "./task-plan.ts";

/** The tasks of one stage. Those in the shards of sources come first, then one stage for each step. */
export interface PlannedStage {
  readonly plan: TaskPlan;
  /** The stream that lies between it and the stages before; undefined for one in the shards of a source. */
  readonly input: StreamDefinition | undefined;
  /** Numbers of the stages that send to it. */
  readonly from: readonly number[];
  /** The name under which a dataflow's stage keeps its state. */
  readonly operator?: string;
}

/** Makes the partitions of a stage, which read `input`, sent by the stages `from`; returns where they are. */
export type DeployStage = (input: StreamDefinition, from: readonly number[]) => SendTarget;

/** A stage as it is planned, before there are partitions that it could send to. */
interface Draft extends PlannedStage {
  /** What it reads, be it a source or what lies between. */
  readonly reads: StreamDefinition;
  readonly sends: Sent[];
  /** The columns of what it reads that those who read its late rows need. */
  readonly late?: readonly string[] | undefined;
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
  sinks: SinkStreams = new Map(),
): PlannedStage[] {
  const { drafts, sinkEdges } = new Drafting(job, sources, sinks);
  const targets = drafts.map(({ input, from }) => input && deploy(input, from));
  return drafts.map(({ plan, input, from, sends }, index) => {
    return { plan: { ...plan, ...outputOf(sends, targets, sinkEdges[index]) }, input, from };
  });
}

class Drafting {
  readonly drafts: Draft[] = [];
  /** By the draft's number. */
  readonly sinkEdges: readonly (readonly EdgePlan[])[];
  readonly #job: JobDefinition;
  readonly #sources: readonly StreamDefinition[];
  readonly #names: readonly string[];
  /** What each further step reads. */
  readonly #inputs: readonly (readonly StepInput[])[];
  /** Where the first step is among the drafts; the others follow it. */
  readonly #first: number;

  constructor(job: JobDefinition, sources: readonly StreamDefinition[], sinks: SinkStreams) {
    this.#job = job;
    this.#sources = sources;
    this.#names = stepNamesOf(job);
    this.#inputs = stepInputsOf(job);
    this.#draftFirst();
    this.#first = this.drafts.length - 1;
    for (const [index, step] of (job.steps ?? []).entries()) this.#draftStep(step, index + 1);
    const steps = [job, ...(job.steps ?? [])];
    this.sinkEdges = this.drafts.map(({ plan, reads }, index) => {
      const number = index - this.#first;
      const step = steps[number];
      return step ? naming(number > 0 && placeOf(number), () => planSinks(step, plan, reads, sinks)) : [];
    });
  }

  /** The stages up to the one that groups by the job's own key. */
  #draftFirst(): void {
    const [job, sources] = [this.#job, this.#sources];
    const changes = this.#sendsChanges(job, 0);
    const late = this.#lateColumns(0, sources);
    const [source] = sources;
    const local = source && sources.length === 1 ? planLocally(job, source, changes) : undefined;
    if (source && local) {
      this.drafts.push({ plan: local, input: undefined, from: [], reads: source, sends: [], late });
      return;
    }
    const options = { place: "source", sendsChanges: changes, late } as const;
    const { sendings, input, last } = planExchange(job, this.#readSources(), options);
    const from = sendings.map((_, index) => index);
    for (const [index, { send, ...rest }] of sendings.entries()) {
      const reads = sources[index] ?? input;
      const plan = { ...rest, source: sourcesOf(job)[index] ?? "" };
      const sends = [{ to: from.length, send, edge: undefined }];
      this.drafts.push({ plan, input: undefined, from: [], reads, sends });
    }
    this.drafts.push({ plan: last, input, from, reads: input, sends: [], late });
  }

  #draftStep(step: FurtherStep, number: number): void {
    const within = <Value>(work: () => Value) => naming(placeOf(number), work);
    const read = within(() => this.#read(step, this.#inputs[number - 1] ?? []));
    const streams = read.map(({ stream }) => stream);
    const late = this.#lateColumns(number, streams);
    const sendsChanges = this.#sendsChanges(step, number);
    const options = { place: "input", sendsChanges, late } as const;
    const { sendings, input, last } = within(() => planExchange(this.#asJob(step), read, options));
    const to = this.drafts.length;
    for (const [side, { sourceColumns, program, send }] of sendings.entries()) {
      const { stage, of } = read[side] as ReadStage;
      this.drafts[stage]?.sends.push({ to, send, edge: { of, sourceColumns, program } });
    }
    const from = read.map(({ stage }) => stage);
    this.drafts.push({ plan: last, input, from, reads: input, sends: [], late });
  }

  /**
   * The stages that a step reads. Throws JOB_INVALID where it cannot, or would read one twice: what a task
   * sends to a step is one chain of messages.
   */
  #read(step: FurtherStep, inputs: readonly StepInput[]): ReadStage[] {
    const read = inputs.flatMap((input) =>
      input.of === "source" ? this.#readSources() : [this.#readStep(step, input, inputs.length > 1)],
    );
    const twice = read.find(({ stage }, at) => read.findIndex((other) => other.stage === stage) < at);
    if (!twice) return read;
    const named = inputs.map((input) => `"${nameOfInput(input, this.#names)}"`).join(" and ");
    throw new EngineError("JOB_INVALID", {
      message: `input: ${named} come from the same tasks; read them in two steps, and these in a third`,
      details: { path: "input" },
    });
  }

  #readSources(): ReadStage[] {
    const names = sourcesOf(this.#job);
    return this.#sources.map((stream, stage) => {
      return { stage, of: "input", stream, label: `stream "${names[stage]}"` };
    });
  }

  #readStep(
    step: FurtherStep,
    { of, step: number }: Exclude<StepInput, { of: "source" }>,
    isOneOfSeveral: boolean,
  ): ReadStage {
    const stage = this.#first + number;
    const before = this.drafts[stage];
    assert(before, "a step reads those before it");
    const { plan, reads } = before;
    if (of === "late") {
      const label = `late rows of step "${this.#names[number]}"`;
      return { stage, of, stream: lateRowsOf(reads, before.late ?? []), label };
    }
    const label = `step "${this.#names[number]}"`;
    const stream = naming(isOneOfSeveral && `${label}: `, () => {
      checkStep(step, plan);
      return streamOfResults(plan, reads);
    });
    return { stage, of, stream, label };
  }

  /** The columns that readers of a step's late rows need of its inputs, and theirs; undefined without any. */
  #lateColumns(number: number, inputs: readonly StreamDefinition[]): string[] | undefined {
    const readers = this.#inputs.flatMap((read, index) =>
      read.some((input) => input.of === "late" && input.step === number) ? [index + 1] : [],
    );
    if (readers.length === 0) return undefined;
    const names = readers.flatMap((reader) => {
      const step = this.#job.steps?.[reader - 1];
      assert(step, "a reader is a step");
      const own = naming(placeOf(reader), () => lateColumnsOf(this.#asJob(step), inputs));
      return [...own, ...(this.#lateColumns(reader, inputs) ?? [])];
    });
    return [...new Set(names)];
  }

  /** True where results that others read may change after they were sent on. */
  #sendsChanges({ window, allowedLatenessMs }: FurtherStep, number: number): boolean {
    const isRead = this.#inputs.flat().some((input) => input.of === "results" && input.step === number);
    return isRead && isChanging(window, allowedLatenessMs);
  }

  #asJob(step: FurtherStep): JobDefinition {
    return { ...step, source: this.#job.source, startFrom: "earliest" };
  }
}

/** How the place of a step begins in messages. */
function placeOf(number: number): string {
  return `steps[${number - 1}].`;
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
  sinkEdges: readonly EdgePlan[] = [],
): Pick<TaskPlan, "send" | "edges"> {
  const planned = sends.map(({ to, send, edge }) => {
    const target = targets[to];
    assert(target, "what is sent to has partitions");
    return { edge, send: { ...send, to: target } };
  });
  const own = planned.find(({ edge }) => edge === undefined);
  const edges = [...planned.flatMap(({ edge, send }) => (edge ? [{ ...edge, send }] : [])), ...sinkEdges];
  return { ...(own && { send: own.send }), ...(edges.length > 0 && { edges }) };
}
