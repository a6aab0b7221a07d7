/**
 * Aggregates over results that change: what is sent of a change, and what the next stage adds up.
 *
 * A change comes as a row with a weight: 1 for a row that there is from now on (Flink's +I and +U), -1 for
 * one that there is no more (-U and -D). The sender multiplies by it, so that all that follows is a sum:
 * rows are counted by their weights, a sum adds signed values, and rows may be added up before they travel
 * like any others. The filter judges each row by itself: where only the new one of two fails, the old one is
 * taken back.
 *
 * What has come back to nothing must look like nothing: an accumulator counts the rows of each key, and each
 * sum has one beside it that counts its arguments. The least, the largest, the first and the last value are
 * known again only where all values are kept, as distinct ones are: they travel as they are, beside the
 * weight, and are never added up before.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import type { DataType } from "../../columnar/schema.ts";
import type { LaneValue } from "../../columnar/values.ts";
import type { StreamDefinition } from "../../protocol/stream-spec.ts";
import { compileProgram } from "../expressions/compile.ts";
import type { TypedExpression, TypedOperator } from "../expressions/typed-expression.ts";
import type { Wanted } from "./job-columns.ts";
import { planCountedValues } from "./plan-counted-values.ts";
import type { SourceColumn, TaskPlan } from "./task-plan.ts";

/** The column of a stream of changes that holds their weights. No name that a user gives begins like it. */
export const weightColumn = "$weight";

const bigint = { name: "BIGINT" } as const;

/** What is sent to a stage, the stream that this makes, and the plan of the stage. */
export interface WeighedStage {
  readonly sent: readonly Wanted[];
  /** Names of what is sent as it is, whatever the stage makes of it. */
  readonly kept: readonly string[];
  readonly input: StreamDefinition;
  readonly last: TaskPlan;
}

/** True for a stream of changes. */
export function hasWeights({ columns }: StreamDefinition): boolean {
  return columns.some(({ name }) => name === weightColumn);
}

/** `stage` as it would be if its rows were never taken back, made to take them with their weights. */
export function planWeights(stage: WeighedStage, weight: TypedExpression): WeighedStage {
  const { sent, kept, input, last } = stage;
  const wantedOf = (column: number): Wanted => {
    const { streamColumn } = last.sourceColumns[column] as SourceColumn;
    return sent[streamColumn] as Wanted;
  };
  const keys = last.key.map(({ column }) => wantedOf(column));
  const time = wantedOf(last.eventTimeColumn);
  const added = last.accumulators.map((spec) =>
    weighed(spec, spec.argument === null ? undefined : wantedOf(spec.argument), weight),
  );
  const asTheyAre = sent.filter(({ name }) => kept.includes(name));
  const wanted = [time, ...keys, ...added, ...asTheyAre];
  const columns = [...new Map(wanted.map((column) => [column.name, column])).values()];
  const indexOf = ({ name }: Wanted) => columns.findIndex((column) => column.name === name);
  const weightPlace = columns.findIndex(({ name }) => name === weightColumn);
  const described = columns.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable }));
  const sourceColumns = described.map((column, streamColumn) => ({ ...column, streamColumn }));
  const accumulators = last.accumulators.map((spec, index): AccumulatorSpec => {
    const column = added[index] as Wanted;
    const { nullable } = column.expression;
    const operation = isKept(spec) ? spec.operation : "sum";
    return { ...spec, operation, argument: indexOf(column), nullable };
  });
  return {
    ...{ sent: columns, kept },
    input: { ...input, columns: described },
    last: {
      ...last,
      sourceColumns,
      computedColumns: [],
      program: compileProgram({ sourceColumns, computed: [], filter: undefined }),
      eventTimeColumn: indexOf(time),
      key: last.key.map((key, index) => ({ ...key, column: indexOf(keys[index] as Wanted) })),
      accumulators,
      ...planCountedValues(accumulators, weightPlace),
    },
  };
}

/** True where an accumulator needs all values. */
function isKept({ operation, distinct }: AccumulatorSpec): boolean {
  return distinct || (operation !== "count" && operation !== "sum");
}

/** What one row adds to a count or a sum of `argument`, which is undefined for count(*); else itself. */
function weighed(spec: AccumulatorSpec, argument: Wanted | undefined, weight: TypedExpression): Wanted {
  if (!argument) return { name: weightColumn, expression: weight };
  if (isKept(spec)) return argument;
  const { name, expression } = argument;
  if (spec.operation === "count") {
    const isNull = call("is null", [expression], { name: "BOOLEAN" }, false);
    return {
      name: `${weightColumn} of ${name}`,
      expression: call("case", [isNull, literal(0n, bigint), weight], bigint, false),
    };
  }
  const value = widened(expression);
  const { type, nullable } = value;
  const isTakenBack = call("<", [weight, literal(0n, bigint)], { name: "BOOLEAN" }, false);
  const negative = call("negate", [value], type, nullable);
  return {
    name: `$signed ${name}`,
    expression: call("case", [isTakenBack, negative, value], type, nullable),
  };
}

/** The negative of an INT may be no INT. */
function widened(expression: TypedExpression): TypedExpression {
  return expression.type.name === "INT"
    ? call("cast", [expression], bigint, expression.nullable)
    : expression;
}

function call(
  operator: TypedOperator,
  parameters: readonly TypedExpression[],
  type: DataType,
  nullable: boolean,
): TypedExpression {
  return { node: "call", operator, arguments: parameters, type, nullable };
}

function literal(value: LaneValue, type: DataType): TypedExpression {
  return { node: "literal", value, type, nullable: false };
}
