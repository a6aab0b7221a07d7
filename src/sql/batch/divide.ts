/**
 * What of a query over views the partitions do themselves, each with its own rows: conditions, projections
 * and windows of single rows; above them what is kept of groups, the first rows of an order, or so many rows.
 * What they answer is put together, and is the rows of that part of the query (`partial-rows.ts`).
 *
 * Left to who asks: everything above, and below it what looks at rows together (sessions), what differs from
 * one evaluation to the next, and collections that are unfolded, since they may make many rows of one.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { inputsOfRelation, type Relation, type ScanRelation } from "../bind/logical-plan.ts";
import { mapRelation } from "../optimize/map-relation.ts";
import { isVolatile } from "../optimize/merge-calcs.ts";
import { withWindowBelow } from "./window-below.ts";

/** A part of a query over one view. Plain values: it is sent to partitions as it is. */
export interface PartialQuery {
  /** An aggregation, an order, or rows as they come; below that, single rows alone. */
  readonly relation: Relation;
  /** So many of its rows are enough, the first ones where it is an order. */
  readonly rows: number;
}

export interface DividedQuery {
  readonly relation: Relation;
  /** Relations within it whose rows the partitions make. Every scan is in one of them. */
  readonly parts: ReadonlyMap<Relation, PartialQuery>;
}

/** Divides an optimized query. */
export function divide(query: Relation): DividedQuery {
  const relation = mapRelation(query, withWindowBelow);
  const parts = new Map<Relation, PartialQuery>();
  // A relation may stand at several places, at one of which fewer of its rows are enough.
  for (const [part, partial] of partsOf(relation, Number.POSITIVE_INFINITY)) {
    if (partial.rows >= (parts.get(part)?.rows ?? 0)) parts.set(part, partial);
  }
  return { relation, parts };
}

/** The table that a part of a query reads. */
export function scanOf({ relation }: PartialQuery): ScanRelation {
  let below = relation;
  for (let [input] = inputsOfRelation(below); input; [input] = inputsOfRelation(below)) below = input;
  return below as ScanRelation;
}

/** `rows` of the relation are enough. */
function partsOf(relation: Relation, rows: number): [Relation, PartialQuery][] {
  if (isRowByRow(relation)) return [[relation, { relation, rows }]];
  switch (relation.node) {
    case "aggregate": {
      const { input, aggregates } = relation;
      const given = aggregates.flatMap((each) => [...each.arguments, ...(each.filter ? [each.filter] : [])]);
      const isMerged = !aggregates.some(({ options }) => options?.merges === "never");
      if (isMerged && isRowByRow(input) && !given.some(isVolatile)) {
        return [[relation, { relation, rows: Number.POSITIVE_INFINITY }]];
      }
      return partsOf(input, Number.POSITIVE_INFINITY);
    }
    case "sort":
      if (isRowByRow(relation.input) && rows < Number.POSITIVE_INFINITY) {
        return [[relation, { relation, rows }]];
      }
      return partsOf(relation.input, Number.POSITIVE_INFINITY);
    case "limit":
      return partsOf(relation.input, relation.offset + Math.min(relation.count, rows));
    case "calc":
      return partsOf(relation.input, relation.condition ? Number.POSITIVE_INFINITY : rows);
    case "union":
      return relation.inputs.flatMap((input) => partsOf(input, rows));
    default:
      return inputsOfRelation(relation).flatMap((input) => partsOf(input, Number.POSITIVE_INFINITY));
  }
}

/** True where a row of a table gives its rows whatever the others are. */
function isRowByRow(relation: Relation): boolean {
  switch (relation.node) {
    case "scan":
      return true;
    case "calc": {
      const { condition, projection = [], input } = relation;
      const all: readonly (RowExpression | undefined)[] = [condition, ...projection];
      return isRowByRow(input) && !all.some(isVolatile);
    }
    case "window":
      return relation.window.kind !== "session" && "column" in relation.time && isRowByRow(relation.input);
    default:
      return false;
  }
}
