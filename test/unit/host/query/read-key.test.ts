import { expect, test } from "vitest";
import { decodeKey, hashKey, keyGroupOf } from "../../../../src/columnar/key-encoding.ts";
import { kindOf } from "../../../../src/columnar/schema.ts";
import { planJob } from "../../../../src/engine/plan/plan-job.ts";
import { evenRanges, shardOfKeyGroup } from "../../../../src/engine/shard-map.ts";
import { keyOfEqual, readKey } from "../../../../src/host/query/read-key.ts";
import { jobOf, streamOf } from "../definitions.ts";

const columns = [
  { name: "time", type: "TIMESTAMP(3)" },
  { name: "user", type: "STRING" },
  { name: "id", type: "BIGINT" },
  { name: "price", type: "DECIMAL(10, 2)" },
  { name: "ok", type: "BOOLEAN" },
  { name: "day", type: "DATE" },
];

function planOf(key: string[], distributionKey: string[] = []) {
  const stream = streamOf({ columns, distributionKey, shards: distributionKey.length > 0 ? 8 : 1 });
  return planJob(jobOf({ key, aggregates: { clicks: { function: "count" } } }), stream);
}

function valuesOf(key: string[], given: Parameters<typeof readKey>[1]) {
  const plan = planOf(key);
  const { bytes, nulls } = readKey(plan, given, evenRanges(1));
  const values = decodeKey(
    plan.key.map(({ type }) => kindOf(type)),
    bytes,
    nulls,
  );
  return values.map((value) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value));
}

test.each([
  ["a text", ["user"], "ann", ["ann"]],
  ["a text in quotes", ["user"], '"ann"', ["ann"]],
  ["a text that looks like a number", ["user"], "007", ["007"]],
  ["the text null", ["user"], "null", ["null"]],
  ["no text at all, as JSON", ["user"], '{"user":null}', [null]],
  ["an integer beyond 2^53", ["id"], "9007199254740993", [9007199254740993n]],
  ["no integer", ["id"], "null", [null]],
  ["a decimal", ["price"], "12.5", [1250n]],
  ["a truth", ["ok"], "true", [1n]],
  ["a date", ["day"], "2001-01-31", [11353n]],
  ["several values", ["user", "id"], '{"id":7,"user":"ann"}', ["ann", 7n]],
  ["values by column", ["user", "id"], { id: "7", user: "ann" }, ["ann", 7n]],
])("%s is read", (_name, key, given, values) => {
  expect(valuesOf(key, given)).toEqual(values);
});

test.each([
  ["a missing column", ["user", "id"], '{"user":"ann"}', "key.id"],
  ["another column", ["user"], '{"user":"ann","idd":1}', "no such key column"],
  ["one value for two columns", ["user", "id"], "ann", 'expected {"user": …, "id": …}'],
  ["a value of another type", ["id"], "ann", "expected a value of BIGINT"],
  ["a nested value", ["user"], '{"user":[1]}', "expected a value of STRING"],
])("%s is refused", (_name, key, given, words) => {
  expect(() => readKey(planOf(key), given, evenRanges(1))).toThrow(words);
});

test("a job without a key has no key to ask for", () => {
  expect(() => readKey(planOf([]), "ann", evenRanges(1))).toThrow("the job has none");
});

test("the shard is that of the stream's distribution key, wherever it stands in the job's key", () => {
  const plan = planOf(["id", "user"], ["user"]);
  for (const user of ["ann", "bob", "eve", "dan"]) {
    const { shard } = readKey(plan, { id: "1", user }, evenRanges(8));
    const hash = hashKey(new TextEncoder().encode(user), 0);
    expect(shard).toBe(shardOfKeyGroup(keyGroupOf(hash), evenRanges(8)));
  }
});

test("columns of a table are a key where they are all of it", () => {
  const plan = planOf(["user", "id"]);
  expect(keyOfEqual(plan, { user: "ann", id: 7, price: "1.00" }, undefined)).toEqual({ user: "ann", id: 7 });
  expect(keyOfEqual(plan, { user: "ann" }, undefined)).toBe(undefined);
  expect(keyOfEqual(planOf([]), { user: "ann" }, undefined)).toBe(undefined);
});

test("the key's columns are found by what the table calls them", () => {
  const type = { name: "BIGINT", isNullable: true } as const;
  const columns = [
    { name: "number", type, output: "id" },
    { name: "id", type, output: "clicks" },
  ];
  const shape = { table: "t", columns, isWindowed: false };
  expect(keyOfEqual(planOf(["id"]), { number: 7 }, shape)).toEqual({ id: 7 });
  expect(keyOfEqual(planOf(["id"]), { id: 7 }, shape)).toBe(undefined);
});
