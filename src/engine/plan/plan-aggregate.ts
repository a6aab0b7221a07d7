/**
 * Which accumulators an aggregate needs, and how its output is finished from them.
 */
import { EngineError } from "../../base/errors.ts";
import type { AccumulatorOperation, AccumulatorSpec } from "../../columnar/accumulator.ts";
import { type DataType, formatType, type Kind, kindOf } from "../../columnar/schema.ts";
import type { AggregateDefinition, WindowDefinition } from "../../protocol/job-spec.ts";
import { isNumeric } from "../expressions/type-rules.ts";
import type { OutputColumn } from "./task-plan.ts";

/** An aggregate's argument: its index among the input columns. */
export interface AggregateArgument {
  readonly column: number;
  readonly type: DataType;
  readonly nullable: boolean;
}

const bigint = { name: "BIGINT" } as const;

/** Digits of a DECIMAL's sum and average. */
const widePrecision = 38;

/** The accumulators of a plan; asking twice for the same gives the same. */
export class AccumulatorList {
  readonly specs: AccumulatorSpec[] = [];

  /** Returns the index of the accumulator. */
  need(operation: AccumulatorOperation, argument: AggregateArgument | undefined, isDistinct = false): number {
    // Where the argument is never null, counting it is counting rows.
    const isRowCount = operation === "count" && !isDistinct && !argument?.nullable;
    const counted = isRowCount ? undefined : argument;
    const column = counted?.column ?? null;
    const known = this.specs.findIndex(
      (spec) =>
        spec.operation === operation && spec.argument === column && (spec.distinct ?? false) === isDistinct,
    );
    if (known >= 0) return known;
    const isCount = operation === "count" && !isDistinct;
    const kind: Kind = isCount || !counted ? kindOf(bigint) : kindOf(counted.type);
    const wide = operation === "sum" && counted?.type.name === "DECIMAL";
    // A sum of distinct values says nothing where their count is zero.
    const nullable = !isDistinct && (counted?.nullable ?? false);
    const distinct = isDistinct ? { distinct: true as const } : {};
    return this.specs.push({ operation, kind, argument: column, wide, nullable, ...distinct }) - 1;
  }
}

/** What the rows of an aggregate are like. */
export interface AggregatedRows {
  readonly window: WindowDefinition | undefined;
  /** Whether they may be taken back. */
  readonly areTakenBack: boolean;
}

/** Returns the output of `aggregate`, whose argument is undefined for count(*) only. */
export function planAggregate(
  aggregate: AggregateDefinition,
  argument: AggregateArgument | undefined,
  accumulators: AccumulatorList,
  rows: AggregatedRows,
): OutputColumn {
  const { name } = aggregate;
  const isDistinct = aggregate.distinct === true && isAdded(aggregate);
  if (isDistinct || (rows.areTakenBack && !isAdded(aggregate))) checkSlices(aggregate, rows);
  const direct = (operation: AccumulatorOperation, type: DataType): OutputColumn => ({
    name,
    type,
    from: { from: "accumulator", accumulator: accumulators.need(operation, argument) },
  });
  const count = () => accumulators.need("count", argument, isDistinct);
  if (aggregate.function === "count") {
    return { name, type: bigint, from: { from: "accumulator", accumulator: count() } };
  }
  if (!argument) return refuse(aggregate, "found nothing, expected a column or an expression");
  switch (aggregate.function) {
    case "min":
    case "max":
      return direct(aggregate.function, argument.type);
    case "first_value":
      return direct("first", argument.type);
    case "last_value":
      return direct("last", argument.type);
    case "sum": {
      const type = sumType(aggregate, argument.type);
      if (!rows.areTakenBack && !isDistinct) return direct("sum", type);
      const sum = accumulators.need("sum", argument, isDistinct);
      return { name, type, from: { from: "sum", sum, count: count() } };
    }
    case "avg": {
      const type = averageType(sumType(aggregate, argument.type));
      const sum = accumulators.need("sum", argument, isDistinct);
      return { name, type, from: { from: "average", sum, count: count(), argumentType: argument.type } };
    }
  }
}

/** True for functions that add rows up: what is taken back of others is known only by all values. */
function isAdded({ function: called }: AggregateDefinition): boolean {
  return called === "count" || called === "sum" || called === "avg";
}

/** Values that are all kept lie in one table per window: windows that share slices cannot share them. */
function checkSlices(aggregate: AggregateDefinition, { window }: AggregatedRows): void {
  const { name, function: called } = aggregate;
  const isOfDistinct = isAdded(aggregate);
  if (!window || window.type === "tumble") return;
  const path = `aggregates.${name}.${isOfDistinct ? "distinct" : "function"}`;
  const why = isOfDistinct
    ? `${called} of distinct values needs all values of a window`
    : `the results of the step before change, and ${called} of them needs all values of a window`;
  throw new EngineError("JOB_INVALID", {
    message: `${path}: ${why}, which a ${window.type} window does not keep; expected a tumble window or none`,
    details: { path },
  });
}

function sumType(aggregate: AggregateDefinition, type: DataType): DataType {
  if (!isNumeric(type)) return refuse(aggregate, `found ${formatType(type)}, expected a number`);
  if (type.name === "DECIMAL") return { name: "DECIMAL", precision: widePrecision, scale: type.scale };
  return type.name === "DOUBLE" ? type : bigint;
}

function averageType(sum: DataType): DataType {
  if (sum.name !== "DECIMAL") return { name: "DOUBLE" };
  return { name: "DECIMAL", precision: widePrecision, scale: Math.max(sum.scale, 6) };
}

function refuse(aggregate: AggregateDefinition, message: string): never {
  const path = `aggregates.${aggregate.name}.argument`;
  throw new EngineError("JOB_INVALID", {
    message: `${path}: ${message} as the argument of ${aggregate.function}`,
    details: { path },
  });
}
