/**
 * CASE and its like: COALESCE, IF, NULLIF, GREATEST….
 *
 * Only the argument that is chosen is calculated: errors in others do not matter.
 */
import { prepareCast } from "../cast/prepare-cast.ts";
import type {
  CallShape,
  Refusal,
  Resolution,
  RowEvaluator,
  ScalarFunction,
  Signature,
} from "../scalar-function.ts";
import { anyType, returnsNullable, stringShape, takes, takesAlike, truth } from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import { formatSqlType, type SqlType } from "../types/sql-type.ts";
import { comparisonOf } from "../values/compare-values.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { orderOf } from "./compared-operands.ts";
import { comparisonFunctions } from "./comparison.ts";
import { isText } from "./number-arguments.ts";

/** Types whose values consist of others: they are no text, and have no order. */
const composite: readonly string[] = Object.freeze(["ARRAY", "MAP", "MULTISET", "ROW"]);

function isComposite({ name }: SqlType): boolean {
  return composite.includes(name);
}

/** What branches have in common: a text where some are texts and the others can be written as such. */
function mergeBranches(types: readonly SqlType[]): SqlType | undefined {
  const common = mergeTypes(types);
  if (common) return common;
  if (!types.some(isText) || types.some(isComposite)) return undefined;
  return { ...stringShape, isNullable: types.some(({ isNullable }) => isNullable) };
}

function castTo(common: SqlType, { isNullable }: SqlType): SqlType {
  return { ...common, isNullable };
}

/** Conditions and results in turn; the last is the result where no condition holds. */
const cases: Signature = ({ types }: CallShape): Resolution | Refusal | undefined => {
  const isResult = (index: number) => index % 2 === 1 || index === types.length - 1;
  const common = mergeBranches(types.filter((_, index) => isResult(index)));
  if (types.length < 3 || !common) return undefined;
  if (common.name === "NULL") return { refusal: "At least one result of CASE must be other than NULL" };
  const taken: SqlType[] = [];
  for (const [index, type] of types.entries()) {
    const as = isResult(index) ? castTo(common, type) : truth(type, undefined);
    if (!as) return undefined;
    taken.push(as);
  }
  return { types: taken, type: common };
};

function chooseCase(operands: readonly RowEvaluator[]): RowEvaluator {
  const branches: (readonly [condition: RowEvaluator, result: RowEvaluator])[] = [];
  for (let index = 0; index + 1 < operands.length; index += 2) {
    branches.push([operands[index], operands[index + 1]] as [RowEvaluator, RowEvaluator]);
  }
  const otherwise = operands[operands.length - 1] as RowEvaluator;
  return (row) => {
    for (const [condition, result] of branches) if (condition(row) === true) return result(row);
    return otherwise(row);
  };
}

/** The result may be null where the condition may, though that means false. */
const ifSignature: Signature = (call) => {
  const resolution = call.types.length === 3 ? cases(call) : undefined;
  if (!resolution || "refusal" in resolution) return resolution;
  const { types, type } = resolution;
  if (isComposite(type) || type.name.startsWith("INTERVAL")) return undefined;
  return { types, type: { ...type, isNullable: types.some(({ isNullable }) => isNullable) } };
};

/** The same where not all arguments are NULL: of those, nobody knows the type. */
function notOnlyNull(signature: Signature): Signature {
  return (call) => (call.types.every(({ name }) => name === "NULL") ? undefined : signature(call));
}

/** Null only where all arguments may be. */
function firstKnown(fewest: number, most: number): Signature {
  const alike = takesAlike(fewest, (common, { types }) => ({
    ...common,
    isNullable: types.every(({ isNullable }) => isNullable),
  }));
  return notOnlyNull((call) => (call.types.length <= most ? alike(call) : undefined));
}

function chooseKnown(operands: readonly RowEvaluator[]): RowEvaluator {
  return (row) => {
    for (const operand of operands) {
      const value = operand(row);
      if (value !== null) return value;
    }
    return null;
  };
}

