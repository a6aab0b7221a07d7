/**
 * Which of several formats an answer has, by the request's header Accept (RFC 9110).
 */
import { EngineError } from "../../base/errors.ts";

/**
 * Returns the format that `accept` weighs highest, the first of those that weigh the same; throws
 * NOT_ACCEPTABLE, naming all, where it takes none of them.
 */
export function negotiate<Format extends string>(
  accept: string | null,
  formats: readonly [Format, ...Format[]],
): Format {
  const ranges = (accept ?? "*/*").split(",").map(readRange);
  let best: Format | undefined;
  let bestWeight = 0;
  for (const format of formats) {
    const weight = weightOf(format, ranges);
    if (weight <= bestWeight) continue;
    best = format;
    bestWeight = weight;
  }
  if (best !== undefined) return best;
  const message = `Accept is "${accept}", and there is ${formats.join(", ")}.`;
  throw new EngineError("NOT_ACCEPTABLE", { message, details: { formats } });
}

/** Says whether `accept` names a format itself, and takes it. */
export function acceptsByName(accept: string | null, format: string): boolean {
  const ranges = (accept ?? "").split(",").map(readRange);
  return ranges.some(({ type, weight }) => type === format && weight > 0);
}

interface Range {
  readonly type: string;
  readonly weight: number;
}

function readRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((part) => part.startsWith("q="));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return { type, weight: Number.isNaN(weight) ? 0 : weight };
}

/** That of the range that says most of the format. */
function weightOf(format: string, ranges: readonly Range[]): number {
  const family = `${format.slice(0, format.indexOf("/"))}/*`;
  for (const wanted of [format, family, "*/*"]) {
    const range = ranges.find(({ type }) => type === wanted);
    if (range) return range.weight;
  }
  return 0;
}
