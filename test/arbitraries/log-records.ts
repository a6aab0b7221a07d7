/** Records of a log, of every kind and with every field at its limits. */
import fc from "fast-check";
import { RecordKind } from "../../src/engine/log/records.ts";
import type { RecordDraft } from "../../src/engine/log/row-codec.ts";

const bits64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const whole = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
const name = fc.string({ unit: "binary", maxLength: 20 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const stamp = fc.record({ tokenId: name, producer: name, sequence: whole, part: u32, checksum: bits64 });

const mark = fc.record({ channel: name, sequence: fc.record({ offset: whole, part: u32 }) });

const draft: fc.Arbitrary<RecordDraft> = fc
  .record({
    kind: fc.constantFrom(...Object.values(RecordKind)),
    seed: bits64,
    watermark: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    rows: u32,
    rejected: u32,
    frame: fc.uint8Array({ maxLength: 60 }),
    stamp: fc.option(stamp, { nil: undefined }),
    mark: fc.option(mark, { nil: undefined, freq: 1 }),
    held: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined, freq: 1 }),
  })
  .map((fields) =>
    fields.kind === RecordKind.Frame
      ? fields
      : { ...fields, rows: 0, rejected: 0, frame: new Uint8Array(0), stamp: undefined, held: undefined },
  );

export const draftsArbitrary = fc.array(draft, { minLength: 1, maxLength: 12 });
