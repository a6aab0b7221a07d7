/** Bodies are cut at record boundaries that depend on the bytes and the format alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partBytesMax, partRowsMax } from "../../../src/base/limits.ts";
import { BadRecordReason } from "../../../src/columnar/bad-record.ts";
import type { BodyFormat } from "../../../src/kernel/json-body.ts";
import { JsonDecoder } from "../../../src/kernel/json-decoder.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { bodyFrom, schemaFrom } from "../../arbitraries/json-bodies.ts";
import { Random } from "../../arbitraries/random.ts";
import { decodeBody } from "../../support/json-comparison.ts";
import { bigint, column, decodeText, schemaOf, string } from "../../support/json-records.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const schema = schemaOf(column("n", bigint), column("text", string, { nullable: true }));

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const summary = (text: string, format: BodyFormat) => {
    const { rows, rejected } = decodeText(kernel, schema, text, format);
    return {
      rows: rows.map(([n]) => Number(n)),
      rejected: rejected.map(({ record, reason }) => [record, reason]),
    };
  };

  test("NDJSON is cut behind the last line that fits", () => {
    const line = `{"n":1,"text":"${"x".repeat(1000)}"}\n`;
    const body = Buffer.from(line.repeat(3000));
    const { parts, rows } = decodeBody(kernel, schema, body, "ndjson");
    const linesPerPart = Math.floor(partBytesMax / line.length);
    expect(parts.map(({ records }) => records)).toEqual([
      linesPerPart,
      linesPerPart,
      3000 - 2 * linesPerPart,
    ]);
    expect(parts.map(({ text }) => text).join("")).toBe(body.toString("latin1"));
    expect(rows).toHaveLength(3000);
  });

  test("a part has no more lines than the limit, blank ones counted", () => {
    const body = Buffer.from('{"n":1}\n\n'.repeat(partRowsMax));
    const { parts, rows, records } = decodeBody(kernel, schema, body, "ndjson");
    expect(parts.map(({ records: count }) => count)).toEqual([partRowsMax / 2, partRowsMax / 2]);
    expect([rows.length, records]).toEqual([partRowsMax, partRowsMax]);
  });

  test("an array is cut behind a comma", () => {
    const element = `{"n":1,"text":"${"x".repeat(1000)}"},\n`;
    const body = Buffer.from(`[${element.repeat(2999)}{"n":1}]`);
    const { parts, rows, rejected } = decodeBody(kernel, schema, body, "array");
    expect(rejected).toEqual([]);
    expect(rows).toHaveLength(3000);
    expect(parts.map(({ text }) => text).join("")).toBe(body.toString("latin1"));
    expect(parts.slice(0, -1).every(({ text }) => text.endsWith(","))).toBe(true);
    expect(parts.every(({ text }) => text.length <= partBytesMax)).toBe(true);
  });

  test("where parts end does not depend on the schema", () => {
    const seeds = fc.noShrink(fc.integer());
    fc.assert(
      fc.property(seeds, seeds, fc.integer({ min: 1, max: 200 }), (seed, otherSeed, bytes) => {
        const { schema: one, body, format } = bodyFrom(new Random(seed), 20);
        const limits = { partBytesMax: bytes, partRowsMax: 7 };
        const parts = decodeBody(kernel, one, body, format, limits).parts;
        const other = schemaFrom(new Random(otherSeed));
        expect(decodeBody(kernel, other, body, format, limits).parts).toEqual(parts);
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ["ndjson", "", "\n", ""],
    ["array", "[", ",", "]"],
  ] as const)(
    "a record of %s above the limit is a part of its own and rejected",
    (format, open, separator, close) => {
      const long = (bytes: number) => `{"n":2,"text":"${"x".repeat(bytes - 17)}"}`;
      const records = [
        '{"n":1}',
        long(partBytesMax),
        '{"n":3}',
        long(partBytesMax - 1),
        long(3 * partBytesMax),
      ];
      const text = open + records.join(separator) + close;
      const { rows, rejected } = decodeText(kernel, schema, text, format);
      expect(rows.map(([n]) => n)).toEqual([1n, 3n, 2n]);
      expect(rejected.map(({ record, reason }) => [record, reason])).toEqual([
        [2, BadRecordReason.TooLong],
        [5, BadRecordReason.TooLong],
      ]);
      expect(rejected[0]?.message).toContain(`expected at most ${partBytesMax}`);
    },
  );

  test("white space longer than a part is no record", () => {
    const space = " ".repeat(partBytesMax + 10);
    expect(summary(`${space}[${space}]${space}`, "array")).toEqual({ rows: [], rejected: [] });
    expect(summary(`${space}[{"n":1}]${space}`, "array")).toEqual({ rows: [1], rejected: [] });
    expect(summary(`[${space}]x`, "array")).toEqual({ rows: [], rejected: [[1, BadRecordReason.NotJson]] });
    expect(summary(`[{"n":1},${space}{"n":2}]`, "array")).toEqual({
      rows: [1],
      rejected: [[2, BadRecordReason.TooLong]],
    });
  });

  test("an object above the limit is rejected", () => {
    const text = `{"n":1,"text":"${"x".repeat(partBytesMax)}"}`;
    expect(summary(text, "object")).toEqual({ rows: [], rejected: [[1, BadRecordReason.TooLong]] });
  });

  test.each([
    ["", [], []],
    [" \n ", [], []],
    ["[]", [], []],
    [" [ ] \n", [], []],
    ['[{"n":1},{"n":2}]', [1, 2], []],
    ['\ufeff [\n{"n":1}\n,\n{"n":2}\n]\n', [1, 2], []],
    ['[{"n":1},{"n":x},{"n":3}]', [1, 3], [2]],
    ['[{"n":1},"a,b]",[{"n":5},{}],{"n":3}]', [1, 3], [2, 3]],
    ['[{"n":1} {"n":2},{"n":3}]', [3], [1]],
    ['[{"n":1},,{"n":3}]', [1, 3], [2]],
    ['[{"n":1},]', [1], [2]],
    ["[,]", [], [1, 2]],
    ['[{"n":1},{"n":2}', [1], [2]],
    ['[{"n":1},', [1], [2]],
    ["[", [], [1]],
    ['[{"n":1},{"n":2,"text":"]', [1], [2]],
    ['[{"n":1}]x', [1], [2]],
    ['[{"n":1}] [{"n":2}]', [1], [2]],
    ["[]]", [], [1]],
    ['{"n":1}', [], [1]],
  ])("the array %j", (text, rows, rejected) => {
    const actual = summary(text, "array");
    expect([actual.rows, actual.rejected.map(([record]) => record)]).toEqual([rows, rejected]);
  });

  test.each([
    ["", [], []],
    ['\ufeff\n{\n  "n":\n1\n}\n', [1], []],
    ['{"n":1}\n{"n":2}', [], [1]],
    ['{"n":1}\0', [], [1]],
    ["[]", [], [1]],
  ])("the object %j", (text, rows, rejected) => {
    const actual = summary(text, "object");
    expect([actual.rows, actual.rejected.map(([record]) => record)]).toEqual([rows, rejected]);
  });

  test.each([
    ['\ufeff{"n":1}\n{"n":2}', [1, 2], []],
    ['{"n":1}\n\ufeff{"n":2}', [1], [2]],
    ['{"n":1}\n{"n":2}\r', [1, 2], []],
    ['{"n":\n1}', [], [1, 2]],
    ['{"n":1}\0\n{"n":2}', [2], [1]],
  ])("the lines %j", (text, rows, rejected) => {
    const actual = summary(text, "ndjson");
    expect([actual.rows, actual.rejected.map(([record]) => record)]).toEqual([rows, rejected]);
  });

  test("one decoder serves parts of several bodies at once", () => {
    const decoder = new JsonDecoder(kernel, schema);
    const inUse = kernel.memory.bytesInUse;
    const parts = [1, 2, 3].map((n) =>
      decoder.decode(Buffer.from(`{"n":${n},"text":"\\u0041${n}"}\n`.repeat(n)), "ndjson"),
    );
    for (const [index, part] of parts.entries()) {
      expect(part.rows).toBe(index + 1);
      expect(part.batch.value(0, index)).toBe(BigInt(index + 1));
      expect(part.batch.value(1, index)).toEqual(new Uint8Array(Buffer.from(`A${index + 1}`)));
    }
    for (const part of parts) part.release();
    decoder.release();
    expect(kernel.memory.bytesInUse).toBeLessThan(inUse);
  });
});
