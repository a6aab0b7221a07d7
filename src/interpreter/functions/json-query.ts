/**
 * What is read from JSON by paths: JSON_EXISTS, JSON_VALUE, JSON_QUERY.
 *
 * A path begins with `lax` or `strict`, and is strict without. What is not there is empty in a lax path,
 * and an error in a strict one; so is text that is no JSON. What a row gets then is said by ON EMPTY and
 * ON ERROR.
 */
import { canCast } from "../cast/explicit-casts.ts";
import { isJsonArray, isJsonScalar, type JsonNode } from "../json/json-node.ts";
import type { JsonPath } from "../json/json-path.ts";
import { parseJsonText, writeJsonText } from "../json/json-text.ts";
import { parseJsonPath } from "../json/parse-json-path.ts";
import { type JsonReading, readJsonPath } from "../json/read-json-path.ts";
import { type JsonScalarConversion, jsonScalarTo } from "../json/value-of-json.ts";
import type { CallOptions } from "../row-expression.ts";
import {
  type BoundCall,
  type CallShape,
  evaluationError,
  type Refusal,
  type RowEvaluator,
  type ScalarFunction,
  type Signature,
} from "../scalar-function.ts";
import { booleanShape, stringShape, text } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { Row, SqlValue } from "../values/sql-value.ts";

interface ModedPath {
  readonly isLax: boolean;
  /** Absent where it is no path, which is an error of each row. */
  readonly path?: JsonPath | undefined;
}

function parseModedPath(spec: string): ModedPath {
  const [, mode, path] = /^\s*(strict|lax)\s+([\s\S]+)$/i.exec(spec) ?? [];
  return { isLax: mode?.toLowerCase() === "lax", path: parseJsonPath(path ?? spec) };
}

/** What a path leads to; null is for nothing, and in strict paths there is always something. */
function readModedPath(json: string, { isLax, path }: ModedPath): JsonReading {
  const root = parseJsonText(json);
  if (root === undefined) return isLax ? { node: null } : { problem: "The text is no JSON" };
  if (root === null) return { problem: "A path leads nowhere from null" };
  if (!path) return { problem: "The path is none; expected such as 'lax $.name'" };
  const reading = readJsonPath(path, root, isLax);
  if (isLax || "problem" in reading || reading.node !== null) return reading;
  return { problem: "A strict path leads to a value, and this leads to null" };
}

/** Calculates from JSON and path, where neither is null. */
function byPath(
  { constants: [, constant] }: BoundCall,
  operands: readonly RowEvaluator[],
  settle: (reading: JsonReading, isLax: boolean, row: Row) => SqlValue,
): RowEvaluator {
  const [input, spec] = operands;
  const known = typeof constant === "string" ? parseModedPath(constant) : undefined;
  return (row) => {
    const json = input?.(row) ?? null;
    const path = known ?? spec?.(row) ?? null;
    if (json === null || path === null) return null;
    const moded = known ?? parseModedPath(path as string);
    return settle(readModedPath(json as string, moded), moded.isLax, row);
  };
}

/** The arguments of such a call: two texts, and defaults. */
function jsonAndPath({ types }: CallShape): readonly SqlType[] | undefined {
  const [json, path] = types.slice(0, 2).map((type) => text(type, undefined));
  return json && path && [json, path];
}

/** Why a clause says what the function does not know; undefined where all is known. */
function misplaced(
  options: CallOptions,
  known: Readonly<Record<string, readonly string[]>>,
): Refusal | undefined {
  for (const [clause, said] of Object.entries(options)) {
    if (clause !== "json" && !known[clause]?.includes(said)) {
      const occasion = clause.replace(/^on/, "ON ").toUpperCase();
      return { refusal: `${said} is not for ${occasion} here` };
    }
  }
  return undefined;
}

const existence: Signature = (call) => {
  const types = jsonAndPath(call);
  if (!types || call.types.length > 2) return undefined;
  const wrong = misplaced(call.options, { onError: ["TRUE", "FALSE", "UNKNOWN", "ERROR"] });
  return wrong ?? { types, type: { ...booleanShape, isNullable: true } };
};

const scalar: Signature = (call) => {
  const types = jsonAndPath(call);
  if (!types) return undefined;
  const known = ["NULL", "ERROR", "DEFAULT"];
  const wrong = misplaced(call.options, { onEmpty: known, onError: known });
  if (wrong) return wrong;
  const type: SqlType = { ...(call.returning ?? stringShape), isNullable: true };
  if (!jsonScalarTo(type)) return { refusal: `JSON_VALUE does not return values of type ${type.name}` };
  const defaults = call.types.slice(2);
  if (!defaults.every((each) => canCast(each, type))) {
    return { refusal: `A DEFAULT of JSON_VALUE is what it returns: a value of type ${type.name}` };
  }
  return { types: [...types, ...defaults.map(({ isNullable }) => ({ ...type, isNullable }))], type };
};

