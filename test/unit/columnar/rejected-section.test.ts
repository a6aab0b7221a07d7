import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineError } from "../../../src/base/errors.ts";
import { type BadRecord, BadRecordReason } from "../../../src/columnar/bad-record.ts";
import { decodeRejected, encodeRejected } from "../../../src/columnar/rejected-section.ts";

const u32 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const words = fc.constantFrom("amount", "found a string, expected DOUBLE", "", "größer 🙂");
const record: fc.Arbitrary<BadRecord> = fc.record({
  record: u32,
  column: u32,
  reason: fc.constantFrom(...Object.values(BadRecordReason)),
  field: fc.option(words, { nil: undefined }),
  message: fc.oneof(words, fc.string({ unit: "grapheme" })),
  bytes: fc.uint8Array({ maxLength: 300 }),
});
const records = fc
  .array(record, { maxLength: 20 })
  .map((list) => list.sort((left, right) => left.record - right.record));

test("records come back as they were", () => {
  fc.assert(
    fc.property(records, (list) => {
      expect(decodeRejected(encodeRejected(list), list.length)).toEqual(list);
    }),
  );
});

test("a message that repeats is kept once", () => {
  const bad = (number: number): BadRecord => {
    const bytes = Uint8Array.of(number);
    return { record: number, column: 1, reason: 1, field: undefined, message: "m".repeat(500), bytes };
  };
  const list = Array.from({ length: 100 }, (_, index) => bad(index + 1));
  expect(encodeRejected(list).length).toBeLessThan(500 + 100 * 8);
});

test("no records take no bytes", () => {
  expect(encodeRejected([])).toHaveLength(0);
  expect(decodeRejected(new Uint8Array(0), 0)).toEqual([]);
});

test("changed, cut or miscounted bytes are records or an error, nothing else", () => {
  const changes = fc.tuple(records, fc.nat(), fc.nat(255), fc.nat(), fc.integer({ min: -2, max: 2 }));
  const property = fc.property(changes, ([list, at, value, cut, more]) => {
    const section = encodeRejected(list).slice(0, cut % 2 ? undefined : cut);
    if (section.length > 0) section[at % section.length] = value;
    try {
      decodeRejected(section, Math.max(0, list.length + more));
    } catch (thrown) {
      expect((thrown as EngineError).code).toBe("FRAME_CORRUPT");
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test("a count of billions ends at the section's end", () => {
  expect(() => decodeRejected(Uint8Array.of(1, 0), 2 ** 32 - 1)).toThrow(EngineError);
  expect(() => decodeRejected(Uint8Array.of(255, 255, 255, 255, 15), 1)).toThrow(EngineError);
  expect(() => decodeRejected(Uint8Array.of(255, 255, 255, 255, 255), 1)).toThrow("above 32 bits");
});
