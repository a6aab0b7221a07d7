/**
 * A frame of version 1, as the first release wrote it: every later release reads these bytes as these rows.
 *
 * In `frame.json` integers are decimal text, doubles are JavaScript's text, strings and bytes are
 * hexadecimal.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DataType, kindOf, type Schema } from "../../src/columnar/schema.ts";
import type { LaneValue } from "../../src/columnar/values.ts";
import { FrameDecoder, readFrameHeader, readRejected } from "../../src/kernel/frame-codec.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { decodeFrameSlowly } from "../reference/frame.ts";
import { valuesOf } from "../support/frames.ts";
import { kernelBuilds } from "../support/kernels.ts";

interface Golden {
  readonly header: Readonly<Record<string, unknown>>;
  readonly columns: readonly { name: string; type: DataType; values: readonly (string | null)[] }[];
  readonly rejected: readonly Readonly<Record<string, unknown>>[];
}

const read = (name: string) => readFileSync(new URL(`frame-v1/${name}`, import.meta.url), "utf8");
const frame = new Uint8Array(Buffer.from(read("frame.hex").replaceAll("\n", ""), "hex"));
const golden = JSON.parse(read("frame.json")) as Golden;
const schema: Schema = {
  version: 3,
  columns: golden.columns.map(({ name, type }) => ({ name, type, nullable: true })),
};

function printed(value: LaneValue): string | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Object.is(value, -0) ? "-0" : value === null ? null : String(value);
}

const expected = golden.columns.map(({ values }) => values);

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  test("reads the rows of a frame that version 1 wrote", () => {
    const decoded = new FrameDecoder(new Kernel(module)).decode(frame, schema, "all");
    expect(valuesOf(decoded.batch).map((values) => values.map(printed))).toEqual(expected);
    decoded.release();
  });
});

test("the byte table gives the same rows", () => {
  const reference = decodeFrameSlowly(
    frame,
    schema.columns.map(({ type }) => kindOf(type)),
  );
  expect(reference.columns.map((values) => values.map(printed))).toEqual(expected);
  expect(reference.isChecksumRight).toBe(true);
});

test("header and rejected records are read without a kernel", () => {
  const header = readFrameHeader(frame);
  const plain = { ...header, channel: String(header.channel), watermark: String(header.watermark) };
  expect(plain).toEqual(golden.header);
  const rejected = readRejected(frame).map((record) => ({ ...record, bytes: printed(record.bytes) }));
  expect(rejected).toEqual(golden.rejected);
});
