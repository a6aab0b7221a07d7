import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EngineError } from "../../../../src/base/errors.ts";
import { logRowBytesMax } from "../../../../src/base/limits.ts";
import { RecordKind } from "../../../../src/engine/log/records.ts";
import { decodeRow, encodeRows, type RecordDraft } from "../../../../src/engine/log/row-codec.ts";
import { draftsArbitrary } from "../../../arbitraries/log-records.ts";

const place = { offset: 7, appendTime: 1_700_000_000_123, position: 2 ** 40, duplicates: 3 };

function frameOf(bytes: number): RecordDraft {
  return {
    kind: RecordKind.Frame,
    seed: 1n,
    watermark: 5n,
    rows: 1,
    rejected: 0,
    frame: new Uint8Array(bytes).fill(9),
    stamp: undefined,
    mark: undefined,
    held: undefined,
  };
}

function errorOf(work: () => unknown): EngineError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

test("any records read back as they were written", () => {
  fc.assert(
    fc.property(draftsArbitrary, (drafts) => {
      const rows = encodeRows(drafts, place);
      for (const row of rows) expect(decodeRow(row.offset, row.bytes)).toEqual(row);
      const records = rows.flatMap((row) => row.records);
      const told = ({ kind, seed, watermark, stamp, mark, held }: RecordDraft) => ({
        kind,
        seed,
        watermark,
        stamp,
        mark,
        held,
      });
      expect(records.map(told)).toEqual(drafts.map(told));
    }),
    { numRuns: 200 },
  );
});

test("records number on and their bytes add up to the row", () => {
  const [row] = encodeRows([frameOf(10), frameOf(0), frameOf(30)], place);
  expect(row?.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
  expect(row?.records.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(row?.bytes.byteLength);
  expect(row?.records[2]?.position).toBe(place.position + (row?.bytes.byteLength ?? 0) - 62);
});

test("a group over the row limit takes as few rows as it can, in order", () => {
  const rows = encodeRows([frameOf(900_000), frameOf(900_000), frameOf(900_000), frameOf(10)], place);
  expect(rows.map(({ records }) => records.length)).toEqual([2, 2]);
  expect(rows.map(({ offset }) => offset)).toEqual([7, 9]);
  expect(rows[1]?.position).toBe(place.position + (rows[0]?.bytes.byteLength ?? 0));
  expect(rows.map(({ duplicates }) => duplicates)).toEqual([3, 0]);
  for (const { bytes } of rows) expect(bytes.byteLength).toBeLessThanOrEqual(logRowBytesMax);
});

describe("damage is reported with its offset", () => {
  const [row] = encodeRows([frameOf(10), frameOf(20)], place);
  const bytes = row?.bytes ?? new Uint8Array(0);
  const headerBytes = bytes.byteLength - 30;

  test("for every byte of the header", () => {
    for (let at = 0; at < headerBytes; at++) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0x40;
      const { code, details } = errorOf(() => decodeRow(7, damaged));
      expect([at, code]).toEqual([at, at === 0 ? "VERSION_UNKNOWN" : "FRAME_CORRUPT"]);
      expect(details).toMatchObject({ offset: 7 });
    }
  });

  test("for every length but the right one", () => {
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(errorOf(() => decodeRow(7, bytes.subarray(0, length))).code).toBe("FRAME_CORRUPT");
    }
    const longer = new Uint8Array(bytes.byteLength + 1);
    longer.set(bytes);
    expect(errorOf(() => decodeRow(7, longer)).code).toBe("FRAME_CORRUPT");
  });

  test("for a row under another offset", () => {
    expect(errorOf(() => decodeRow(8, bytes)).message).toContain("it names the offset 7");
  });

  test("a later version is told from damage", () => {
    const later = bytes.slice();
    later[0] = 3;
    expect(errorOf(() => decodeRow(7, later)).message).toBe(
      "The log row at offset 7 has version 3; this version of Millrace reads versions 1 to 2.",
    );
  });
});
