/**
 * Queries over what is there and ends: VALUES, the rows of a view. All rows are in memory, each operator
 * makes an array of them.
 */

import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { compileExpression, compileExpressions } from "../../interpreter/compile-expression.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { comparisonOf, nullsLast } from "../../interpreter/values/compare-values.ts";
import { elementsIn } from "../../interpreter/values/elements.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../interpreter/values/sql-value.ts";
import { timeZoneOf } from "../../interpreter/values/time-zone.ts";
import type {
  AggregateRelation,
  Relation,
  ScanRelation,
  SetRelation,
  SortRelation,
  UnnestRelation,
  WindowRelation,
} from "../bind/logical-plan.ts";
import { GroupRows, textOf } from "./group-rows.ts";
import { withWindowBelow } from "./window-below.ts";
import { type Bounds, mergeSessions, windowsOf } from "./windows-of.ts";

/** Rows that are there, and what all expressions share. */
export interface BatchContext extends EvaluationContext {
  /** The rows of a relation that need not be evaluated; those of a scan have to be there. */
  readonly rowsOf: (relation: Relation) => readonly Row[] | undefined;
}

/** Returns the rows of a relation, in order where it is sorted. */
export function evaluateRelation(relation: Relation, context: BatchContext): readonly Row[] {
  const there = context.rowsOf(relation);
  if (there) return there;
  const read = (input: Relation) => evaluateRelation(input, context);
  switch (relation.node) {
    case "scan":
      return noRows(relation);
    case "values":
      return relation.rows.map((row) => row.map((each) => compileExpression(each, context)([])));
    case "calc": {
      const { condition, projection } = relation;
      const rows = read(relation.input);
      const holds = condition && compileExpression(condition, context);
      const kept = holds ? rows.filter((row) => holds(row) === true) : rows;
      const made = projection && compileExpressions(projection, context);
      return made ? kept.map((row) => made.map((evaluate) => evaluate(row))) : kept;
    }
    case "unnest":
      return unnested(relation, read(relation.input), context);
    case "window":
      return windowed(relation, read(relation.input), context);
    case "aggregate":
      if (relation.groupWindow) return read(withWindowBelow(relation));
      return grouped(relation, read(relation.input), context);
    case "union":
      return relation.inputs.flatMap(read);
    case "set":
      return setOf(relation, read(relation.left), read(relation.right));
    case "sort":
      return sorted(relation, read(relation.input));
    case "limit":
      return read(relation.input).slice(relation.offset, relation.offset + relation.count);
  }
}

function noRows({ table }: ScanRelation): never {
  assert(false, `the rows of ${table.name} are there`);
}

function unnested(relation: UnnestRelation, rows: readonly Row[], context: BatchContext): Row[] {
  const { collection, elementTypes, isLeft, hasOrdinality } = relation;
  const evaluate = compileExpression(collection, context);
  const elementsOf = elementsIn(collection.type);
  const nothing: Row = [...elementTypes.map(() => null), ...(hasOrdinality ? [null] : [])];
  return rows.flatMap((row) => {
    const made = elementsOf(evaluate(row)).map(
      (element, index): Row => [...row, ...element, ...(hasOrdinality ? [index + 1] : [])],
    );
    return made.length === 0 && isLeft ? [[...row, ...nothing]] : made;
  });
}

function windowed(relation: WindowRelation, rows: readonly Row[], context: BatchContext): Row[] {
  const { window, time, key, input } = relation;
  const column = timeColumnOf(time);
  const { localMillis, boundsOf } = clocksFor(input.fields[column]?.type, context);
  if (window.kind !== "session") {
    return rows.flatMap((row) =>
      windowsOf(localMillis(row[column]), window).map((bounds): Row => [...row, ...boundsOf(bounds)]),
    );
  }
  const types = key.map((each) => input.fields[each]?.type as SqlType);
  const groups = groupedBy(rows, (row) =>
    textOf(
      types,
      key.map((each) => row[each] as SqlValue),
    ),
  );
  return groups.flatMap((group) => {
    const times = group.map((row) => localMillis(row[column]));
    const sessions = mergeSessions(times, window.gapMs);
    return group.map((row, index): Row => {
      const at = times[index] ?? 0;
      return [...row, ...boundsOf(sessions.find(([start, end]) => start <= at && at < end) ?? [at, at])];
    });
  });
}

function timeColumnOf(time: WindowRelation["time"]): number {
  if ("column" in time) return time.column;
  throw new EngineError("SQL_NOT_SUPPORTED", {
    message: "Not supported: windows of processing time over what is there already.",
  });
}

/** Windows of instants go by the session's clocks: times as these show them, and back. */
function clocksFor(type: SqlType | undefined, { timeZone }: BatchContext) {
  const zone = timeZoneOf(timeZone);
  const isInstant = type?.name === "TIMESTAMP_LTZ";
  return {
    localMillis: (value: SqlValue | undefined) => {
      if (typeof value !== "bigint") {
        const message = "The time of a window is null; filter such rows.";
        throw new EngineError("SQL_EVALUATION_FAILED", { message });
      }
      const nanos = isInstant ? zone.localOfInstant(value) : value;
      const millis = nanos / nanosPerMilli;
      return Number(millis * nanosPerMilli > nanos ? millis - 1n : millis);
    },
    /** The start and the end of a window, and its last millisecond as a time of its kind. */
    boundsOf: ([start, end]: Bounds): Row => {
      const [first, behind, last] = [start, end, end - 1].map((millis) => BigInt(millis) * nanosPerMilli);
      return [first, behind, isInstant ? zone.instantOfLocal(last as bigint) : last] as Row;
    },
  };
}

function grouped(relation: AggregateRelation, rows: readonly Row[], context: BatchContext): Row[] {
  const groups = new GroupRows(relation, context);
  groups.add(rows);
  return groups.rows();
}

function setOf({ set, isAll, fields }: SetRelation, left: readonly Row[], right: readonly Row[]): Row[] {
  const types = fields.map(({ type }) => type);
  const counts = new Map<string, number>();
  for (const row of right) {
    const text = textOf(types, row);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const seen = new Set<string>();
  return left.filter((row) => {
    const text = textOf(types, row);
    const others = counts.get(text) ?? 0;
    if (!isAll) {
      const isFirst = !seen.has(text);
      seen.add(text);
      return isFirst && others > 0 === (set === "intersect");
    }
    if (others > 0) counts.set(text, others - 1);
    return others > 0 === (set === "intersect");
  });
}

/** Rows in the order that a relation gives them. */
export function sorted({ order, fields }: SortRelation, rows: readonly Row[]): Row[] {
  const comparisons = order.map(({ column, isDescending, areNullsFirst }) => {
    const compare = nullsLast(comparisonOf(fields[column]?.type as SqlType));
    return (one: Row, other: Row) => {
      const [left, right] = [one[column] ?? null, other[column] ?? null];
      const difference = compare(left, right);
      if (left === null || right === null) return areNullsFirst ? -difference : difference;
      return isDescending ? -difference : difference;
    };
  });
  return [...rows].sort((one, other) => {
    for (const compare of comparisons) {
      const difference = compare(one, other);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

function groupedBy(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}
