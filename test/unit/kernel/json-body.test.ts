/** The format of a body follows from its content type and its first byte. */
import { expect, test } from "vitest";
import { bodyFormatOf } from "../../../src/kernel/json-body.ts";

test.each([
  ["application/json", '[{"a":1}]', "array"],
  ["application/json; charset=utf-8", "\ufeff \n[", "array"],
  ["Application/JSON", ' {"a":1}', "object"],
  ["application/json", "5", "ndjson"],
  ["application/json", "", "ndjson"],
  ["application/x-ndjson", "[1]", "ndjson"],
  ["text/plain", '{"a":1}', "ndjson"],
  [undefined, '{"a":1}', "ndjson"],
])("%s with %j is %s", (contentType, text, format) => {
  expect(bodyFormatOf(contentType, Buffer.from(text))).toBe(format);
});
