/**
 * Plan: from a stream's and a job's definition to what a task runs.
 *
 * A pure function: the same definitions give the same plan, which is stored with the run. Only columns that
 * something needs are decoded or computed, and outputs share accumulators (an average uses the sum and the
 * count beside it).
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { DataType } from "../../columnar/schema.ts";
import type { ExpressionJson } from "../../protocol/expression-json.ts";
import type { AggregateDefinition, JobDefinition, WindowDefinition } from "../../protocol/job-spec.ts";
import { formatPath } from "../../protocol/read-body.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindCondition, bindExpression, type ExpressionScope } from "../expressions/bind.ts";
import { compileProgram } from "../expressions/compile.ts";
import { columnsOf, type TypedExpression } from "../expressions/typed-expression.ts";
import { AccumulatorList, type AggregateArgument, planAggregate } from "./plan-aggregate.ts";
import type { KeyColumn, OutputColumn, SourceColumn, TaskPlan, WindowPlan } from "./task-plan.ts";

/** A column that the task reads: one of the stream's or a computed one. */
interface Wanted {
  readonly name: string;
  readonly expression: TypedExpression;
}

/**
 * Returns the plan of `job` on `stream`; throws JOB_INVALID, EXPRESSION_INVALID or JOB_NEEDS_EXCHANGE naming
 * the place.
 */
export function planJob(job: JobDefinition, stream: StreamDefinition): TaskPlan {
  const columns = new JobColumns(stream);
  for (const { name, expression } of job.columns) columns.define(name, expression);
  const filter = job.filter === undefined ? undefined : bindCondition(job.filter, columns, ["filter"]);
  const keyed = job.key.map((name, index) => columns.named(name, ["key", index]));
  const routingKey = routingKeyOf(job, stream, keyed);
  const parameters = job.aggregates.map((aggregate) => columns.argument(aggregate));
  const time: Wanted = { name: stream.eventTime.column, expression: columns.get(stream.eventTime.column) };
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
      return planAggregate(aggregate, argument, accumulators);
    }),
  ];
  return {
    planVersion: 1,
    source: job.source,
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
  };
}

/** The names that a job's expressions may use: the stream's columns and its computed ones so far. */
class JobColumns implements ExpressionScope {
  readonly #byName = new Map<string, TypedExpression>();
  readonly #byText = new Map<string, Wanted>();

  constructor(stream: StreamDefinition) {
    stream.columns.forEach(({ name, type, nullable }, column) => {
      this.#byName.set(name, { node: "column", column, type, nullable });
    });
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  lookup(name: string): TypedExpression | undefined {
    return this.#byName.get(name);
  }

  get(name: string): TypedExpression {
    return this.named(name, []).expression;
  }

  named(name: string, path: readonly (string | number)[]): Wanted {
    const expression = this.#byName.get(name);
    if (expression) return { name, expression };
    const place = formatPath(path);
    throw new EngineError("JOB_INVALID", {
      message: `${place}: no column "${name}"${suggestName(name, this.names)}`,
      details: { path: place, column: name },
    });
  }

  define(name: string, json: ExpressionJson): void {
    const expression = bindExpression(json, this, ["columns", name]);
    const before = this.#byName.get(name);
    if (before && before !== expression) {
      throw new EngineError("JOB_INVALID", {
        message: `columns.${name}: the stream has a column of this name; choose another`,
        details: { path: `columns.${name}` },
      });
    }
    this.#byName.set(name, expression);
  }

  /** The argument of an aggregate; equal ones are one column. Undefined for count(*). */
  argument({ name, argument }: AggregateDefinition): Wanted | undefined {
    if (argument === undefined) return undefined;
    const text = JSON.stringify(argument);
    const known = this.#byText.get(text);
    if (known) return known;
    const path = ["aggregates", name, "argument"];
    const expression = bindExpression(argument, this, path);
    const wanted = { name: typeof argument === "string" ? argument : path.join("."), expression };
    this.#byText.set(text, wanted);
    return wanted;
  }
}

/**
 * Numbers the task's input columns: the stream's columns that are needed, in its order, then the computed
 * ones.
 */
class InputColumns {
  readonly sourceColumns: readonly SourceColumn[];
  readonly computed: readonly Wanted[];

  constructor(stream: StreamDefinition, wanted: readonly Wanted[], filter: TypedExpression | undefined) {
    const used = new Set(
      [...wanted.map(({ expression }) => expression), ...(filter ? [filter] : [])].flatMap((expression) => [
        ...columnsOf(expression),
      ]),
    );
    this.sourceColumns = stream.columns.flatMap(({ name, type, nullable }, streamColumn) =>
      used.has(streamColumn) ? [{ name, type, nullable, streamColumn }] : [],
    );
    const computed = new Map<TypedExpression, Wanted>();
    for (const column of wanted) {
      const isComputed = column.expression.node !== "column" && !computed.has(column.expression);
      if (isComputed) computed.set(column.expression, column);
    }
    this.computed = [...computed.values()];
  }

  indexOf(expression: TypedExpression): number {
    if (expression.node === "column") {
      return this.sourceColumns.findIndex(({ streamColumn }) => streamColumn === expression.column);
    }
    return this.sourceColumns.length + this.computed.findIndex((column) => column.expression === expression);
  }
}

/** Positions in the job's key of the stream's distribution key: all rows of a key must lie in one shard. */
function routingKeyOf(job: JobDefinition, stream: StreamDefinition, keyed: readonly Wanted[]): number[] {
  if (stream.shards === 1) return [];
  const refuse = (why: string): never => {
    throw new EngineError("JOB_NEEDS_EXCHANGE", {
      message: `key: ${why}, so rows of one key lie in several of its ${stream.shards} shards`,
      details: { path: "key", key: job.key, distributionKey: stream.distributionKey, shards: stream.shards },
    });
  };
  if (stream.distributionKey.length === 0) refuse(`the stream "${job.source}" is not distributed by a key`);
  return stream.distributionKey.map((name) => {
    const column = stream.columns.findIndex((candidate) => candidate.name === name);
    const position = keyed.findIndex(
      ({ expression }) => expression.node === "column" && expression.column === column,
    );
    return position >= 0
      ? position
      : refuse(`"${name}" of the stream's distribution key is not among the key columns`);
  });
}

function planWindow(window: WindowDefinition): WindowPlan {
  const sliceMs =
    window.type === "tumble" ? window.sizeMs : window.type === "hop" ? window.slideMs : window.stepMs;
  const periodMs = window.type === "cumulate" ? window.sizeMs : sliceMs;
  const offsetMs = ((window.offsetMs % periodMs) + periodMs) % periodMs;
  return { kind: window.type, sizeMs: window.sizeMs, sliceMs, offsetMs };
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
