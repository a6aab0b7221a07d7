/**
 * A window in GROUP BY, written as a window table below an aggregation by its bounds.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateRelation, Field, Relation, WindowRelation } from "../bind/logical-plan.ts";

const bounds: readonly Field[] = Object.freeze(
  ["window_start", "window_end", "window_time"].map((name): Field => {
    return { name, type: { name: "TIMESTAMP", precision: 3, isNullable: false } };
  }),
);

const places: Readonly<Record<string, number>> = Object.freeze({ start: 0, end: 1, time: 2, processing: 2 });

/** Returns the same aggregation without a window of its own; any other relation as it is. */
export function withWindowBelow(relation: Relation): Relation {
  if (relation.node !== "aggregate" || !relation.groupWindow) return relation;
  const { input, key, aggregates, fields, groupWindow } = relation;
  const { window, time, properties } = groupWindow;
  const below: WindowRelation = {
    ...{ node: "window", input, window, time, number: 0 },
    key: window.kind === "session" ? key : [],
    fields: [...input.fields, ...bounds],
  };
  const width = input.fields.length;
  const keys = fields.slice(0, key.length);
  const values = fields.slice(key.length, key.length + aggregates.length);
  const aggregate: AggregateRelation = {
    ...{ node: "aggregate", input: below, aggregates },
    key: [...key, ...bounds.map((_, place) => width + place)],
    fields: [...keys, ...bounds, ...values],
  };
  const indexes = [
    ...keys.keys(),
    ...values.map((_, index) => key.length + bounds.length + index),
    ...properties.map((each) => key.length + (places[each] ?? 0)),
  ];
  const projection = indexes.map((index, place): RowExpression => {
    return { node: "input", index, type: fields[place]?.type as SqlType };
  });
  return { node: "calc", input: aggregate, projection, fields };
}
