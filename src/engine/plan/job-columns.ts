/**
 * The columns of a job: which names its expressions may use, and which columns its task reads or computes.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { ExpressionJson } from "../../protocol/expression-json.ts";
import type { AggregateDefinition, JobDefinition } from "../../protocol/job-spec.ts";
import { formatPath } from "../../protocol/read-body.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { bindExpression, type ExpressionScope } from "../expressions/bind.ts";
import { columnsOf, type TypedExpression } from "../expressions/typed-expression.ts";
import type { SourceColumn } from "./task-plan.ts";

/** A column that the task reads: one of the stream's or a computed one. */
export interface Wanted {
  readonly name: string;
  readonly expression: TypedExpression;
}

/** The names that a job's expressions may use: the stream's columns and its computed ones so far. */
export class JobColumns implements ExpressionScope {
  readonly #byName = new Map<string, TypedExpression>();
  readonly #byText = new Map<string, Wanted>();

  constructor(stream: StreamDefinition, job: JobDefinition) {
    stream.columns.forEach(({ name, type, nullable }, column) => {
      this.#byName.set(name, { node: "column", column, type, nullable });
    });
    for (const { name, expression } of job.columns) this.#define(name, expression);
  }

  get names(): string[] {
    return [...this.#byName.keys()].filter((name) => !isReserved(name));
  }

  /** What a name means that stands in an expression of the job. */
  lookup(name: string): TypedExpression | undefined {
    return isReserved(name) ? undefined : this.#byName.get(name);
  }

  /** The job's key columns. */
  key(job: JobDefinition): Wanted[] {
    return job.key.map((name, index) => this.#named(name, ["key", index]));
  }

  /** The column `name`, which may be one that no expression can name. */
  get(name: string): TypedExpression {
    return this.#byName.get(name) ?? this.#named(name, []).expression;
  }

  #named(name: string, path: readonly (string | number)[]): Wanted {
    const expression = this.lookup(name);
    if (expression) return { name, expression };
    const place = formatPath(path);
    throw new EngineError("JOB_INVALID", {
      message: `${place}: no column "${name}"${suggestName(name, this.names)}`,
      details: { path: place, column: name },
    });
  }

  #define(name: string, json: ExpressionJson): void {
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
    const expression = bindExpression(argument, this, ["aggregates", name, "argument"]);
    // State is known by what it is of: an output may be renamed.
    const wanted = { name: typeof argument === "string" ? argument : text, expression };
    this.#byText.set(text, wanted);
    return wanted;
  }
}

/** Columns that the engine adds to what travels between stages; the names of users have no such sign. */
function isReserved(name: string): boolean {
  return name.startsWith("$");
}

/** The event time of a stream that a job reads; throws JOB_INVALID where it has none. */
export function timeColumnOf({ eventTime }: StreamDefinition): string {
  if (eventTime.column !== undefined) return eventTime.column;
  const message = "source: the stream has no event time; make the job with SQL, which needs none";
  throw new EngineError("JOB_INVALID", { message, details: { path: "source" } });
}

/**
 * Numbers the task's input columns: the stream's columns that are needed, in its order, then the computed
 * ones.
 */
export class InputColumns {
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

/**
 * Positions in the job's key of the stream's distribution key, or undefined where rows of one key may lie in
 * several shards. Empty for one shard.
 */
export function routingKeyOf(
  { shards, distributionKey, columns }: StreamDefinition,
  keyed: readonly Wanted[],
): number[] | undefined {
  const positions = distributionKey.map((name) => {
    const column = columns.findIndex((candidate) => candidate.name === name);
    return keyed.findIndex(({ expression }) => expression.node === "column" && expression.column === column);
  });
  const isRouted = positions.length > 0 && !positions.includes(-1);
  return isRouted ? positions : shards === 1 ? [] : undefined;
}
