/**
 * GROUPING SETS over a window: a union of aggregations, one for each set. Each is of windows then, and
 * forgets what is over; the rows of all sets in one aggregation would be kept forever.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import {
  type AggregateRelation,
  type Field,
  type Relation,
  type UnionRelation,
  windowGroupedBy,
} from "../bind/logical-plan.ts";

const numberType: SqlType = Object.freeze({ name: "INT", isNullable: false });

/** Returns the union; undefined where the sets are not all of one window. */
export function setsApart(relation: AggregateRelation): UnionRelation | undefined {
  const { sets, key, input, groupWindow, fields } = relation;
  if (!sets) return undefined;
  const isOfWindow = (set: readonly number[]) =>
    windowGroupedBy(
      input.fields,
      set.map((place) => key[place] as number),
    ) !== undefined;
  if (!groupWindow && !sets.every(isOfWindow)) return undefined;
  return { node: "union", inputs: sets.map((set, number) => aggregationOf(relation, set, number)), fields };
}

/** The aggregation of one set, with nulls for the keys that it leaves out. */
function aggregationOf(relation: AggregateRelation, set: readonly number[], number: number): Relation {
  const { sets: _, key, input, fields, ...rest } = relation;
  const values = fields.slice(key.length + 1);
  const own: AggregateRelation = {
    ...rest,
    input,
    key: set.map((place) => key[place] as number),
    fields: [...set.map((place) => input.fields[key[place] as number] as Field), ...values],
  };
  const ofKeys = key.map((_column, place): RowExpression => {
    const type = (fields[place] as Field).type;
    const index = set.indexOf(place);
    return index < 0 ? { node: "literal", value: null, type } : { node: "input", index, type };
  });
  const ofValues = values.map(({ type }, place): RowExpression => {
    return { node: "input", index: set.length + place, type };
  });
  return {
    node: "calc",
    input: own,
    projection: [...ofKeys, { node: "literal", value: number, type: numberType }, ...ofValues],
    fields,
  };
}
