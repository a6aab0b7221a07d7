/**
 * What a step appends to a stream that people made: its results, as rows of that stream.
 *
 * Columns are matched by name. Only results that do not change can go: a stream takes nothing back.
 */
import { EngineError } from "../../base/errors.ts";
import { stagePartitionsMax } from "../../base/limits.ts";
import { type Column, formatType } from "../../columnar/schema.ts";
import { type StepDefinition, sinksOf } from "../../protocol/job-spec.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { TypedExpression } from "../expressions/typed-expression.ts";
import { InputColumns, type Wanted } from "./job-columns.ts";
import { isChanging, streamOfResults } from "./stream-of-results.ts";
import type { EdgePlan, OutputColumn, SendTarget, TaskPlan } from "./task-plan.ts";

/** A stream that people made, as one that jobs write to. */
export interface SinkStream {
  readonly definition: StreamDefinition;
  readonly schemaVersion: number;
  readonly target: SendTarget;
}

/** The streams that a job writes to, by name. */
export type SinkStreams = ReadonlyMap<string, SinkStream>;

/**
 * Returns the edges by which the results of `plan`, the task of `step` that reads `reads`, go into streams.
 * Throws JOB_INVALID where they do not fit.
 */
export function planSinks(
  step: StepDefinition,
  plan: TaskPlan,
  reads: StreamDefinition,
  streams: SinkStreams,
): EdgePlan[] {
  return sinksOf(step).map((name) => {
    if (isChanging(plan.window, plan.latenessMs)) {
      const why = plan.window ? "with allowedLateness" : "without a window";
      const remedy = plan.window ? "set allowedLateness to 0" : "give the step a window";
      throw refusal(`results ${why} change, and a stream takes nothing back; ${remedy}`);
    }
    const stream = streams.get(name);
    if (!stream) throw refusal(`there is no stream "${name}"`);
    const { partitions } = stream.target;
    if (partitions > stagePartitionsMax) {
      throw refusal(`stream "${name}" has ${partitions} shards, expected at most ${stagePartitionsMax}`);
    }
    return planSink(name, plan, streamOfResults(plan, reads), stream);
  });
}

function planSink(name: string, plan: TaskPlan, results: StreamDefinition, sink: SinkStream): EdgePlan {
  const { columns, eventTime, distributionKey } = sink.definition;
  const wanted = columns.map(
    (column): Wanted => ({
      name: column.name,
      expression: columnValue(name, column, plan, results, eventTime.column),
    }),
  );
  const inputs = new InputColumns(results, wanted, undefined);
  const indexOf = (column: string) => {
    const found = wanted.find((each) => each.name === column);
    return found ? inputs.indexOf(found.expression) : 0;
  };
  const { sourceColumns, computed } = inputs;
  const isSpread = distributionKey.length === 0 && sink.target.partitions > 1;
  const eventTimeColumn = columns.findIndex((column) => column.name === eventTime.column);
  return {
    of: "results",
    sourceColumns,
    program: compileProgram({
      sourceColumns,
      computed: computed.map(({ expression }) => expression),
      filter: undefined,
    }),
    send: {
      ...(isSpread && { edge: "rebalance" as const }),
      columns: columns.map(({ name: column, type, nullable }) => {
        return { name: column, type, nullable, from: { from: "column", column: indexOf(column) } };
      }),
      key: (isSpread ? [] : distributionKey).map(indexOf),
      to: sink.target,
      into: {
        schemaVersion: sink.schemaVersion,
        eventTimeColumn,
        outOfOrdernessMs: eventTime.outOfOrdernessMs,
      },
    },
  };
}

/** What a column of the stream holds: the output of its name, or null. */
function columnValue(
  stream: string,
  column: Column,
  plan: TaskPlan,
  results: StreamDefinition,
  eventTime: string | undefined,
): TypedExpression {
  const { name, type } = column;
  const index = results.columns.findIndex((candidate) => candidate.name === name);
  const found = results.columns[index];
  const isNullable = column.nullable && name !== eventTime;
  const expected = `expected ${formatType(type)}${isNullable ? "" : " that is never null"}`;
  const place = `column "${name}" of stream "${stream}"`;
  if (!found) {
    if (isNullable) return { node: "literal", value: null, type, nullable: true };
    throw refusal(`${place} is no output of the step; ${expected}`);
  }
  if (formatType(found.type) !== formatType(type)) {
    throw refusal(`${place}: found ${formatType(found.type)}, ${expected}`);
  }
  const output = plan.outputs[index];
  const nullable = output !== undefined && mayBeNull(output, plan);
  if (nullable && !isNullable) throw refusal(`${place}: found an output that may be null, ${expected}`);
  return { node: "column", column: index, type, nullable };
}

/** A result is of one row at least: it is null only where all arguments may be. */
function mayBeNull({ from }: OutputColumn, { key, accumulators }: TaskPlan): boolean {
  const isNull = (index: number) => {
    const accumulator = accumulators[index];
    return accumulator?.operation !== "count" && accumulator?.nullable !== false;
  };
  switch (from.from) {
    case "windowStart":
    case "windowEnd":
      return false;
    case "key":
      return key[from.key]?.nullable ?? true;
    case "accumulator":
      return isNull(from.accumulator);
    case "sum":
    case "average":
      return isNull(from.sum);
  }
}

function refusal(why: string): EngineError {
  return new EngineError("JOB_INVALID", { message: `into: ${why}`, details: { path: "into" } });
}