/** Of values that have an order; null where one is. */
function extreme(name: string, isBetter: (order: number) => boolean): ScalarFunction {
  const alike = takesAlike(1, (common) => common);
  return {
    name,
    usage: `${name}(value, ...)`,
    signatures: [notOnlyNull((call) => (call.types.some(isComposite) ? undefined : alike(call)))],
    prepare: ({ type }) => {
      const compare = comparisonOf(type);
      return (...values) =>
        values.reduce((best, next) => (isBetter(compare(next, best)) ? next : best)) as SqlValue;
    },
  };
}

const equal = comparisonFunctions.find(({ name }) => name === "=");

/** How both arguments are cast to be compared. */
function comparedTypes({ types, constants }: CallShape): readonly [SqlType, SqlType] | undefined {
  for (const signature of equal?.signatures ?? []) {
    const resolution = signature({ types, constants, options: {} });
    if (resolution && "types" in resolution) return resolution.types as [SqlType, SqlType];
  }
  return undefined;
}

/** The first argument as it is, or null where the second is equal to it. */
const nullIf: Readonly<ScalarFunction> = {
  name: "NULLIF",
  usage: "NULLIF(value, value)",
  signatures: [
    (call) => {
      const { types } = call;
      const [first] = types;
      if (types.length !== 2 || !first || first.name === "NULL" || !comparedTypes(call)) return undefined;
      return { types, type: { ...first, isNullable: true } };
    },
  ],
  takesNulls: true,
  prepare: (call) => {
    const { context } = call;
    const [one, other] = call.types as readonly [SqlType, SqlType];
    const [asOne, asOther] = comparedTypes(call) ?? [one, other];
    const [castOne, castOther] = [prepareCast(one, asOne, context), prepareCast(other, asOther, context)];
    const order = orderOf(asOne, asOther, context);
    return (value = null, unwanted = null) => {
      if (value === null || unwanted === null) return value;
      const [left, right] = [castOne(value), castOther(unwanted)];
      if (left === null || right === null) return value;
      return order(left, right) === 0 ? null : value;
    };
  },
};

/** The type of an argument as text; with TRUE in the long form that a statement may use. */
const typeOf: Readonly<ScalarFunction> = {
  name: "TYPEOF",
  usage: "TYPEOF(value [, isLong])",
  signatures: [takes([anyType, truth], returnsNullable(stringShape), { optional: 1 })],
  takesNulls: true,
  prepare: ({ types: [type], constants: [, isLong] }) => {
    const text = type ? formatSqlType(type) : "";
    const told = type?.name === "NULL" ? "NULL" : isLong === true ? longForm(text) : text;
    return () => told;
  },
};

/** Names and comments, which stay as they are, or one of the short names of types. */
const shortNames = /`(?:[^`]|``)*`|'(?:[^']|'')*'|\bSTRING\b|\bBYTES\b|\bTIMESTAMP_LTZ\((\d)\)/g;

function longForm(text: string): string {
  return text.replace(shortNames, (found, precision) => {
    if (found === "STRING") return "VARCHAR(2147483647)";
    if (found === "BYTES") return "VARBINARY(2147483647)";
    return precision === undefined ? found : `TIMESTAMP(${precision}) WITH LOCAL TIME ZONE`;
  });
}

export const conditionalFunctions: readonly ScalarFunction[] = [
  {
    name: "CASE",
    usage: "CASE WHEN boolean THEN value ... [ELSE value] END, of values of one type",
    signatures: [cases],
    prepareLazy: (_call, operands) => chooseCase(operands),
  },
  {
    name: "IF",
    usage: "IF(boolean, value, value)",
    signatures: [ifSignature],
    prepareLazy: (_call, operands) => chooseCase(operands),
  },
  {
    name: "COALESCE",
    usage: "COALESCE(value, ...)",
    signatures: [firstKnown(1, Number.POSITIVE_INFINITY)],
    prepareLazy: (_call, operands) => chooseKnown(operands),
  },
  {
    name: "IFNULL",
    usage: "IFNULL(value, value)",
    signatures: [firstKnown(2, 2)],
    prepareLazy: (_call, operands) => chooseKnown(operands),
  },
  extreme("GREATEST", (order) => order > 0),
  extreme("LEAST", (order) => order < 0),
  nullIf,
  typeOf,
];
