/**
 * The window of an aggregation: which windows its results are of, and what it reads.
 *
 * Where the rows come from a window, by way of a calc that does not look at its bounds, the window moves into
 * the aggregation: rows then go to slices, and overlapping windows share them. Otherwise rows say their
 * window themselves (attached): behind a condition on window_start, or where an earlier aggregation made
 * them.
 */
import { inputsOf, mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall, WindowAggregateOperator, WindowProperty } from "../../protocol/dataflow.ts";
import {
  type AggregateRelation,
  type CalcRelation,
  type Field,
  type Relation,
  type WindowRelation,
  windowGroupedBy,
} from "../bind/logical-plan.ts";

export interface WindowedAggregate {
  readonly input: Relation;
  readonly window: WindowAggregateOperator["window"];
  readonly time: WindowAggregateOperator["time"];
  readonly key: readonly number[];
  readonly aggregates: readonly AggregateCall[];
  readonly properties: readonly WindowProperty[];
  readonly isLegacy: boolean;
  /** Of each column of the relation, where it is behind the operator: key, aggregates, properties. */
  readonly places: readonly number[];
}

/** Returns the window by whose bounds an aggregation groups; undefined where it groups by none. */
export function windowOfAggregate(relation: AggregateRelation): WindowedAggregate | undefined {
  if (relation.groupWindow) return legacyWindow(relation);
  if (relation.sets) return undefined;
  const number = windowGroupedBy(relation.input.fields, relation.key);
  if (number === undefined) return undefined;
  const inSlices = sliced(relation, number);
  if (inSlices) return inSlices;
  // Sessions of other keys than those of the groups are results of no window of theirs.
  const below = windowBelow(relation.input);
  const isOfOthers =
    below?.window.window.kind === "session" &&
    !isSessionKey(below.window, divided(relation, number).plain, below.calc?.projection);
  return isOfOthers ? undefined : attached(relation, number);
}

/**
 * Columns that tell results apart: the key, with a bound that no two windows share. Where rows say their
 * window themselves, it is only known by both bounds.
 */
export function keysOfWindowed({
  window,
  key,
  aggregates,
  properties,
  places,
}: WindowedAggregate): number[][] {
  const columnOf = (place: number) => places.indexOf(place);
  const own = key.map((_, place) => columnOf(place));
  const first = key.length + aggregates.length;
  const bounds = properties.map(({ property }, index) => ({ property, column: columnOf(first + index) }));
  const [start, end, time] = (["start", "end", "time"] as const).map((wanted) =>
    bounds.flatMap(({ property, column }) => (property === wanted ? [column] : [])),
  ) as [number[], number[], number[]];
  const both = [...start, ...end];
  const alone =
    window.kind === "attached" ? [] : window.kind === "cumulate" ? [end, time] : [start, end, time];
  const distinguishing = [...alone.filter(({ length }) => length > 0), ...(both.length === 2 ? [both] : [])];
  return distinguishing.map((some) => [...own, ...some]).filter((columns) => !columns.includes(-1));
}

function legacyWindow(relation: AggregateRelation): WindowedAggregate | undefined {
  const { groupWindow, input, key, aggregates, fields } = relation;
  if (!groupWindow) return undefined;
  const { window, time, properties } = groupWindow;
  const first = key.length + aggregates.length;
  return {
    ...{ input, window, time, key, aggregates, isLegacy: true },
    properties: properties.map((property, index) => ({
      property,
      type: fields[first + index]?.type as SqlType,
    })),
    places: fields.map((_, index) => index),
  };
}

/** Keys that are no bounds of the window, the properties that the others are, and where columns are then. */
function divided({ input, key, aggregates, fields }: AggregateRelation, number: number) {
  const isBound = (column: number) => input.fields[column]?.window?.number === number;
  const plain = key.filter((column) => !isBound(column));
  const bounds = [...new Set(key.filter(isBound).map((column) => input.fields[column]?.window?.bound))];
  const properties = bounds.flatMap((bound): WindowProperty[] => {
    if (!bound) return [];
    const column = key.findIndex((each) => isBound(each) && input.fields[each]?.window?.bound === bound);
    return [{ property: bound, type: fields[column]?.type as SqlType }];
  });
  const first = plain.length + aggregates.length;
  const places = [
    ...key.map((column) =>
      isBound(column) ? first + bounds.indexOf(input.fields[column]?.window?.bound) : plain.indexOf(column),
    ),
    ...aggregates.map((_, index) => plain.length + index),
  ];
  return { plain, properties, places };
}

