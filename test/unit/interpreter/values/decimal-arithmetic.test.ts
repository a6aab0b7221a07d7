/** DECIMAL values in other scales, and quotients. */
import { expect, test } from "vitest";
import {
  divideDecimals,
  fitDecimal,
  rescaleDecimal,
  truncateDecimal,
} from "../../../../src/interpreter/values/decimal-arithmetic.ts";

test.each([
  [125n, 2, 1, 13n, 12n],
  [-125n, 2, 1, -13n, -12n],
  [124n, 2, 1, 12n, 12n],
  [12n, 0, 2, 1200n, 1200n],
  [1250n, 0, -2, 13n, 12n],
  [13n, -2, 0, 1300n, 1300n],
])("%s of scale %s has with scale %s: %s rounded, %s cut", (value, from, to, rounded, cut) => {
  expect(rescaleDecimal(value, from, to)).toBe(rounded);
  expect(truncateDecimal(value, from, to)).toBe(cut);
});

test("a value that rounding makes too long does not fit", () => {
  const to = { name: "DECIMAL", precision: 2, scale: 1 } as const;
  expect(fitDecimal(994n, 2, to)).toBe(99n);
  expect(fitDecimal(995n, 2, to)).toBe(null);
  expect(fitDecimal(-995n, 2, to)).toBe(null);
});

test.each([
  [2n, 0, 3n, 0, 6, 666_667n],
  [-2n, 0, 3n, 0, 6, -666_667n],
  [2n, 0, -3n, 1, 2, -667n],
  [0n, 5, -3n, 0, 2, 0n],
  [1n, 38, 10n ** 38n - 1n, 0, 10, 0n],
  [10n ** 38n - 1n, 0, 1n, 38, 6, (10n ** 38n - 1n) * 10n ** 44n],
  // Below one half, but one half with 38 digits.
  [10n ** 39n - 2n, 0, 2n * 10n ** 39n, 0, 0, 1n],
])(
  "%s of scale %s by %s of scale %s is with scale %s %s",
  (one, oneScale, other, otherScale, scale, quotient) => {
    expect(divideDecimals(one, oneScale, other, otherScale, scale)).toBe(quotient);
  },
);
