/**
 * The order of a lap: whatever the pages and the rows that are kept, every record meets every hash once, the
 * records of one range in the log's order, and ranges are stored one after the other.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { KiB, pageBytesMax } from "../../../../src/base/limits.ts";
import { type LogRecord, RecordKind } from "../../../../src/engine/log/records.ts";
import { Laps } from "../../../../src/engine/task/laps.ts";
import { lastHash } from "../../../../src/kernel/keyed-table.ts";
import type { HashRange } from "../../../../src/kernel/page-order.ts";

interface Case {
  readonly records: number;
  readonly pagesLog2: number;
  readonly budgetPages: number;
  /** Bytes that the rows of a record take which are kept for a block; undefined: they cannot be kept. */
  readonly keptBytes: number | undefined;
}

const cases = fc.record<Case>({
  records: fc.integer({ min: 1, max: 30 }),
  pagesLog2: fc.integer({ min: 0, max: 8 }),
  budgetPages: fc.integer({ min: 2, max: 40 }),
  keptBytes: fc.option(fc.constantFrom(10, KiB, 64 * KiB), { nil: undefined }),
});

/** Who may apply what: a record as the log has it, or its rows in the hashes of a block. */
type Piece = LogRecord & { readonly within?: HashRange };

function recordAt(offset: number): Piece {
  const frame = new Uint8Array(0);
  const facts = { appendTime: 0, seed: 0n, watermark: 0n, mark: undefined, frame };
  return { offset, kind: RecordKind.Frame, bytes: 100_000, ...facts };
}

test("every record meets every hash once, in the log's order", () => {
  fc.assert(
    fc.property(cases, ({ records, pagesLog2, budgetPages, keptBytes }) => {
      const pageSpan = 1n << BigInt(64 - pagesLog2);
      const applied: { offset: number; range: HashRange }[] = [];
      const firstPasses: number[] = [];
      let stored = 0;
      const laps = new Laps(
        { budgetBytes: budgetPages * pageBytesMax, loads: 0 },
        {
          pages: () => ({
            count: (most) => Math.min(most, 2 ** pagesLog2),
            lastWithin: (first, bytesMax) => {
              const fit = BigInt(Math.max(1, Math.floor(bytesMax / pageBytesMax)));
              const end = first + fit * pageSpan;
              return end > lastHash ? lastHash : end - 1n;
            },
          }),
          apply: (record: Piece, range, isAgain) => {
            const { within } = record;
            if (within) expect(range.first >= within.first && range.last <= within.last).toBe(true);
            if (!isAgain) firstPasses.push(record.offset);
            applied.push({ offset: record.offset, range });
          },
          ...(keptBytes !== undefined && {
            keep: (record: LogRecord, within: HashRange, isAgain: boolean) => {
              if (!isAgain) firstPasses.push(record.offset);
              return [{ ...record, bytes: keptBytes, within }];
            },
          }),
          store: () => {
            stored++;
            return 0;
          },
        },
      );
      const log = {
        read: (offset: number) => (offset <= records + 2 ? recordAt(offset) : undefined),
        forgetUntil: () => undefined,
        bytesAfter: (offset: number) => (records + 3 - offset) * 100_000,
      };
      let end: number | undefined;
      for (let steps = 0; end === undefined; steps++) {
        const step = laps.step(log, recordAt(1));
        expect(step).toBeDefined();
        expect(steps).toBeLessThan(100_000);
        end = step?.appliedOffset;
      }
      expect(end).toBe(records + 2);
      expect(laps.isUnderway).toBe(false);
      const offsets = Array.from({ length: records + 2 }, (_, index) => index + 1);
      expect(firstPasses).toEqual(offsets);
      const ranges = [...new Set(applied.map(({ range }) => `${range.first} ${range.last}`))];
      expect(stored).toBe(ranges.length);
      let next = 0n;
      for (const name of ranges) {
        const own = applied.filter(({ range }) => `${range.first} ${range.last}` === name);
        expect(own.map(({ offset }) => offset)).toEqual(offsets);
        expect(own[0]?.range.first).toBe(next);
        next = (own[0]?.range.last ?? 0n) + 1n;
      }
      expect(next).toBe(lastHash + 1n);
    }),
  );
});
