/** How large frames are: small for common events, never above the limit, cut in row order instead. */
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import { frameBytesMax } from "../../../src/base/limits.ts";
import type { BadRecord } from "../../../src/columnar/bad-record.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import {
  FrameDecoder,
  FrameEncoder,
  noWatermark,
  readFrameHeader,
  readRejected,
} from "../../../src/kernel/frame-codec.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { fillSelection } from "../../support/fill-selection.ts";
import { labelOf, schemaOf, valuesOf } from "../../support/frames.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** Numbers that do not compress. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  function bytesPerRow(kinds: readonly (0 | 1 | 2)[], row: (index: number) => LaneValue[]): number {
    const rows = Array.from({ length: 2500 }, (_, index) => row(index));
    const columns = kinds.map((_, column) => rows.map((values) => values[column] as LaneValue));
    const filled = fillBatch(kernel, kinds, columns);
    const encoder = new FrameEncoder(kernel, schemaOf(kinds));
    const [frame] = encoder.encode(labelOf(), filled.batch, { pointer: 0, count: 2500 }, []);
    filled.release();
    return (frame as Uint8Array).length / 2500;
  }

  test("an event of user, time and amount takes at most 6 bytes, with a page at most 7.5", () => {
    const random = randomOf(1);
    const user = () => text(`u100${String(random(10_000)).padStart(4, "0")}`);
    const time = (index: number) => 1_700_000_000_000n + BigInt(index * 4 + random(5000));
    const amount = () => random(100_000) / 100;
    const page = () => text(`/product/${random(1000)}`);
    const three = [KIND_BYTES, KIND_I64, KIND_F64] as const;
    expect(bytesPerRow(three, (index) => [user(), time(index), amount()])).toBeLessThan(6);
    expect(bytesPerRow([...three, KIND_BYTES], (i) => [user(), time(i), amount(), page()])).toBeLessThan(7.5);
  });

  test("repeated strings cost bits, constants nothing", () => {
    const random = randomOf(2);
    const country = () => text(["Sweden", "Germany", "France", "Italy"][random(4)] as string);
    expect(bytesPerRow([KIND_BYTES], () => [country()])).toBeLessThan(0.32);
    expect(bytesPerRow([KIND_I64, KIND_F64], () => [2n ** 60n, Math.PI])).toBeLessThan(0.06);
    expect(bytesPerRow([KIND_I64], (index) => [BigInt(index) * 1000n])).toBeLessThan(0.06);
  });

  function cut(values: Uint8Array[], rejected: readonly BadRecord[], selected?: number[]): Uint8Array[] {
    const filled = fillBatch(kernel, [KIND_BYTES], [values]);
    const inUse = kernel.memory.bytesInUse;
    const rows = selected ? fillSelection(kernel, selected) : { pointer: 0, count: values.length };
    const encoder = new FrameEncoder(kernel, schemaOf([KIND_BYTES]));
    const label = labelOf({ sequence: { offset: 7, part: 2 }, previous: { offset: 5, part: 9 } });
    const frames = encoder.encode(label, filled.batch, rows, rejected);
    if (selected) kernel.memory.release(rows.pointer);
    expect(kernel.memory.bytesInUse).toBe(inUse);
    filled.release();
    return frames;
  }

  function checkChain(frames: Uint8Array[]): void {
    expect(frames.length).toBeGreaterThan(1);
    frames.forEach((frame, index) => {
      expect(frame.length).toBeLessThanOrEqual(frameBytesMax);
      expect(readFrameHeader(frame)).toMatchObject({
        sequence: { offset: 7, part: 2 + index },
        previous: index === 0 ? { offset: 5, part: 9 } : { offset: 7, part: 1 + index },
        watermark: index === frames.length - 1 ? -1n : noWatermark,
      });
    });
  }

  function rowsOf(frames: Uint8Array[]): LaneValue[] {
    return frames.flatMap((frame) => {
      const decoded = new FrameDecoder(kernel).decode(frame, schemaOf([KIND_BYTES]), "all");
      const values = valuesOf(decoded.batch)[0] as LaneValue[];
      decoded.release();
      return values;
    });
  }

  test("rows above the limit become several frames, in order, and only the last moves the watermark", () => {
    const random = randomOf(3);
    const values = Array.from({ length: 90 }, () => Uint8Array.from({ length: 30_000 }, () => random(256)));
    const all = cut(values, []);
    checkChain(all);
    expect(rowsOf(all)).toEqual(values);
    const odd = values.map((_, row) => row).filter((row) => row % 2 === 1);
    const some = cut(values, [], odd);
    checkChain(some);
    expect(rowsOf(some)).toEqual(odd.map((row) => values[row]));
  });

  test("rejected records above the limit become several frames", () => {
    const rejected = Array.from({ length: 9000 }, (_, index): BadRecord => {
      const message = `record ${index}: ${"long text ".repeat(30)}`;
      return { record: index + 1, column: 1, reason: 1, field: undefined, message, bytes: text(`${index}`) };
    });
    const frames = cut([text("a"), text("b")], rejected);
    checkChain(frames);
    expect(frames.flatMap(readRejected)).toEqual(rejected);
    expect(rowsOf(frames)).toEqual([text("a"), text("b")]);
  });

  test("one row of a whole part fits, a larger one is an error that says so", () => {
    const [frame] = cut([new Uint8Array(frameBytesMax).fill(1)], []) as [Uint8Array];
    expect(rowsOf([frame])).toEqual([new Uint8Array(frameBytesMax).fill(1)]);
    expect(() => cut([new Uint8Array(frameBytesMax + 70_000)], [])).toThrow(
      "One row makes a frame of more than",
    );
  });
});
