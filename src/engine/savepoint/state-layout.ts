/**
 * What of a plan decides the bytes and the meaning of its state: where two plans agree in it, one goes on
 * with what the other has kept.
 *
 * That is the key, the window, and each accumulator with what it is of. Everything else may change between
 * two runs: filters, how a column is computed, names and order of outputs that share accumulators, two
 * phases or one, lateness and retention. A count of rows that the stage before has added up is the sum of
 * its counts: the same bytes, the same meaning.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { formatType } from "../../columnar/schema.ts";
import type { AggregateCall, OperatorDefinition } from "../../protocol/dataflow.ts";
import { cellSpecsOf } from "../plan/cell-layout.ts";
import { keepsState } from "../plan/state-places.ts";
import type { TaskPlan } from "../plan/task-plan.ts";

interface StateLayout {
  readonly key: string;
  readonly window: string;
  readonly aggregates: string;
}

/** Says in which part of its state `wanted` differs from `saved`, and how; undefined where in none. */
export function layoutDifference(saved: TaskPlan, wanted: TaskPlan): string | undefined {
  const [was, wish] = [layoutOf(saved), layoutOf(wanted)];
  for (const part of ["key", "window", "aggregates"] as const) {
    const verb = part === "aggregates" ? "were" : "was";
    if (was[part] !== wish[part]) return `its ${part} ${verb} ${was[part]} and would be ${wish[part]}`;
  }
  const [chainWas, chainWish] = [saved, wanted].map(chainLayoutOf);
  if (chainWas !== chainWish) return "its operators that keep state were others, or had other types";
  return undefined;
}

/** What of a chain's operators decides their state; those without any may change. */
function chainLayoutOf({ chain }: TaskPlan): string {
  if (!chain) return "";
  const { operators, kept } = chain;
  const layouts = operators.map((operator) => (keepsState(operator) ? operatorLayout(operator) : null));
  return JSON.stringify(kept ? [kept, layouts.filter((layout) => layout !== null)] : layouts);
}

function operatorLayout(operator: OperatorDefinition) {
  switch (operator.operator) {
    case "group aggregate": {
      const { operator: name, keyTypes, aggregates, isRetracting } = operator;
      return { name, keyTypes, aggregates: aggregates.map(aggregateLayout), isRetracting };
    }
    case "window aggregate": {
      const { operator: name, keyTypes, aggregates, isRetracting, window } = operator;
      return { name, keyTypes, aggregates: aggregates.map(aggregateLayout), isRetracting, window };
    }
    default:
      return operator;
  }
}

function aggregateLayout({ function: name, arguments: operands, isDistinct, type }: AggregateCall) {
  return { name, types: operands.map((operand) => operand.type), isDistinct, type };
}

function layoutOf(plan: TaskPlan): StateLayout {
  const { key, window, accumulators, planVersion } = plan;
  const cells = cellSpecsOf(accumulators, planVersion);
  const aggregates = accumulators.map((spec, index) => {
    const cell = cells[index];
    const kind = cell && "kind" in cell ? ` ${cell.kind}` : "";
    const wide = cell?.operation === "sumDecimal" ? " wide" : "";
    const isCount = nameOf(plan, spec).startsWith("count(");
    return nameOf(plan, spec) + (isCount ? "" : kind + wide + (spec.nullable ? " nullable" : ""));
  });
  return {
    key: `[${key.map(({ name, type }) => `${name} ${formatType(type)}`).join(", ")}]`,
    window: JSON.stringify(window),
    aggregates: `[${aggregates.join(", ")}]`,
  };
}

/** What an accumulator is of, such as `sum(amount)`: values of the stage before bear that name already. */
function nameOf({ sourceColumns, computedColumns, rowCountColumn }: TaskPlan, spec: AccumulatorSpec): string {
  const { operation, argument, distinct } = spec;
  const column = argument === null ? undefined : [...sourceColumns, ...computedColumns][argument];
  if (column && rowCountColumn !== undefined) return column.name;
  return `${operation}(${distinct ? "distinct " : ""}${column?.name ?? "*"})`;
}
