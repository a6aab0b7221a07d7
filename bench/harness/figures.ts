/**
 * From samples in milliseconds to figures, ratios and checks.
 */
import { createHash } from "node:crypto";
import type { Check, Figure, Ratio, Target } from "./bench.ts";
import { median, thirdFastest } from "./measure.ts";

/** Rate of something done `count` times per sample: the median of the samples' rates. */
export function rateFigure(
  name: string,
  count: number,
  samples: readonly number[],
  unit = "events/s",
): Figure {
  const values = samples.map((ms) => (count / ms) * 1000);
  return { name, value: median(values), unit, values };
}

/** Rate of a kernel: that of the third-fastest sample. */
export function kernelFigure(
  name: string,
  count: number,
  samples: readonly number[],
  unit = "events/s",
): Figure {
  const values = samples.map((ms) => (count / ms) * 1000);
  return { name, value: (count / thirdFastest(samples)) * 1000, unit, values };
}

/** A duration: the median of the samples. */
export function durationFigure(name: string, samples: readonly number[]): Figure {
  return { name, value: median(samples), unit: "ms", values: samples };
}

/** How many times `figure` is `against`. */
export function ratioOf(name: string, figure: Figure, against: Figure, target?: Target): Ratio {
  const value = figure.value / against.value;
  return target ? { name, value, target } : { name, value };
}

/** A check that some text, often long, is the expected one: both are shown by their digest. */
export function textCheck(name: string, found: string, expected: string): Check {
  return { name, found: digest(found), expected: digest(expected) };
}

/** First 16 hex digits of the SHA-256 of `text`. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
