/**
 * What of a plan decides the bytes and the meaning of its state: where two plans agree in it, one goes on
 * with what the other has kept.
 *
 * That is the key, the window, and each accumulator with what it is of. Everything else may change between
 * two runs: filters, how a column is computed, names and order of outputs that share accumulators, two
 * phases or one, lateness and retention. A count of rows that the stage before has added up is the sum of
 * its counts: the same bytes, the same meaning.
 *
 * State in the shards of a stream is compared name by name: there a task goes on with what it has of it.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import { formatType } from "../../columnar/schema.ts";
import type { AggregateCall, OperatorDefinition } from "../../protocol/dataflow.ts";
import { cellSpecsOf } from "../plan/cell-layout.ts";
import { statePlacesOf } from "../plan/state-places.ts";
import type { KeyColumn, TaskPlan } from "../plan/task-plan.ts";
import { chainFamily, isOfSums, TableFamily } from "../state/window-directory.ts";

interface StateLayout {
  readonly key: string;
  readonly window: string;
  readonly aggregates: string;
}

/** State of `saved` that `wanted` does not go on with. */
export interface StateDifference {
  /** Absent: all of it. */
  readonly name?: string;
  readonly reason: string;
}

/** Returns what of its state a task of `wanted` does not take from one of `saved`, and why. */
export function stateDifferences(saved: TaskPlan, wanted: TaskPlan): StateDifference[] {
  if (!saved.chain?.kept && !wanted.chain?.kept) {
    const reason = layoutDifference(saved, wanted);
    return reason === undefined ? [] : [{ reason }];
  }
  const wished = statesOf(wanted);
  return statesOf(saved).flatMap(({ name, layout }): StateDifference[] => {
    const wish = wished.find((each) => each.name === name);
    if (wish?.layout === layout) return [];
    return [
      { name, reason: wish ? "it was of other types, or of another kind" : "the job has no such step" },
    ];
  });
}

/**
 * Returns the family in which a task of `wanted` has the tables that one of `saved` had in `family`;
 * undefined where it has no such state. Sums of slices are left: states of several tasks may have them of
 * different times. They are made anew of the slices.
 */
export function familyIn(wanted: TaskPlan, saved: TaskPlan, family: number): number | undefined {
  if (isOfSums({ family })) return undefined;
  if (family === TableFamily.Folded) return TableFamily.Slice;
  const was = statesOf(saved).find(({ families: [first, end] }) => first <= family && family < end);
  if (!was) return family;
  const wish = statesOf(wanted).find(({ name, layout }) => name === was.name && layout === was.layout);
  return wish && wish.families[0] + family - was.families[0];
}

/** State that has a name of its own. */
interface NamedState {
  readonly name: string;
  /** Of its tables: from, up to. */
  readonly families: readonly [number, number];
  readonly layout: string;
}

/** The state of a chain's operators, and the view of one whose state has names. */
function statesOf({ chain, key, outputs }: TaskPlan): NamedState[] {
  if (!chain) return [];
  const states = statePlacesOf(chain).map(({ name, operator, number }): NamedState => {
    const layout = JSON.stringify(operatorLayout(chain.operators[operator] as OperatorDefinition));
    return { name, families: [chainFamily(number, 0), chainFamily(number + 1, 0)], layout };
  });
  const view = chain.kept?.find(({ operator }) => operator === undefined);
  if (!view) return states;
  const { Result: family } = TableFamily;
  return [
    ...states,
    { name: view.name, families: [family, family + 1], layout: JSON.stringify([key.map(typeOf), outputs]) },
  ];
}

function typeOf({ name, type }: KeyColumn) {
  return { name, type };
}

/** Says in which part of its state `wanted` differs from `saved`, and how; undefined where in none. */
function layoutDifference(saved: TaskPlan, wanted: TaskPlan): string | undefined {
  const [was, wish] = [layoutOf(saved), layoutOf(wanted)];
  for (const part of ["key", "window", "aggregates"] as const) {
    const verb = part === "aggregates" ? "were" : "was";
    if (was[part] !== wish[part]) return `its ${part} ${verb} ${was[part]} and would be ${wish[part]}`;
  }
  const [chainWas, chainWish] = [saved, wanted].map((plan) => JSON.stringify(statesOf(plan).map(layoutIn)));
  if (chainWas !== chainWish) return "its operators that keep state were others, or had other types";
  return undefined;
}

function layoutIn({ layout }: NamedState): string {
  return layout;
}

/** What of an operator decides its state; wherever its rows come from. */
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
    default: {
      const { inputs: _, ...layout } = operator;
      return layout;
    }
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
    window: JSON.stringify(window && { ...window, sharesSums: undefined }),
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
