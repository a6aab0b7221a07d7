/**
 * Split distinct: an aggregation with DISTINCT becomes one by the key and a bucket of the distinct values,
 * and one above by the key alone, which adds the buckets up. The values of one key, of which all must be
 * kept, then lie in many partitions.
 *
 * All aggregates must add up from those of buckets, exactly: so neither fractions of DOUBLE, nor AVG of a
 * DECIMAL, which is rounded once. The distinct ones are of one column: by buckets of two, a value would come
 * in several. Windows, GROUPING SETS, and state that is forgotten stay as they are: a bucket that was
 * forgotten and comes again would count twice.
 */
import { findAggregate } from "../../interpreter/aggregates/built-in.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { bigintShape, intShape, stringShape } from "../../interpreter/signatures.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { AggregateCall } from "../../protocol/dataflow.ts";
import {
  type AggregateRelation,
  type CalcRelation,
  type Field,
  isOfWindows,
  type Relation,
} from "../bind/logical-plan.ts";
import { isSet, optionOf, type SessionOptions } from "../bind/session-options.ts";
import { mapRelation } from "./map-relation.ts";

export function splitDistinct(relation: Relation, options: SessionOptions): Relation {
  if (!isSet(options, "table.optimizer.distinct-agg.split.enabled")) return relation;
  const buckets = Number(optionOf(options, "table.optimizer.distinct-agg.split.bucket-num"));
  return mapRelation(relation, (each) => (each.node === "aggregate" && split(each, buckets)) || each);
}

/** What buckets are aggregated to, what the key makes of that, and what the value is made of that in turn. */
interface Parts {
  readonly ofBucket: readonly AggregateCall[];
  /** Functions over the columns of `ofBucket`. */
  readonly ofKey: readonly string[];
  readonly value: (columns: readonly RowExpression[]) => RowExpression;
}

function split(relation: AggregateRelation, buckets: number): Relation | undefined {
  const { aggregates, sets, ttlMs } = relation;
  const value = distinctValue(aggregates);
  if (!value || isOfWindows(relation) || sets || ttlMs !== undefined) return undefined;
  const parts = aggregates.map(partsOf);
  if (parts.includes(undefined)) return undefined;
  // State is found by the name: a value must not come in one of so many buckets, and then in one of others.
  return twice(relation, `$bucket${buckets}`, bucketOf(value, buckets), parts as readonly Parts[]);
}

/** The one column of which distinct values count; undefined where there is none, or several. */
function distinctValue(aggregates: readonly AggregateCall[]): RowExpression | undefined {
  const lists = aggregates.flatMap((each) => (isDistinct(each) ? [each.arguments] : []));
  const [values = []] = lists;
  const [value] = values;
  const isOne = values.length === 1 && new Set(lists.map((list) => JSON.stringify(list))).size === 1;
  return isOne && value && hasBuckets(value.type) ? value : undefined;
}

/** Types of which equal values have one text, and all have one, in every zone. */
function hasBuckets({ name }: SqlType): boolean {
  const others = [
    "BOOLEAN",
    "TINYINT",
    "SMALLINT",
    "DECIMAL",
    "FLOAT",
    "DOUBLE",
    "DATE",
    "TIME",
    "TIMESTAMP",
  ];
  return isHashed({ name } as SqlType) || others.includes(name);
}

function isDistinct({ isDistinct: isWritten, function: name }: AggregateCall): boolean {
  return isWritten && findAggregate(name)?.ignoresDistinct !== true;
}

const bigint: SqlType = Object.freeze({ ...bigintShape, isNullable: false });

function partsOf(call: AggregateCall): Parts | undefined {
  const { function: name, type } = call;
  const [of] = call.arguments;
  const alone = (ofKey: string): Parts => ({
    ofBucket: [call],
    ofKey: [ofKey],
    value: ([column]) => ({ ...(column as RowExpression), type }),
  });
  switch (name) {
    case "COUNT":
      return { ...alone("SUM"), value: ([sum]) => orZero(sum as RowExpression) };
    case "MIN":
    case "MAX":
      return alone(name);
    case "SUM":
      return isWhole(type) || isShort(of?.type) ? alone(name) : undefined;
    case "AVG":
      return of && isWhole(type) ? averageParts(call, of) : undefined;
    default:
      return undefined;
  }
}

