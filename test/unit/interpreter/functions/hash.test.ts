/** Digests against those of the platform. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each(["MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512"])("%s", (name) => {
  const digest = (data: string | Uint8Array) => createHash(name.toLowerCase()).update(data).digest("hex");
  expect(evaluated(`${name}('aä😀')`)).toBe(digest("aä😀"));
  expect(evaluated(`${name}(x'00ff')`)).toBe(digest(Uint8Array.of(0, 255)));
  expect(evaluated(`${name}(CAST(NULL AS STRING))`)).toBeNull();
  expect(evaluated(`${name}(1)`)).toBe("refused");
});

test.each([224, 256, 384, 512])("SHA2 of %j bits", (bits) => {
  expect(evaluated(`SHA2('a', ${bits})`)).toBe(createHash(`sha${bits}`).update("a").digest("hex"));
});

test.each([
  ["SHA2('a', 128)", "refused"],
  ["SHA2('a', CAST(128 AS INT) )", "failed"],
  ["SHA2('a', CAST(NULL AS INT))", null],
  ["HASH_CODE('abc')", 96354],
  ["HASH_CODE('polygenelubricants')", -2147483648],
  ["HASH_CODE(TRUE)", 1231],
  ["HASH_CODE(-5)", -5],
  ["HASH_CODE(CAST(4294967297 AS BIGINT))", 0],
  ["HASH_CODE(1.5e0)", 1073217536],
  ["HASH_CODE(CAST(1.5 AS FLOAT))", 1069547520],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toBe(value);
});

test.each([
  ["MD5('a')", "CHAR(32) NOT NULL"],
  ["SHA512(CAST(NULL AS STRING))", "CHAR(128)"],
  ["SHA2('a', 256)", "VARCHAR(128) NOT NULL"],
])("%s is of type %s", (sql, type) => {
  expect(typeTextOf(sql)).toBe(type);
});