const structure: Signature = (call) => {
  const types = jsonAndPath(call);
  if (!types || call.types.length > 2) return undefined;
  const type: SqlType = { ...(call.returning ?? stringShape), isNullable: true };
  const isList = type.name === "ARRAY";
  if (type.name !== "VARCHAR" && !(isList && jsonScalarTo(type.element))) {
    return { refusal: "JSON_QUERY returns STRING, or an ARRAY of texts, numbers or truth values" };
  }
  const known = ["NULL", "ERROR", "EMPTY ARRAY", ...(isList ? [] : ["EMPTY OBJECT"])];
  const wrapper = ["WITHOUT", "WITH", "WITH CONDITIONAL", "WITH UNCONDITIONAL"];
  return misplaced(call.options, { onEmpty: known, onError: known, wrapper }) ?? { types, type };
};

/** What a row gets where there is no value: by a word, or by what calculates a default. */
type Fallback = (problem: string, row: Row) => SqlValue;

function fallback(word: string | undefined, ofWord: Readonly<Record<string, Fallback>>): Fallback {
  if (word === "ERROR") {
    return (problem) => {
      throw evaluationError(`${problem}.`);
    };
  }
  return ofWord[word ?? "NULL"] ?? (() => null);
}

/** A strict path that leads to what a function does not take. */
function unfit(expected: string, node: JsonNode): string {
  return `A strict path leads to ${expected}, and this leads to ${writeJsonText(node)}`;
}

function prepareValue(call: BoundCall, operands: readonly RowEvaluator[]): RowEvaluator {
  const { options, type } = call;
  const convert = jsonScalarTo(type) as JsonScalarConversion;
  const defaults = operands.slice(2);
  const defaultOf = (evaluator: RowEvaluator | undefined) => ({
    DEFAULT: (_problem: string, row: Row) => evaluator?.(row) ?? null,
  });
  const onEmpty = fallback(options.onEmpty, defaultOf(defaults[0]));
  const onError = fallback(options.onError, defaultOf(defaults.at(-1)));
  return byPath(call, operands, (reading, isLax, row) => {
    if ("problem" in reading) return onError(reading.problem, row);
    const { node } = reading;
    if (!isJsonScalar(node)) {
      return isLax ? onEmpty("The path leads to no scalar", row) : onError(unfit("a scalar", node), row);
    }
    if (node === null) return onEmpty("The path leads to nothing", row);
    const value = convert(node);
    return value === undefined ? onError(`${writeJsonText(node)} is no ${type.name}`, row) : value;
  });
}

function wrap(node: JsonNode, wrapper: string | undefined): JsonNode {
  if (wrapper === undefined || wrapper === "WITHOUT") return node;
  return wrapper === "WITH CONDITIONAL" && isJsonArray(node) ? node : [node];
}

/** Returns the value of a node that has parts; undefined where it is none of the type. */
function structureTo(type: SqlType): (node: JsonNode) => SqlValue | undefined {
  if (type.name !== "ARRAY") return writeJsonText;
  const convert = jsonScalarTo(type.element) as JsonScalarConversion;
  return (node) => {
    if (!isJsonArray(node)) return undefined;
    const elements = node.map(convert);
    return elements.every((each) => each !== undefined) ? elements : undefined;
  };
}

function prepareQuery(call: BoundCall, operands: readonly RowEvaluator[]): RowEvaluator {
  const { options, type } = call;
  const convert = structureTo(type);
  const words = {
    "EMPTY ARRAY": () => (type.name === "ARRAY" ? [] : "[]"),
    "EMPTY OBJECT": () => "{}",
  };
  const onEmpty = fallback(options.onEmpty, words);
  const onError = fallback(options.onError, words);
  return byPath(call, operands, (reading, isLax, row) => {
    if ("problem" in reading) return onError(reading.problem, row);
    if (reading.node === null) return onEmpty("The path leads to nothing", row);
    const node = wrap(reading.node, options.wrapper);
    if (isJsonScalar(node)) {
      if (isLax) return onEmpty("The path leads to no array or object", row);
      return onError(unfit("an array or object", node), row);
    }
    const value = convert(node);
    return value === undefined ? onError(`${writeJsonText(node)} is no ${type.name}`, row) : value;
  });
}

export const jsonQueryFunctions: readonly ScalarFunction[] = [
  {
    name: "JSON_EXISTS",
    usage: "JSON_EXISTS(json, path [TRUE | FALSE | UNKNOWN | ERROR ON ERROR])",
    signatures: [existence],
    prepareLazy: (call, operands) => {
      const onError = fallback(call.options.onError ?? "FALSE", { TRUE: () => true, FALSE: () => false });
      return byPath(call, operands, (reading, _isLax, row) =>
        "problem" in reading ? onError(reading.problem, row) : reading.node !== null,
      );
    },
  },
  {
    name: "JSON_VALUE",
    usage: "JSON_VALUE(json, path [RETURNING type] [NULL | ERROR | DEFAULT value ON EMPTY | ERROR])",
    signatures: [scalar],
    prepareLazy: prepareValue,
  },
  {
    name: "JSON_QUERY",
    usage: "JSON_QUERY(json, path [RETURNING type] [wrapper] [NULL | EMPTY ARRAY | ... ON EMPTY | ERROR])",
    signatures: [structure],
    prepareLazy: prepareQuery,
  },
];
