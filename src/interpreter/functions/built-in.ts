/**
 * All scalar functions that are there without being created.
 */

import type { CallExpression } from "../row-expression.ts";
import type { ScalarFunction } from "../scalar-function.ts";
import { arithmeticFunctions } from "./arithmetic.ts";
import { arrayFunctions } from "./array.ts";
import { castFunctions } from "./cast.ts";
import { collectionFunctions } from "./collection.ts";
import { comparisonFunctions } from "./comparison.ts";
import { conditionalFunctions } from "./conditional.ts";
import { contextFunctions } from "./context.ts";
import { encodingFunctions } from "./encoding.ts";
import { hashFunctions } from "./hash.ts";
import { jsonFunctions } from "./json.ts";
import { jsonQueryFunctions } from "./json-query.ts";
import { logicFunctions } from "./logic.ts";
import { mapFunctions } from "./map.ts";
import { mathFunctions } from "./math.ts";
import { patternFunctions } from "./pattern.ts";
import { printfFunctions } from "./printf.ts";
import { rowFunctions } from "./row.ts";
import { temporalFunctions } from "./temporal.ts";
import { textFunctions } from "./text.ts";
import { textSearchFunctions } from "./text-search.ts";
import { textTestFunctions } from "./text-test.ts";
import { trimFunctions } from "./trim.ts";
import { webAddressFunctions } from "./web-address.ts";

const functions: ReadonlyMap<string, ScalarFunction> = new Map(
  [
    arithmeticFunctions,
    arrayFunctions,
    castFunctions,
    collectionFunctions,
    comparisonFunctions,
    conditionalFunctions,
    contextFunctions,
    encodingFunctions,
    hashFunctions,
    jsonFunctions,
    jsonQueryFunctions,
    logicFunctions,
    mapFunctions,
    mathFunctions,
    patternFunctions,
    printfFunctions,
    rowFunctions,
    temporalFunctions,
    textFunctions,
    textSearchFunctions,
    textTestFunctions,
    trimFunctions,
    webAddressFunctions,
  ].flatMap((family) => family.map((each): [string, ScalarFunction] => [each.name, each])),
);

/** Returns the function of that name, in upper case. */
export function findFunction(name: string): ScalarFunction | undefined {
  return functions.get(name);
}

/** Whether the value of a call differs from row to row although its arguments do not. */
export function isVolatileCall({ function: name, options }: CallExpression): boolean {
  return findFunction(name)?.isVolatile === true || options?.volatile === "true";
}

/** All names, operators' signs among them. */
export function functionNames(): string[] {
  return [...functions.keys()];
}