function attached(relation: AggregateRelation, number: number): WindowedAggregate | undefined {
  const { input, key, aggregates } = relation;
  const columnOf = (bound: string) =>
    key.find(
      (each) => input.fields[each]?.window?.number === number && input.fields[each]?.window?.bound === bound,
    );
  const [start, end] = [columnOf("start"), columnOf("end")];
  if (start === undefined || end === undefined) return undefined;
  const by = input.fields[end]?.window?.by;
  // By the clock, a window is over by the time its rows come here.
  if (by === "processing") return undefined;
  const { plain, properties, places } = divided(relation, number);
  return {
    ...{ input, key: plain, aggregates, properties, places, isLegacy: false },
    window: { kind: "attached", start, end, ...(by === "instant" && { isOfInstants: true }) },
    time: { column: end },
  };
}

/** The aggregation over what the window reads; undefined where the window's bounds are looked at. */
function sliced(relation: AggregateRelation, number: number): WindowedAggregate | undefined {
  const found = windowBelow(relation.input);
  if (found?.window.number !== number) return undefined;
  const { window, calc } = found;
  const width = window.input.fields.length;
  const above = relation.input.fields;
  const projection: readonly RowExpression[] =
    calc?.projection ?? window.fields.map(({ type }, index) => ({ node: "input", index, type }));
  const looksAtBounds = (expression: RowExpression) => inputsOf(expression).some((index) => index >= width);
  const isBound = (column: number) => above[column]?.window?.number === number;
  // Only what is a bound itself may come from the window.
  const isPlain = projection.every((each, column) => isBound(column) || !looksAtBounds(each));
  const arguments_ = relation.aggregates.flatMap((each) => [
    ...each.arguments,
    ...(each.filter ? [each.filter] : []),
  ]);
  const usesBounds = arguments_.some((each) => inputsOf(each).some(isBound));
  const { kind } = window.window;
  // Rows that are left out still hold their session together.
  const isKept = calc?.condition && (kind === "session" || looksAtBounds(calc.condition));
  if (!isPlain || usesBounds || isKept) return undefined;
  const kept = projection.flatMap((_, column) => (isBound(column) ? [] : [column]));
  const placeOf = (column: number) => kept.indexOf(column);
  const { time } = window;
  const timeColumn = "column" in time ? [inputColumn(window.input.fields, time.column)] : [];
  const below: CalcRelation = {
    node: "calc",
    input: window.input,
    ...(calc?.condition && { condition: calc.condition }),
    projection: [
      ...kept.map((column) => projection[column] as RowExpression),
      ...timeColumn.map(({ expression }) => expression),
    ],
    fields: [...kept.map((column) => above[column] as Field), ...timeColumn.map(({ field }) => field)],
  };
  const { plain, properties, places } = divided(relation, number);
  const key = plain.map(placeOf);
  if (kind === "session" && !isSessionKey(window, key, below.projection)) return undefined;
  const moved = (expression: RowExpression) =>
    mapInputs(expression, (input) => ({ ...input, index: placeOf(input.index) }));
  return {
    input: below,
    window: window.window,
    time: "column" in time ? { column: kept.length } : time,
    key,
    aggregates: relation.aggregates.map((each) => ({
      ...each,
      arguments: each.arguments.map(moved),
      ...(each.filter && { filter: moved(each.filter) }),
    })),
    properties,
    places,
    isLegacy: false,
  };
}

function inputColumn(fields: readonly Field[], column: number) {
  const field = fields[column] as Field;
  const expression: RowExpression = { node: "input", index: column, type: field.type };
  return { field, expression };
}

/** Sessions are of what they are partitioned by: their aggregation must group by the same. */
function isSessionKey(
  { key }: WindowRelation,
  grouped: readonly number[],
  projection: readonly RowExpression[] | undefined,
): boolean {
  const columns = grouped.map((column) => {
    if (!projection) return column;
    const expression = projection[column];
    return expression?.node === "input" ? expression.index : -1;
  });
  return columns.length === key.length && key.every((column) => columns.includes(column));
}

/** The window that rows come from, directly or through one calc. */
function windowBelow(
  relation: Relation,
): { readonly window: WindowRelation; readonly calc?: CalcRelation } | undefined {
  if (relation.node === "window") return { window: relation };
  if (relation.node === "calc" && relation.input.node === "window") {
    return { window: relation.input, calc: relation };
  }
  return undefined;
}
