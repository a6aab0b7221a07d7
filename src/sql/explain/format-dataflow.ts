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
  SourceDefinition,
  WindowShape,
} from "../../protocol/dataflow.ts";
import { type ChangelogMode, changelogModesOf, modeAt, type StageModes } from "./changelog-modes.ts";
import { formatRowExpression } from "./format-expression.ts";
import { formatAggregate, formatWindow, listed } from "./format-relation.ts";

/** Returns the stages from the sources on. */
export function formatDataflow({ stages }: DataflowDefinition): string {
  const modes = changelogModesOf({ stages });
  return stages.map((stage, number) => formatStage(stage, number, modes[number] as StageModes)).join("\n\n");
}

function formatStage(stage: DataflowStage, number: number, modes: StageModes): string {
  const { uid, source, inputs = [], parallelism, operators, sinks } = stage;
  const partitions =
    parallelism === undefined ? "" : `, ${parallelism} partition${parallelism === 1 ? "" : "s"}`;
  const columns = source?.columns.map(formatColumn).join(", ");
  const read = source
    ? [`in the shards of ${source.stream}${placed(source)}: ${columns}${changing(modes.ports[0])}`]
    : inputs.map(({ stage: from, key }, port) => {
        const by =
          key.length === 0 ? "all to one" : `by hash of ${key.map((column) => `$${column}`).join(", ")}`;
        return `port ${port}: rows of stage ${from}, ${by}, ${formatMode(modes.ports[port])}`;
      });
  return [
    `Stage ${number} "${uid}"${partitions}`,
    ...read.map((line) => `  ${line}`),
    ...operators.map((operator, index) => {
      return `  [${index}] ${formatOperator(operator, modes.operators[index])}`;
    }),
    ...sinks.map(({ sink, name, of }) => {
      return `  -> ${sink} ${name} from ${formatInput(of)}, ${formatMode(modeAt(of, modes))}`;
    }),
  ].join("\n");
}

function formatMode(mode: ChangelogMode = []): string {
  return `changelog=[${mode.join(", ")}]`;
}

/** Most streams only grow. */
function changing(mode: ChangelogMode = []): string {
  return mode.length > 1 ? `, ${formatMode(mode)}` : "";
}

function placed({ distribution = [] }: SourceDefinition): string {
  return distribution.length === 0 ? "" : `, whose rows are there by ${distribution.join(", ")}`;
}

function formatColumn({ name, type }: DataflowColumn): string {
  return `${name} ${formatShape(type)}`;
}

function formatInput(input: OperatorInput): string {
  return "port" in input ? `port ${input.port}` : `[${input.operator}]`;
}

function formatOperator(operator: OperatorDefinition, mode: ChangelogMode | undefined): string {
  const from = operator.inputs.map(formatInput).join(", ");
  return `${describe(operator, formatMode(mode))} <- ${from}`;
}

function describe(operator: OperatorDefinition, mode: string): string {
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
    case "local aggregate":
      return `LocalGroupAggregate(key=[${columnsOf(operator.key)}], ${formatCalls(operator)})`;
    case "group aggregate": {
      const kept = operator.ttlMs === undefined ? "state kept forever" : `state kept ${operator.ttlMs} ms`;
      const folds = operator.isFolding ? ", one change a frame" : "";
      const select = formatCalls(operator);
      const key = columnsOf(operator.key);
      const name = operator.addsParts ? "GlobalGroupAggregate" : "GroupAggregate";
      return `${name}(key=[${key}], ${select}, ${mode}, ${kept}${folds})`;
    }
    case "window aggregate": {
      const { window, time, key } = operator;
      const shape =
        window.kind === "attached" ? "attached" : formatWindow(window, time, []) + slicesOf(window);
      const select = formatCalls(operator);
      return `WindowAggregate(key=[${columnsOf(key)}], window=[${shape}], ${select}, ${mode})`;
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

/** Windows that overlap share slices: a row is added up in one, and a window is made of several. */
function slicesOf(window: WindowShape): string {
  if (window.kind === "hop") return `, slices of ${window.slideMs} ms`;
  return window.kind === "cumulate" ? `, slices of ${window.stepMs} ms` : "";
}

function formatCalls({ aggregates }: { readonly aggregates: readonly AggregateCall[] }): string {
  const select = aggregates.map((each) => formatAggregate(each, [])).join(", ");
  return listed({ select, once: formatRepeated(expressionsOf(aggregates)) });
}

function formatAll(expressions: readonly RowExpression[]): string {
  return expressions.map((each) => formatRowExpression(each, [])).join(", ");
}

function columnsOf(columns: readonly number[]): string {
  return columns.map((column) => `$${column}`).join(", ");
}

/** What stands several times, and is calculated once for a row. */
function formatRepeated(expressions: readonly RowExpression[]): string | undefined {
  const { calls } = new RepeatedCalls(expressions);
  return calls.length === 0 ? undefined : formatAll(calls);
}
