/** Frames in tests: a schema for some kinds, a header, and what a decoded frame holds. */
import { KIND_F64, KIND_I64 } from "../../assembly/abi.ts";
import type { Kind, Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import type { ColumnBatch } from "../../src/kernel/column-batch.ts";
import type { FrameLabel } from "../../src/kernel/frame-codec.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";

export function schemaOf(kinds: readonly Kind[], version = 1): Schema {
  const columns = kinds.map((kind, index) => {
    const name = kind === KIND_I64 ? "BIGINT" : kind === KIND_F64 ? "DOUBLE" : "BYTES";
    return { name: `c${index}`, type: { name }, nullable: true } as const;
  });
  return { version, columns };
}

export function labelOf(parts: Partial<FrameLabel> = {}): FrameLabel {
  return {
    channel: 0xfedc_ba98_7654_3210n,
    sequence: { offset: Number.MAX_SAFE_INTEGER, part: 3 },
    previous: { offset: 41, part: 0 },
    watermark: -1n,
    schemaVersion: 1,
    ...parts,
  };
}

/** All values of a batch, by column. */
export function valuesOf(batch: ColumnBatch): LaneValue[][] {
  return batch.kinds.map((_, index) =>
    Array.from({ length: batch.rows }, (_, row) => batch.value(index, row)),
  );
}

/** Values with doubles as their bits, so that 0 and -0, and any two NaNs, are told apart. */
export function exactly(columns: readonly (readonly LaneValue[])[]): unknown[][] {
  return columns.map((values) =>
    values.map((value) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
      return typeof value === "number" ? `f64 ${bitsOf(value).toString(16)}` : value;
    }),
  );
}

/** The bits of a double; JavaScript's only NaN has the canonical ones. */
function bitsOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

/** Writes the right checksum behind bytes that were changed. */
export function seal(kernel: Kernel, frame: Uint8Array): Uint8Array {
  const { exports, memory } = kernel;
  const block = memory.allocate(frame.length);
  memory.bytes.set(frame, block);
  exports.frameSeal(block, frame.length - 8);
  const sealed = memory.bytes.slice(block, block + frame.length);
  memory.release(block);
  return sealed;
}
