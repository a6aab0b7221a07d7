/** A rejected record says where it went wrong, what was found there, and what was expected. */
import { describe, expect, test } from "vitest";
import { BadRecordReason, rejectedBytesKept } from "../../../src/columnar/bad-record.ts";
import { Kernel } from "../../../src/kernel/kernel.ts";
import { bigint, column, decodeText, schemaOf, string, timestamp } from "../../support/json-records.ts";
import { kernelBuilds } from "../../support/kernels.ts";

const schema = schemaOf(
  column("a", bigint, { nullable: true }),
  column("text", string, { nullable: true, path: ["b", "c"] }),
);
const { NotJson, NotUtf8, NotAnObject, WrongType, OutOfRange, MissingValue, TooDeep } = BadRecordReason;

const table: readonly (readonly [text: string, column: number, reason: number, found: string])[] = [
  ['{"a":1', 7, NotJson, "the end of the line, expected a comma or a closing brace"],
  ['{"a":', 6, NotJson, "the end of the line, expected a JSON value"],
  ["{", 2, NotJson, "the end of the line, expected a field name"],
  ['{"a"', 5, NotJson, "the end of the line, expected a colon"],
  ['{"a":1,}', 8, NotJson, '"}", expected a field name'],
  ["{a:1}", 2, NotJson, '"a", expected a field name'],
  ["{'a':1}", 2, NotJson, `"'", expected a field name`],
  ['{"a" 1}', 6, NotJson, '"1", expected a colon'],
  ['{"a":1 "b":2}', 8, NotJson, "a double quote, expected a comma or a closing brace"],
  ['{"a":1}}', 8, NotJson, '"}" behind the record, expected the end of the line'],
  ['{"a":1} {"a":2}', 9, NotJson, '"{" behind the record, expected the end of the line'],
  ['{"a":nul}', 6, NotJson, '"n", expected a JSON value'],
  ['{"é€😀":tru}', 8, NotJson, '"t", expected a JSON value'],
  ['{"z":[1,2}', 10, NotJson, '"}", expected a comma or a closing bracket'],
  ['{"z":[1,,2]}', 9, NotJson, '",", expected a JSON value'],
  ['{"z":"abc', 10, NotJson, "the end of the line, expected the string to go on"],
  ['{"z":"a\tb"}', 8, NotJson, "the control character U+0009, expected the string to go on"],
  ['{"z":"\\q"}', 8, NotJson, '"q", expected one of'],
  ['{"z":"\\u12G4"}', 11, NotJson, '"G", expected four hexadecimal digits'],
  ['{"z":1.}', 8, NotJson, '"}", expected a digit'],
  ['{"z":-}', 7, NotJson, '"}", expected a digit'],
  ['{"z":1e+}', 9, NotJson, '"}", expected a digit'],
  ['{"z":01}', 7, NotJson, '"1", expected a comma or a closing brace'],
  ["5", 1, NotAnObject, "5, expected an object"],
  ["[1,2]", 1, NotAnObject, "an array, expected an object"],
  ['  "text"', 3, NotAnObject, '"text", expected an object'],
  ["null", 1, NotAnObject, "null, expected an object"],
  ["nul", 1, NotJson, '"n", expected a JSON value'],
  ['{"a":"x"}', 6, WrongType, '"x", expected BIGINT: an integer, as a number or in a string'],
  ['{"a":{"x":1}}', 6, WrongType, "an object, expected BIGINT"],
  ['{"a":true}', 6, WrongType, "true, expected BIGINT"],
  ['{"a":1.5}', 6, WrongType, "1.5, expected BIGINT: an integer"],
  ['{"b":{"c":5}}', 11, WrongType, "5, expected STRING: a string"],
  ['{"b":[]}', 6, WrongType, 'an array, expected an object with the fields of "b"."c"'],
  [
    '{"a":9223372036854775808}',
    6,
    OutOfRange,
    "9223372036854775808, expected BIGINT: -9223372036854775808 to",
  ],
  [`{"z":${"[".repeat(63)}${"]".repeat(63)}}`, 0, 0, ""],
  [`{"z":${"[".repeat(64)}${"]".repeat(64)}}`, 69, TooDeep, "a 65th level of nesting, expected at most 64"],
  [`{"b":${'{"c":'.repeat(64)}1`, 6 + 63 * 5, TooDeep, "a 65th level of nesting, expected at most 64"],
];

describe.each(kernelBuilds)("%s kernel", (_, module) => {
  const kernel = new Kernel(module);

  test.each(table)("%s", (text, at, reason, found) => {
    const { rejected } = decodeText(kernel, schema, `{"a":0}\n${text}\n{"a":0}\n`);
    if (at === 0) return expect(rejected).toEqual([]);
    expect(rejected).toHaveLength(1);
    expect(rejected[0]).toMatchObject({ record: 2, column: at, reason });
    expect(rejected[0]?.message).toContain(`Found ${found}`);
    expect(Buffer.from(rejected[0]?.bytes ?? []).toString()).toBe(text);
  });

  test("a value that is not there is reported with its path", () => {
    const required = schemaOf(column("id", string, { path: ["user", "id"] }));
    const { rejected } = decodeText(kernel, required, '{"user":{"id":null}}\n{"user":{}}\n{"user":null}\n');
    expect(rejected.map(({ column: at, reason, field, message }) => [at, reason, field, message])).toEqual([
      [15, MissingValue, "id", expect.stringContaining('Found null for "user"."id", expected a value')],
      [11, MissingValue, "id", expect.stringContaining('Found no field "user"."id", expected a value')],
      [13, MissingValue, "id", expect.stringContaining('Found no field "user"."id", expected a value')],
    ]);
  });

  test("bytes that are no UTF-8 are reported at their first", () => {
    const text = Buffer.concat([Buffer.from('{"é":"x'), Buffer.from([0xff]), Buffer.from('"}')]);
    const { rejected } = decodeText(kernel, schema, text);
    expect(rejected[0]).toMatchObject({ column: 8, reason: NotUtf8 });
    expect(rejected[0]?.message).toBe("Found the byte 0xff, expected valid UTF-8.");
  });

  test("several columns at fault are reported by the first in the text", () => {
    const two = schemaOf(column("a", bigint), column("t", timestamp));
    const { rejected } = decodeText(kernel, two, '{"t":"soon","a":"x"}\n{"a":"x","t":"soon"}\n');
    expect(rejected.map(({ field, column: at }) => [field, at])).toEqual([
      ["t", 6],
      ["a", 6],
    ]);
  });

  test("lines are numbered with the blank ones, which are no records", () => {
    const { rejected, records, rows } = decodeText(kernel, schema, '\n{"a":1}\r\n \r\n\t\nx\r\n\n{"a":2}\ny');
    expect(rejected.map(({ record }) => record)).toEqual([5, 8]);
    expect([records, rows.length]).toEqual([4, 2]);
  });

  test("a long record is kept only in its beginning", () => {
    const { rejected } = decodeText(kernel, schema, `{"a":"${"x".repeat(100_000)}`);
    expect(rejected[0]?.bytes).toHaveLength(rejectedBytesKept);
    expect(rejected[0]?.column).toBe(100_007);
  });

  test("many rejected records are all reported", () => {
    const { rejected } = decodeText(kernel, schema, "x\n".repeat(1000));
    expect(rejected.map(({ record }) => record)).toEqual(
      Array.from({ length: 1000 }, (_unused, index) => index + 1),
    );
  });
});
