/**
 * What is cut off at the ends of text: characters of a set, spaces where none is given.
 */
import type { CallShape, ScalarFunction } from "../scalar-function.ts";
import { returns, stringShape, takes, text } from "../signatures.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { returnsVarying } from "./text-shapes.ts";

interface Sides {
  readonly leading: boolean;
  readonly trailing: boolean;
}

type Trim = (value: string, set: string) => string;

function trimming({ leading, trailing }: Sides): Trim {
  return (value, set) => {
    const characters = [...value];
    const isCut = (character: string | undefined) => character !== undefined && set.includes(character);
    let [from, to] = [0, characters.length];
    if (leading) while (from < to && isCut(characters[from])) from++;
    if (trailing) while (to > from && isCut(characters[to - 1])) to--;
    return characters.slice(from, to).join("");
  };
}

const sides: Readonly<Record<string, Sides>> = Object.freeze({
  BOTH: { leading: true, trailing: true },
  LEADING: { leading: true, trailing: false },
  TRAILING: { leading: false, trailing: true },
});

function trimOf(side: SqlValue | undefined): Trim {
  return trimming(sides[String(side)] as Sides);
}

/** TRIM of one argument, of the keyword with a text, and of the keyword, the set and a text. */
function trimSignature(call: CallShape) {
  const count = call.types.length;
  if (count < 1 || count > 3 || (count > 1 && !(String(call.constants[0]) in sides))) return undefined;
  const rules = Array.from({ length: count }, () => text);
  return takes(rules, returnsVarying(count - 1))(call);
}

/** `NAME(text [, set])`. */
function namedTrim(name: string, side: string, result: ReturnType<typeof returns>): ScalarFunction {
  const trim = trimOf(side);
  return {
    name,
    usage: `${name}(text [, characters])`,
    signatures: [takes([text, text], result, { optional: 1 })],
    prepare:
      () =>
      (value, set = " ") =>
        trim(value as string, set as string),
  };
}

export const trimFunctions: readonly ScalarFunction[] = [
  {
    name: "TRIM",
    usage: "TRIM([BOTH | LEADING | TRAILING] [characters] FROM text)",
    signatures: [trimSignature],
    prepare: ({ types, constants }) => {
      if (types.length === 1) return (value) => trimOf("BOTH")(value as string, " ");
      const trim = trimOf(constants[0]);
      if (types.length === 2) return (_side, value) => trim(value as string, " ");
      return (_side, set, value) => trim(value as string, set as string);
    },
  },
  namedTrim("BTRIM", "BOTH", returns(stringShape)),
  namedTrim("LTRIM", "LEADING", returnsVarying(0)),
  namedTrim("RTRIM", "TRAILING", returnsVarying(0)),
];
