/**
 * Numbers of twice the digits of a double: a double and what it leaves over (Dekker 1971, Knuth's TwoSum).
 *
 * Sums of such hardly depend on their order, so that what was added and is taken back leaves nothing.
 */

export interface DoubleDouble {
  readonly high: number;
  /** At most half a unit in the last place of `high`. */
  readonly low: number;
}

export const zero: DoubleDouble = Object.freeze({ high: 0, low: 0 });

/** Returns `one + other` without loss. */
export function exactSum(one: number, other: number): DoubleDouble {
  const high = one + other;
  const part = high - one;
  return { high, low: one - (high - part) + (other - part) };
}

/** Returns `one * other` without loss, unless it is beyond what a double holds. */
function exactProduct(one: number, other: number): DoubleDouble {
  const high = one * other;
  const [left, right] = [halves(one), halves(other)];
  const low =
    left.high * right.high - high + left.high * right.low + left.low * right.high + left.low * right.low;
  return { high, low };
}

/** Two numbers of 26 bits, whose products are exact. */
function halves(value: number): DoubleDouble {
  const shifted = value * 134_217_729;
  const high = shifted - (shifted - value);
  return { high, low: value - high };
}

export function add(one: DoubleDouble, other: DoubleDouble): DoubleDouble {
  const high = exactSum(one.high, other.high);
  const low = exactSum(one.low, other.low);
  const first = exactSum(high.high, high.low + low.high);
  return exactSum(first.high, first.low + low.low);
}

export function multiply(one: DoubleDouble, other: DoubleDouble): DoubleDouble {
  const product = exactProduct(one.high, other.high);
  return exactSum(product.high, product.low + one.high * other.low + one.low * other.high);
}

export function negate({ high, low }: DoubleDouble): DoubleDouble {
  return { high: -high, low: -low };
}

/** Returns it times a number. */
export function scale(value: DoubleDouble, by: number): DoubleDouble {
  return multiply(value, { high: by, low: 0 });
}

export function divide(value: DoubleDouble, by: number): DoubleDouble {
  const quotient = value.high / by;
  const rest = add(value, negate(exactProduct(quotient, by)));
  return exactSum(quotient, rest.high / by);
}
