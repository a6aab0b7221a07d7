import fc from "fast-check";
import { expect, test } from "vitest";
import xxhash from "xxhash-wasm";
import { xxhash32 } from "../../../../src/engine/log/xxhash32.ts";

test("equals the published algorithm for any bytes", async () => {
  const { h32Raw } = await xxhash();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(xxhash32(bytes, bytes.length)).toBe(h32Raw(bytes) >>> 0);
    }),
    { numRuns: 500 },
  );
});

test("covers the given length, wherever the bytes begin in their buffer", async () => {
  const { h32Raw } = await xxhash();
  const whole = Uint8Array.from({ length: 64 }, (_, index) => index * 7);
  const part = whole.subarray(5, 50);
  expect(xxhash32(part, 33)).toBe(h32Raw(part.slice(0, 33)) >>> 0);
});
