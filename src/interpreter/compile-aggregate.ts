/**
 * From a bound call of an aggregate to what accumulates rows.
 */
import { assert } from "../base/assert.ts";
import type { Accumulating, AggregateCall } from "./aggregate-function.ts";
import { findAggregate } from "./aggregates/built-in.ts";
import { distinctOf } from "./aggregates/distinct.ts";
import { isUserCall, registeredAggregate } from "./call-user-function.ts";
import { compileExpression } from "./compile-expression.ts";
import type { CallOptions, RowExpression } from "./row-expression.ts";
import type { EvaluationContext } from "./scalar-function.ts";
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
    valuesOf: argumentsOf(aggregate, called.takesNulls === true, context),
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

function argumentsOf(aggregate: AggregateExpression, takesNulls: boolean, context: EvaluationContext) {
  const operands = aggregate.arguments.map((argument) => compileExpression(argument, context));
  const filter = aggregate.filter && compileExpression(aggregate.filter, context);
  return (row: Row): Row | undefined => {
    if (filter && filter(row) !== true) return undefined;
    const values = operands.map((operand) => operand(row));
    return !takesNulls && values.includes(null) ? undefined : values;
  };
}
