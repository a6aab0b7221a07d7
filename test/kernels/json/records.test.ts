/**
 * Fields are found by their names and paths, strings lose their escapes, and what is missing is null or
 * refused.
 */
import { describe, expect, test } from "vitest";
import type { DataType } from "../../../src/columnar/schema.ts";
import type { LaneValue } from "../../../src/columnar/values.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { bigint, column, decodeText, decodeValue, schemaOf, string } from "../../support/json-records.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const bytes: DataType = { name: "BYTES" };
const boolean: DataType = { name: "BOOLEAN" };
const optional = { nullable: true };

const readable = (rows: readonly (readonly LaneValue[])[]) =>
  rows.map((row) =>
    row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)),
  );

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);
  const decode = (schema: ReturnType<typeof schemaOf>, text: string | Uint8Array) => {
    const { rows, rejected } = decodeText(kernel, schema, text);
    return { rows: readable(rows), rejected: rejected.map(({ record, reason }) => [record, reason]) };
  };

  test.each([
    ['"plain"', "plain"],
    ['""', ""],
    ['"0123456789abcdef0123456789abcdef"', "0123456789abcdef0123456789abcdef"],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u0041\\u00e9\\u20AC\\u0000"', "Aé€\0"],
    ['"\\ud83d\\ude00"', "😀"],
    [
      '"a long text before an escape\\nand a long text behind it"',
      "a long text before an escape\nand a long text behind it",
    ],
    ['"\\ud83d"', "\ufffd"],
    ['"\\ude00\\ud83d"', "\ufffd\ufffd"],
    ['"\\ud83d\\ud83d\\ude00"', "\ufffd😀"],
    ['"\\ud83dé"', "\ufffdé"],
    [
      '"ключ 漢字 😀 \u007f\u0080\u07ff\u0800\uffff\u{10ffff}"',
      "ключ 漢字 😀 \u007f\u0080\u07ff\u0800\uffff\u{10ffff}",
    ],
  ])("the string %s", (text, value) => {
    expect(decodeValue(kernel, string, text)).toBe(Buffer.from(value).toString("latin1"));
  });

  test("bytes that are no UTF-8 are refused in every string, also in names and ignored fields", () => {
    const bad = [
      [0x80],
      [0xc0, 0xaf],
      [0xc3],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x8f, 0xbf, 0xbf],
    ];
    bad.push([0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80], [0xff], [0xe2, 0x82], [0xf0, 0x9f, 0x98]);
    for (const sequence of bad) {
      const broken = Buffer.from(sequence).toString("latin1");
      for (const text of [`{"a":"x${broken}"}`, `{"a":"","b":"${broken}y"}`, `{"a":"","${broken}":1}`]) {
        const { rows, rejected } = decode(schemaOf(column("a", string)), Buffer.from(text, "latin1"));
        expect([text, rows, rejected]).toEqual([text, [], [[1, 2]]]);
      }
    }
  });

  test.each([
    ['""', ""],
    ['"AA=="', "\0"],
    ['"+/8="', "\xfb\xff"],
    ['"+\\/8="', "\xfb\xff"],
    ['"\\u0041\\u0041\\u003d="', "\0"],
  ])("BYTES %s", (text, value) => {
    expect(decodeValue(kernel, bytes, text)).toBe(value);
  });

  test.each([
    '"A"',
    '"AA"',
    '"AA="',
    '"AB=="',
    '"AAB="',
    '"A==="',
    '"===="',
    '"AA==AA=="',
    '"-_8="',
    '"AA =="',
    "5",
  ])("BYTES %s is no padded base64", (text) => {
    expect(decodeValue(kernel, bytes, text)).toContain("padded base64");
  });

  test("BOOLEAN takes true and false only", () => {
    expect(decodeValue(kernel, boolean, "true")).toBe(1n);
    expect(decodeValue(kernel, boolean, "false")).toBe(0n);
    for (const text of ['"true"', "1", "0", "[]"])
      expect(decodeValue(kernel, boolean, text)).toContain("true or false");
  });

  test("fields come in any order, with any white space, and others are passed over", () => {
    const schema = schemaOf(column("a", bigint), column("b", string, optional));
    const lines = [
      '{"a":1,"b":"x"}',
      '{"b":"x","a":1}',
      ' {\t"a" : 1 ,\r"b"\t:"x" } ',
      '{"z":[{"a":9},[[]],{},"}"],"a":1,"y":{"a":2,"b":{}},"b":"x","":null}',
      '{"\\u0061":1,"\\u0062":"x"}',
      '{"a":1,"b":null}',
      '{"a":1}',
    ];
    for (const repeated of [lines, lines.flatMap((line) => [line, line, line])]) {
      const { rows, rejected } = decode(schema, repeated.join("\n"));
      expect(rejected).toEqual([]);
      expect(rows).toEqual(repeated.map((line) => [1n, line.includes('"x"') ? "x" : null]));
    }
  });

  test("of fields with one name the last wins, whatever the others hold", () => {
    const schema = schemaOf(
      column("a", bigint, optional),
      column("id", string, { path: ["user", "id"], nullable: true }),
      column("name", string, { path: ["user", "name"], nullable: true }),
    );
    const lines = [
      ['{"a":"no number","a":5}', [5n, null, null]],
      ['{"a":5,"a":null}', [null, null, null]],
      ['{"a":null,"a":6}', [6n, null, null]],
      ['{"user":{"id":"x","name":"y"},"user":{"name":"z"}}', [null, null, "z"]],
      ['{"user":{"id":"x"},"user":null}', [null, null, null]],
      ['{"user":5,"user":{"id":"x"}}', [null, "x", null]],
      ['{"user":{"id":1,"id":"x"}}', [null, "x", null]],
    ] as const;
    const text = lines.map(([line]) => `${line}\n`.repeat(3)).join("");
    const { rows, rejected } = decode(schema, text);
    expect(rejected).toEqual([]);
    expect(rows).toEqual(lines.flatMap(([, row]) => [row, row, row]));
  });

  test("a nested path is followed through objects only", () => {
    const schema = schemaOf(column("id", string, { path: ["user", "profile", "id"], nullable: true }));
    const text = [
      '{"user":{"profile":{"id":"x","other":1}}}',
      '{"user":{"profile":{}}}',
      '{"user":{"profile":null}}',
      '{"user":{}}',
      "{}",
      '{"user":{"profile":"x"}}',
      '{"user":[{"profile":{"id":"x"}}]}',
    ].join("\n");
    expect(decode(schema, text)).toEqual({
      rows: [["x"], [null], [null], [null], [null]],
      rejected: [
        [6, 4],
        [7, 4],
      ],
    });
  });

  test("two columns may read one field, and a column may lie below another", () => {
    const schema = schemaOf(
      column("text", string, { path: ["n"] }),
      column("number", bigint, { path: ["n"] }),
      column("whole", string, { path: ["o"], nullable: true }),
      column("part", string, { path: ["o", "p"], nullable: true }),
    );
    const text =
      '{"n":"12"}\n{"n":"12"}\n{"n":"x"}\n' +
      '{"n":"1","o":"text"}\n{"n":"1","o":{"p":"text"}}\n{"n":"1","o":null}\n';
    expect(decode(schema, text)).toEqual({
      rows: [
        ["12", 12n, null, null],
        ["12", 12n, null, null],
        ["1", 1n, null, null],
      ],
      rejected: [
        [3, 4],
        [4, 4],
        [5, 4],
      ],
    });
  });

  test("each column of a field has its own copy of a value with escapes", () => {
    const schema = schemaOf(...["a", "b", "c"].map((name) => column(name, string, { path: ["text"] })));
    const line = `{"text":"${"\\n".repeat(100)}"}\n`;
    const { rows } = decode(schema, line.repeat(10));
    expect(rows).toEqual(Array.from({ length: 10 }, () => ["a", "b", "c"].map(() => "\n".repeat(100))));
    const long = `{"text":"\\n${"x".repeat(1000)}"}\n`;
    expect(decode(schema, long.repeat(10)).rows).toHaveLength(10);
  });

  test("names of prototypes and long or escaped names are names like any other", () => {
    const names = [
      "__proto__",
      "constructor",
      "",
      'quo"te',
      "tab\t",
      "é",
      "😀",
      "x".repeat(100),
      "12345678",
      "123456789",
    ];
    const schema = schemaOf(...names.map((name) => column(name, bigint)));
    const record = Object.fromEntries(
      names.map((name, index) => [name, index]).filter(([name]) => name !== "__proto__"),
    );
    const line = JSON.stringify(record).replace("{", '{"__proto__":0,');
    const { rows } = decode(
      schema,
      `${line}\n${line}\n${line.replaceAll("e", "\\u0065").replaceAll("x", "\\u0078")}`,
    );
    expect(rows).toEqual(Array.from({ length: 3 }, () => names.map((_name, index) => BigInt(index))));
  });

  test("the place of a rejected record is free again, nulls included", () => {
    const schema = schemaOf(column("a", string, optional), column("b", bigint));
    const lines = Array.from({ length: 100 }, (_, index) =>
      index % 3 === 0 ? '{"a":null,"b":"bad"}' : `{"a":${index % 3 === 1 ? "null" : '"x"'},"b":${index}}`,
    );
    const { rows } = decode(schema, lines.join("\n"));
    expect(rows).toEqual(
      lines.flatMap((_, index) => (index % 3 === 0 ? [] : [[index % 3 === 1 ? null : "x", BigInt(index)]])),
    );
  });

  test("records of many shapes, more than are remembered, are all read", () => {
    const names = Array.from({ length: 40 }, (_, index) => `field_${index}`);
    const schema = schemaOf(...names.map((name) => column(name, bigint, optional)));
    const records = Array.from({ length: 3000 }, (_, row) =>
      names.flatMap((_name, index) => ((row * 7919 + index * 104_729) % 5 < 2 ? [[index, row + index]] : [])),
    );
    const text = records.map((fields) => {
      const isReversed = fields.length % 2 === 0;
      const order = isReversed ? fields.toReversed() : fields;
      return `{${order.map(([index = 0, value]) => `"${names[index]}":${value}`).join(",")}}\n`;
    });
    const { rows, rejected } = decode(schema, text.join(""));
    expect(rejected).toEqual([]);
    expect(rows).toEqual(
      records.map((fields) =>
        names.map((_name, index) => fields.find(([at]) => at === index)?.[1]).map(toBigInt),
      ),
    );
  });
});

function toBigInt(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(value);
}
