/**
 * A dataflow as people read it: its stages, what each does, and which changes go between them.
 */
import { expressionsOf } from "../../interpreter/compile-aggregate.ts";
import { RepeatedCalls } from "../../interpreter/repeated-calls.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import type {
  AggregateCall,
  DataflowColumn,
  DataflowDefinition,
  DataflowStage,
  OperatorDefinition,
  OperatorInput,
} from "../../protocol/dataflow.ts";
import { formatRowExpression } from "./format-expression.ts";
import { formatAggregate, formatWindow, listed } from "./format-relation.ts";

/** Returns the stages from the sources on. */
export function formatDataflow({ stages }: DataflowDefinition): string {
  return stages.map(formatStage).join("\n\n");
}

function formatStage(stage: DataflowStage, number: number): string {
  const { uid, source, inputs = [], parallelism, operators, sinks } = stage;
  const partitions =
    parallelism === undefined ? "" : `, ${parallelism} partition${parallelism === 1 ? "" : "s"}`;
  const read = source
    ? [`in the shards of ${source.stream}: ${source.columns.map(formatColumn).join(", ")}`]
    : inputs.map(({ stage: from, key }, port) => {
        const by =
          key.length === 0 ? "all to one" : `by hash of ${key.map((column) => `$${column}`).join(", ")}`;
        return `port ${port}: rows of stage ${from}, ${by}`;
      });
  return [
    `Stage ${number} "${uid}"${partitions}`,
    ...read.map((line) => `  ${line}`),
    ...operators.map((operator, index) => `  [${index}] ${formatOperator(operator)}`),
    ...sinks.map(({ sink, name, of }) => `  -> ${sink} ${name} from ${formatInput(of)}`),
  ].join("\n");
}

function formatColumn({ name, type }: DataflowColumn): string {
  return `${name} ${formatShape(type)}`;
}

function formatInput(input: OperatorInput): string {
  return "port" in input ? `port ${input.port}` : `[${input.operator}]`;
}

function formatOperator(operator: OperatorDefinition): string {
  const from = operator.inputs.map(formatInput).join(", ");
  return `${describe(operator)} <- ${from}`;
}

function describe(operator: OperatorDefinition): string {
  switch (operator.operator) {
    case "calc": {
      const { projection = [], condition } = operator;
      const select = operator.projection && formatAll(projection);
      const where = condition && formatRowExpression(condition, []);
      const once = formatRepeated([...projection, ...(condition ? [condition] : [])]);
      return `Calc(${listed({ select, where, once })})`;
    }
    case "expand":
      return `Expand(sets=[${operator.projections.length}])`;
    case "unnest":
      return `Correlate(unnest=[${formatRowExpression(operator.collection, [])}])`;
    case "window assign":
      return `WindowTableFunction(${formatWindow(operator.window, operator.time, [])})`;
    case "group aggregate": {
      const { aggregates, sendsUpdateBefore, isRetracting } = operator;
      // A key alone is there or not: it does not change.
      const changes = aggregates.length === 0 ? "" : sendsUpdateBefore ? ", UB, UA" : ", UA";
      const modes = `changelog=[I${changes}${isRetracting ? ", D" : ""}]`;
      const kept = operator.ttlMs === undefined ? "state kept forever" : `state kept ${operator.ttlMs} ms`;
      const folds = operator.isFolding ? ", one change a frame" : "";
      const select = formatAggregates(aggregates);
      const key = columnsOf(operator.key);
      return `GroupAggregate(key=[${key}], ${select}, ${modes}, ${kept}${folds})`;
    }
    case "window aggregate": {
      const { window, time, key, aggregates } = operator;
      const shape = window.kind === "attached" ? "attached" : formatWindow(window, time, []);
      const select = formatAggregates(aggregates);
      return `WindowAggregate(key=[${columnsOf(key)}], window=[${shape}], ${select}, changelog=[I])`;
    }
    case "set":
      return `${operator.set === "intersect" ? "Intersect" : "Except"}(all=[${operator.isAll}])`;
    case "sort":
      return operator.time === undefined
        ? "Sort(at the end of the input)"
        : `TemporalSort(time=[$${operator.time}])`;
    case "limit":
      return `Limit(offset=[${operator.offset}], fetch=[${operator.count}])`;
    case "constraint": {
      const { notNull, nested, length } = operator;
      return `ConstraintEnforcer(${listed({ notNull, nested, length })})`;
    }
    case "materialize":
      return `SinkUpsertMaterializer(key=[${columnsOf(operator.key)}], conflict=[${operator.conflict}])`;
    case "drop update before":
      return "DropUpdateBefore()";
  }
}

function formatAll(expressions: readonly RowExpression[]): string {
  return expressions.map((each) => formatRowExpression(each, [])).join(", ");
}

function columnsOf(columns: readonly number[]): string {
  return columns.map((column) => `$${column}`).join(", ");
}

function formatAggregates(aggregates: readonly AggregateCall[]): string {
  const select = aggregates.map((each) => formatAggregate(each, [])).join(", ");
  return listed({ select, once: formatRepeated(expressionsOf(aggregates)) });
}

/** What stands several times, and is calculated once for a row. */
function formatRepeated(expressions: readonly RowExpression[]): string | undefined {
  const { calls } = new RepeatedCalls(expressions);
  return calls.length === 0 ? undefined : formatAll(calls);
}
