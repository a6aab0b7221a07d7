/**
 * PRINTF: text with places for values, as Java's formatter writes it.
 *
 * Conversions %a, %h and %t are not there: what they write of a value is not told by its type in SQL.
 */
import { formatDecimal } from "../../columnar/decimal-text.ts";
import { prepareCast } from "../cast/prepare-cast.ts";
import { type BoundCall, evaluationError, type ScalarFunction } from "../scalar-function.ts";
import { anyType, returnsNullable, stringShape, takes, text } from "../signatures.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { formatTimestampText } from "../values/time-text.ts";
import { floatingText, type NumberStyle, signedText } from "./printf-number.ts";
import { checkMadeText } from "./text-shapes.ts";

interface Place {
  /** Which value, counted from 1; 0 is the next one, and -1 the one before. */
  readonly value: number;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly conversion: string;
}

const placePattern = /%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([A-Za-z%])?/g;

/** A value of the call, and how it is written by %s. */
interface Argument {
  readonly type: SqlType;
  readonly write: (value: SqlValue) => string;
}

function refuse(place: string, why: string): never {
  throw evaluationError(`PRINTF cannot write ${place}: ${why}.`);
}

/** Text between places stays as it is. */
function format(pattern: string, known: readonly Argument[], values: readonly SqlValue[]): string {
  let next = 0;
  let before = -1;
  let made = pattern.length;
  return pattern.replaceAll(placePattern, (...match) => {
    const [written, place] = [match[0], placeOf(match)];
    checkPlace(written, place);
    if (place.conversion === "n") return "\n";
    if (place.conversion === "%") return padded(place, "%");
    const which = place.value === -1 ? before : place.value > 0 ? place.value - 1 : next++;
    before = which;
    const argument = known[which];
    if (!argument) refuse(written, `there are ${known.length} values`);
    const text = padded(place, convert(written, place, argument, values[which] as SqlValue));
    made += text.length;
    checkMadeText("PRINTF", made);
    return text;
  });
}

function placeOf([written = "", index, flags = "", width, precision, conversion]: readonly string[]): Place {
  if (conversion === undefined) refuse(written, "a conversion such as %s is expected");
  return {
    value: flags.includes("<") ? -1 : Number(index ?? 0),
    flags,
    width: Number(width ?? 0),
    precision: precision === undefined ? undefined : Number(precision),
    conversion,
  };
}

function checkPlace(written: string, { flags, width, precision, conversion }: Place): void {
  checkMadeText("PRINTF", Math.max(width, precision ?? 0));
  if (new Set(flags).size !== flags.length) refuse(written, "a flag is there twice");
  if (/[-0]/.test(flags) && width === 0) refuse(written, "a width is missing");
  if (/-.*0|0.*-|\+.* | .*\+/.test(flags)) refuse(written, "flags contradict each other");
  const allowed = allowedFlags[conversion.toLowerCase()];
  if (allowed === undefined || !(conversion in conversions)) refuse(written, "there is no such conversion");
  if (![...flags].every((flag) => allowed.includes(flag)))
    refuse(written, "a flag is not for this conversion");
  if (precision !== undefined && /[dxocn%]/i.test(conversion)) refuse(written, "it has no precision");
}

const allowedFlags: Readonly<Record<string, string>> = Object.freeze({
  s: "-<",
  b: "-<",
  c: "-<",
  d: "-+ 0,(<",
  x: "-#0<",
  o: "-#0<",
  e: "-#+ 0(<",
  f: "-#+ 0,(<",
  g: "-+ 0,(<",
  n: "",
  "%": "-",
});

type Convert = (written: string, place: Place, argument: Argument, value: SqlValue) => string;

function convert(written: string, place: Place, argument: Argument, value: SqlValue): string {
  const { conversion, precision } = place;
  const isTruth = /b/i.test(conversion);
  const found =
    value === null && !isTruth
      ? "null"
      : ((conversions[conversion] as Convert)(written, place, argument, value) ?? "");
  const isText = /[sb]/i.test(conversion) || value === null;
  const cut = isText && precision !== undefined ? found.slice(0, precision) : found;
  return conversion === conversion.toUpperCase() ? cut.toUpperCase() : cut;
}

const writeText: Convert = (_written, _place, { write }, value) => write(value);
const writeTruth: Convert = (_written, _place, { type }, value) =>
  String(type.name === "BOOLEAN" ? value === true : value !== null);

