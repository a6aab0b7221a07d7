/**
 * JSON_OBJECTAGG and JSON_ARRAYAGG. Values are kept as the JSON text that JSON_STRING makes of them; what is
 * JSON already is taken as it is.
 */
import { assert } from "../../base/assert.ts";
import type { Accumulating, AggregateCall, AggregateFunction } from "../aggregate-function.ts";
import { findFunction } from "../functions/built-in.ts";
import { type EagerFunction, type Evaluator, evaluationError, type Signature } from "../scalar-function.ts";
import { type ArgumentRule, anyType, returnsNotNull, stringShape, takes, text } from "../signatures.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { notNull, nullable, record } from "./accumulator-types.ts";
import { type Arrivals, ArrivalsCodec } from "./arrivals.ts";

/** What the standard says these functions return. */
const jsonShape: SqlShape = Object.freeze({ name: "VARCHAR", length: 2000 });

const jsonText: SqlType = Object.freeze(nullable(stringShape));

function jsonString(): EagerFunction {
  const writer = findFunction("JSON_STRING");
  assert(writer && "prepare" in writer, "JSON_STRING calculates its argument first");
  return writer;
}

/** Returns what makes JSON of the argument at `index`. */
function jsonWriter(call: AggregateCall, index: number): (value: SqlValue) => string {
  if ((call.options.json ?? "").split(",").includes(String(index))) {
    return (value) => (value === null ? "null" : (value as string));
  }
  const writer = jsonString();
  const [type, constant] = [call.types[index] as SqlType, call.constants[index]];
  const write: Evaluator = writer.prepare({
    ...call,
    name: writer.name,
    types: [type],
    type: jsonText,
    constants: [constant],
    options: {},
  });
  return (value) => (value === null ? "null" : (write(value) as string));
}

/** Members that are there, and how many of a key were taken back before they came. */
interface Members {
  readonly present: Map<string, string>;
  readonly owed: Map<string, number>;
}

function addMember({ present }: Members, key: string, json: string): void {
  if (present.has(key)) {
    throw evaluationError(`JSON_OBJECTAGG has the key ${JSON.stringify(key)} already; a key may come once.`);
  }
  present.set(key, json);
}

function takeMemberBack({ present, owed }: Members, key: string): void {
  if (!present.delete(key)) owed.set(key, (owed.get(key) ?? 0) + 1);
}

function mergeMembers(members: Members, later: Members): void {
  for (const [key, count] of later.owed) {
    for (let taken = 0; taken < count; taken++) takeMemberBack(members, key);
  }
  for (const [key, json] of later.present) addMember(members, key, json);
}

/** Keys are sorted by their UTF-16 code units. */
function writeObject({ present }: Members): string {
  const members = [...present.keys()].sort().map((key) => `${JSON.stringify(key)}:${present.get(key)}`);
  return `{${members.join(",")}}`;
}

const membersType: SqlType = record({
  present: notNull({ name: "MAP", key: notNull(stringShape), value: notNull(stringShape) }),
  owed: notNull({ name: "MAP", key: notNull(stringShape), value: notNull({ name: "INT" }) }),
});

function objects(call: AggregateCall): Accumulating<Members> {
  const write = jsonWriter(call, 1);
  const isAbsent = (value: SqlValue) => value === null && call.options.onNull === "ABSENT";
  return {
    create: () => ({ present: new Map(), owed: new Map() }),
    accumulate: (members, [key, value]) => {
      if (key === null) throw evaluationError("A key of JSON_OBJECTAGG is null.");
      if (!isAbsent(value as SqlValue)) addMember(members, key as string, write(value as SqlValue));
    },
    retract: (members, [key, value]) => {
      if (!isAbsent(value as SqlValue)) takeMemberBack(members, key as string);
    },
    merge: mergeMembers,
    value: writeObject,
    accumulatorType: membersType,
    encode: ({ present, owed }) => [[...present], [...owed]],
    decode: (value) => {
      const [present, owed] = value as unknown as [[string, string][], [string, number][]];
      return { present: new Map(present), owed: new Map(owed) };
    },
  };
}

function arrays(call: AggregateCall): Accumulating<Arrivals> {
  const codec = new ArrivalsCodec(jsonText);
  const write = jsonWriter(call, 0);
  const takesValue = (value: SqlValue) => value !== null || call.options.onNull === "NULL";
  return {
    create: () => codec.create(),
    accumulate: (arrivals, [value]) => {
      if (takesValue(value as SqlValue)) codec.add(arrivals, write(value as SqlValue));
    },
    retract: (arrivals, [value]) => {
      if (takesValue(value as SqlValue)) codec.takeBack(arrivals, write(value as SqlValue));
    },
    merge: (arrivals, later) => codec.merge(arrivals, later),
    value: ({ present }) => `[${present.map(({ value }) => value).join(",")}]`,
    accumulatorType: codec.type,
    encode: (arrivals) => codec.encode(arrivals),
    decode: (value) => codec.decode(value),
  };
}

/** The last argument is what JSON_STRING takes; NULL ON NULL and ABSENT ON NULL are the only clauses. */
function ofJson(rules: readonly ArgumentRule[]): Signature {
  const signature = takes(rules, returnsNotNull(jsonShape));
  return (call) => {
    const { onNull = "NULL", json: _json, ...others } = call.options;
    if (call.returning || Object.keys(others).length > 0 || !["NULL", "ABSENT"].includes(onNull)) {
      return { refusal: "Aggregates of JSON have no clauses but NULL ON NULL and ABSENT ON NULL" };
    }
    const value = { types: call.types.slice(-1), constants: call.constants.slice(-1), options: {} };
    for (const takesValue of jsonString().signatures) {
      const resolution = takesValue(value);
      if (resolution) return "refusal" in resolution ? resolution : signature(call);
    }
    return undefined;
  };
}

export const jsonAggregates: readonly AggregateFunction[] = [
  {
    name: "JSON_OBJECTAGG",
    usage: "JSON_OBJECTAGG([KEY] text VALUE value [{ NULL | ABSENT } ON NULL])",
    signatures: [ofJson([text, anyType])],
    canRetract: true,
    takesNulls: true,
    hasValueOfNothing: true,
    prepare: objects,
  },
  {
    name: "JSON_ARRAYAGG",
    usage: "JSON_ARRAYAGG(value [{ NULL | ABSENT } ON NULL])",
    signatures: [ofJson([anyType])],
    canRetract: true,
    takesNulls: true,
    hasValueOfNothing: true,
    prepare: arrays,
  },
];
