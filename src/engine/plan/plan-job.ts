/**
 * Plan: from a stream's and a job's definition to what a task runs.
 *
 * A pure function: the same definitions give the same plan, which is stored with the run. Only columns that
 * something needs are decoded or computed, and outputs share accumulators (an average uses the sum and the
 * count beside it).
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { aggregatesMax } from "../../base/limits.ts";
import type { DataType } from "../../columnar/schema.ts";
import type { JobDefinition, WindowDefinition } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import { InputColumns, JobColumns, routingKeyOf, timeColumnOf, type Wanted } from "./job-columns.ts";
import { AccumulatorList, type AggregateArgument, planAggregate } from "./plan-aggregate.ts";
import { planCountedValues } from "./plan-counted-values.ts";
import { hasWeights } from "./plan-weights.ts";
import type { KeyColumn, OutputColumn, TaskPlan, WindowPlan } from "./task-plan.ts";

/**
 * Returns the plan of a job whose rows of one key all lie in one shard of `stream`; throws JOB_INVALID or
 * EXPRESSION_INVALID naming the place. `sendsChanges`: its results may change after they were sent on.
 */
export function planJob(job: JobDefinition, stream: StreamDefinition, sendsChanges = false): TaskPlan {
  const columns = new JobColumns(stream, job);
  const filter = job.filter === undefined ? undefined : bindCondition(job.filter, columns, ["filter"]);
  const keyed = columns.key(job);
  const routingKey = routingKeyOf(stream, keyed);
  assert(routingKey, "a job that groups rows of several shards is planned in stages");
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const timeColumn = timeColumnOf(stream);
  const time: Wanted = { name: timeColumn, expression: columns.get(timeColumn) };
  const inputs = new InputColumns(
    stream,
    [time, ...keyed, ...parameters.flatMap((wanted) => wanted ?? [])],
    filter,
  );
  const key = keyed.map((wanted): KeyColumn => {
    const { type, nullable } = wanted.expression;
    return { name: wanted.name, type, nullable, column: inputs.indexOf(wanted.expression) };
  });
  const accumulators = new AccumulatorList();
  const areTakenBack = hasWeights(stream);
  const outputs = [
    ...key.map(({ name, type }, index): OutputColumn => ({ name, type, from: { from: "key", key: index } })),
    ...(job.window ? windowOutputs(time.expression.type) : []),
    ...job.aggregates.map((aggregate, index) => {
      const expression = parameters[index]?.expression;
      const argument: AggregateArgument | undefined = expression && {
        column: inputs.indexOf(expression),
        type: expression.type,
        nullable: expression.nullable,
      };
      return planAggregate(aggregate, argument, accumulators, { window: job.window, areTakenBack });
    }),
  ];
  const { countedValues } = planCountedValues(accumulators.specs, undefined);
  // A key that is new, or expired, has no rows: what was kept of its values is forgotten then.
  const isCounted = areTakenBack || sendsChanges || (countedValues && !job.window);
  const recordCounter = isCounted ? accumulators.need("count", undefined) : undefined;
  checkAccumulators(accumulators);
  return {
    planVersion: 2,
    source: String(job.source),
    startFrom: job.startFrom,
    sourceColumns: inputs.sourceColumns,
    computedColumns: inputs.computed.map(({ name, expression: { type, nullable } }) => ({
      name,
      type,
      nullable,
    })),
    program: compileProgram({
      sourceColumns: inputs.sourceColumns,
      computed: inputs.computed.map(({ expression }) => expression),
      filter,
    }),
    eventTimeColumn: inputs.indexOf(time.expression),
    key,
    routingKey,
    window: job.window ? planWindow(job.window) : null,
    accumulators: accumulators.specs,
    outputs,
    latenessMs: latenessOf(job),
    retentionMs: job.retentionMs,
    ...(recordCounter === undefined ? {} : { recordCounter }),
    ...(countedValues && { countedValues }),
  };
}

function checkAccumulators({ specs }: AccumulatorList): void {
  if (specs.length <= aggregatesMax) return;
  throw new EngineError("JOB_INVALID", {
    message: `aggregates: they keep ${specs.length} values for each key; expected at most ${aggregatesMax}`,
    details: { path: "aggregates" },
  });
}

/** Sums cost five merges a window, whatever its slices are. */
const sharedSlicesMin = 6;

function planWindow(window: WindowDefinition): WindowPlan {
  const sliceMs =
    window.type === "tumble" ? window.sizeMs : window.type === "hop" ? window.slideMs : window.stepMs;
  const periodMs = window.type === "cumulate" ? window.sizeMs : sliceMs;
  const offsetMs = ((window.offsetMs % periodMs) + periodMs) % periodMs;
  const sharesSums = window.sizeMs / sliceMs >= sharedSlicesMin;
  return { kind: window.type, sizeMs: window.sizeMs, sliceMs, offsetMs, ...(sharesSums && { sharesSums }) };
}

/** A window's bounds have the type of the event time. */
function windowOutputs(type: DataType): OutputColumn[] {
  return [
    { name: "window_start", type, from: { from: "windowStart" } },
    { name: "window_end", type, from: { from: "windowEnd" } },
  ];
}

function latenessOf(job: JobDefinition): number {
  if (job.window || job.allowedLatenessMs === 0) return job.allowedLatenessMs;
  throw new EngineError("JOB_INVALID", {
    message: "allowedLateness: a job without a window has no late rows; leave it out",
    details: { path: "allowedLateness" },
  });
}
