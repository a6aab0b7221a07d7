/**
 * Aggregate in two phases: rows of one record are added up by key before they travel, and what travels is
 * added up again.
 *
 * That never changes results: it is done where what is added up in parts comes to the same to the last
 * digit, which fractions of DOUBLE do not, and where what is kept is not much longer than the rows it is of:
 * of one aggregate at most values are kept that may be long.
 * Windows stay in one phase, since a row that is too late for its window must be told of as the row that it
 * was. As in Flink it needs mini-batches, which here are the records.
 *
 * Nor is it for rows that may be taken back. The plan has the last word: rows that are where they belong do
 * not travel.
 */
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import {
  type AggregateRelation,
  inputsOfRelation,
  isOfWindows,
  type Relation,
} from "../bind/logical-plan.ts";
import { isSet, optionOf, type SessionOptions } from "../bind/session-options.ts";
import { isChangelog } from "../catalog/table-definition.ts";
import { mapRelation } from "./map-relation.ts";

export function aggregateInTwoPhases(relation: Relation, options: SessionOptions): Relation {
  const isOff = optionOf(options, "table.optimizer.agg-phase-strategy").toUpperCase() === "ONE_PHASE";
  if (isOff || !isSet(options, "table.exec.mini-batch.enabled")) return relation;
  return mapRelation(relation, (each) =>
    each.node === "aggregate" && canBeInParts(each) ? { ...each, isInTwoPhases: true } : each,
  );
}

function canBeInParts(relation: AggregateRelation): boolean {
  const { input, aggregates } = relation;
  const isShort = aggregates.filter(keepsLongValues).length <= 1;
  return !isOfWindows(relation) && !isChanging(input) && isShort && aggregates.every(mergesExactly);
}

function keepsLongValues({ function: name, isDistinct, arguments: given }: AggregateCall): boolean {
  if (isDistinct) return true;
  return name !== "COUNT" && given.some(({ type }) => !isShortType(type));
}

/** True where values take a few bytes. */
function isShortType({ name }: SqlType): boolean {
  const numbers = ["BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE"];
  return [...numbers, "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ"].includes(name);
}

/** True where rows are taken back. */
function isChanging(relation: Relation): boolean {
  if (relation.node === "scan") return isChangelog(relation.table);
  if (relation.node === "set") return true;
  if (relation.node === "aggregate") {
    if (isOfWindows(relation)) return false;
    if (relation.aggregates.length > 0) return true;
  }
  return inputsOfRelation(relation).some(isChanging);
}

function mergesExactly({ function: name, type }: AggregateCall): boolean {
  switch (name) {
    case "COUNT":
    case "MIN":
    case "MAX":
    case "FIRST_VALUE":
    case "LAST_VALUE":
      return true;
    case "SUM":
    case "AVG":
      return type.name !== "FLOAT" && type.name !== "DOUBLE";
    default:
      return false;
  }
}
