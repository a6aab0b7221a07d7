/**
 * Which values a task keeps all of, and for which accumulators.
 *
 * Distinct values are known only by all that came so far. Where rows may be taken back, so are the least, the
 * largest, the first and the last.
 */
import type { AccumulatorSpec } from "../../columnar/accumulator.ts";
import type { CountedColumn, CountedValuesPlan, TaskPlan } from "./task-plan.ts";

/** `weightColumn` is set where rows may be taken back. Returns nothing where no values need be kept. */
export function planCountedValues(
  accumulators: readonly AccumulatorSpec[],
  weightColumn: number | undefined,
): Pick<TaskPlan, "countedValues"> {
  const columns = [...new Set(accumulators.flatMap(({ argument }) => argument ?? []))];
  const indicesOf = (column: number, isWanted: (spec: AccumulatorSpec) => boolean | undefined) =>
    accumulators.flatMap((spec, index) => (spec.argument === column && isWanted(spec) ? [index] : []));
  const counted = columns.map((column): CountedColumn => {
    const distinct = indicesOf(column, (spec) => spec.distinct);
    if (weightColumn === undefined) return { column, distinct, bounds: [], ends: [] };
    const bounds = indicesOf(column, ({ operation }) => operation === "min" || operation === "max");
    const ends = indicesOf(column, ({ operation }) => operation === "first" || operation === "last");
    return { column, distinct, bounds, ends };
  });
  const kept = counted.filter(({ distinct, bounds, ends }) => distinct.length + bounds.length + ends.length);
  if (kept.length === 0) return {};
  const plan: CountedValuesPlan = { columns: kept };
  return { countedValues: weightColumn === undefined ? plan : { ...plan, weightColumn } };
}
