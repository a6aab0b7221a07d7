/**
 * Expressions: names become places, operators become functions, and what is converted is said by casts.
 */
import { suggestName } from "../../base/suggest-name.ts";
import { findAggregate } from "../../interpreter/aggregates/built-in.ts";
import { canCast } from "../../interpreter/cast/explicit-casts.ts";
import { findFunction, functionNames } from "../../interpreter/functions/built-in.ts";
import type { CallExpression, CallOptions, RowExpression } from "../../interpreter/row-expression.ts";
import type { CallShape, Signature } from "../../interpreter/scalar-function.ts";
import { isInterval } from "../../interpreter/types/interval-type.ts";
import { formatShape, type SqlType } from "../../interpreter/types/sql-type.ts";
import type { UserFunction } from "../../interpreter/user-functions.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type { Call, Column, Expression, FieldOf, JsonBehavior, JsonCall } from "../parse/syntax-tree.ts";
import { bindInterval, bindLiteral, negatedLiteral, textLiteral } from "./bind-literal.ts";
import { implicitCast } from "./implicit-cast.ts";
import { isJsonOfText, nestedJson } from "./json-arguments.ts";
import { resolveType } from "./resolve-type.ts";
import { findColumn, type Scope, unknownColumn } from "./scope.ts";
import { callOf, declarationOf, placeOf } from "./user-function.ts";

/** Functions that are called without parentheses. */
const withoutParentheses: ReadonlySet<string> = new Set([
  "CURRENT_DATE",
  "CURRENT_TIME",
  "CURRENT_TIMESTAMP",
  "LOCALTIME",
  "LOCALTIMESTAMP",
  "PI",
]);

/** Functions that make windows. */
const windowNames: ReadonlySet<string> = new Set(["TUMBLE", "HOP", "CUMULATE", "SESSION"]);

/** Other names of functions. */
const synonyms: Readonly<Record<string, string>> = {
  CEILING: "CEIL",
  CHARACTER_LENGTH: "CHAR_LENGTH",
  POW: "POWER",
  SUBSTR: "SUBSTRING",
};

export class ExpressionBinder {
  readonly #source: SourceText;
  readonly #scope: Scope;

  constructor(source: SourceText, scope: Scope) {
    this.#source = source;
    this.#scope = scope;
  }

  /** Returns what `expression` means; throws `SQL_INVALID` or `SQL_NOT_SUPPORTED` at its place. */
  bind(expression: Expression): RowExpression {
    return this.#scope.known?.(expression) ?? this.#bind(expression);
  }

  /** Binds what must be true or false. */
  condition(expression: Expression, clause: string): RowExpression {
    const bound = this.bind(expression);
    if (bound.type.name === "BOOLEAN" || bound.type.name === "NULL") return bound;
    throw this.#error(expression, `${clause} takes a BOOLEAN, and this is ${formatShape(bound.type)}`);
  }

