/**
 * Numbers as Java's formatter writes them: rounded half up from their shortest decimal form.
 */
import { divideHalfUp, formatDecimal, parseDecimal } from "../../columnar/decimal-text.ts";

export interface NumberStyle {
  /** `+`, space and `(` for signs, `0` for zeros in front, `,` between thousands, `#` for a point always. */
  readonly flags: string;
  readonly width: number;
}

/** Returns digits with a sign, and zeros in front up to the width. */
export function signedText({ flags, width }: NumberStyle, isNegative: boolean, digits: string): string {
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const sign = isNegative ? (flags.includes("(") ? "(" : "-") : plus;
  const end = sign === "(" ? ")" : "";
  const grouped = flags.includes(",") ? digits.replace(/^\d+/, groupThousands) : digits;
  const filled = flags.includes("0") ? grouped.padStart(width - sign.length - end.length, "0") : grouped;
  return `${sign}${filled}${end}`;
}

function groupThousands(digits: string): string {
  return digits.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Returns a FLOAT or DOUBLE by %e, %f or %g. */
export function floatingText(
  style: NumberStyle,
  conversion: "e" | "f" | "g",
  value: number,
  precision: number,
): string {
  if (Number.isNaN(value)) return "NaN";
  const isNegative = value < 0 || Object.is(value, -0);
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) {
    return signedText({ ...style, flags: style.flags.replaceAll(/[0,]/g, "") }, isNegative, "Infinity");
  }
  const digits = digitsOf(conversion, magnitude, precision);
  return signedText(style, isNegative, style.flags.includes("#") ? withPoint(digits) : digits);
}

/** A point is there though nothing is behind. */
function withPoint(digits: string): string {
  return digits.replace(/^\d+(?![\d.])/, "$&.");
}

function digitsOf(conversion: "e" | "f" | "g", magnitude: number, precision: number): string {
  if (conversion === "f") return fixed(magnitude, precision);
  if (conversion === "e") {
    const { digits, exponent } = significant(magnitude, precision + 1);
    return withExponent(digits, exponent);
  }
  const count = Math.max(1, precision);
  if (magnitude === 0) return fixed(0, count - 1);
  const { digits, exponent } = significant(magnitude, count);
  if (exponent < -4 || exponent >= count) return withExponent(digits, exponent);
  return fixed(magnitude, count - 1 - exponent);
}

function fixed(magnitude: number, places: number): string {
  const { unscaled, scale } = decimalOf(magnitude);
  const shift = 10n ** BigInt(Math.abs(places - scale));
  return formatDecimal(places >= scale ? unscaled * shift : divideHalfUp(unscaled, shift), places);
}

/** So many digits, and the power of ten of the first. */
function significant(
  magnitude: number,
  count: number,
): { readonly digits: string; readonly exponent: number } {
  const { unscaled, scale } = decimalOf(magnitude);
  if (unscaled === 0n) return { digits: "0".repeat(count), exponent: 0 };
  const length = String(unscaled).length;
  const exponent = length - 1 - scale;
  if (length <= count) return { digits: String(unscaled).padEnd(count, "0"), exponent };
  const rounded = String(divideHalfUp(unscaled, 10n ** BigInt(length - count)));
  return { digits: rounded.slice(0, count), exponent: exponent + rounded.length - count };
}

function withExponent(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0]}${fraction}e${exponent < 0 ? "-" : "+"}${power}`;
}

function decimalOf(magnitude: number): { readonly unscaled: bigint; readonly scale: number } {
  return parseDecimal(String(magnitude)) ?? { unscaled: 0n, scale: 0 };
}
