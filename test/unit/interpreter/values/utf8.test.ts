/** Text as bytes of UTF-8. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../../../src/base/utf8.ts";
import { decodeLikeJava, decodeUtf8Strictly } from "../../../../src/interpreter/values/utf8.ts";

test("text is read as it was written, a byte order mark too", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(decodeUtf8Strictly(encodeUtf8(`\ufeff${text}`))).toBe(`\ufeff${text}`);
    }),
  );
});

test.each([
  [[0x61, 0xff], "a\ufffd"],
  [[0xed, 0xa0, 0x80], "\ufffd"],
  [[0xed, 0xa0], "\ufffd"],
  [[0xed, 0xa0, 0x61], "\ufffda"],
  [[0xf0, 0x9f, 0x98], "\ufffd"],
])("%j is read as Java reads it", (bytes, text) => {
  expect(decodeLikeJava(Uint8Array.from(bytes))).toBe(text);
  expect(decodeUtf8Strictly(Uint8Array.from(bytes))).toBeUndefined();
});
