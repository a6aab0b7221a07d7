/** Sets of values against values that are compared one by one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqlType } from "../../../../src/interpreter/types/sql-type.ts";
import { comparisonOf, nullsLast } from "../../../../src/interpreter/values/compare-values.ts";
import type { SqlValue } from "../../../../src/interpreter/values/sql-value.ts";
import { distinctOf } from "../../../../src/interpreter/values/value-set.ts";

const double: SqlType = { name: "DOUBLE", isNullable: true };
const bytes: SqlType = { name: "VARBINARY", length: 9, isNullable: true };
const doubles = fc.constantFrom<SqlValue>(null, 0, -0, 1, Number.NaN, 0.5);

test.each<[string, SqlType, fc.Arbitrary<SqlValue>]>([
  ["numbers", double, doubles],
  ["lists", { name: "ARRAY", element: double, isNullable: true }, fc.array(doubles, { maxLength: 2 })],
  ["bytes", bytes, fc.uint8Array({ max: 1, maxLength: 2 })],
])("%s that are the same have one place", (_name, type, value) => {
  const compare = nullsLast(comparisonOf(type));
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const firsts: SqlValue[] = [];
      const set = distinctOf(type)();
      for (const each of values) {
        const place = firsts.findIndex((first) => compare(first, each) === 0);
        expect(set.has(each)).toBe(place >= 0);
        if (place < 0) firsts.push(each);
        expect(set.add(each)).toBe(place < 0 ? firsts.length - 1 : place);
      }
    }),
  );
});