function averageParts(call: AggregateCall, of: RowExpression): Parts {
  const { type } = call;
  const summed = cast(of, { ...bigint, isNullable: of.type.isNullable });
  const nullable = { ...bigint, isNullable: type.isNullable };
  return {
    ofBucket: [
      { ...call, function: "SUM", arguments: [summed], type: nullable },
      { ...call, function: "COUNT", type: bigint },
    ],
    ofKey: ["SUM", "SUM"],
    // Where nothing is counted the sum is null, and so is what is divided.
    value: (columns) => cast({ node: "call", function: "/", arguments: columns, type: nullable }, type),
  };
}

function isWhole({ name }: SqlType): boolean {
  return name === "TINYINT" || name === "SMALLINT" || name === "INT" || name === "BIGINT";
}

/** Digits of a DECIMAL of which ten thousand million have a sum with room in 38: none of a bucket is null. */
const shortDigits = 28;

function isShort(type: SqlType | undefined): boolean {
  return type?.name === "DECIMAL" && type.precision <= shortDigits;
}

function twice(
  { input, key, fields }: AggregateRelation,
  name: string,
  bucket: RowExpression,
  parts: readonly Parts[],
): Relation {
  const placed: CalcRelation = {
    node: "calc",
    input,
    projection: [...input.fields.map(({ type }, index) => column(index, type)), bucket],
    fields: [...input.fields, { name, type: bucket.type }],
  };
  const keys = key.map((each) => input.fields[each] as Field);
  const calls = parts.flatMap(({ ofBucket }) => ofBucket);
  const partFields = calls.map(({ type }, index): Field => ({ name: `$part${index}`, type }));
  const ofBuckets: AggregateRelation = {
    node: "aggregate",
    input: placed,
    key: [...key, input.fields.length],
    aggregates: calls,
    fields: [...keys, { name, type: bucket.type }, ...partFields],
  };
  const first = key.length + 1;
  // The global group has a row without any bucket.
  const isNullable = key.length === 0;
  const ofKeys = parts
    .flatMap(({ ofKey }) => ofKey)
    .map((called, index): AggregateCall => {
      const { type } = calls[index] as AggregateCall;
      return {
        ...{ function: called, arguments: [column(first + index, type)], isDistinct: false },
        type: { ...type, isNullable: type.isNullable || isNullable },
      };
    });
  const ofKey: AggregateRelation = {
    node: "aggregate",
    input: ofBuckets,
    key: key.map((_, place) => place),
    aggregates: ofKeys,
    fields: [...keys, ...ofKeys.map(({ type }, index): Field => ({ name: `$sum${index}`, type }))],
  };
  let next = key.length;
  const values = parts.map(({ ofBucket, value }) =>
    value(ofBucket.map(() => column(next, (ofKey.fields[next++] as Field).type))),
  );
  const projection = [...keys.map(({ type }, place) => column(place, type)), ...values];
  return { node: "calc", input: ofKey, projection, fields };
}

/** Equal values have one bucket; null has its own. */
function bucketOf(value: RowExpression, buckets: number): RowExpression {
  const { isNullable } = value.type;
  const hashed = isHashed(value.type) ? value : cast(value, { ...stringShape, isNullable });
  const type: SqlType = { ...intShape, isNullable };
  return {
    node: "call",
    function: "MOD",
    arguments: [
      { node: "call", function: "HASH_CODE", arguments: [hashed], type },
      { node: "literal", value: buckets, type: { ...intShape, isNullable: false } },
    ],
    type,
  };
}

/** Others are hashed as their text. */
function isHashed({ name }: SqlType): boolean {
  return name === "CHAR" || name === "VARCHAR" || name === "INT" || name === "BIGINT";
}

function column(index: number, type: SqlType): RowExpression {
  return { node: "input", index, type };
}

function cast(value: RowExpression, type: SqlType): RowExpression {
  return { node: "call", function: "CAST", arguments: [value], type };
}

function orZero(sum: RowExpression): RowExpression {
  if (!sum.type.isNullable) return sum;
  const zero = cast({ node: "literal", value: 0, type: { ...intShape, isNullable: false } }, bigint);
  return { node: "call", function: "COALESCE", arguments: [sum, zero], type: bigint };
}