  #bind(expression: Expression): RowExpression {
    switch (expression.kind) {
      case "literal":
        return bindLiteral(this.#source, expression);
      case "interval":
        return bindInterval(this.#source, expression);
      case "column":
        return this.#column(expression);
      case "unary":
        return this.#unary(expression);
      case "binary":
        return this.#binary(expression);
      case "between":
        return this.#between(expression);
      case "in":
        return this.#in(expression);
      case "like": {
        const { operator, isNot, operand, pattern } = expression;
        const given = [operand, pattern, ...(expression.escape ? [expression.escape] : [])];
        return this.#negated(isNot, expression, this.call(operator, given, expression));
      }
      case "is": {
        const { operand, other, isNot, what } = expression;
        const given = other ? [operand, other] : [operand];
        return this.call(`IS ${isNot ? "NOT " : ""}${what}`, given, expression);
      }
      case "case":
        return this.#case(expression);
      case "cast":
        return this.#cast(expression);
      case "subquery":
        throw notSupported(this.#source, expression, "a query within an expression; join it instead");
      case "row":
        return this.call("ROW", expression.items, expression);
      case "collection":
        return this.call(expression.of, expression.items, expression);
      case "element":
        return this.call("ITEM", [expression.operand, expression.index], expression);
      case "field":
        return this.#field(expression);
      case "call":
        return this.#called(expression);
      case "json": {
        const special = this.#scope.call?.(expression);
        if (special) return special;
        const { given, more } = this.jsonParts(expression);
        return this.make(expression.name, given, expression, more);
      }
      case "keyword":
        return textLiteral(expression.word);
      case "star":
        throw this.#error(expression, "A * stands for columns, and an expression is expected here");
      case "named argument":
        throw this.#error(expression, "A named argument is for functions that make tables");
      case "table argument":
        throw this.#error(expression, "A table is an argument of functions that make tables only");
    }
  }

  #column(column: Column): RowExpression {
    const { parts } = column;
    const search = findColumn(this.#scope, parts);
    if (search.found === "several") {
      throw this.#error(column, `Several tables have a column ${search.name}; write the table before it`);
    }
    if (search.found === "one") {
      const { index, used } = search;
      const type = this.#scope.columns[index]?.type as SqlType;
      return parts.slice(used).reduce<RowExpression>((bound, part) => this.#fieldOf(bound, part.name, part), {
        node: "input",
        index,
        type,
      });
    }
    const [first] = parts;
    const name = first?.name ?? "";
    const upper = name.toUpperCase();
    if (parts.length === 1 && !first?.isQuoted && withoutParentheses.has(upper)) {
      return this.call(upper, [], column);
    }
    throw this.#error(column, unknownColumn(this.#scope, parts));
  }

  #field({ operand, field }: FieldOf): RowExpression {
    const bound = this.bind(operand);
    if (!field) throw notSupported(this.#source, operand, "all fields of a row with .*; name them");
    return this.#fieldOf(bound, field.name, field);
  }

  #fieldOf(row: RowExpression, name: string, span: Span): RowExpression {
    const { type } = row;
    if (type.name !== "ROW") {
      throw this.#error(span, `Only a ROW has fields, and before .${name} stands ${formatShape(type)}`);
    }
    const place = type.fields.findIndex((field) => field.name === name);
    const field = type.fields[place];
    if (!field) {
      const names = type.fields.map((each) => each.name);
      throw this.#error(span, `The ROW has no field ${name}${suggestName(name, names)}`);
    }
    return {
      node: "call",
      function: "FIELD",
      arguments: [row, { node: "literal", value: place, type: { name: "INT", isNullable: false } }],
      type: { ...field.type, isNullable: field.type.isNullable || type.isNullable },
    };
  }

  #unary(expression: Extract<Expression, { kind: "unary" }>): RowExpression {
    const { operator, operand } = expression;
    if (operator === "NOT") return this.call("NOT", [operand], expression);
    if (operator === "-" && operand.kind === "literal" && operand.type === "number") {
      return negatedLiteral(bindLiteral(this.#source, operand));
    }
    return this.call(operator === "-" ? "NEGATE" : "PLUS", [operand], expression);
  }

  #binary(expression: Extract<Expression, { kind: "binary" }>): RowExpression {
    const { operator, left, right } = expression;
    if (right.kind === "subquery" || left.kind === "subquery")
      this.bind(right.kind === "subquery" ? right : left);
    if (operator === "OVERLAPS") return this.#overlaps(expression);
    const name = operator === "<=>" ? "IS NOT DISTINCT FROM" : operator;
    return this.call(name, [left, right], expression);
  }

