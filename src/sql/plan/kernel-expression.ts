/**
 * Expressions that kernels calculate, to the last bit as the interpreter does: from a bound expression to the
 * JSON of a declarative job.
 *
 * Left out is what differs: a division that may be by zero fails here and is NULL there; TINYINT, SMALLINT
 * and FLOAT wrap and round as narrow as they are; DECIMAL of more than 18 digits does not fit a lane.
 */
import { formatDecimal } from "../../columnar/decimal-text.ts";
import { type DataType, formatType } from "../../columnar/schema.ts";
import { laneTypeOf } from "../../engine/plan/lane-values.ts";
import type { CallExpression, LiteralExpression, RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import { nanosPerMilli, type SqlValue } from "../../interpreter/values/sql-value.ts";
import { formatDateText } from "../../interpreter/values/time-text.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import type { ExpressionJson } from "../../protocol/expression-json.ts";

/** Thrown, and caught where a job is looked for: kernels do not do the same. */
export class NotOnKernels extends Error {}

/** Returns the type in which kernels hold all values of a SQL type, and no others; undefined for no such. */
export function kernelTypeOf(type: SqlType): DataType | undefined {
  switch (type.name) {
    case "BOOLEAN":
    case "INT":
    case "BIGINT":
    case "DOUBLE":
    case "DATE":
    case "VARCHAR":
    case "DECIMAL":
      return laneTypeOf(type);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return type.precision === 3 ? laneTypeOf(type) : undefined;
    default:
      return undefined;
  }
}

/** Returns the expression over columns by their names; throws `NotOnKernels`. */
export function kernelExpression(expression: RowExpression, names: readonly string[]): ExpressionJson {
  if (expression.node === "literal") return literalJson(expression);
  typeOf(expression);
  if (expression.node === "input") return names[expression.index] ?? "";
  const check = Object.hasOwn(calls, expression.function) ? calls[expression.function] : undefined;
  const operator = check?.(expression);
  if (operator === undefined) {
    const given = expression.arguments.map(({ type }) => formatShape(type)).join(", ");
    throw new NotOnKernels(`${expression.function}(${given}) has no kernel that does the same`);
  }
  return operator(expression.arguments.map((part) => kernelExpression(part, names)));
}

type Build = (parts: readonly ExpressionJson[]) => ExpressionJson;

/** What a call becomes where its types allow that. */
type Rule = (call: CallExpression) => Build | undefined;

const as = (operator: string): Build => {
  return (parts) => [operator, ...parts];
};

function typeOf({ type }: RowExpression): DataType {
  const found = type.name === "CHAR" ? ({ name: "STRING" } as const) : kernelTypeOf(type);
  if (found) return found;
  throw new NotOnKernels(`kernels do not hold ${formatShape(type)}`);
}

const isInteger = (type: DataType) => type.name === "INT" || type.name === "BIGINT";
const isSame = (one: DataType, other: DataType) => formatType(one) === formatType(other);

/** True where all arguments, and the value, have one type. */
function isOfOneType(call: CallExpression): boolean {
  return call.arguments.every((each) => isSame(typeOf(each), typeOf(call)));
}

/** + - * of numbers. A DECIMAL's result has the same type here and there while it has up to 18 digits. */
const arithmetic: Rule = (call) => {
  const { name } = typeOf(call);
  const isDecimal = name === "DECIMAL" && call.arguments.every((each) => typeOf(each).name === "DECIMAL");
  const isNumber = isDecimal || ((name === "DOUBLE" || isInteger(typeOf(call))) && isOfOneType(call));
  return isNumber ? as(call.function) : undefined;
};

/** Of integers by what is known not to be zero. */
const division: Rule = (call) => {
  if (!isOfOneType(call)) return undefined;
  const operator = call.function === "MOD" ? "%" : call.function;
  if (typeOf(call).name === "DOUBLE") return operator === "/" ? as(operator) : undefined;
  const divisor = call.arguments[1];
  const value = divisor?.node === "literal" ? decodeValueJson(divisor.value) : null;
  return isInteger(typeOf(call)) && value !== null && Number(value) !== 0 ? as(operator) : undefined;
};

function areComparable(one: DataType, other: DataType): boolean {
  const isExact = (type: DataType) => isInteger(type) || type.name === "DECIMAL";
  return one.name === other.name || (isExact(one) && isExact(other));
}

const comparison: Rule = ({ function: operator, arguments: [first, ...others] }) => {
  const isKnown = first && others.every((other) => areComparable(typeOf(first), typeOf(other)));
  return isKnown ? as(operator.toLowerCase()) : undefined;
};

const truth = (build: Build): Rule => {
  return (call) => (call.arguments.every((each) => typeOf(each).name === "BOOLEAN") ? build : undefined);
};

const anything = (build: Build): Rule => {
  return () => build;
};

/** Results of one type; the last is the one otherwise. */
const choice: Rule = (call) => {
  const { arguments: parts } = call;
  const isResult = (index: number) => index % 2 === 1 || index === parts.length - 1;
  const fits = parts.every((part, index) =>
    isResult(index) ? isSame(typeOf(part), typeOf(call)) : typeOf(part).name === "BOOLEAN",
  );
  return fits ? as("case") : undefined;
};

const known: Rule = (call) => (isOfOneType(call) ? as("coalesce") : undefined);

const numeric =
  (operator: string, ...names: readonly string[]): Rule =>
  (call) =>
    call.arguments.length === 1 && names.includes(typeOf(call).name) && isOfOneType(call)
      ? as(operator)
      : undefined;

/** To a wider type, or only to one that may be null. */
const cast: Rule = (call) => {
  const [argument] = call.arguments;
  if (!argument) return undefined;
  const [from, to] = [typeOf(argument), typeOf(call)];
  const isAny = call.type.name === "VARCHAR" && call.type.length === 2_147_483_647;
  if (isSame(from, to)) return from.name !== "STRING" || isAny ? ([part]) => part ?? null : undefined;
  const isWider = isInteger(from) && (to.name === "DOUBLE" || to.name === "BIGINT");
  return isWider ? ([part]) => ["cast", part ?? null, formatType(to)] : undefined;
};

const calls: Readonly<Record<string, Rule>> = Object.freeze({
  "+": arithmetic,
  "-": arithmetic,
  "*": arithmetic,
  "/": division,
  "%": division,
  MOD: division,
  NEGATE: numeric("-", "INT", "BIGINT", "DOUBLE"),
  FLOOR: numeric("floor", "DOUBLE"),
  CEIL: numeric("ceil", "DOUBLE"),
  "=": comparison,
  "<>": comparison,
  "<": comparison,
  "<=": comparison,
  ">": comparison,
  ">=": comparison,
  IN: comparison,
  AND: truth(as("and")),
  OR: truth(as("or")),
  NOT: truth(as("not")),
  "IS TRUE": truth(([part]) => ["coalesce", part ?? null, false]),
  "IS NOT TRUE": truth(([part]) => ["not", ["coalesce", part ?? null, false]]),
  "IS FALSE": truth(([part]) => ["not", ["coalesce", part ?? null, true]]),
  "IS NOT FALSE": truth(([part]) => ["coalesce", part ?? null, true]),
  "IS NULL": anything(as("is null")),
  "IS NOT NULL": anything(as("is not null")),
  CASE: choice,
  IF: choice,
  COALESCE: known,
  IFNULL: known,
  CAST: cast,
});

function literalJson(literal: LiteralExpression): ExpressionJson {
  const type = typeOf(literal);
  const value = decodeValueJson(literal.value);
  const name = formatType(type);
  if (value === null) return ["cast", null, name];
  if (typeof value === "boolean") return value;
  return { literal: literalText(value, type), type: name };
}

function literalText(value: SqlValue, type: DataType): string | number {
  switch (type.name) {
    case "DOUBLE":
      return Object.is(value, -0) ? "-0" : String(value);
    case "DECIMAL":
      return formatDecimal(value as bigint, type.scale);
    case "DATE":
      return formatDateText(value as number);
    case "TIMESTAMP":
    case "TIMESTAMP_LTZ":
      return Number((value as bigint) / nanosPerMilli);
    case "STRING":
      // Half of a pair of surrogates has no UTF-8.
      if (/\p{Surrogate}/u.test(value as string)) throw new NotOnKernels("a text is no Unicode");
      return value as string;
    default:
      return String(value);
  }
}
