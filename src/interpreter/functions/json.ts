/**
 * JSON that is made, tested and quoted. What is read from it by paths is in `json-query.ts`.
 */
import { isJsonArray, isJsonObject, isJsonScalar, type JsonNode } from "../json/json-node.ts";
import { isJsonType, jsonOf } from "../json/json-of-value.ts";
import {
  parseJsonText,
  quoteJsonAscii,
  unescapeJson,
  writeJsonObject,
  writeJsonText,
} from "../json/json-text.ts";
import {
  type BoundCall,
  type CallShape,
  evaluationError,
  type ScalarFunction,
  type Signature,
} from "../scalar-function.ts";
import { booleanShape, returns, returnsNullable, stringShape, takes, text } from "../signatures.ts";
import { isText, type SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";

const textOfText = takes([text], returns(stringShape));

/** `IS [NOT] JSON [kind]`; null where the text is. */
function jsonTests(kind: string, holds: (node: JsonNode) => boolean): readonly ScalarFunction[] {
  const test = (name: string, isNot: boolean): ScalarFunction => ({
    name,
    usage: `text ${name}`,
    signatures: [takes([text], returns(booleanShape))],
    prepare: () => (value) => {
      const node = parseJsonText(value as string);
      return (node !== undefined && holds(node)) !== isNot;
    },
  });
  return [test(`IS JSON${kind}`, false), test(`IS NOT JSON${kind}`, true)];
}

/** Places of arguments that are JSON themselves. */
function jsonPlaces({ json }: CallShape["options"]): ReadonlySet<number> {
  return new Set(json?.split(",").map(Number));
}

/** Writes the values of a call as JSON, by their places; undefined where a value is none. */
function writers(call: BoundCall): readonly ((value: SqlValue | undefined) => string | undefined)[] {
  const places = jsonPlaces(call.options);
  return call.types.map((type, index) => {
    if (places.has(index)) return (value) => (value as string | null) ?? undefined;
    const convert = jsonOf(type);
    return (value) => (value === null || value === undefined ? undefined : writeJsonText(convert(value)));
  });
}

function noForm(types: readonly SqlType[]) {
  const odd = types.find((type) => !isJsonType(type));
  return odd && { refusal: `Values of type ${odd.name} have no form in JSON` };
}

const ofValues: Signature = ({ types }) =>
  noForm(types) ?? { types, type: { ...stringShape, isNullable: false } };

const ofPairs: Signature = ({ types, options }) => {
  const keys = types.filter((_type, index) => index % 2 === 0);
  if (!keys.every((type) => isText(type) && !type.isNullable)) {
    return { refusal: "Keys of JSON_OBJECT are texts that are not null" };
  }
  if ([...jsonPlaces(options)].some((place) => place % 2 === 0)) {
    return { refusal: "JSON is a value of JSON_OBJECT, and no key" };
  }
  return noForm(types) ?? { types, type: { ...stringShape, isNullable: false } };
};

const ofAnyValue: Signature = ({ types }) => {
  const [type, ...more] = types;
  if (!type || more.length > 0) return undefined;
  return noForm(types) ?? { types, type: { ...stringShape, isNullable: type.isNullable } };
};

/** Writes a string without its quotes; whatever is no string in quotes is left as it is. */
function unquote(quoted: string): string {
  const isString = quoted.length > 1 && quoted.startsWith('"') && quoted.endsWith('"');
  if (!isString || parseJsonText(quoted) === undefined) return quoted;
  return unescapeJson(quoted.slice(1, -1)) ?? quoted;
}

/** Reads and writes JSON again; blank text is null. */
function normalize(given: string): string | null {
  const trimmed = given.trim();
  if (trimmed === "") return null;
  const node = parseJsonText(trimmed);
  if (node === undefined) throw evaluationError(`JSON takes text that is JSON, and this is none: ${given}.`);
  return writeJsonText(node);
}

const constructors: readonly ScalarFunction[] = [
  {
    name: "JSON_OBJECT",
    usage: "JSON_OBJECT([KEY key VALUE value, ...] [NULL | ABSENT ON NULL])",
    signatures: [ofPairs],
    takesNulls: true,
    prepare: (call) => {
      const write = writers(call);
      const ofNull = call.options.onNull === "ABSENT" ? undefined : "null";
      return (...values) => {
        const pairs: [string, string][] = [];
        for (let index = 0; index < values.length; index += 2) {
          const json = write[index + 1]?.(values[index + 1]) ?? ofNull;
          if (json !== undefined) pairs.push([values[index] as string, json]);
        }
        return writeJsonObject(pairs);
      };
    },
  },
  {
    name: "JSON_ARRAY",
    usage: "JSON_ARRAY([value, ...] [NULL | ABSENT ON NULL])",
    signatures: [ofValues],
    takesNulls: true,
    prepare: (call) => {
      const write = writers(call);
      const ofNull = call.options.onNull === "NULL" ? "null" : undefined;
      return (...values) => {
        const texts = values.map((value, index) => write[index]?.(value) ?? ofNull);
        return `[${texts.filter((json) => json !== undefined).join(",")}]`;
      };
    },
  },
  {
    name: "JSON_STRING",
    usage: "JSON_STRING(value)",
    signatures: [ofAnyValue],
    prepare: (call) => {
      const [write] = writers(call);
      return (value) => write?.(value) ?? null;
    },
  },
  {
    name: "JSON",
    usage: "JSON(text)",
    signatures: [takes([text], returnsNullable(stringShape))],
    prepare: () => (given) => normalize(given as string),
  },
];

export const jsonFunctions: readonly ScalarFunction[] = [
  ...constructors,
  ...jsonTests("", () => true),
  ...jsonTests(" SCALAR", isJsonScalar),
  ...jsonTests(" ARRAY", isJsonArray),
  ...jsonTests(" OBJECT", isJsonObject),
  {
    name: "JSON_QUOTE",
    usage: "JSON_QUOTE(text)",
    signatures: [textOfText],
    prepare: () => (value) => quoteJsonAscii(value as string),
  },
  {
    name: "JSON_UNQUOTE",
    usage: "JSON_UNQUOTE(text)",
    signatures: [textOfText],
    prepare: () => (value) => unquote(value as string),
  },
];
