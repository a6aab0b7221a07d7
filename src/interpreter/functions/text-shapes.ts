/**
 * Result types of functions of text, and the one bound of the text they make.
 */
import { madeTextMax } from "../../base/limits.ts";
import { evaluationError } from "../scalar-function.ts";
import { type ResultRule, stringShape } from "../signatures.ts";
import { type LengthShape, lengthMax, type SqlShape } from "../types/sql-type.ts";

export const textArrayShape: SqlShape = Object.freeze({
  name: "ARRAY",
  element: { ...stringShape, isNullable: true },
});

/** A VARCHAR as long as an argument. */
export function returnsVarying(index: number, isAlwaysNullable = false): ResultRule {
  return ({ types }) => {
    const length = (types[index] as LengthShape | undefined)?.length ?? lengthMax;
    const isNullable = isAlwaysNullable || types.some((type) => type.isNullable);
    return { name: "VARCHAR", length, isNullable };
  };
}

/** As long as the first two arguments together; a CHAR where `mayBeFixed` and both are. */
export function returnsJoined(mayBeFixed: boolean): ResultRule {
  return ({ types }) => {
    const lengths = types.slice(0, 2).map((type) => (type as LengthShape).length);
    const length = lengths.reduce((sum, next) => sum + next, 0);
    const isFixed = mayBeFixed && types.every(({ name }) => name === "CHAR");
    const isNullable = types.some((type) => type.isNullable);
    return { name: isFixed ? "CHAR" : "VARCHAR", length: Math.min(length, lengthMax), isNullable };
  };
}

/** Throws where a function would make text of so many UTF-16 units. */
export function checkMadeText(name: string, units: number): void {
  if (units <= madeTextMax) return;
  throw evaluationError(`${name} makes a text of ${units} characters; at most ${madeTextMax} are allowed.`);
}
