import { expect, test } from "vitest";
import { readWatermark } from "../../../src/protocol/watermark-body.ts";
import { formatWatermark } from "../../../src/protocol/watermark-text.ts";

test("a watermark is shown as a time, max at the end, null before the first event", () => {
  expect(formatWatermark(0n)).toBe("1970-01-01T00:00:00.000Z");
  expect(formatWatermark(2n ** 63n - 1n)).toBe("max");
  expect(formatWatermark(-(2n ** 63n))).toBeNull();
  expect(formatWatermark(8_640_000_000_000_001n)).toBe("8640000000000001");
});

test("a watermark is read as a time, as milliseconds, or as max", () => {
  expect(readWatermark({ watermark: "1970-01-01 00:01" })).toBe(60_000n);
  expect(readWatermark({ watermark: 60_000 })).toBe(60_000n);
  expect(readWatermark({ watermark: "max" })).toBe(2n ** 63n - 1n);
});

test("what a watermark is shown as can be read back", () => {
  for (const watermark of [0n, 1n, 980_944_200_000n, 2n ** 63n - 1n]) {
    expect(readWatermark({ watermark: formatWatermark(watermark) })).toBe(watermark);
  }
});
