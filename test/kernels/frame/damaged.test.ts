/**
 * Damaged frames end in an error that says what was wrong. Where someone made the checksum right again, the
 * outcome may also be a decoded frame, but never a trap, a write outside its blocks, or a value that lies
 * outside memory.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { EngineError } from "../../../src/base/errors.ts";
import type { Kind } from "../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import type { ColumnBatch } from "../../../src/kernel/column-batch.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import {
  FrameDecoder,
  FrameEncoder,
  readFrameHeader,
  readRejected,
} from "../../../src/kernel/frame-codec.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { labelOf, schemaOf, seal, valuesOf } from "../../support/frames.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const kinds: readonly Kind[] = [
  KIND_I64,
  KIND_I64,
  KIND_F64,
  KIND_F64,
  KIND_BYTES,
  KIND_BYTES,
  KIND_BYTES,
  KIND_BYTES,
];
const schema = schemaOf(kinds);
const rows = 40;
const text = (value: string) => new TextEncoder().encode(value);
const rowsOf = (value: (row: number) => LaneValue) => Array.from({ length: rows }, (_, row) => value(row));

/** One column of every encoding. */
function frameOf(kernel: Kernel): Uint8Array {
  const filled = fillBatch(kernel, kinds, [
    rowsOf((row) => (row % 3 ? BigInt(row * row) : null)),
    rowsOf((row) => BigInt(row * 1_000_000)),
    rowsOf((row) => row / 4),
    rowsOf((row) => row / 3),
    rowsOf((row) => text(`common ${(row * 7919).toString(36)}x`)),
    rowsOf((row) => text(`user-${row * 31}`)),
    rowsOf((row) => text(["first word", "second word"][row % 2] as string)),
    rowsOf(() => null),
  ]);
  const rejected = [
    { record: 3, column: 1, reason: 1, field: "amount", message: "found x", bytes: text("{x") },
    { record: 9, column: 7, reason: 4, field: undefined, message: "found y", bytes: text("y") },
  ] as const;
  const [frame] = new FrameEncoder(kernel, schema).encode(
    labelOf(),
    filled.batch,
    { pointer: 0, count: rows },
    rejected,
  );
  filled.release();
  return frame as Uint8Array;
}

/** Decodes; returns the error's code, undefined where it went well. All but an EngineError is a defect. */
function decodeCode(kernel: Kernel, frame: Uint8Array): string | undefined {
  const inUse = kernel.memory.bytesInUse;
  try {
    const decoded = new FrameDecoder(kernel).decode(frame, schema, "all");
    checkLanes(kernel, decoded.batch);
    valuesOf(decoded.batch);
    decoded.release();
    readRejected(frame);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    expect(thrown.message.length).toBeGreaterThan(20);
    return thrown.code;
  } finally {
    expect(kernel.memory.bytesInUse).toBe(inUse);
  }
}

function checkLanes(kernel: Kernel, batch: ColumnBatch): void {
  batch.kinds.forEach((kind, index) => {
    if (kind !== KIND_BYTES) return;
    for (let row = 0; row < batch.rows; row++) {
      const lane = batch.lanesPointer(index) + row * 8;
      const end = kernel.memory.view.getUint32(lane, true) + kernel.memory.view.getUint32(lane + 4, true);
      expect(end).toBeLessThanOrEqual(kernel.memory.bytesTotal);
    }
  });
}

