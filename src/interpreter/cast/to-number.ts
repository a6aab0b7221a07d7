/**
 * Casts to BOOLEAN and to numbers.
 *
 * A whole number that does not fit loses its upper bits; a FLOAT or DOUBLE is cut to the nearest that fits. A
 * DECIMAL is rounded half up, and is null where it has too many digits. Text that is no number, or does not
 * fit, is an error.
 */
import { divideHalfUp, formatDecimal, parseDecimal } from "../../columnar/decimal-text.ts";
import { unitOfInterval } from "../types/interval-type.ts";
import type { SqlShape } from "../types/sql-type.ts";
import { parseDouble } from "../values/number-text.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { type Cast, identity, unreadable } from "./cast.ts";

type DecimalShape = Extract<SqlShape, { name: "DECIMAL" }>;

const integerBits: Readonly<Record<string, number>> = { TINYINT: 8, SMALLINT: 16, INT: 32, BIGINT: 64 };

const trueTexts: ReadonlySet<string> = new Set(["t", "true", "y", "yes", "1"]);
const falseTexts: ReadonlySet<string> = new Set(["f", "false", "n", "no", "0"]);

/** Whole numbers are true but 0. */
export function castToBoolean(from: SqlShape, to: SqlShape): Cast | undefined {
  if (from.name in integerBits) return (value) => Number(value) !== 0;
  if (!isText(from)) return undefined;
  return (value) => {
    const text = trimSpaces(value as string).toLowerCase();
    if (trueTexts.has(text)) return true;
    if (falseTexts.has(text)) return false;
    throw unreadable(value, to);
  };
}

/** To TINYINT, SMALLINT, INT or BIGINT. */
export function castToInteger(from: SqlShape, to: SqlShape): Cast | undefined {
  const bits = integerBits[to.name] ?? 64;
  const held = (whole: bigint): SqlValue => (bits === 64 ? whole : Number(whole));
  const wrapped = (whole: bigint) => held(BigInt.asIntN(bits, whole));
  switch (from.name) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
      if ((integerBits[from.name] ?? 64) <= bits && bits < 64) return identity;
      return (value) => wrapped(BigInt(value as number | bigint));
    case "FLOAT":
    case "DOUBLE":
      return (value) => wrapped(saturated(value as number, Math.max(bits, 32)));
    case "DECIMAL":
      return (value) => wrapped((value as bigint) / 10n ** BigInt(from.scale));
    case "BOOLEAN":
      return (value) => wrapped(value === true ? 1n : 0n);
    case "CHAR":
    case "VARCHAR":
      return (value) => {
        const match = /^([+-]?\d*)(?:\.\d*)?$/.exec(trimSpaces(value as string));
        const [text = "", digits = ""] = match ?? [];
        if (!/[\d.]/.test(text)) throw unreadable(value, to);
        const whole = BigInt(/\d/.test(digits) ? digits.replace("+", "") : 0);
        if (whole !== BigInt.asIntN(bits, whole)) throw unreadable(value, to);
        return held(whole);
      };
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND": {
      const unit = unitOfInterval(from);
      return (value) => wrapped(BigInt(value as number) / BigInt(unit));
    }
    default:
      return undefined;
  }
}

/** To FLOAT or DOUBLE. */
export function castToApproximate(from: SqlShape, to: SqlShape): Cast | undefined {
  const rounded = to.name === "FLOAT" ? Math.fround : (value: number) => value;
  switch (from.name) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
    case "FLOAT":
    case "DOUBLE":
    case "BOOLEAN":
      return (value) => rounded(Number(value));
    case "DECIMAL":
      return (value) => rounded(Number(formatDecimal(value as bigint, from.scale)));
    case "CHAR":
    case "VARCHAR":
      return (value) => {
        const number = parseDouble(trimSpaces(value as string));
        if (number === undefined) throw unreadable(value, to);
        return rounded(number);
      };
    default:
      return undefined;
  }
}

export function castToDecimal(from: SqlShape, to: DecimalShape): Cast | undefined {
  switch (from.name) {
    case "TINYINT":
    case "SMALLINT":
    case "INT":
    case "BIGINT":
      return (value) => fitDecimal(BigInt(value as number | bigint), 0, to);
    case "DECIMAL":
      return (value) => fitDecimal(value as bigint, from.scale, to);
    case "BOOLEAN":
      return (value) => fitDecimal(value === true ? 1n : 0n, 0, to);
    case "FLOAT":
    case "DOUBLE":
      return (value) => {
        const number = parseDecimal(String(value));
        if (!number) throw unreadable(value, to);
        return fitDecimal(number.unscaled, number.scale, to);
      };
    case "CHAR":
    case "VARCHAR":
      return (value) => {
        const number = parseDecimal((value as string).replace(/^[ \n\t]+|[ \n\t]+$/g, ""));
        const fitted = number ? fitDecimal(number.unscaled, number.scale, to) : null;
        if (fitted === null) throw unreadable(value, to);
        return fitted;
      };
    case "INTERVAL YEAR TO MONTH":
    case "INTERVAL DAY TO SECOND": {
      const unit = unitOfInterval(from);
      return (value) => fitDecimal(BigInt(value as number) / BigInt(unit), 0, to);
    }
    default:
      return undefined;
  }
}

/** Rounds to the digits of `to`; null where there are too many before the point. */
export function fitDecimal(unscaled: bigint, scale: number, to: DecimalShape): bigint | null {
  const shift = to.scale - scale;
  const fitted = shift >= 0 ? unscaled * 10n ** BigInt(shift) : divideHalfUp(unscaled, 10n ** BigInt(-shift));
  const bound = 10n ** BigInt(to.precision);
  return fitted < bound && fitted > -bound ? fitted : null;
}

/** The whole part of a number; the nearest that has so many bits, and 0 for NaN. */
function saturated(value: number, bits: number): bigint {
  if (Number.isNaN(value)) return 0n;
  const bound = 2 ** (bits - 1);
  if (value >= bound) return 2n ** BigInt(bits - 1) - 1n;
  if (value <= -bound) return -(2n ** BigInt(bits - 1));
  return BigInt(Math.trunc(value));
}

function isText({ name }: SqlShape): boolean {
  return name === "CHAR" || name === "VARCHAR";
}

/** Only spaces are cut off, as from a CHAR. */
function trimSpaces(text: string): string {
  return text.replace(/^ +| +$/g, "");
}
