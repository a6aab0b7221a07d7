/**
 * Parts of a savepoint: what goes in comes out, and what is damaged is said to be.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import { decodePart, encodePart } from "../../../../src/engine/savepoint/part-codec.ts";

const pages = fc.array(
  fc.record({ table: fc.integer({ min: 1, max: 2 ** 32 - 1 }), bytes: fc.uint8Array({ maxLength: 64 }) }),
  { maxLength: 6 },
);

function codeOf(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return thrown.code;
  }
}

test("a part gives back its pages", () => {
  fc.assert(
    fc.property(pages, (saved) => {
      expect(decodePart(encodePart(saved))).toEqual(saved);
    }),
  );
});

test("a part that ends early, or goes on, is damaged", () => {
  fc.assert(
    fc.property(pages, fc.integer({ min: 1, max: 200 }), (saved, cut) => {
      const part = encodePart(saved);
      const shorter = part.slice(0, Math.max(0, part.length - cut));
      expect(codeOf(() => decodePart(shorter))).toBe("STATE_CORRUPT");
      expect(codeOf(() => decodePart(new Uint8Array([...part, 0])))).toBe("STATE_CORRUPT");
    }),
  );
});

test("another magic is damage; another version is said to be one", () => {
  const part = encodePart([{ table: 1, bytes: new Uint8Array(8) }]);
  const other = part.slice();
  other[0] = 0x58;
  expect(() => decodePart(other)).toThrow("damaged: it does not begin as one");
  const later = part.slice();
  later[3] = 9;
  expect(codeOf(() => decodePart(later))).toBe("VERSION_UNKNOWN");
  expect(() => decodePart(later)).toThrow("version 9; this release reads versions 1 and 2");
});
