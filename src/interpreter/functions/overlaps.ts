/**
 * OVERLAPS: whether two periods have a moment in common. Each is two moments in either order, which belong to
 * it; the binder has added an interval to the moment before it.
 */
import type { ScalarFunction } from "../scalar-function.ts";
import { booleanShape } from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import type { SqlType } from "../types/sql-type.ts";
import { comparisonOf } from "../values/compare-values.ts";
import type { SqlValue } from "../values/sql-value.ts";

const times: readonly string[] = Object.freeze(["DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ"]);

export const overlapsFunctions: readonly ScalarFunction[] = [
  {
    name: "OVERLAPS",
    usage: "(start, end or interval) OVERLAPS (start, end or interval)",
    signatures: [
      ({ types }) => {
        const common = mergeTypes(types);
        if (types.length !== 4 || !common || !times.includes(common.name)) return undefined;
        return {
          types: types.map(({ isNullable }) => ({ ...common, isNullable })),
          type: { ...booleanShape, isNullable: common.isNullable },
        };
      },
    ],
    prepare: ({ types: [type] }) => {
      const compare = comparisonOf(type as SqlType);
      const inOrder = (one: SqlValue, other: SqlValue) =>
        compare(one, other) <= 0 ? [one, other] : [other, one];
      return (...moments) => {
        const [one, other, third, fourth] = moments as readonly SqlValue[] as [
          SqlValue,
          SqlValue,
          SqlValue,
          SqlValue,
        ];
        const [firstStart, firstEnd] = inOrder(one, other) as [SqlValue, SqlValue];
        const [secondStart, secondEnd] = inOrder(third, fourth) as [SqlValue, SqlValue];
        return compare(firstEnd, secondStart) >= 0 && compare(secondEnd, firstStart) >= 0;
      };
    },
  },
];