const writeWhole: Convert = (written, place, { type }, value) => {
  if (!(type.name in bitsOf)) refuse(written, `the value is ${type.name}`);
  const number = BigInt(value as number | bigint);
  return signedText(styleOf(place), number < 0n, String(number < 0n ? -number : number));
};

/** A negative number in as many bits as its type has. */
const writeBits: Convert = (written, place, { type }, value) => {
  const bits = bitsOf[type.name];
  if (bits === undefined) refuse(written, `the value is ${type.name}`);
  const isHex = /x/i.test(place.conversion);
  const digits = BigInt.asUintN(bits, BigInt(value as number | bigint)).toString(isHex ? 16 : 8);
  const prefix = place.flags.includes("#") ? (isHex ? "0x" : "0") : "";
  return prefix + (place.flags.includes("0") ? digits.padStart(place.width - prefix.length, "0") : digits);
};

const writeFloating: Convert = (written, place, { type }, value) => {
  if (type.name !== "FLOAT" && type.name !== "DOUBLE") refuse(written, `the value is ${type.name}`);
  const conversion = place.conversion.toLowerCase() as "e" | "f" | "g";
  return floatingText(styleOf(place), conversion, value as number, place.precision ?? 6);
};

const writeCharacter: Convert = (written, _place, { type }, value) => {
  const isCode = (bitsOf[type.name] ?? 64) < 64 && (value as number) >= 0 && (value as number) <= 0x10ffff;
  return isCode
    ? String.fromCodePoint(value as number)
    : refuse(written, "the value is no code of a character");
};

const nothing: Convert = () => "";

const conversions: Readonly<Record<string, Convert>> = Object.freeze({
  s: writeText,
  S: writeText,
  b: writeTruth,
  B: writeTruth,
  c: writeCharacter,
  C: writeCharacter,
  d: writeWhole,
  x: writeBits,
  X: writeBits,
  o: writeBits,
  e: writeFloating,
  E: writeFloating,
  f: writeFloating,
  g: writeFloating,
  G: writeFloating,
  n: nothing,
  "%": nothing,
});

/** Of what is a whole number within; times are, too. */
const bitsOf: Readonly<Record<string, number>> = Object.freeze({
  TINYINT: 8,
  SMALLINT: 16,
  INT: 32,
  BIGINT: 64,
  DATE: 32,
  TIME: 32,
  "INTERVAL YEAR TO MONTH": 32,
  "INTERVAL DAY TO SECOND": 64,
});

function styleOf({ flags, width }: Place): NumberStyle {
  return { flags, width };
}

function padded({ flags, width }: Place, value: string): string {
  return flags.includes("-") ? value.padEnd(width) : value.padStart(width);
}

/** A timestamp as ISO 8601 writes it, without seconds that are 0, its fraction in groups of three. */
function timestampText(nanos: bigint): string {
  return formatTimestampText(nanos, 9)
    .replace(" ", "T")
    .replace(/(?:000)+$/, "")
    .replace(/\.$/, "")
    .replace(/(T\d\d:\d\d):00$/, "$1");
}

/** Times are written as the numbers they are. */
function argumentOf(type: SqlType, { context }: BoundCall): Argument {
  if (type.name in bitsOf || type.name === "BOOLEAN" || type.name === "CHAR" || type.name === "VARCHAR")
    return { type, write: String };
  if (type.name === "DECIMAL") return { type, write: (value) => formatDecimal(value as bigint, type.scale) };
  if (type.name === "TIMESTAMP" || type.name === "TIMESTAMP_LTZ") {
    return { type, write: (value) => timestampText(value as bigint) };
  }
  const cast = prepareCast(type, { ...stringShape, isNullable: true }, context);
  return { type, write: (value) => String(cast(value)) };
}

export const printfFunctions: readonly ScalarFunction[] = [
  {
    name: "PRINTF",
    usage: "PRINTF(format, value, ...)",
    signatures: [takes([text, anyType], returnsNullable(stringShape), { optional: 1, repeats: true })],
    takesNulls: true,
    prepare: (call) => {
      const known = call.types.slice(1).map((type) => argumentOf(type, call));
      return (pattern, ...values) => (pattern === null ? null : format(pattern as string, known, values));
    },
  },
];
