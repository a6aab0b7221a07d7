/**
 * DECIMAL values as text: an unscaled integer and its scale.
 */
export interface DecimalText {
  readonly unscaled: bigint;
  /** Digits in all, at least 1 and at least `scale`. */
  readonly precision: number;
  readonly scale: number;
}

/** Most digits that are looked at; far above any precision, so that `1e999999` costs nothing. */
const digitsMax = 400;

/** Reads a number such as `-12.50` or `1.5e-7` exactly; undefined where `text` is none. Its zeros count. */
export function parseDecimal(text: string): DecimalText | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const scale = fraction.length - Number(exponent);
  if (whole.length + fraction.length + Math.abs(scale) > digitsMax) return undefined;
  const digits = BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, -scale));
  const places = Math.max(0, scale);
  return {
    unscaled: sign === "-" ? -digits : digits,
    precision: Math.max(digits === 0n ? 1 : String(digits).length, places, 1),
    scale: places,
  };
}

/** Writes an unscaled integer with `scale` digits behind the point. */
export function formatDecimal(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

/** Returns a / b rounded to an integer, half away from zero. `b` is positive. */
export function divideHalfUp(a: bigint, b: bigint): bigint {
  const magnitude = a < 0n ? -a : a;
  const quotient = (2n * magnitude + b) / (2n * b);
  return a < 0n ? -quotient : quotient;
}
