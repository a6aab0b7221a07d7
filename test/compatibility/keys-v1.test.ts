/** Keys, their hashes and key groups as the first release made them: state and shards are found by them. */
import { expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import { encodeKey, hashKey, type KeyValue, keyGroupOf } from "../../src/columnar/key-encoding.ts";
import type { Kind } from "../../src/columnar/schema.ts";

const text = (value: string) => new TextEncoder().encode(value);

const pinned: readonly (readonly [readonly Kind[], readonly KeyValue[], string])[] = [
  [[KIND_BYTES], [text("u1001234")], "7531303031323334 0 be3f2c6bb1b1442a 760"],
  [[KIND_BYTES], [null], " 1 d5afba1336a3be4b 854"],
  [[KIND_I64], [-1n], "ffffffffffffffff 0 85d136adb773c6c9 535"],
  [[KIND_F64], [-0], "0000000000000000 0 34c96acdcadb1bbb 211"],
  [[KIND_F64], [Number.NaN], "000000000000f87f 0 e9adb09fee122aac 934"],
  [
    [KIND_BYTES, KIND_I64],
    [text("ORD"), 978_307_200_000n],
    "030000004f52440034a7c7e3000000 0 a51bdeaedd9c5a00 660",
  ],
  [
    [KIND_BYTES, KIND_I64, KIND_F64],
    [text("é"), null, 1.5],
    "02000000c3a9000000000000f83f 2 f56d42bac47a07eb 981",
  ],
];

test.each(pinned)("kinds %j of %s", (kinds, values, expected) => {
  const { bytes, nulls } = encodeKey(kinds, values);
  const hash = hashKey(bytes, nulls);
  const found = `${Buffer.from(bytes).toString("hex")} ${nulls} ${hash.toString(16)} ${keyGroupOf(hash)}`;
  expect(found).toBe(expected);
});
