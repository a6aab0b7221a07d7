/**
 * From a bound call of an aggregate to what accumulates rows.
 */
import { assert } from "../base/assert.ts";
import type { Accumulating, AggregateCall } from "./aggregate-function.ts";
import { findAggregate } from "./aggregates/built-in.ts";
import { distinctOf } from "./aggregates/distinct.ts";
import { isUserCall, registeredAggregate } from "./call-user-function.ts";
import { compileExpressions } from "./compile-expression.ts";
import type { CallOptions, RowExpression } from "./row-expression.ts";
import type { EvaluationContext, RowEvaluator } from "./scalar-function.ts";
import type { SqlType } from "./types/sql-type.ts";
import type { Row } from "./values/sql-value.ts";
import { decodeValueJson } from "./values/value-json.ts";

/** An aggregate over a group's rows after binding. Plain JSON, which is stored in plans. */
export interface AggregateExpression {
  /** As in `aggregates/built-in.ts`. */
  readonly function: string;
  readonly arguments: readonly RowExpression[];
  readonly type: SqlType;
  readonly isDistinct: boolean;
  /** Only rows for which it is true count. */
  readonly filter?: RowExpression;
  readonly options?: CallOptions;
}

export interface CompiledAggregate {
  readonly accumulating: Accumulating;
  /** Returns what a row gives the accumulator; undefined where it does not count. */
  readonly valuesOf: (row: Row) => Row | undefined;
}

/** Prepares an aggregate; `isRetracting` where rows may be taken back. */
export function compileAggregate(
  aggregate: AggregateExpression,
  isRetracting: boolean,
  context: EvaluationContext,
): CompiledAggregate {
  return compileAggregates([aggregate], isRetracting, context)[0] as CompiledAggregate;
}

/** Prepares aggregates over the same rows: what several of them are of is calculated once for a row. */
export function compileAggregates(
  aggregates: readonly AggregateExpression[],
  isRetracting: boolean,
  context: EvaluationContext,
): CompiledAggregate[] {
  const expressions = expressionsOf(aggregates);
  const evaluators = compileExpressions(expressions, context);
  const evaluatorOf = new Map(expressions.map((each, index) => [each, evaluators[index] as RowEvaluator]));
  return aggregates.map((each) => compileOne(each, isRetracting, context, evaluatorOf));
}

/** What aggregates calculate of each row: arguments and filters. */
export function expressionsOf(
  aggregates: readonly Pick<AggregateExpression, "arguments" | "filter">[],
): RowExpression[] {
  return aggregates.flatMap((each) => [...each.arguments, ...(each.filter ? [each.filter] : [])]);
}

type Evaluators = ReadonlyMap<RowExpression, RowEvaluator>;

function compileOne(
  aggregate: AggregateExpression,
  isRetracting: boolean,
  context: EvaluationContext,
  evaluators: Evaluators,
): CompiledAggregate {
  const { function: name } = aggregate;
  const called = isUserCall(name) ? registeredAggregate(name, context) : findAggregate(name);
  assert(called, `the plan calls an aggregate that is there: ${aggregate.function}`);
  assert(called.canRetract || !isRetracting, `rows are not taken back from ${called.name}`);
  const call: AggregateCall = {
    name: called.name,
    types: aggregate.arguments.map(({ type }) => type),
    type: aggregate.type,
    constants: aggregate.arguments.map((each) =>
      each.node === "literal" ? decodeValueJson(each.value) : undefined,
    ),
    options: aggregate.options ?? {},
    context,
    isRetracting,
  };
  const prepared = called.prepare(call);
  const isDistinct = aggregate.isDistinct && !called.ignoresDistinct;
  return {
    accumulating: isDistinct ? distinctOf(prepared, call.types) : prepared,
    valuesOf: argumentsOf(aggregate, called.takesNulls === true, evaluators),
  };
}

const rowsType: SqlType = Object.freeze({ name: "BIGINT", isNullable: false });

/** Types of what is kept of a group's rows: how many there are, then each accumulator. */
export function groupTypesOf(compiled: readonly CompiledAggregate[]): readonly SqlType[] {
  return [rowsType, ...compiled.map(({ accumulating }) => accumulating.accumulatorType)];
}

/** The same of aggregates that the interpreter has itself, over rows that only come. */
export function partTypesOf(aggregates: readonly AggregateExpression[]): readonly SqlType[] {
  const moment = { processingTime: 0, watermark: null, random: () => 0 };
  return groupTypesOf(aggregates.map((each) => compileAggregate(each, false, { timeZone: "UTC", moment })));
}

function argumentsOf(aggregate: AggregateExpression, takesNulls: boolean, evaluators: Evaluators) {
  const evaluatorOf = (expression: RowExpression) => evaluators.get(expression) as RowEvaluator;
  const operands = aggregate.arguments.map(evaluatorOf);
  const filter = aggregate.filter && evaluatorOf(aggregate.filter);
  return (row: Row): Row | undefined => {
    if (filter && filter(row) !== true) return undefined;
    const values = operands.map((operand) => operand(row));
    return !takesNulls && values.includes(null) ? undefined : values;
  };
}
