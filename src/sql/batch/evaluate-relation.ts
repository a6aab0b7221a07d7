/**
 * Queries over what is there and ends: VALUES, the rows of a view. All rows are in memory, each operator
 * makes an array of them.
 */

import { EngineError } from "../../base/errors.ts";
import { compileAggregate } from "../../interpreter/compile-aggregate.ts";
import { compileExpression, compileExpressions } from "../../interpreter/compile-expression.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { comparisonOf, nullsLast } from "../../interpreter/values/compare-values.ts";
import { elementsIn } from "../../interpreter/values/elements.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../interpreter/values/sql-value.ts";
import { timeZoneOf } from "../../interpreter/values/time-zone.ts";
import { encodeRow } from "../../interpreter/values/value-codec.ts";
import { toHex } from "../../interpreter/values/value-json.ts";
import type {
  AggregateRelation,
  GroupWindow,
  Relation,
  ScanRelation,
  SetRelation,
  SortRelation,
  UnnestRelation,
  WindowRelation,
} from "../bind/logical-plan.ts";
import { type Bounds, mergeSessions, windowsOf } from "./windows-of.ts";

/** Where the rows of tables come from, and what all expressions share. */
export interface BatchContext extends EvaluationContext {
  readonly rowsOf: (scan: ScanRelation) => readonly Row[];
}

/** Returns the rows of a relation, in order where it is sorted. */
export function evaluateRelation(relation: Relation, context: BatchContext): readonly Row[] {
  const read = (input: Relation) => evaluateRelation(input, context);
  switch (relation.node) {
    case "scan":
      return context.rowsOf(relation);
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
      return aggregated(relation, read(relation.input), context);
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

function aggregated(relation: AggregateRelation, rows: readonly Row[], context: BatchContext): Row[] {
  const { sets, key, groupWindow } = relation;
  if (groupWindow) return groupWindowed(relation, groupWindow, rows, context);
  if (!sets) return groupsOf(relation, rows, context);
  return sets.flatMap((set, number) => {
    const isLeftOut = (place: number) => !set.includes(place);
    const chosen = { ...relation, key: key.filter((_, place) => !isLeftOut(place)) };
    return groupsOf(chosen, rows, context).map((row): Row => {
      let next = 0;
      const keys = key.map((_, place) => (isLeftOut(place) ? null : (row[next++] ?? null)));
      return [...keys, number, ...row.slice(next)];
    });
  });
}

function groupWindowed(
  relation: AggregateRelation,
  { window, time, properties }: GroupWindow,
  rows: readonly Row[],
  context: BatchContext,
): Row[] {
  const { input, key } = relation;
  const width = input.fields.length;
  const type: SqlType = { name: "TIMESTAMP", precision: 3, isNullable: false };
  const added = ["start", "end", "time"].map((name) => ({ name, type }));
  const inner: WindowRelation = {
    ...{ node: "window", input, window, time, number: 0 },
    key: window.kind === "session" ? key : [],
    fields: [...input.fields, ...added],
  };
  const grouped: AggregateRelation = {
    ...{ node: "aggregate", input: inner, aggregates: relation.aggregates, fields: [] },
    key: [...key, width, width + 1, width + 2],
  };
  const places: Readonly<Record<string, number>> = { start: 0, end: 1, time: 2, processing: 2 };
  return groupsOf(grouped, windowed(inner, rows, context), context).map((row): Row => {
    const bounds = row.slice(key.length, key.length + 3);
    const values = row.slice(key.length + 3);
    return [
      ...row.slice(0, key.length),
      ...values,
      ...properties.map((each) => bounds[places[each] ?? 0] ?? null),
    ];
  });
}

function groupsOf(relation: AggregateRelation, rows: readonly Row[], context: BatchContext): Row[] {
  const { key, input, aggregates } = relation;
  const types = key.map((column) => input.fields[column]?.type as SqlType);
  const groups = groupedBy(rows, (row) =>
    textOf(
      types,
      key.map((column) => row[column] as SqlValue),
    ),
  );
  // Without a key there is one group, which may be empty.
  if (groups.length === 0 && key.length === 0) groups.push([]);
  const compiled = aggregates.map((each) => compileAggregate(each, false, context));
  return groups.map((group) => {
    const values = compiled.map(({ accumulating, valuesOf }) => {
      const accumulator = accumulating.create();
      for (const row of group) {
        const given = valuesOf(row);
        if (given) accumulating.accumulate(accumulator, given);
      }
      return accumulating.value(accumulator);
    });
    return [...key.map((column) => group[0]?.[column] ?? null), ...values];
  });
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

function sorted({ order, fields }: SortRelation, rows: readonly Row[]): Row[] {
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

function textOf(types: readonly SqlType[], values: Row): string {
  return toHex(encodeRow(types, values));
}
