/**
 * Numbers as text: FLOAT and DOUBLE with the fewest digits that read back to the same value.
 *
 * From 0.001 to below 10 million they are written out, with one digit behind the point at least; others have
 * an exponent: `1.0`, `1.0E10`, `NaN`, `-Infinity`.
 */

const plainMin = 1e-3;
const plainMax = 1e7;

/** Digits that tell any two FLOAT values apart. */
const floatDigitsMax = 9;

/** Writes a DOUBLE. */
export function formatDouble(value: number): string {
  return formatShortest(value, value.toExponential());
}

/** Writes a FLOAT, which needs fewer digits than the DOUBLE of the same value. */
export function formatFloat(value: number): string {
  for (let digits = 0; digits < floatDigitsMax; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return formatShortest(value, text);
  }
  return formatShortest(value, value.toExponential());
}

/** `exponential` is such as `-1.25e+3`. */
function formatShortest(value: number, exponential: string): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [, sign = "", first = "", rest = "", power = ""] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(exponential) ?? [];
  const fraction = rest.replace(/0+$/, "");
  const exponent = Number(power);
  const magnitude = Math.abs(value);
  if (magnitude < plainMin || magnitude >= plainMax) {
    return `${sign}${first}.${fraction === "" ? "0" : fraction}E${exponent}`;
  }
  const digits = first + fraction;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const behind = digits.slice(exponent + 1);
  return `${sign}${whole}.${behind === "" ? "0" : behind}`;
}

/** A number as Java writes it, such as `1`, `-.5e3`, `1.5f`, `NaN` or `Infinity`. */
const doublePattern = /^([+-]?)(?:(NaN)|(Infinity)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?)$/;

/** Reads a FLOAT or DOUBLE; undefined where `text` is none. */
export function parseDouble(text: string): number | undefined {
  const match = doublePattern.exec(text);
  if (!match) return undefined;
  const [, sign, notANumber, infinity, digits] = match;
  const magnitude = notANumber ? Number.NaN : infinity ? Number.POSITIVE_INFINITY : Number(digits);
  return sign === "-" ? -magnitude : magnitude;
}
