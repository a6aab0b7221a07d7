/** Which format an answer has. */
import { expect, test } from "vitest";
import { acceptsByName, negotiate } from "../../../src/cloudflare/http/negotiate.ts";

const formats = ["application/json", "text/csv", "text/plain"] as const;

test.each([
  [null, "application/json"],
  ["*/*", "application/json"],
  ["text/csv", "text/csv"],
  ["Text/CSV; charset=utf-8", "text/csv"],
  ["text/*", "text/csv"],
  ["application/xml, text/plain;q=0.5", "text/plain"],
  ["text/csv;q=0.5, text/plain;q=0.9", "text/plain"],
  ["*/*;q=0.1, text/csv", "text/csv"],
  ["application/json;q=0, */*", "text/csv"],
  ["text/*, text/csv;q=0", "text/plain"],
] as const)("of %s it is %s", (accept, expected) => {
  expect(negotiate(accept, formats)).toBe(expected);
});

test.each(["application/xml", "text/csv;q=0", "", "text/csv;q=x"])(
  "none is %s: what there is, is told",
  (accept) => {
    expect(() => negotiate(accept, formats)).toThrow(
      expect.objectContaining({
        code: "NOT_ACCEPTABLE",
        message: expect.stringContaining("application/json, text/csv, text/plain"),
      }),
    );
  },
);

test.each([
  ["text/csv", true],
  ["application/json, text/csv;q=0.5", true],
  ["text/csv;q=0", false],
  ["text/*, */*", false],
  [null, false],
])("%s names text/csv: %s", (accept, expected) => {
  expect(acceptsByName(accept, "text/csv")).toBe(expected);
});