  /** A period that lasts for an interval ends where that is over. */
  #overlaps(expression: Extract<Expression, { kind: "binary" }>): RowExpression {
    const moments = [expression.left, expression.right].flatMap((period) => {
      const [start, end] = period.kind === "row" ? period.items.map((each) => this.bind(each)) : [];
      if (period.kind !== "row" || period.items.length !== 2 || !start || !end) {
        throw this.#error(period, "OVERLAPS takes periods of two items, such as (start, end)");
      }
      return [start, isInterval(end.type) ? this.make("+", [start, end], period) : end];
    });
    return this.make("OVERLAPS", moments, expression);
  }

  #between(expression: Extract<Expression, { kind: "between" }>): RowExpression {
    const [operand, low, high] = [expression.operand, expression.low, expression.high].map((each) =>
      this.bind(each),
    ) as [RowExpression, RowExpression, RowExpression];
    const within = (least: RowExpression, largest: RowExpression) =>
      this.make(
        "AND",
        [this.make(">=", [operand, least], expression), this.make("<=", [operand, largest], expression)],
        expression,
      );
    const inOrder = within(low, high);
    const holds = expression.isSymmetric
      ? this.make("OR", [inOrder, within(high, low)], expression)
      : inOrder;
    return this.#negated(expression.isNot, expression, holds);
  }

  #in(expression: Extract<Expression, { kind: "in" }>): RowExpression {
    const { operand, among, isNot } = expression;
    if (!isList(among)) throw notSupported(this.#source, expression, "IN with a query; join it instead");
    return this.#negated(isNot, expression, this.call("IN", [operand, ...among], expression));
  }

  #negated(isNot: boolean, span: Span, bound: RowExpression): RowExpression {
    return isNot ? this.make("NOT", [bound], span) : bound;
  }

  #case(expression: Extract<Expression, { kind: "case" }>): RowExpression {
    const { operand, branches, otherwise } = expression;
    const subject = operand && this.bind(operand);
    const given = branches.flatMap(({ when, result }) => {
      const tested = this.bind(when);
      return [subject ? this.make("=", [subject, tested], when) : tested, this.bind(result)];
    });
    const none: RowExpression = { node: "literal", value: null, type: { name: "NULL", isNullable: true } };
    return this.make("CASE", [...given, otherwise ? this.bind(otherwise) : none], expression);
  }

  #cast(expression: Extract<Expression, { kind: "cast" }>): RowExpression {
    const operand = this.bind(expression.operand);
    const target = resolveType(this.#source, expression.type);
    if (!canCast(operand.type, target)) {
      const [from, to] = [operand.type, target].map((type) => formatShape(type));
      throw this.#error(expression, `A ${from} cannot be cast to ${to}`);
    }
    const isNullable = expression.isTry || operand.type.isNullable;
    return {
      node: "call",
      function: expression.isTry ? "TRY_CAST" : "CAST",
      arguments: [operand],
      type: { ...target, isNullable },
    };
  }

  #called(call: Call): RowExpression {
    const special = this.#scope.call?.(call);
    if (special) return special;
    const { parts } = call.name;
    const written = parts.map(({ name }) => name).join(".");
    const name = written.toUpperCase();
    if (call.over) throw notSupported(this.#source, call, `${name} OVER`);
    if (windowNames.has(name)) {
      const places = `in FROM TABLE(${name}(…))${name === "CUMULATE" ? "" : " or in GROUP BY"}`;
      throw this.#error(call, `${name} makes windows and has no value here; it stands ${places}`);
    }
    if (name === "JSON") throw this.#error(call, "JSON is for values within JSON_OBJECT and JSON_ARRAY only");
    if (findAggregate(name)) {
      throw this.#error(call, `${name} is of the rows of a group, and here is no place for an aggregate`);
    }
    const isAggregate = call.isDistinct || call.filter || call.withinGroup || call.orderBy.length > 0;
    if (isAggregate)
      throw this.#error(call, `${name} is no aggregate; DISTINCT, FILTER and ORDER BY are for those`);
    return this.call(synonyms[name] ?? name, call.arguments, call);
  }

  /** Pairs are arguments in turn; defaults come last, in the order of the options that name them. */
  jsonParts(json: JsonCall): { readonly given: RowExpression[]; readonly more: MoreOfCall } {
    const given = [...json.arguments, ...json.pairs.flatMap(({ key, value }) => [key, value])];
    const takesJson = json.name === "JSON_OBJECT" || json.name === "JSON_ARRAY";
    const bound = given.map((each) =>
      takesJson && each.kind === "call" && isJsonOfText(each)
        ? this.call("JSON", each.arguments, each)
        : this.bind(each),
    );
    const options: Record<string, string> = {};
    const say = (option: string, behavior: JsonBehavior | undefined) => {
      if (behavior === undefined) return;
      options[option] = typeof behavior === "string" ? behavior : "DEFAULT";
      if (typeof behavior !== "string") bound.push(this.bind(behavior));
    };
    say("onEmpty", json.onEmpty);
    say("onError", json.onError);
    say("onNull", json.onNull);
    if (json.wrapper !== undefined) options.wrapper = json.wrapper;
    const returning = json.returning && resolveType(this.#source, json.returning);
    return { given: bound, more: { options, ...(returning && { returning }) } };
  }

  /** Binds a call of a function to arguments as they were written. */
  call(name: string, given: readonly Expression[], span: Span): RowExpression {
    return this.make(
      name,
      given.map((each) => this.bind(each)),
      span,
    );
  }

  /** Calls a function with arguments that are bound, cast to what it takes. */
  make(name: string, given: readonly RowExpression[], span: Span, more: MoreOfCall = {}): RowExpression {
    const called = findFunction(name);
    if (!called) return this.#madeOfUser(name, given, span);
    const { taken, type, options } = this.resolve(called, given, span, more);
    const made: CallExpression = { node: "call", function: name, arguments: taken, type };
    return Object.keys(options).length > 0 ? { ...made, options } : made;
  }

  #madeOfUser(name: string, given: readonly RowExpression[], span: Span): CallExpression {
    const user = this.#scope.functions?.(name);
    if (user?.kind === "scalar") return this.callUser(name, user, given, span);
    if (user)
      throw this.#error(span, `${name} is no function from values to a value; ${placeOf(name, user)}`);
    throw this.#error(span, `There is no function ${name}${suggestName(name, functionNames())}`);
  }

  /** Calls a function of CREATE FUNCTION; of a table function the value is the array of its rows. */
  callUser(name: string, user: UserFunction, given: readonly RowExpression[], span: Span): CallExpression {
    const { taken, type } = this.resolve(declarationOf(name, user), given, span, {});
    return callOf(user, taken, type);
  }

  /** Finds the signature that takes the arguments; returns them cast to it. */
  resolve(called: Callable, given: readonly RowExpression[], span: Span, more: MoreOfCall) {
    const options: CallOptions = { ...more.options, ...nestedJson(given) };
    const shape: CallShape = {
      types: given.map(({ type }) => type),
      constants: given.map(more.constantOf ?? literalValue),
      options,
      ...(more.returning && { returning: more.returning }),
    };
    for (const signature of called.signatures) {
      const resolution = signature(shape);
      if (!resolution) continue;
      if ("refusal" in resolution) throw this.#error(span, resolution.refusal);
      const { types, type } = resolution;
      return {
        taken: given.map((each, index) => implicitCast(each, types[index] as SqlType)),
        type,
        options,
      };
    }
    const written = shape.types.map((type) => formatShape(type)).join(", ");
    throw this.#error(span, `${called.name} does not take (${written}); expected ${called.usage}`);
  }

  #error(span: Span, message: string) {
    return statementError(this.#source, span, message);
  }
}

/** A function, or what else has signatures. */
export interface Callable {
  readonly name: string;
  readonly usage: string;
  readonly signatures: readonly Signature[];
}

export interface MoreOfCall {
  readonly options?: CallOptions;
  readonly returning?: SqlType;
  /** What is taken for a constant. Absent: literals. */
  readonly constantOf?: (argument: RowExpression) => SqlValue | undefined;
}

function literalValue(argument: RowExpression): SqlValue | undefined {
  return argument.node === "literal" ? decodeValueJson(argument.value) : undefined;
}

function isList<T>(value: readonly T[] | object): value is readonly T[] {
  return Array.isArray(value);
}
