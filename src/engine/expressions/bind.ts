/**
 * Bind: from an expression as JSON to a typed one.
 *
 * Operators and what they calculate are described in `protocol/expression-json.ts`. Every complaint is an
 * EngineError with the code EXPRESSION_INVALID that names the place.
 */
import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { type DataType, formatType, parseType } from "../../columnar/schema.ts";
import type { JsonScalar } from "../../columnar/values.ts";
import type { ExpressionJson, LiteralJson } from "../../protocol/expression-json.ts";
import { formatFound, formatPath } from "../../protocol/read-body.ts";
import {
  closeAlone,
  closeBeside,
  literalOf,
  type OpenLiteral,
  readLiteral,
  rescaleLiteral,
} from "./literals.ts";
import {
  arithmeticType,
  commonType,
  isCastable,
  isExact,
  isInteger,
  isNumeric,
  isSameType,
  isTimestamp,
  scaleOf,
} from "./type-rules.ts";
import type {
  CallExpression,
  LiteralExpression,
  TypedExpression,
  TypedOperator,
} from "./typed-expression.ts";

/** The columns that an expression may name. */
export interface ExpressionScope {
  lookup(name: string): TypedExpression | undefined;
  readonly names: readonly string[];
}

type Path = readonly (string | number)[];
type Bound = TypedExpression | OpenLiteral;

const boolean = { name: "BOOLEAN" } as const;
const double = { name: "DOUBLE" } as const;
const bigint = { name: "BIGINT" } as const;

/** Least and most arguments by operator. */
const arities: Readonly<Record<string, readonly [number, number]>> = {
  "+": [2, 2],
  "-": [1, 2],
  "*": [2, 2],
  "/": [2, 2],
  "%": [2, 2],
  abs: [1, 1],
  floor: [1, 1],
  ceil: [1, 1],
  "=": [2, 2],
  "<>": [2, 2],
  "<": [2, 2],
  "<=": [2, 2],
  ">": [2, 2],
  ">=": [2, 2],
  between: [3, 3],
  in: [2, Infinity],
  and: [2, Infinity],
  or: [2, Infinity],
  not: [1, 1],
  "is null": [1, 1],
  "is not null": [1, 1],
  case: [2, Infinity],
  coalesce: [1, Infinity],
  cast: [2, 2],
};

/** Returns the typed form of `json`; `path` is where it stands in the body. */
export function bindExpression(json: ExpressionJson, scope: ExpressionScope, path: Path): TypedExpression {
  return close(bind(json, scope, path), path);
}

/** As `bindExpression`, for a condition. */
export function bindCondition(json: ExpressionJson, scope: ExpressionScope, path: Path): TypedExpression {
  return expectType(closeTo(bind(json, scope, path), boolean, path), ["BOOLEAN"], path);
}

function bind(json: ExpressionJson, scope: ExpressionScope, path: Path): Bound {
  if (typeof json === "string") {
    return scope.lookup(json) ?? refuse(path, `no column "${json}"${suggestName(json, scope.names)}`);
  }
  if (typeof json === "boolean") return literalOf(json ? 1n : 0n, boolean);
  if (json === null || typeof json === "number") return { node: "open", value: json };
  if (!Array.isArray(json)) return bindLiteral(json as LiteralJson, path);
  const [operator, ...rest] = json as [string, ...ExpressionJson[]];
  const name = operator.toLowerCase();
  const arity = Object.hasOwn(arities, name) ? arities[name] : undefined;
  if (!arity) refuse([...path, 0], `no operator "${operator}"${suggestName(name, Object.keys(arities))}`);
  if (rest.length < arity[0] || rest.length > arity[1]) {
    const expected = arity[0] === arity[1] ? `${arity[0]}` : `at least ${arity[0]}`;
    refuse(path, `found ${rest.length} arguments of "${operator}", expected ${expected}`);
  }
  return bindCall(name, rest, scope, path);
}

function bindLiteral({ literal, type }: LiteralJson, path: Path): Bound {
  if (type === undefined) {
    return typeof literal === "boolean"
      ? literalOf(literal ? 1n : 0n, boolean)
      : { node: "open", value: literal };
  }
  const parsed =
    parseType(type) ?? refuse([...path, "type"], `found "${type}", expected a type such as "BIGINT"`);
  const message = `found ${formatFound(literal)}, expected ${formatType(parsed)}`;
  return readLiteral(literal as JsonScalar, parsed) ?? refuse([...path, "literal"], message);
}

