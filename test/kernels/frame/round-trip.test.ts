/** What goes into a frame comes out of it, by the kernel's decoder and by one written from the byte table. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIND_BYTES, KIND_F64, KIND_I64 } from "../../../assembly/abi.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { fillBatch } from "../../../src/kernel/fill-batch.ts";
import { FrameDecoder, FrameEncoder, readFrameHeader } from "../../../src/kernel/frame-codec.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { type ColumnValues, columnsArbitrary } from "../../arbitraries/columns.ts";
import { decodeFrameSlowly } from "../../reference/frame.ts";
import { fillSelection } from "../../support/fill-selection.ts";
import { exactly, labelOf, schemaOf, valuesOf } from "../../support/frames.ts";
import { kernelBuilds } from "../../support/kernels.ts";

/** Encodes all rows, or those chosen, as one frame and checks both decoders. */
function roundTrip(kernel: Kernel, columns: readonly ColumnValues[], rows?: readonly number[]): Uint8Array {
  const kinds = columns.map(({ kind }) => kind);
  const schema = schemaOf(kinds);
  const filled = fillBatch(
    kernel,
    kinds,
    columns.map(({ values }) => values),
  );
  const inUse = kernel.memory.bytesInUse;
  const selection = rows ? fillSelection(kernel, rows) : { pointer: 0, count: filled.batch.rows };
  const frames = new FrameEncoder(kernel, schema).encode(labelOf(), filled.batch, selection, []);
  if (rows) kernel.memory.release(selection.pointer);
  expect(frames).toHaveLength(1);
  const frame = frames[0] as Uint8Array;
  const pick = (values: readonly LaneValue[]) =>
    rows ? rows.map((row) => values[row] as LaneValue) : values;
  const expected = exactly(columns.map(({ values }) => pick(values)));

  const decoded = new FrameDecoder(kernel).decode(frame, schema, "all");
  expect(exactly(valuesOf(decoded.batch))).toEqual(expected);
  decoded.release();
  expect(kernel.memory.bytesInUse).toBe(inUse);

  const reference = decodeFrameSlowly(frame, kinds);
  expect(exactly(reference.columns)).toEqual(expected);
  expect(reference.isChecksumRight).toBe(true);
  filled.release();
  return frame;
}

