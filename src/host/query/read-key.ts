/**
 * A query's key: from the parameters' text to the bytes by which a partition finds a row, and the shard that
 * has it.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { type EncodedKey, encodeKey, hashKey, keyGroupOf } from "../../columnar/key-encoding.ts";
import { formatType, kindOf } from "../../columnar/schema.ts";
import { type JsonScalar, type LaneValue, readValue } from "../../columnar/values.ts";
import type { KeyColumn, TaskPlan } from "../../engine/plan/task-plan.ts";
import { type KeyGroupRange, shardOfKeyGroup } from "../../engine/shard-map.ts";
import { parseJson } from "../../protocol/parse-json.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import type { ViewQuery } from "../../protocol/view-query.ts";

export interface QueryKey extends EncodedKey {
  /** The one shard that owns the key; undefined where any may. */
  readonly shard: number | undefined;
}

/**
 * The key that columns of a table of SQL have, where they are all of it: as values of the plan's columns.
 * Undefined where some of the key may be anything, or is kept as text of JSON.
 */
export function keyOfEqual(
  { key }: TaskPlan,
  equal: Readonly<Record<string, unknown>>,
  shape: TableShape | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (key.length === 0) return undefined;
  const values = key.map(({ name }): [string, unknown] => {
    const column = shape ? shape.columns.find(({ output }) => output === name)?.name : name;
    return [name, column === undefined ? undefined : equal[column]];
  });
  return values.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(values);
}

/** Reads a key of the plan's key columns; throws QUERY_INVALID naming the column. */
export function readKey(
  plan: TaskPlan,
  key: NonNullable<ViewQuery["key"]> | Readonly<Record<string, unknown>>,
  ranges: readonly KeyGroupRange[],
): QueryKey {
  const given = valuesByColumn(plan, key);
  const names = plan.key.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalid(
      `key.${unknown}`,
      `no such key column, expected ${names.join(", ") || "none"}${suggestName(unknown, names)}`,
      names,
    );
  }
  const values = plan.key.map((column) => readColumn(column, given, names));
  const kinds = plan.key.map(({ type }) => kindOf(type));
  return { ...encodeKey(kinds, values), shard: shardOf(plan, values, ranges) };
}

function shardOf(
  { key, routingKey }: TaskPlan,
  values: readonly LaneValue[],
  ranges: readonly KeyGroupRange[],
): number | undefined {
  if (ranges.length === 1) return 0;
  if (routingKey.length === 0) return undefined;
  const kinds = routingKey.map((position) => kindOf((key[position] as KeyColumn).type));
  const parts = routingKey.map((position) => values[position] ?? null);
  const { bytes, nulls } = encodeKey(kinds, parts);
  return shardOfKeyGroup(keyGroupOf(hashKey(bytes, nulls)), ranges);
}

function valuesByColumn(
  plan: TaskPlan,
  key: NonNullable<ViewQuery["key"]> | Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (typeof key !== "string") return key;
  const json = parseJson(key);
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return { ...json };
  const [column, ...others] = plan.key;
  const names = plan.key.map(({ name }) => name);
  if (column && others.length === 0) {
    // The parameter's own text, since a number read as JSON loses digits; only quotes come off, and null is
    // null.
    const isNull = json === null && column.type.name !== "STRING";
    return { [column.name]: isNull || typeof json === "string" ? json : key };
  }
  const expected = `{${names.map((name) => `"${name}": …`).join(", ")}}`;
  throw invalid(
    "key",
    plan.key.length === 0 ? "a key, but the job has none" : `${key}, expected ${expected}`,
    names,
  );
}

function readColumn(
  column: KeyColumn,
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
): LaneValue {
  const json = given[column.name];
  const place = `key.${column.name}`;
  if (json === undefined)
    throw invalid(place, "nothing, expected a value: a key names every key column", names);
  const isScalar = json === null || ["string", "number", "boolean"].includes(typeof json);
  const value = isScalar ? readValue(json as JsonScalar, column.type) : undefined;
  if (value === undefined) {
    throw invalid(place, `${JSON.stringify(json)}, expected a value of ${formatType(column.type)}`, names);
  }
  return value;
}

function invalid(place: string, found: string, keyColumns: readonly string[]): EngineError {
  const message = `${place}: found ${found}${found.endsWith("?") ? "" : "."}`;
  return new EngineError("QUERY_INVALID", { message, details: { keyColumns } });
}