function bindCall(name: string, rest: readonly ExpressionJson[], scope: ExpressionScope, path: Path): Bound {
  const at = (index: number): Path => [...path, index + 1];
  if (name === "cast") return bindCast(bind(rest[0] as ExpressionJson, scope, at(0)), rest[1], path);
  const bound = rest.map((argument, index) => bind(argument, scope, at(index)));
  const [a, b, c] = bound as [Bound, Bound, Bound];
  switch (name) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return bound.length === 1 ? bindNumeric("negate", a, path) : bindArithmetic(name, a, b, path);
    case "abs":
    case "floor":
    case "ceil":
      return bindNumeric(name, a, path);
    case ">":
    case ">=":
      return bindComparison(name === ">" ? "<" : "<=", b, a, [at(1), at(0)], path);
    case "=":
    case "<>":
    case "<":
    case "<=":
      return bindComparison(name, a, b, [at(0), at(1)], path);
    case "between": {
      const isAbove = bindComparison("<=", b, a, [at(1), at(0)], path);
      return call("and", [isAbove, bindComparison("<=", a, c, [at(0), at(2)], path)], boolean);
    }
    case "in": {
      const equals = bound
        .slice(1)
        .map((candidate, index) => bindComparison("=", a, candidate, [at(0), at(index + 1)], path));
      return chain("or", equals);
    }
    case "and":
    case "or":
      return chain(
        name,
        bound.map((part, index) => condition(part, at(index))),
      );
    case "not":
      return call("not", [condition(a, at(0))], boolean);
    case "is null":
    case "is not null":
      return { ...call(name, [close(a, at(0))], boolean), nullable: false };
    case "case":
      return bindCase(bound, path);
    default:
      return bindCoalesce(bound, path);
  }
}

function bindNumeric(operator: "negate" | "abs" | "floor" | "ceil", argument: Bound, path: Path): Bound {
  if (operator === "negate" && argument.node === "open" && typeof argument.value === "number") {
    return { node: "open", value: -argument.value };
  }
  const closed = close(argument, [...path, 1]);
  const isRounding = operator === "floor" || operator === "ceil";
  expectType(closed, isRounding ? ["DOUBLE"] : ["INT", "BIGINT", "DOUBLE", "DECIMAL"], [...path, 1]);
  return call(operator, [closed], closed.type);
}

function bindArithmetic(
  operator: "+" | "-" | "*" | "/" | "%",
  a: Bound,
  b: Bound,
  path: Path,
): TypedExpression {
  const [left, right] = closePair(a, b, [
    [...path, 1],
    [...path, 2],
  ]);
  const found = [left.type, right.type] as const;
  if (isTimestamp(left.type) || isTimestamp(right.type)) {
    if (operator === "-" && isSameType(...found)) return call("-", [left, right], bigint);
    if ((operator === "+" || operator === "-") && isInteger(right.type))
      return call(operator, [left, right], left.type);
    if (operator === "+" && isInteger(left.type)) return call("+", [right, left], right.type);
  } else if (isNumeric(left.type) && isNumeric(right.type)) {
    const type = arithmeticType(operator, ...found);
    if (type.name === "DOUBLE") return call(operator, [cast(left, double), cast(right, double)], type);
    const canFail = type.name === "DECIMAL" || operator === "/" || operator === "%";
    const result = call(operator, [left, right], type);
    return canFail ? { ...result, nullable: true } : result;
  }
  const expected = "numbers, a timestamp and milliseconds, or (for -) two timestamps of one type";
  return refuse(
    path,
    `found ${formatType(found[0])} ${operator} ${formatType(found[1])}, expected ${expected}`,
  );
}

function bindComparison(
  operator: "=" | "<>" | "<" | "<=",
  a: Bound,
  b: Bound,
  paths: readonly [Path, Path],
  path: Path,
): TypedExpression {
  const [left, right] = closePair(a, b, paths);
  if (isNumeric(left.type) && isNumeric(right.type)) {
    if (!isExact(left.type) || !isExact(right.type)) {
      return call(operator, [cast(left, double), cast(right, double)], boolean);
    }
    return call(operator, [alignScale(left, right.type), alignScale(right, left.type)], boolean);
  }
  if (isSameType(left.type, right.type)) return call(operator, [left, right], boolean);
  return refuse(path, `${formatType(left.type)} and ${formatType(right.type)} cannot be compared`);
}

/** A literal with the scale of what it is compared with compares as an integer. */
function alignScale(side: TypedExpression, other: DataType): TypedExpression {
  return side.node === "literal" ? rescaleLiteral(side, scaleOf(other)) : side;
}

function bindCase(bound: readonly Bound[], path: Path): TypedExpression {
  const isOpenEnded = bound.length % 2 === 0;
  const results = bound.filter((_, index) => index % 2 === 1 || index === bound.length - 1);
  const places = bound.flatMap((_, index) =>
    index % 2 === 1 || index === bound.length - 1 ? [index + 1] : [],
  );
  const typed = unify(
    results,
    places.map((index) => [...path, index]),
    path,
  );
  const type = (typed[0] as TypedExpression).type;
  let result = isOpenEnded ? literalOf(null, type) : (typed.pop() as TypedExpression);
  for (let branch = typed.length - 1; branch >= 0; branch--) {
    const test = condition(bound[branch * 2] as Bound, [...path, branch * 2 + 1]);
    const then = typed[branch] as TypedExpression;
    result = { ...call("case", [test, then, result], type), nullable: then.nullable || result.nullable };
  }
  return result;
}

function bindCoalesce(bound: readonly Bound[], path: Path): TypedExpression {
  const typed = unify(
    bound,
    bound.map((_, index) => [...path, index + 1]),
    path,
  );
  return typed.reduceRight((rest, part) => ({
    ...call("coalesce", [part, rest], part.type),
    nullable: part.nullable && rest.nullable,
  }));
}

