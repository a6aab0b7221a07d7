import fc from "fast-check";
import { expect, test } from "vitest";
import { errorBodyOf } from "../../../../src/base/errors.ts";
import { decodeMessage, encodeMessage } from "../../../../src/engine/exchange/message-codec.ts";
import { RecordKind } from "../../../../src/engine/log/records.ts";

const place = fc.record({
  offset: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  part: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const message = fc.record({
  kind: fc.constantFrom(RecordKind.Frame, RecordKind.Watermark, RecordKind.Tick),
  sequence: place,
  previous: place,
  watermark: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  frame: fc.uint8Array({ maxLength: 40 }),
});

function codeOf(bytes: Uint8Array): string {
  try {
    decodeMessage(bytes);
    return "no error";
  } catch (thrown) {
    return errorBodyOf(thrown).code;
  }
}

test("any message reads back as it was written", () => {
  fc.assert(
    fc.property(message, (written) => {
      expect(decodeMessage(encodeMessage(written))).toEqual(written);
    }),
  );
});

test("a damaged header is told, as is a later version and a wrong length", () => {
  const sequences = { sequence: { offset: 7, part: 1 }, previous: { offset: 6, part: 4 } };
  const bytes = encodeMessage({
    ...sequences,
    kind: RecordKind.Frame,
    watermark: 5n,
    frame: Uint8Array.of(1, 2),
  });
  for (let at = 0; at < 44; at++) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    expect([at, codeOf(damaged)]).toEqual([at, at === 0 ? "VERSION_UNKNOWN" : "STATE_CORRUPT"]);
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(bytes.subarray(0, length))).toBe("STATE_CORRUPT");
  }
});
