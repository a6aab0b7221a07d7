/**
 * Calls of aggregates.
 */
import type { AggregateFunction } from "../../interpreter/aggregate-function.ts";
import { findAggregate } from "../../interpreter/aggregates/built-in.ts";
import { aggregateOfUser, isUserCall } from "../../interpreter/call-user-function.ts";
import type { AggregateExpression } from "../../interpreter/compile-aggregate.ts";
import { compileExpression } from "../../interpreter/compile-expression.ts";
import { findFunction } from "../../interpreter/functions/built-in.ts";
import { type RowExpression, walkExpression } from "../../interpreter/row-expression.ts";
import type { SqlValue } from "../../interpreter/values/sql-value.ts";
import { notSupported, type SourceText, statementError } from "../parse/syntax-error.ts";
import type { Call, JsonCall } from "../parse/syntax-tree.ts";
import type { ExpressionBinder } from "./bind-expression.ts";
import { type DeclaredFunction, declarationOf, type FindFunction } from "./user-function.ts";

/** Returns the aggregate that a call is of; undefined where it is of none, or is OVER a window. */
export function aggregateOf(call: Call | JsonCall, functions?: FindFunction): AggregateFunction | undefined {
  if (call.kind === "json") return findAggregate(call.name);
  const [name, more] = call.name.parts;
  if (!name || more || call.over) return undefined;
  const upper = name.name.toUpperCase();
  const builtIn = findAggregate(upper);
  if (builtIn || findFunction(upper)) return builtIn;
  const user = functions?.(name.name);
  if (user?.kind !== "aggregate") return undefined;
  return { ...aggregateOfUser(user), ...pick(declarationOf(name.name, user)) };
}

function pick({ usage, signatures }: DeclaredFunction) {
  return { usage, signatures };
}

/**
 * Binds the call of an aggregate; `binder` is for its arguments, in which no aggregate may be. `canBeEmpty`
 * where a group without rows has a row too: there is no GROUP BY.
 */
export function bindAggregate(
  source: SourceText,
  binder: ExpressionBinder,
  aggregate: AggregateFunction,
  call: Call | JsonCall,
  canBeEmpty: boolean,
): AggregateExpression {
  const { given, more } =
    call.kind === "json" ? binder.jsonParts(call) : callParts(source, binder, aggregate, call);
  const { taken, type, options } = binder.resolve(aggregate, given, call, { ...more, constantOf });
  const clauses = call.kind === "call" ? call : undefined;
  const isNullable =
    type.isNullable || ((canBeEmpty || clauses?.filter !== undefined) && !aggregate.hasValueOfNothing);
  return {
    function: aggregate.name,
    arguments: taken,
    type: { ...type, isNullable },
    isDistinct: clauses?.isDistinct === true,
    ...(clauses?.filter && { filter: binder.condition(clauses.filter, "FILTER") }),
    ...(Object.keys(options).length > 0 && { options }),
    ...(isUserCall(aggregate.name) && optionsOfUser(aggregate)),
  };
}

/** What a user's aggregate lacks: who plans its call does not have its declaration. */
function optionsOfUser({ canRetract, canMerge }: AggregateFunction): Pick<AggregateExpression, "options"> {
  const options = {
    ...(!canRetract && { retracts: "never" }),
    ...(canMerge === false && { merges: "never" }),
  };
  return Object.keys(options).length > 0 ? { options } : {};
}

function callParts(source: SourceText, binder: ExpressionBinder, aggregate: AggregateFunction, call: Call) {
  if (call.orderBy.length > 0 || call.withinGroup) {
    throw notSupported(source, call, "ORDER BY within an aggregate; rows are taken as they come");
  }
  const { nulls } = call;
  if (nulls && !aggregate.nullTreatments?.includes(nulls)) {
    const { name } = aggregate;
    const instead = name.endsWith("_VALUE")
      ? `it leaves nulls out; take that of a row, which is not null, and its field: ${name}(ROW(…))`
      : "leave it out";
    throw statementError(source, call, `${name} does not take ${nulls} NULLS: ${instead}`);
  }
  const [first] = call.arguments;
  const isOfRows = first?.kind === "star" && call.arguments.length === 1 && aggregate.name === "COUNT";
  const isOfNothing = call.arguments.length === 0 || (isOfRows && call.isDistinct);
  if (isOfNothing && aggregate.name === "COUNT") {
    throw statementError(
      source,
      call,
      "COUNT is of rows, COUNT(*), or of different values, COUNT(DISTINCT a)",
    );
  }
  const given = isOfRows ? [] : call.arguments.map((each) => binder.bind(each));
  return { given, more: nulls ? { options: { nulls } } : {} };
}

/** A literal, or an array of such. */
function constantOf(argument: RowExpression): SqlValue | undefined {
  let isConstant = true;
  walkExpression(argument, (part) => {
    const isPart = part.node === "call" && ["ARRAY", "CAST"].includes(part.function);
    if (part.node !== "literal" && !isPart) isConstant = false;
  });
  if (!isConstant || (argument.node === "call" && argument.function === "CAST")) return undefined;
  const moment = { processingTime: 0, watermark: null, random: () => 0 };
  return compileExpression(argument, { timeZone: "UTC", moment })([]);
}