function bindCast(argument: Bound, name: ExpressionJson | undefined, path: Path): TypedExpression {
  const type = typeof name === "string" ? parseType(name) : undefined;
  if (!type) return refuse([...path, 2], `found ${formatFound(name)}, expected a type such as "BIGINT"`);
  if (argument.node === "open" && argument.value === null) return literalOf(null, type);
  const closed = close(argument, [...path, 1]);
  if (isCastable(closed.type, type)) return cast(closed, type);
  const expected = "casts go between BOOLEAN, INT, BIGINT, DOUBLE and DECIMAL";
  return refuse(path, `found a cast from ${formatType(closed.type)} to ${formatType(type)}; ${expected}`);
}

/** Gives all parts one type. Open literals take it from the others. */
function unify(parts: readonly Bound[], paths: readonly Path[], path: Path): TypedExpression[] {
  let type: DataType | undefined;
  const join = (next: DataType): void => {
    const joined: DataType | undefined = type === undefined ? next : commonType(type, next);
    if (joined === undefined)
      refuse(path, `found results of ${formatType(type ?? next)} and ${formatType(next)}`);
    type = joined;
  };
  for (const part of parts) if (part.node !== "open") join(part.type);
  const closed = parts.map((part, index): Bound => {
    if (part.node !== "open" || part.value === null) return part;
    const at = paths[index] as Path;
    return type === undefined ? close(part, at) : closeTo(part, type, at);
  });
  for (const part of closed) if (part.node !== "open") join(part.type);
  const common: DataType = type ?? refuse(path, `found only null: write one as ["cast", null, "BIGINT"]`);
  return closed.map((part) => (part.node === "open" ? literalOf(null, common) : cast(part, common)));
}

function closePair(a: Bound, b: Bound, paths: readonly [Path, Path]): [TypedExpression, TypedExpression] {
  if (a.node !== "open") return [a, closeTo(b, a.type, paths[1])];
  if (a.value === null || b.node !== "open") {
    const right = close(b, paths[1]);
    return [closeTo(a, right.type, paths[0]), right];
  }
  const left = close(a, paths[0]);
  return [left, closeTo(b, left.type, paths[1])];
}

function close(bound: Bound, path: Path): TypedExpression {
  if (bound.node !== "open") return bound;
  if (bound.value === null) return refuse(path, `found null without a type: write ["cast", null, "BIGINT"]`);
  const advice = `which JSON does not hold exactly: write { "literal": "…", "type": "BIGINT" }`;
  return closeAlone(bound) ?? refuse(path, `found ${bound.value}, ${advice}`);
}

function closeTo(bound: Bound, type: DataType, path: Path): TypedExpression {
  if (bound.node !== "open") return bound;
  if (typeof bound.value === "number") return closeBeside(bound, type) ?? close(bound, path);
  return (
    closeBeside(bound, type) ??
    refuse(path, `found ${formatFound(bound.value)}, expected ${formatType(type)}`)
  );
}

function condition(bound: Bound, path: Path): TypedExpression {
  return expectType(closeTo(bound, boolean, path), ["BOOLEAN"], path);
}

function expectType(expression: TypedExpression, names: readonly string[], path: Path): TypedExpression {
  if (names.includes(expression.type.name)) return expression;
  return refuse(path, `found ${formatType(expression.type)}, expected ${names.join(" or ")}`);
}

function cast(expression: TypedExpression, type: DataType): TypedExpression {
  if (isSameType(expression.type, type)) return expression;
  if (expression.node === "literal") {
    if (expression.value === null) return literalOf(null, type);
    const folded = foldCast(expression, type);
    if (folded) return folded;
  }
  const result = call("cast", [expression], type);
  return type.name === "DECIMAL" ? { ...result, nullable: true } : result;
}

/** Integer literals beside DOUBLE and BIGINT are converted here, others at run time. */
function foldCast({ value, type: from }: LiteralExpression, type: DataType): LiteralExpression | undefined {
  if (!isInteger(from) || typeof value !== "bigint") return undefined;
  if (type.name === "DOUBLE") return literalOf(Number(value), type);
  return type.name === "BIGINT" ? literalOf(value, type) : undefined;
}

function call(operator: TypedOperator, parts: readonly TypedExpression[], type: DataType): CallExpression {
  return { node: "call", operator, arguments: parts, type, nullable: parts.some((part) => part.nullable) };
}

/** a OR b OR c as a balanced tree: depth stays small for long lists. */
function chain(operator: "and" | "or", parts: readonly TypedExpression[]): TypedExpression {
  if (parts.length === 1) return parts[0] as TypedExpression;
  const middle = parts.length >> 1;
  return call(
    operator,
    [chain(operator, parts.slice(0, middle)), chain(operator, parts.slice(middle))],
    boolean,
  );
}

function refuse(path: Path, message: string): never {
  const place = formatPath(path);
  throw new EngineError("EXPRESSION_INVALID", { message: `${place}: ${message}`, details: { path: place } });
}
