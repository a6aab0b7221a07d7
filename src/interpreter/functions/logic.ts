/**
 * AND, OR, NOT with three truth values, and the tests of truth and null.
 */
import type { RowEvaluator, ScalarFunction } from "../scalar-function.ts";
import { anyType, booleanShape, returns, returnsNotNull, takes, truth } from "../signatures.ts";
import type { SqlValue } from "../values/sql-value.ts";

/** The value that decides alone is not looked for behind it: errors there do not matter. */
function connective(name: "AND" | "OR", decides: boolean): ScalarFunction {
  return {
    name,
    usage: `boolean ${name} boolean`,
    signatures: [takes([truth, truth], returns(booleanShape), { repeats: true })],
    prepareLazy: (_call, operands): RowEvaluator => {
      return (row) => {
        let isUnknown = false;
        for (const operand of operands) {
          const value = operand(row);
          if (value === decides) return decides;
          if (value === null) isUnknown = true;
        }
        return isUnknown ? null : !decides;
      };
    },
  };
}

function truthTest(what: string, holds: (value: SqlValue) => boolean): readonly ScalarFunction[] {
  const signatures = [takes([truth], returnsNotNull(booleanShape))];
  const test = (name: string, isNot: boolean): ScalarFunction => ({
    name,
    usage: `boolean ${name}`,
    signatures,
    takesNulls: true,
    prepare: () => (value) => holds(value as SqlValue) !== isNot,
  });
  return [test(`IS ${what}`, false), test(`IS NOT ${what}`, true)];
}

function nullTest(name: string, isNot: boolean): ScalarFunction {
  return {
    name,
    usage: `value ${name}`,
    signatures: [takes([anyType], returnsNotNull(booleanShape))],
    takesNulls: true,
    prepare: () => (value) => (value === null) !== isNot,
  };
}

export const logicFunctions: readonly ScalarFunction[] = [
  connective("AND", false),
  connective("OR", true),
  {
    name: "NOT",
    usage: "NOT boolean",
    signatures: [takes([truth], returns(booleanShape))],
    prepare: () => (value) => !value,
  },
  ...truthTest("TRUE", (value) => value === true),
  ...truthTest("FALSE", (value) => value === false),
  ...truthTest("UNKNOWN", (value) => value === null),
  nullTest("IS NULL", false),
  nullTest("IS NOT NULL", true),
];
