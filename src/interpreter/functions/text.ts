/**
 * Text: put together, cut, padded and changed.
 */
import { encodeUtf8 } from "../../base/utf8.ts";
import type { Evaluator, ScalarFunction } from "../scalar-function.ts";
import {
  intShape,
  returns,
  returnsArgument,
  returnsNullable,
  stringShape,
  takes,
  text,
  wholeNumber,
} from "../signatures.ts";
import { countCharacters, reverseCharacters, sliceCharacters } from "../values/characters.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { checkMadeText, returnsJoined, returnsVarying } from "./text-shapes.ts";

/** A function of one text. */
function ofText(
  name: string,
  result: ReturnType<typeof returns>,
  evaluate: (value: string) => SqlValue,
): ScalarFunction {
  return {
    name,
    usage: `${name}(text)`,
    signatures: [takes([text], result)],
    prepare: () => (value) => evaluate(value as string),
  };
}

/**
 * Characters from `start`, counted from 1 or, where negative, from the end; 0 is 1. From a start before the
 * text there are none.
 */
function substring(value: string, start: number, length: number): string | null {
  if (length < 0) return null;
  const count = countCharacters(value);
  const from = start > 0 ? start - 1 : start < 0 ? count + start : 0;
  if (from < 0 || from >= count) return "";
  return sliceCharacters(value, from, from + length);
}

/** The first characters, or the last where `isRight`. */
function end(name: string, isRight: boolean): ScalarFunction {
  return {
    name,
    usage: `${name}(text, count)`,
    signatures: [takes([text, wholeNumber], returnsVarying(0, true))],
    prepare: () => (value, count) => {
      const [whole, wanted] = [value as string, Number(count)];
      if (wanted <= 0) return "";
      const from = isRight ? Math.max(0, countCharacters(whole) - wanted) : 0;
      return sliceCharacters(whole, from, from + wanted);
    },
  };
}

/** UTF-16 units are counted here, not characters. */
function padding(name: string, isLeft: boolean): ScalarFunction {
  return {
    name,
    usage: `${name}(text, length, padding)`,
    signatures: [takes([text, wholeNumber, text], returns(stringShape))],
    prepare: () => (value, length, filling) => {
      const [whole, units, pad] = [value as string, Number(length), filling as string];
      if (units < 0 || pad === "") return null;
      checkMadeText(name, units);
      const cut = whole.slice(0, units);
      return isLeft ? cut.padStart(units, pad) : cut.padEnd(units, pad);
    },
  };
}

const initials = /[A-Za-z0-9]+/g;

function capitalize(value: string): string {
  return value.replace(initials, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
}

/** Empty text is found at every place. */
const replace: Evaluator = (value, sought, replacement) => {
  const [whole, by] = [value as string, replacement as string];
  const parts = sought === "" ? ["", ...whole.split(""), ""] : whole.split(sought as string);
  checkMadeText("REPLACE", whole.length + parts.length * by.length);
  return parts.join(by);
};

/** UTF-16 units are counted here. Where nothing is replaced, what lies behind is left out. */
const overlay: Evaluator = (value, replacement, start, length) => {
  const [whole, by, from] = [value as string, replacement as string, Number(start)];
  if (from <= 0 || from > whole.length) return whole;
  const count = length === undefined ? by.length : Number(length);
  const rest = count > 0 && from + count <= whole.length ? whole.slice(from - 1 + count) : "";
  return whole.slice(0, from - 1) + by + rest;
};

/** Each character of `from` becomes the one at the same place of `to`, or nothing; the first place counts. */
const translate: Evaluator = (value, from, to) => {
  if (value === null || value === "" || from === null || from === "") return value as SqlValue;
  const targets = [...((to ?? "") as string)];
  const sources = [...(from as string)].map((character, index): [string, string] => [
    character,
    targets[index] ?? "",
  ]);
  const map = new Map(sources.reverse());
  return Array.from(value as string, (character) => map.get(character) ?? character).join("");
};

/** Takes null for nothing, but not as the separator. */
const concatWithSeparator: Evaluator = (separator, ...parts) => {
  if (separator === null) return null;
  return parts.filter((part) => part !== null).join(separator as string);
};

function joins(name: string, usage: string, result: ReturnType<typeof returns>, count: number) {
  const rules = Array.from({ length: count }, () => text);
  return {
    name,
    usage,
    signatures: [takes(rules, result, count === 1 ? { repeats: true } : {})],
    prepare:
      () =>
      (...parts) =>
        parts.join(""),
  } satisfies ScalarFunction;
}

/** The low eight bits of a number as a character. */
function characterOf(value: SqlValue | undefined): string {
  const code = BigInt(value as bigint | number);
  return code < 0n ? "" : String.fromCharCode(Number(code & 0xffn));
}

/** The first byte, which is signed. */
function firstByte(value: string): number {
  return ((encodeUtf8(value.slice(0, 2))[0] ?? 0) << 24) >> 24;
}

export const textFunctions: readonly ScalarFunction[] = [
  joins("||", "text || text", returnsJoined(true), 2),
  joins("CONCAT", "CONCAT(text, ...)", returns(stringShape), 1),
  {
    name: "CONCAT_WS",
    usage: "CONCAT_WS(separator, text, ...)",
    signatures: [takes([text], returns(stringShape), { repeats: true })],
    takesNulls: true,
    prepare: () => concatWithSeparator,
  },
  ofText("CHAR_LENGTH", returns(intShape), countCharacters),
  ofText("UPPER", returnsArgument(0), (value) => value.toUpperCase()),
  ofText("LOWER", returnsArgument(0), (value) => value.toLowerCase()),
  ofText("INITCAP", returnsArgument(0), capitalize),
  ofText("REVERSE", returnsNullable(stringShape), reverseCharacters),
  ofText("ASCII", returns(intShape), firstByte),
  {
    name: "CHR",
    usage: "CHR(number)",
    signatures: [takes([wholeNumber], returnsNullable(stringShape))],
    prepare: () => characterOf,
  },
  {
    name: "SUBSTRING",
    usage: "SUBSTRING(text, from [, length])",
    signatures: [takes([text, wholeNumber, wholeNumber], returnsVarying(0, true), { optional: 1 })],
    prepare:
      () =>
      (value, start, length = Number.MAX_SAFE_INTEGER) =>
        substring(value as string, Number(start), Number(length)),
  },
  end("LEFT", false),
  end("RIGHT", true),
  padding("LPAD", true),
  padding("RPAD", false),
  {
    name: "REPEAT",
    usage: "REPEAT(text, count)",
    signatures: [takes([text, wholeNumber], returns(stringShape))],
    prepare: () => (value, count) => {
      const times = Math.max(0, Number(count));
      checkMadeText("REPEAT", (value as string).length * times);
      return (value as string).repeat(value === "" ? 0 : times);
    },
  },
  {
    name: "REPLACE",
    usage: "REPLACE(text, sought, replacement)",
    signatures: [takes([text, text, text], returns(stringShape))],
    prepare: () => replace,
  },
  {
    name: "OVERLAY",
    usage: "OVERLAY(text PLACING replacement FROM start [FOR length])",
    signatures: [takes([text, text, wholeNumber, wholeNumber], returnsJoined(false), { optional: 1 })],
    prepare: () => overlay,
  },
  {
    name: "TRANSLATE",
    usage: "TRANSLATE(text, from, to)",
    signatures: [
      takes(
        [text, text, text],
        ({ types: [value] }) => value && { ...stringShape, isNullable: value.isNullable },
      ),
    ],
    takesNulls: true,
    prepare: () => translate,
  },
];
