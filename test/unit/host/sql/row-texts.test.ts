/** Rows as NDJSON and CSV. */
import { expect, test } from "vitest";
import { jsonTableOf, toCsv, toNdjson } from "../../../../src/host/sql/row-texts.ts";
import { tableOf } from "./run-sql.ts";

test("a row is a line of JSON", async () => {
  const table = await tableOf(
    "SELECT * FROM (VALUES (1, 'a', 1.50), (9007199254740993, CAST(NULL AS STRING), 0))" +
      " AS t (id, name, price)",
  );
  expect(toNdjson(jsonTableOf(table))).toBe(
    '{"id":1,"name":"a","price":"1.50"}\n{"id":"9007199254740993","name":null,"price":"0.00"}\n',
  );
});

test("no rows are no lines of JSON, and the names alone as CSV", async () => {
  const table = await tableOf("SELECT 1 AS a, 2 AS b WHERE FALSE");
  expect(toNdjson(jsonTableOf(table))).toBe("");
  expect(toCsv(jsonTableOf(table))).toBe("a,b\r\n");
});

test.each([
  ["a plain text", "'plain text'", "plain text"],
  ["a comma", "'a,b'", '"a,b"'],
  ["a quote", `'a "b" c'`, '"a ""b"" c"'],
  ["a line feed", "'a\nb'", '"a\nb"'],
  ["a carriage return", "'a\rb'", '"a\rb"'],
  ["an empty text, which is not null", "''", '""'],
  ["null", "CAST(NULL AS STRING)", ""],
  ["spaces at its ends, which stay", "' a '", " a "],
  ["a truth", "TRUE", "true"],
  ["a time", "TIMESTAMP '2020-02-29 12:30:00.5'", "2020-02-29 12:30:00.5"],
  ["bytes", "x'00ff'", "AP8="],
  ["a list", "ARRAY['a', 'b']", '"[""a"",""b""]"'],
  ["not a number", "CAST('NaN' AS DOUBLE)", "NaN"],
])("%s as CSV", async (_, expression, expected) => {
  expect(toCsv(jsonTableOf(await tableOf(`SELECT ${expression} AS x`)))).toBe(`x\r\n${expected}\r\n`);
});

test("names are quoted as values are", async () => {
  expect(toCsv(jsonTableOf(await tableOf('SELECT 1 AS `a,b`, 2 AS `c"d`')))).toBe('"a,b","c""d"\r\n1,2\r\n');
});
