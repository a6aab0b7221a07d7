/**
 * Aggregates that kernels make as the interpreter does.
 *
 * Not so: an average of integers (cut here, a DOUBLE there), DISTINCT of DOUBLE (is -0 another value?), and
 * texts that may be longer than a cell holds. The sum of INT wraps as one here and is a BIGINT there, whose
 * lower half it is.
 */
import { accumulatorStringBytesMax } from "../../base/limits.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import type { ExpressionJson } from "../../protocol/expression-json.ts";
import type { AggregateDefinition, AggregateFunction } from "../../protocol/job-spec.ts";
import { kernelExpression, kernelTypeOf, NotOnKernels } from "./kernel-expression.ts";

/** Longest text whose UTF-8 a cell holds, whatever its characters. */
const textLengthMax = accumulatorStringBytesMax / 4;

const functions: Readonly<Record<string, AggregateFunction>> = Object.freeze({
  COUNT: "count",
  SUM: "sum",
  MIN: "min",
  MAX: "max",
  AVG: "avg",
  FIRST_VALUE: "first_value",
  LAST_VALUE: "last_value",
});

export interface KernelAggregate extends Omit<AggregateDefinition, "name"> {
  /** Its result is the lower half of what the job holds. */
  readonly narrow: boolean;
}

/** Returns the aggregate over columns by their names; throws `NotOnKernels`. */
export function kernelAggregate(call: AggregateCall, names: readonly string[]): KernelAggregate {
  const { function: called, arguments: given, isDistinct, filter } = call;
  const known = Object.hasOwn(functions, called) ? functions[called] : undefined;
  if (!known) throw new NotOnKernels(`${called} has no kernel`);
  if (given.length > 1) throw new NotOnKernels(`${called} of several arguments has no kernel`);
  const [argument] = given;
  if (argument) checkArgument(call, argument);
  const isOfAll = known === "min" || known === "max";
  return {
    function: known,
    ...argumentOf(argument, filter, names),
    ...(isDistinct && !isOfAll && { distinct: true as const }),
    narrow: known === "sum" && call.type.name === "INT",
  };
}

/** Rows that do not pass the filter give null, which no aggregate looks at. */
function argumentOf(
  argument: RowExpression | undefined,
  filter: RowExpression | undefined,
  names: readonly string[],
): { readonly argument?: ExpressionJson } {
  const value = argument && kernelExpression(argument, names);
  if (filter) return { argument: ["case", kernelExpression(filter, names), value ?? 1] };
  return value === undefined ? {} : { argument: value };
}

function checkArgument({ function: called, isDistinct, type: made }: AggregateCall, { type }: RowExpression) {
  const found = kernelTypeOf(type)?.name;
  if (found === undefined) throw new NotOnKernels(`kernels do not hold ${formatShape(type)}`);
  if (called === "AVG" && made.name !== "DOUBLE" && made.name !== "DECIMAL") {
    throw new NotOnKernels(`AVG of ${formatShape(type)} is cut to ${formatShape(made)}; cast to DOUBLE`);
  }
  const keepsValues = isDistinct || !["COUNT", "SUM", "AVG"].includes(called);
  if (isDistinct && found === "DOUBLE" && called !== "MIN" && called !== "MAX") {
    throw new NotOnKernels("DISTINCT of DOUBLE is left to the interpreter");
  }
  if (keepsValues && !isShort(type)) {
    const shorter = `declare a VARCHAR(${textLengthMax}) or shorter`;
    throw new NotOnKernels(
      `${called} keeps ${formatShape(type)}, and a cell has no room for any; ${shorter}`,
    );
  }
}

function isShort(type: SqlType): boolean {
  return type.name !== "VARCHAR" || type.length <= textLengthMax;
}