const text = (value: string) => new TextEncoder().encode(value);
const rowsOf = <T>(count: number, value: (row: number) => T): T[] =>
  Array.from({ length: count }, (_, row) => value(row));

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test("any columns come back as they were", () => {
    fc.assert(
      fc.property(columnsArbitrary(80), (columns) => void roundTrip(kernel, columns)),
      { numRuns: 300 },
    );
  });

  test("the selected rows come back in order", () => {
    const selected = columnsArbitrary(60).chain((columns) => {
      const all = columns[0]?.values.map((_, row) => row) ?? [];
      return fc.tuple(fc.constant(columns), fc.subarray(all));
    });
    fc.assert(fc.property(selected, ([columns, rows]) => void roundTrip(kernel, columns, rows)));
  });

  test("long columns come back whichever encoding they get", () => {
    const count = 1500;
    const columns: Record<string, ColumnValues> = {
      "few words": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(["SE", "DE", "FR"][row % 3] as string)),
      },
      "many long words": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(`${(row * 7) % 400}-${"x".repeat(40)}`)),
      },
      "words that never repeat": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(`${row * 7919}-x`)),
      },
      "one word": { kind: KIND_BYTES, values: rowsOf(count, () => text("the same word everywhere")) },
      "one number": { kind: KIND_BYTES, values: rowsOf(count, () => text("u17")) },
      "padded ids": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(`u${String(row * 31).padStart(12, "0")}`)),
      },
      "shortest ids": { kind: KIND_BYTES, values: rowsOf(count, (row) => text(`/p/${row * row}`)) },
      "wide ids": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(`${10n ** 17n - 7n ** BigInt(row % 20)}`)),
      },
      "few wide ids": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(`id${1_000_000_007 * (row % 5)}`)),
      },
      "numbers until the last": {
        kind: KIND_BYTES,
        values: rowsOf(count, (row) => text(row === count - 1 ? "x" : `${row}`)),
      },
      times: {
        kind: KIND_I64,
        values: rowsOf(count, (row) => 1_700_000_000_000n + BigInt(row * 1000 + (row % 7))),
      },
      falling: { kind: KIND_I64, values: rowsOf(count, (row) => -(2n ** 40n) * BigInt(row)) },
      jumping: { kind: KIND_I64, values: rowsOf(count, (row) => (row % 2 ? 2n ** 63n - 1n : -(2n ** 63n))) },
      "money, one cent late": { kind: KIND_F64, values: rowsOf(count, (row) => (row === 1400 ? 0.01 : row)) },
      "money, then NaN": {
        kind: KIND_F64,
        values: rowsOf(count, (row) => (row === 1400 ? Number.NaN : row / 4)),
      },
      thirds: { kind: KIND_F64, values: rowsOf(count, (row) => row / 3) },
    };
    for (const column of Object.values(columns)) {
      roundTrip(kernel, [column]);
      const nulls = column.values.map((value, row) => (row % 5 === 0 ? null : value));
      roundTrip(
        kernel,
        [{ kind: column.kind, values: nulls }],
        rowsOf(count, (row) => row).filter((row) => row % 3 > 0),
      );
    }
  });

  test("every width of integers comes back, in both forms", () => {
    for (let width = 0n; width <= 64n; width++) {
      const most = 2n ** width - 1n;
      const values = rowsOf(67, (row) => BigInt.asIntN(64, (most * BigInt(row % 3)) / 2n - 5n));
      roundTrip(kernel, [{ kind: KIND_I64, values }]);
      let sum = 0n;
      const sums = values.map((value) => {
        sum = BigInt.asIntN(64, sum + value);
        return sum;
      });
      roundTrip(kernel, [{ kind: KIND_I64, values: sums }]);
    }
  });

  test("integers at the edge of 30 bits around the first come back", () => {
    const edges = [29n, 30n, 31n, 32n, 33n].flatMap((bit) => [2n ** bit - 1n, 2n ** bit, 3n * 2n ** bit]);
    for (const edge of edges.flatMap((value) => [value, -value])) {
      for (let place = 1; place < 9; place++) {
        const values = rowsOf(9, (row) => 7n * 2n ** 40n + (row === place ? edge : BigInt(row % 3)));
        roundTrip(kernel, [{ kind: KIND_I64, values }]);
        const cents = values.map((value) => Number(value - 7n * 2n ** 40n) / 100);
        roundTrip(kernel, [{ kind: KIND_F64, values: cents }]);
      }
    }
  });

  test("one string among numbers that is not like them comes back", () => {
    const others = ["", "u", "u1", "u123456", "u12345678", "u123456789", "v1234567", "u123a567", "u123456/"];
    others.push("u123456:", "U1234567", "u0000000", "u/234567", "uu234567", "12345678", "u1234567 and more");
    const numbers = [(row: number) => `u${1_000_000 + row * 777}`, (row: number) => `u${row * row * row}`];
    for (const number of numbers) {
      for (const other of others) {
        for (const place of [0, 1, 5, 9, 10]) {
          const short = rowsOf(11, (row) => text(row === place ? other : number(row)));
          const long = rowsOf(11, (row) => text(row === place ? `Users/${other}` : `users/${number(row)}`));
          for (const values of [short, long]) roundTrip(kernel, [{ kind: KIND_BYTES, values }]);
        }
      }
    }
  });

  test("numbers of every length behind prefixes of every length take few bytes", () => {
    for (let prefix = 0; prefix <= 10; prefix++) {
      for (let digits = 4; digits <= 18; digits++) {
        const least = 10n ** BigInt(digits - 1);
        const ids = rowsOf(50, (row) => `${"prefix-abc".slice(0, prefix)}${least + BigInt((row * 7) % 50)}`);
        const padded = ids.map((id) => id.slice(0, prefix) + "0".repeat(digits - 4) + id.slice(-4));
        const growing = ids.map((id, row) => id.slice(0, prefix + (row % 3 === 0 ? digits : digits - 1)));
        for (const column of [ids, padded, growing]) {
          const plainBytes = column.join("").length;
          const frame = roundTrip(kernel, [{ kind: KIND_BYTES, values: column.map(text) }]);
          expect(frame.length).toBeLessThan(100 + prefix + (column === growing ? plainBytes * 0.6 : 50));
        }
      }
    }
  });

  test("any NaN becomes the canonical one", () => {
    const filled = fillBatch(kernel, [KIND_F64], [[1.5, 2.5]]);
    kernel.memory.view.setBigUint64(filled.batch.lanesPointer(0), 0xfff0_0000_0000_0001n, true);
    const schema = schemaOf([KIND_F64]);
    const [frame] = new FrameEncoder(kernel, schema).encode(
      labelOf(),
      filled.batch,
      { pointer: 0, count: 2 },
      [],
    );
    filled.release();
    const decoded = new FrameDecoder(kernel).decode(frame as Uint8Array, schema, "all");
    const lane = decoded.batch.lanesPointer(0);
    expect(kernel.memory.view.getBigUint64(lane, true)).toBe(0x7ff8_0000_0000_0000n);
    decoded.release();
  });

  test("the header comes back, also without decoding", () => {
    const frame = roundTrip(kernel, [{ kind: KIND_I64, values: [1n, 2n] }]);
    expect(readFrameHeader(frame)).toEqual({ ...labelOf(), rows: 2, rejected: 0 });
    const reference = decodeFrameSlowly(frame, [KIND_I64]);
    expect(reference).toMatchObject({
      channel: 0xfedc_ba98_7654_3210n,
      sequence: [2n ** 53n - 1n, 3],
      previous: [41n, 0],
      watermark: -1n,
      schemaVersion: 1,
      rows: 2,
      rejected: 0,
    });
  });

  test("a frame without rows comes back without rows", () => {
    const frame = roundTrip(kernel, [
      { kind: KIND_I64, values: [] },
      { kind: KIND_BYTES, values: [] },
    ]);
    expect(readFrameHeader(frame).rows).toBe(0);
  });
});
