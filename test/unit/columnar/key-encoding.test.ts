import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import {
  decodeKey,
  encodeKey,
  hashKey,
  type KeyValue,
  keyGroupOf,
} from "../../../src/columnar/key-encoding.ts";
import type { Kind } from "../../../src/columnar/schema.ts";

const text = (value: string) => new TextEncoder().encode(value);

const column: fc.Arbitrary<readonly [Kind, KeyValue]> = fc.oneof(
  fc.tuple(fc.constant(KIND_I64), fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))),
  fc.tuple(fc.constant(KIND_F64), fc.option(fc.double())),
  fc.tuple(fc.constant(KIND_BYTES), fc.option(fc.uint8Array({ maxLength: 20 }))),
);
const keys = fc.array(column, { minLength: 1, maxLength: 16 });

describe("keys", () => {
  test("come back as they were, -0 as 0", () => {
    const property = fc.property(keys, (columns) => {
      const kinds = columns.map(([kind]) => kind);
      const values = columns.map(([, value]) => value);
      const { bytes, nulls } = encodeKey(kinds, values);
      expect(decodeKey(kinds, bytes, nulls)).toEqual(
        values.map((value) => (Object.is(value, -0) ? 0 : value)),
      );
    });
    fc.assert(property);
  });

  test("of one string are its bytes, otherwise lengths keep strings apart", () => {
    expect(encodeKey([KIND_BYTES], [text("ab")])).toEqual({ bytes: text("ab"), nulls: 0 });
    const pair = (left: string, right: string) =>
      encodeKey([KIND_BYTES, KIND_BYTES], [text(left), text(right)]).bytes;
    expect(pair("a", "bc")).not.toEqual(pair("ab", "c"));
  });

  test("null, empty and zero are three different keys", () => {
    const hash = (kind: Kind, value: KeyValue) => {
      const { bytes, nulls } = encodeKey([kind], [value]);
      return hashKey(bytes, nulls);
    };
    expect(hash(KIND_BYTES, null)).not.toBe(hash(KIND_BYTES, text("")));
    expect(hash(KIND_I64, null)).not.toBe(hash(KIND_I64, 0n));
    expect(hash(KIND_F64, -0)).toBe(hash(KIND_F64, 0));
  });

  test("bytes that are not a key's are a broken promise", () => {
    expect(() => decodeKey([KIND_I64, KIND_I64], new Uint8Array(17), 0)).toThrow("nothing but its values");
    expect(() => decodeKey([KIND_BYTES, KIND_I64], new Uint8Array([9, 0, 0, 0]), 0)).toThrow(
      "all its values",
    );
  });

  test("fall into the group of their hash's top ten bits", () => {
    expect(keyGroupOf(0n)).toBe(0);
    expect(keyGroupOf(2n ** 54n - 1n)).toBe(0);
    expect(keyGroupOf(2n ** 54n)).toBe(1);
    expect(keyGroupOf(2n ** 64n - 1n)).toBe(1023);
  });
});
