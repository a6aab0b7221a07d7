/**
 * Which accumulators an aggregate needs, and how its output is finished from them.
 */
import { EngineError } from "../../base/errors.ts";
import type { AccumulatorOperation, AccumulatorSpec } from "../../columnar/accumulator.ts";
import { type DataType, formatType, isBytesKind, type Kind, kindOf } from "../../columnar/schema.ts";
import type { AggregateDefinition } from "../../protocol/job-spec.ts";
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
  need(operation: AccumulatorOperation, argument: AggregateArgument | undefined): number {
    // Where the argument is never null, counting it is counting rows.
    const counted = operation === "count" && !argument?.nullable ? undefined : argument;
    const column = counted?.column ?? null;
    const known = this.specs.findIndex((spec) => spec.operation === operation && spec.argument === column);
    if (known >= 0) return known;
    const kind: Kind = operation === "count" || !counted ? kindOf(bigint) : kindOf(counted.type);
    const wide = operation === "sum" && counted?.type.name === "DECIMAL";
    return (
      this.specs.push({ operation, kind, argument: column, wide, nullable: counted?.nullable ?? false }) - 1
    );
  }
}

/** How rows are taken back, where they are. */
export interface Retraction {
  readonly hasWindow: boolean;
}

/**
 * Returns the output of `aggregate`, whose argument is undefined for count(*) only. `retraction` is undefined
 * where no row is ever taken back.
 */
export function planAggregate(
  aggregate: AggregateDefinition,
  argument: AggregateArgument | undefined,
  accumulators: AccumulatorList,
  retraction: Retraction | undefined,
): OutputColumn {
  const { name } = aggregate;
  if (retraction) checkRetractable(aggregate, argument, retraction);
  const direct = (operation: AccumulatorOperation, type: DataType): OutputColumn => ({
    name,
    type,
    from: { from: "accumulator", accumulator: accumulators.need(operation, argument) },
  });
  if (aggregate.function === "count") return direct("count", bigint);
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
      if (!retraction) return direct("sum", type);
      const sum = accumulators.need("sum", argument);
      return { name, type, from: { from: "sum", sum, count: accumulators.need("count", argument) } };
    }
    case "avg": {
      const type = averageType(sumType(aggregate, argument.type));
      const sum = accumulators.need("sum", argument);
      const count = accumulators.need("count", argument);
      return { name, type, from: { from: "average", sum, count, argumentType: argument.type } };
    }
  }
}

function checkRetractable(
  { name, function: called }: AggregateDefinition,
  argument: AggregateArgument | undefined,
  { hasWindow }: Retraction,
): void {
  if (called === "count" || called === "sum" || called === "avg") return;
  const path = `aggregates.${name}.function`;
  const refuse = (why: string, expected: string): never => {
    throw new EngineError("JOB_INVALID", {
      message:
        `${path}: the results of the step before change, and ${called} ${why}; ` +
        `expected ${expected}, or a step before with a window and no allowedLateness`,
      details: { path },
    });
  };
  if (called !== "min" && called !== "max") refuse("cannot take back a row", "count, sum, avg, min or max");
  if (hasWindow) refuse("cannot take back a row of a window", "count, sum or avg");
  if (argument && isBytesKind(kindOf(argument.type))) {
    refuse(`cannot take back a ${formatType(argument.type)}`, "count, or an argument of another type");
  }
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
