/**
 * Bodies of other formats than JSON: equal records give equal frames, what is wrong is rejected by number.
 */
import {
  binary,
  bool,
  dateDay,
  decimal128,
  dictionary,
  float64,
  int32,
  int64,
  list,
  TimeUnit,
  tableFromArrays,
  tableToIPC,
  timestamp,
  utf8,
} from "@uwdata/flechette";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partBytesMax, partRowsMax } from "../../../../src/base/limits.ts";
import type { BadRecord } from "../../../../src/columnar/bad-record.ts";
import type { Column } from "../../../../src/columnar/schema.ts";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import type { StreamFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { EncoderPool } from "../../../../src/host/ingest/encoder-pool.ts";
import type { EncodedPart } from "../../../../src/host/ingest/part-encoder.ts";
import type { IngestFormat } from "../../../../src/host/ingest/record-lines.ts";
import { recordsOf } from "../../../../src/host/ingest/records-of-body.ts";
import { type BodyPosition, bodyStart } from "../../../../src/kernel/json-body.ts";
import { releaseKernel } from "../../../support/kernels.ts";

const columns: readonly Column[] = [
  { name: "time", type: { name: "TIMESTAMP", precision: 3 }, nullable: false },
  { name: "user", type: { name: "STRING" }, nullable: true },
  { name: "amount", type: { name: "INT" }, nullable: true },
  { name: "ratio", type: { name: "DOUBLE" }, nullable: true },
  { name: "price", type: { name: "DECIMAL", precision: 10, scale: 2 }, nullable: true },
  { name: "big", type: { name: "BIGINT" }, nullable: true },
  { name: "on", type: { name: "BOOLEAN" }, nullable: true },
  { name: "day", type: { name: "DATE" }, nullable: true },
  { name: "raw", type: { name: "BYTES" }, nullable: true },
];

const pool = new EncoderPool(releaseKernel);

function factsOf(changed: readonly Column[]): StreamFacts {
  return {
    ...{ stream: JSON.stringify(changed), generation: 1, mapVersion: 1, ranges: evenRanges(3) },
    schema: { version: 1, columns: changed },
    ...{ eventTimeColumn: 0, outOfOrdernessMs: 0, distributionKey: [1], waitsForProducers: false },
  };
}

/** All parts of a body. */
function encode(format: IngestFormat, body: string | Uint8Array, of = columns): EncodedPart[] {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const parts: EncodedPart[] = [];
  for (let from: BodyPosition | undefined = bodyStart; from; ) {
    const source = {
      body: recordsOf({ format, body: bytes }, of),
      from,
      anyShard: 0,
      checksum: "none",
    } as const;
    const part = pool.encode(factsOf(of), { ...source, index: parts.length });
    parts.push(part);
    from = part.next;
  }
  return parts;
}

const framesOf = (parts: readonly EncodedPart[]) =>
  parts.flatMap(({ frames }) => frames.map(({ shard, rows, bytes }) => ({ shard, rows, bytes: [...bytes] })));

const rejectedOf = (parts: readonly EncodedPart[]) =>
  parts
    .flatMap(({ rejected }) => rejected)
    .map(({ record, field, message, bytes }: BadRecord) => ({
      ...{ record, field, message, text: new TextDecoder().decode(bytes) },
    }));

function expectSame(format: IngestFormat, body: string | Uint8Array, records: readonly object[]): void {
  const parts = encode(format, body);
  expect(rejectedOf(parts)).toEqual([]);
  const lines = records.map((record) => JSON.stringify(record)).join("\n");
  expect(framesOf(parts)).toEqual(framesOf(encode("ndjson", lines)));
}

const record = fc.record({
  time: fc.integer({ min: 0, max: 2_000_000_000_000 }),
  user: fc.option(fc.string({ unit: "grapheme", maxLength: 12 })),
  amount: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  ratio: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  on: fc.option(fc.boolean()),
  big: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
});

describe("CSV", () => {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test("rows are the records that JSON lines would be, whatever is in quotes and ends a line", () => {
    const field = (value: unknown, isQuoted: boolean) => {
      if (value === null) return "";
      const text = String(value);
      return isQuoted || text === "" || /[",\r\n]/.test(text) ? quoted(text) : text;
    };
    const rows = fc.array(fc.tuple(record, fc.boolean()), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.constantFrom("\n", "\r\n"), fc.boolean(), (given, end, hasEnd) => {
        const names = Object.keys(given[0]?.[0] ?? {});
        const lines = given.map(([each, isQuoted]) =>
          Object.values(each)
            .map((value) => field(value, isQuoted))
            .join(","),
        );
        const body = [names.join(","), ...lines].join(end) + (hasEnd ? end : "");
        expectSame(
          "csv",
          body,
          given.map(([each]) => each),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("columns come in any order, unknown ones are ignored, nothing is null and empty quotes a text", () => {
    expectSame("csv", '\ufeffuser,more,time\n"",x,5\n,"y,\n",6\n', [
      { time: 5, user: "" },
      { time: 6, user: null },
    ]);
  });

  test("times, decimals, dates, bytes and truths are read as in strings of JSON", () => {
    expectSame("csv", "time,price,day,raw,on\n2026-03-01 08:00:05,12.5,2026-03-01,aGk=,True\n", [
      { time: "2026-03-01 08:00:05", price: "12.5", day: "2026-03-01", raw: "aGk=", on: true },
    ]);
  });

  test("a column lies under its name, wherever JSON has it", () => {
    const nested = columns.map((column) => ({ ...column, path: ["in", column.name] }));
    expect(framesOf(encode("csv", "time,user\n1,ann", nested))).toEqual(
      framesOf(encode("ndjson", '{"in":{"time":1,"user":"ann"}}', nested)),
    );
  });

  test("a row that does not fit is rejected by number, and kept as it came", () => {
    const rows = [
      "1,ann,x",
      "2,bob",
      "3,a,b,4",
      '4,"c"d,5',
      '5,e"f,6',
      "7,ok,8",
      ",g,9",
      '10,"open,11\n12,z,13',
    ];
    const parts = encode("csv", ["time,user,amount", ...rows].join("\n"));
    expect(rejectedOf(parts)).toEqual([
      { record: 1, field: "amount", message: 'Found "x", expected INT: an integer.', text: rows[0] },
      {
        record: 2,
        message: "Found 2 fields, expected 3, as the header has.",
        text: rows[1],
        field: undefined,
      },
      {
        record: 3,
        message: "Found 4 fields, expected 3, as the header has.",
        text: rows[2],
        field: undefined,
      },
      {
        record: 4,
        message: expect.stringContaining("behind a closing quote"),
        text: rows[3],
        field: undefined,
      },
      {
        record: 5,
        message: expect.stringContaining("put the field in quotes"),
        text: rows[4],
        field: undefined,
      },
      { record: 7, field: "time", message: expect.stringContaining('no field "time"'), text: rows[6] },
      { record: 8, message: expect.stringContaining("end of the body"), text: rows[7], field: undefined },
    ]);
    expect(parts[0]?.rejected.map(({ column }) => column)).toEqual([7, 1, 1, 6, 4, 1, 4]);
    expect(framesOf(parts).reduce((sum, { rows: count }) => sum + count, 0)).toBe(1);
  });

  test("bytes that are no UTF-8 are rejected", () => {
    const body = new Uint8Array([...new TextEncoder().encode("time,user\n1,"), 0xff, 0x0a]);
    expect(rejectedOf(encode("csv", body))).toMatchObject([
      { record: 1, message: expect.stringContaining("0xff") },
    ]);
  });

  test("a row that is longer than a part is rejected, and the next is taken", () => {
    const parts = encode("csv", `time,user\n1,${"x".repeat(partBytesMax)}\n2,ok\n`);
    expect(rejectedOf(parts)).toMatchObject([
      { record: 1, message: expect.stringContaining("expected at most") },
    ]);
    expect(framesOf(parts)).toMatchObject([{ rows: 0 }, { rows: 1 }]);
  });

  test("a body is cut by its bytes alone: a column more in the stream changes no part", () => {
    const rows = Array.from({ length: 40_000 }, (_, index) => `${index},user ${index % 7},${index}`);
    const body = ["time,user,amount", ...rows].join("\r\n");
    const parts = encode("csv", body);
    const fewer = encode("csv", body, columns.slice(0, 2));
    expect(parts.length).toBeGreaterThan(2);
    expect(fewer.map(({ next }) => next)).toEqual(parts.map(({ next }) => next));
    expect(framesOf(parts).reduce((sum, { rows: count }) => sum + count, 0)).toBe(40_000);
    expect(Math.max(...framesOf(parts).map(({ rows: count }) => count))).toBeLessThanOrEqual(partRowsMax);
  });

  test.each([
    ["no column of the stream", "Time,User\n1,2", 'none of the stream\'s columns, but "Time", "User"'],
    ["one column twice", "time,time\n1,2", '"time" twice'],
    ["a quote that does not close", '"time\n1,2', "expected the quote that closes"],
  ])("a header with %s is refused", (_what, body, words) => {
    expect(() => encode("csv", body)).toThrow(words);
  });

  test("an empty body has no records, and neither has a header alone", () => {
    for (const body of ["", "\n", "time,user", "time,user\r\n\r\n"]) {
      expect(encode("csv", body)).toMatchObject([{ frames: [], rejected: [] }]);
    }
  });
});

describe("Arrow", () => {
  test("rows are the records that JSON lines would be", () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (given) => {
        const of = <Name extends keyof (typeof given)[number]>(name: Name) => given.map((each) => each[name]);
        const data = {
          time: of("time"),
          user: of("user"),
          amount: of("amount"),
          ratio: of("ratio"),
          on: of("on"),
          big: of("big").map((value) => (value === null ? null : BigInt(value))),
        };
        const types = {
          time: int64(),
          user: utf8(),
          amount: int32(),
          ratio: float64(),
          on: bool(),
          big: int64(),
        };
        expectSame("arrow", ipc(data, types), given);
      }),
      { numRuns: 100 },
    );
  });

  test("times in any unit, decimals, days, bytes and dictionaries", () => {
    const data = {
      time: [1_772_352_005_000, -1],
      price: [12.5, -0.25],
      day: [new Date("2026-03-01"), new Date("1969-12-31")],
      raw: [new Uint8Array([104, 105]), null],
      user: ["ann", "ann"],
    };
    const types = { price: decimal128(10, 2), day: dateDay(), raw: binary(), user: dictionary(utf8()) };
    for (const unit of [TimeUnit.MILLISECOND, TimeUnit.MICROSECOND, TimeUnit.NANOSECOND]) {
      expectSame("arrow", ipc(data, { ...types, time: timestamp(unit) }), [
        { time: 1_772_352_005_000, price: "12.50", day: "2026-03-01", raw: "aGk=", user: "ann" },
        { time: -1, price: "-0.25", day: "1969-12-31", raw: null, user: "ann" },
      ]);
    }
  });

  test("a value that does not fit is rejected by its row", () => {
    const body = ipc(
      { time: [1, 2, 3], amount: [1, 2 ** 40, 3], ratio: [1, 1, Number.NaN] },
      { amount: int64() },
    );
    expect(rejectedOf(encode("arrow", body))).toMatchObject([
      { record: 2, field: "amount", message: expect.stringContaining("-2147483648 to 2147483647") },
      { record: 3, field: "ratio", message: expect.stringContaining("NaN") },
    ]);
  });

  test("a type that cannot become the column's is refused with both names", () => {
    const body = ipc({ time: [1], amount: [[1]] }, { amount: list(int32()) });
    expect(() => encode("arrow", body)).toThrow('Its column "amount" is List, which cannot become INT.');
    expect(() => encode("arrow", ipc({ no: [1] }, {}))).toThrow("none of the stream's columns");
  });

  test.each([
    ["nothing like it", new Uint8Array(64).fill(7)],
    ["cut off", ipc({ time: [1, 2] }, {}).slice(0, -40)],
  ])("a body that is %s is refused or has no records, and is never read wrong", (_what, body) => {
    let parts: EncodedPart[] = [];
    try {
      parts = encode("arrow", body);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "REQUEST_INVALID" });
    }
    expect(framesOf(parts)).toEqual([]);
  });

  test("damaged bytes are refused, rejected or read, and nothing else comes of them", () => {
    const whole = ipc({ time: [1, 2, 3], user: ["a", null, "c"], amount: [1, 2, 3] }, { amount: int32() });
    const place = fc.nat(whole.length - 1);
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const body = whole.slice();
        for (const [at, value] of changes) body[at] = value;
        try {
          encode("arrow", body);
        } catch (thrown) {
          expect((thrown as { code?: string }).code).toMatch(/^(REQUEST_INVALID|BODY_TOO_LARGE)$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("a large body is cut by rows, and all of them arrive", () => {
    const count = 50_000;
    const time = Array.from({ length: count }, (_, index) => index);
    const parts = encode("arrow", ipc({ time, user: time.map((each) => `user ${each % 5}`) }, {}));
    expect(parts.length).toBeGreaterThan(3);
    expect(framesOf(parts).reduce((sum, { rows }) => sum + rows, 0)).toBe(count);
  });
});

/** An Arrow stream; columns without a type get one by their values. */
function ipc(data: Record<string, readonly unknown[]>, types: Record<string, unknown>): Uint8Array {
  const table = tableFromArrays(data as never, { types: types as never });
  return tableToIPC(table, { format: "stream" }) ?? new Uint8Array(0);
}

describe("CloudEvents", () => {
  const event = (data: object, attributes: object = {}) => ({
    ...{ specversion: "1.0", id: "1", source: "/shop", type: "sale" },
    ...attributes,
    data,
  });

  test("data is the record; attributes are fields that it lacks", () => {
    const of: Column[] = [
      { name: "time", type: { name: "TIMESTAMP", precision: 3 }, nullable: false },
      ...["id", "source", "type", "shop"].map(
        (name): Column => ({ name, type: { name: "STRING" }, nullable: true }),
      ),
    ];
    const given = event({ id: "own", shop: null }, { time: "2026-03-01T08:00:00Z", shop: "ext" });
    const same = { time: "2026-03-01T08:00:00Z", id: "own", source: "/shop", type: "sale" };
    expect(framesOf(encode("cloudevent", JSON.stringify(given, null, 2), of))).toEqual(
      framesOf(encode("ndjson", JSON.stringify(same), of)),
    );
  });

  test("a batch has the records that JSON lines would have, with all digits of their numbers", () => {
    const body = `[${JSON.stringify(event({ time: 1, user: "line\nbreak" }))} ,
      ${JSON.stringify(event({ time: 2 })).replace('"time":2', '"time":2,"big":9007199254740993')}]`;
    const records = ['{"time":1,"user":"line\\nbreak"}', '{"time":2,"big":9007199254740993}'].join("\n");
    expect(framesOf(encode("cloudevents", body))).toEqual(framesOf(encode("ndjson", records)));
  });

  test.each([
    ["[]", []],
    [" [ ] ", []],
    ["", ["no JSON"]],
    ["[] x", ["no JSON"]],
    ["[1]", ["expected a CloudEvent"]],
    [`[${JSON.stringify(event({ time: 1 }))}`, ["no JSON"]],
    [`[${JSON.stringify(event({ time: 1 }))}] x`, ["no JSON"]],
    [JSON.stringify([event({ time: 1 }, { id: "" })]), ['"id"']],
    [JSON.stringify([event({ time: 1 }, { specversion: "0.3" })]), ['"0.3" as "specversion"']],
    [JSON.stringify([event({ time: 1 }, { data_base64: "aGk=" })]), ["data_base64"]],
    [JSON.stringify([{ ...event({}), data: 5 }]), ['no object as "data"']],
    [JSON.stringify([event({ time: "x" })]), ['Found "x", expected TIMESTAMP(3)']],
    [
      `[${JSON.stringify(event({ time: 1 })).replace("1}", `${"[".repeat(9000)}${"]".repeat(9000)}}`)}]`,
      ["nesting"],
    ],
  ])("of %s, what is no event is rejected", (body, words) => {
    const rejected = rejectedOf(encode("cloudevents", body));
    expect(rejected).toMatchObject(words.map((each) => ({ message: expect.stringContaining(each) })));
  });
});
