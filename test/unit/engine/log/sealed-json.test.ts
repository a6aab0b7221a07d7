/** Sealed JSON: read as it was written, and never as something else, whatever became of it. */
import { expect, test } from "vitest";
import { readSealedJsonBytes, sealJson, sealJsonBytes } from "../../../../src/engine/log/sealed-json.ts";

const value = { version: 1, offset: 7, watermark: "12", tables: [{ ü: null }] };
const sealed = sealJsonBytes(value);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What is read; undefined where it is refused. */
function readOf(bytes: Uint8Array): unknown {
  try {
    return readSealedJsonBytes(bytes, (what) => new RangeError(what));
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

test("is read as it was written", () => {
  expect(readOf(sealed)).toEqual(value);
});

test("is read as any other object by whoever knows nothing of checksums", () => {
  expect(JSON.parse(sealJson(value))).toMatchObject(value);
});

test.each([value, { channel: "7.0.0" }, { last: "checksum", name: "abcdefghi" }, {}])(
  "an object that a release before wrote without one is read: %j",
  (written) => {
    expect(readOf(bytesOf(JSON.stringify(written)))).toEqual(written);
  },
);

test.each([
  ["whole", sealed],
  ["without its first byte", sealed.subarray(1)],
  ["without its first byte, and longer", bytesOf(`${sealJson(value).slice(1)} \n`)],
])("no byte of one can change unseen: %s", (_, bytes) => {
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 1; bit < 256; bit <<= 1) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ bit;
      expect(readOf(damaged)).toBeUndefined();
    }
  }
});

test("no part of one is read", () => {
  for (let end = 0; end < sealed.length; end++) expect(readOf(sealed.subarray(0, end))).toBeUndefined();
  for (let start = 1; start < sealed.length; start++) expect(readOf(sealed.subarray(start))).toBeUndefined();
});

test.each(["[]", "null", "7", "no JSON", '"text"'])("%s is no object", (text) => {
  expect(readOf(bytesOf(text))).toBeUndefined();
});
