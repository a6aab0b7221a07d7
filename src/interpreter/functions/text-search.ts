/**
 * Where text is within text, and what lies between.
 */
import { type Evaluator, evaluationError, type ScalarFunction, type Signature } from "../scalar-function.ts";
import {
  bytes,
  intShape,
  returns,
  returnsNullable,
  stringShape,
  takes,
  text,
  wholeNumber,
} from "../signatures.ts";
import { mergeTypes } from "../types/merge-types.ts";
import type { SqlShape, SqlType } from "../types/sql-type.ts";
import { countCharacters, indexOfCharacters, reverseCharacters } from "../values/characters.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { constantPattern } from "./regexp/java-pattern.ts";
import { textArrayShape } from "./text-shapes.ts";

const position: Evaluator = (sought, value, from = 1) =>
  indexOfCharacters(value as string, sought as string, Number(from) - 1) + 1;

/** Where the occurrence is that is asked for, from `start`; a negative one counts and looks from the end. */
function instr(value: string, sought: string, start: number, occurrence: number): number {
  if (start === 0) return 0;
  if (start < 0) {
    const found = instr(reverseCharacters(value), reverseCharacters(sought), -start, occurrence);
    return found === 0 ? 0 : countCharacters(value) + 2 - found - countCharacters(sought);
  }
  let found = start - 1;
  for (let time = 0; time < occurrence; time++) {
    found = indexOfCharacters(value, sought, found) + 1;
    if (found === 0) return 0;
  }
  return found;
}

const instrOf: Evaluator = (value, sought, start = 1, occurrence = 1) => {
  const times = Number(occurrence);
  if (times <= 0)
    throw evaluationError(`INSTR looks for an occurrence from 1 on, and not for the ${times}th.`);
  return instr(value as string, sought as string, Number(start), times);
};

/** The parts of text between separators; empty text has none. */
function partsOf(value: string, separator: string): string[] {
  return value === "" ? [] : value.split(separator);
}

/** A separator that is a number is the character of that code; one that is empty is white space. */
const splitIndex: Evaluator = (value, separator, index) => {
  const [whole, place] = [value as string, Number(index)];
  if (typeof separator !== "string") {
    const code = Number(separator);
    if (code < 1 || code > 255) return null;
    return partsOf(whole, String.fromCharCode(code))[place] ?? null;
  }
  if (separator === "") return (whole === "" ? [] : whole.split(/\s/))[place] ?? null;
  return partsOf(whole, separator)[place] ?? null;
};

const nullableText: SqlType = Object.freeze({ ...stringShape, isNullable: true });
const textMap: SqlShape = Object.freeze({ name: "MAP", key: nullableText, value: nullableText });

/** Pairs by two patterns. A pair without a value has null. */
function prepareTextMap(constants: readonly (SqlValue | undefined)[]): Evaluator {
  const [pairs, parts] = [constants[1], constants[2]].map(constantPattern);
  return (value, pairSeparator = ",", partSeparator = "=") => {
    const [pair, part] = [pairs?.(pairSeparator), parts?.(partSeparator)];
    if (!pair || !part) throw evaluationError("STR_TO_MAP takes regular expressions as separators.");
    if (value === "") return [];
    const map = new Map<string, string | null>();
    for (const each of pair.split(value as string)) {
      const [key, text] = part.split(each, 2);
      if (text === undefined) map.set(each, null);
      else map.set(key ?? "", text);
    }
    return [...map];
  };
}

/** Texts of different lengths have a varying one in common. */
function eltOf(kind: typeof text): Signature {
  return (call) => {
    const [index] = call.constants;
    if (typeof index === "number" && index < 0) return { refusal: `ELT counts from 1, and not ${index}` };
    const taken = takes([wholeNumber, kind], returnsNullable(stringShape), { repeats: true })(call);
    if (!taken || "refusal" in taken) return taken;
    const choices = taken.types.slice(1);
    const common = mergeTypes(choices);
    if (!common || !("length" in common)) return undefined;
    const isFixed = choices.every((type) => "length" in type && type.length === common.length);
    const name = common.name === "CHAR" && !isFixed ? "VARCHAR" : common.name;
    return { types: taken.types, type: { ...common, name, isNullable: true } };
  };
}

export const textSearchFunctions: readonly ScalarFunction[] = [
  {
    name: "POSITION",
    usage: "POSITION(sought IN text)",
    signatures: [takes([text, text], returns(intShape))],
    prepare: () => position,
  },
  {
    name: "LOCATE",
    usage: "LOCATE(sought, text [, from])",
    signatures: [takes([text, text, wholeNumber], returns(intShape), { optional: 1 })],
    prepare: () => position,
  },
  {
    name: "INSTR",
    usage: "INSTR(text, sought [, from [, occurrence]])",
    signatures: [takes([text, text, wholeNumber, wholeNumber], returns(intShape), { optional: 2 })],
    prepare: () => instrOf,
  },
  {
    name: "SPLIT_INDEX",
    usage: "SPLIT_INDEX(text, separator, index)",
    signatures: [text, wholeNumber].map((separator) =>
      takes([text, separator, wholeNumber], returnsNullable(stringShape)),
    ),
    prepare: () => splitIndex,
  },
  {
    name: "SPLIT",
    usage: "SPLIT(text, separator)",
    signatures: [takes([text, text], returns(textArrayShape))],
    prepare: () => (value, separator) =>
      separator === "" ? [...(value as string)] : partsOf(value as string, separator as string),
  },
  {
    name: "STR_TO_MAP",
    usage: "STR_TO_MAP(text [, pair separator, part separator])",
    signatures: [
      takes([text], returnsNullable(textMap)),
      takes([text, text, text], returnsNullable(textMap)),
    ],
    prepare: ({ constants }) => prepareTextMap(constants),
  },
  {
    name: "ELT",
    usage: "ELT(index, text, ...) or ELT(index, bytes, ...)",
    signatures: [eltOf(text), eltOf(bytes)],
    takesNulls: true,
    prepare:
      () =>
      (index, ...choices) =>
        index === null ? null : (choices[Number(index) - 1] ?? null),
  },
];