/** Blocks all over the allocator that must stay as they are. */
function plantCanaries(kernel: Kernel): () => void {
  const { memory } = kernel;
  const pairs = Array.from({ length: 48 }, (_, index) => {
    const bytes = 128 << (index % 8);
    return [memory.allocate(bytes), memory.allocate(bytes), bytes] as const;
  });
  for (const [hole, canary, bytes] of pairs) {
    memory.bytes.fill(0xa5, canary, canary + bytes);
    memory.release(hole);
  }
  return () => {
    for (const [, canary, bytes] of pairs) {
      expect(memory.bytes.subarray(canary, canary + bytes).every((byte) => byte === 0xa5)).toBe(true);
      memory.release(canary);
    }
  };
}

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test("any flipped bit is an error", () => {
    const frame = frameOf(kernel);
    expect(decodeCode(kernel, frame)).toBeUndefined();
    for (let at = 0; at < frame.length * 8; at += at < 80 * 8 ? 1 : 5) {
      const damaged = frame.slice();
      damaged[at >> 3] = (damaged[at >> 3] as number) ^ (1 << (at & 7));
      expect(["FRAME_CORRUPT", "VERSION_UNKNOWN"]).toContain(decodeCode(kernel, damaged));
    }
  });

  test("a frame that ends early or late is an error", () => {
    const frame = frameOf(kernel);
    for (let length = 0; length < frame.length; length++) {
      expect(decodeCode(kernel, frame.subarray(0, length))).toBe("FRAME_CORRUPT");
    }
    expect(decodeCode(kernel, Uint8Array.of(...frame, 0))).toBe("FRAME_CORRUPT");
  });

  test("changed bytes with a right checksum never trap and never write outside", () => {
    const frame = frameOf(kernel);
    const check = plantCanaries(kernel);
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x40, 0x38));
    const place = fc.oneof(fc.integer({ min: 6, max: frame.length - 9 }), fc.integer({ min: 48, max: 100 }));
    const changes = fc.array(fc.tuple(place, byte), { minLength: 1, maxLength: 4 });
    let decodedCount = 0;
    fc.assert(
      fc.property(changes, (list) => {
        const changed = frame.slice();
        for (const [at, value] of list) changed[at] = value;
        if (decodeCode(kernel, seal(kernel, changed)) === undefined) decodedCount++;
      }),
      { numRuns: 1500 },
    );
    // Some changes only change a value: without them the test would show nothing about what gets through.
    expect(decodedCount).toBeGreaterThan(50);
    check();
  });

  test("every section survives any single byte in its first forty", () => {
    const check = plantCanaries(kernel);
    const frame = frameOf(kernel);
    const view = new DataView(frame.buffer);
    for (let section = 68, index = 0; index < kinds.length; index++) {
      const bytes = 6 + view.getUint32(section + 2, true);
      for (let at = section; at < section + Math.min(bytes, 40); at++) {
        for (const value of [0, 1, 2, 5, 18, 19, 0x38, 0x39, 0x40, 0x7f, 0x80, 0xc0, 0xff]) {
          const changed = frame.slice();
          changed[at] = value;
          decodeCode(kernel, seal(kernel, changed));
        }
      }
      section += bytes;
    }
    check();
  });

  test("the message says what was wrong", () => {
    const frame = frameOf(kernel);
    const messageOf = (change: (view: DataView) => void, isSealed = true) => {
      const changed = frame.slice();
      change(new DataView(changed.buffer));
      try {
        new FrameDecoder(kernel).decode(isSealed ? seal(kernel, changed) : changed, schema, "all");
      } catch (thrown) {
        return `${(thrown as EngineError).code}: ${(thrown as EngineError).message}`;
      }
      return "no error";
    };
    expect(messageOf((view) => view.setUint8(80, 0x55), false)).toContain("its checksum is wrong");
    expect(messageOf((view) => view.setUint8(0, 1))).toContain("magic bytes");
    expect(messageOf((view) => view.setUint16(4, 2, true))).toMatch(
      /^VERSION_UNKNOWN: .* version 2; .* version 1/,
    );
    expect(messageOf((view) => view.setUint16(6, 1, true))).toContain("unknown flags 1");
    expect(messageOf((view) => view.setUint16(58, 1, true))).toContain("reserved");
    expect(messageOf((view) => view.setUint32(52, 70_000, true))).toContain("claims 70000 rows");
    expect(messageOf((view) => view.setBigUint64(16, 2n ** 53n, true))).toContain("above 2^53");
    expect(messageOf((view) => view.setUint8(68, 9))).toContain('column "c0": its encoding is unknown');
    expect(messageOf((view) => view.setUint8(69, 3))).toContain('column "c0": its encoding is unknown');
    expect(messageOf((view) => view.setUint32(70, 1e9, true))).toContain("ends inside column 0");
  });

  test("a frame of another schema's types is an error", () => {
    const frame = frameOf(kernel);
    const other = schemaOf([...kinds.slice(1), KIND_I64]);
    expect(() => new FrameDecoder(kernel).decode(frame, other, "all")).toThrow("does not fit its type");
  });

  test("rejected records that do not add up are an error", () => {
    const frame = frameOf(kernel);
    const view = new DataView(frame.buffer);
    for (const count of [0, 1, 3, 2 ** 32 - 1]) {
      view.setUint32(60, count, true);
      expect(() => readRejected(frame)).toThrow("rejected records");
    }
    expect(readFrameHeader(frame).rejected).toBe(2 ** 32 - 1);
  });

  test("a few bytes that claim many rows take bounded memory", () => {
    const many = schemaOf(Array.from({ length: 128 }, () => KIND_I64));
    const filled = fillBatch(
      kernel,
      many.columns.map(() => KIND_I64),
      many.columns.map(() => [7n, 7n]),
    );
    const encoder = new FrameEncoder(kernel, many);
    const [frame] = encoder.encode(labelOf(), filled.batch, { pointer: 0, count: 2 }, []) as [Uint8Array];
    filled.release();
    new DataView(frame.buffer).setUint32(52, 65_536, true);
    const sealed = seal(kernel, frame);
    const before = kernel.memory.bytesTotal;
    expect(() => new FrameDecoder(kernel).decode(sealed, many, "all")).toThrow("decoded it would take");
    expect(kernel.memory.bytesTotal).toBe(before);
    const decoded = new FrameDecoder(kernel).decode(sealed, many, [5]);
    expect(decoded.batch.value(5, 65_535)).toBe(7n);
    decoded.release();
  });
});
