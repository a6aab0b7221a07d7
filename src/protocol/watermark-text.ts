/**
 * Watermarks as text: ISO time; "max" for the end of a stream; null before the first event.
 */
const lowest = -(2n ** 63n);
const highest = 2n ** 63n - 1n;

/** The ends of what a JavaScript date can say. */
const dateMsMax = 8_640_000_000_000_000n;

/** Returns the watermark as an answer shows it; a time beyond year 275760 is shown in milliseconds. */
export function formatWatermark(watermark: bigint): string | null {
  if (watermark === lowest) return null;
  if (watermark === highest) return "max";
  if (watermark > dateMsMax || watermark < -dateMsMax) return String(watermark);
  return new Date(Number(watermark)).toISOString();
}

/** Returns the time in milliseconds as an answer shows it. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}
