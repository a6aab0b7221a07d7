/**
 * User functions while calls of them are bound: what their declarations say, as types.
 */
import { calledUser } from "../../interpreter/call-user-function.ts";
import type { CallExpression, RowExpression } from "../../interpreter/row-expression.ts";
import type { Signature } from "../../interpreter/scalar-function.ts";
import { castTo, takes } from "../../interpreter/signatures.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { UserFunction } from "../../interpreter/user-functions.ts";
import { parseTypeText } from "../parse/parse-statements.ts";
import { resolveType } from "./resolve-type.ts";

/** How names of functions are looked up; throws where the worker does not have what CREATE FUNCTION named. */
export type FindFunction = (name: string) => UserFunction | undefined;

/** What a call of a user function must look like. */
export interface DeclaredFunction {
  readonly name: string;
  readonly usage: string;
  readonly signatures: readonly Signature[];
}

/** Reads a declaration's types; throws `SQL_SYNTAX` or `SQL_INVALID` for what is no type. */
export function declarationOf(name: string, user: UserFunction): DeclaredFunction {
  const types = user.arguments.map(typeOfText);
  const returns = typeOfText(user.returns);
  const isSkipped = (given: readonly SqlType[]) =>
    types.some((type, index) => !type.isNullable && given[index]?.isNullable);
  const result = user.kind === "table" ? rowsOf(returns) : returns;
  const signature = takes(types.map(castTo), ({ types: given }) => {
    return { ...result, isNullable: result.isNullable || (user.kind !== "aggregate" && isSkipped(given)) };
  });
  return { name, usage: usageOf(name, user), signatures: [signature] };
}

/** `f(INT, STRING)`. */
export function usageOf(name: string, user: UserFunction): string {
  return `${name}(${user.arguments.join(", ")})`;
}

/** Where a function belongs that stands where a scalar one is expected. */
export function placeOf(name: string, { kind }: UserFunction): string {
  return kind === "table"
    ? `it makes tables: write LATERAL TABLE(${name}(…)) in FROM`
    : "it is of the rows of a group: here is no place for an aggregate";
}

/** A call with arguments as the declaration takes them; what is not deterministic says so. */
export function callOf(user: UserFunction, taken: readonly RowExpression[], type: SqlType): CallExpression {
  const made = { node: "call", function: calledUser(user.name), arguments: taken, type } as const;
  return user.isDeterministic === false ? { ...made, options: { volatile: "true" } } : made;
}

function typeOfText(text: string): SqlType {
  return resolveType({ text }, parseTypeText(text));
}

/** All rows of one call. */
function rowsOf(element: SqlType): SqlType {
  const isRow = element.name === "ROW";
  return { name: "ARRAY", element: isRow ? { ...element, isNullable: false } : element, isNullable: false };
}
