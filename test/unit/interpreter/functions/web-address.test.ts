/** Parts of URLs, their encoding, and IPv4 addresses. Results of URLs are Java's. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

const parts = ["PROTOCOL", "AUTHORITY", "USERINFO", "HOST", "PATH", "QUERY", "FILE", "REF"];

test.each([
  ["http://u:p@h:1/a;b?q=1&r#s", ["http", "u:p@h:1", "u:p", "h", "/a;b", "q=1&r", "/a;b?q=1&r", "s"]],
  ["HTTP://H", ["http", "H", null, "H", "", null, "", null]],
  ["http://h/?#", ["http", "h", null, "h", "/", "", "/?", ""]],
  [" url:ftp://h/a/../b ", ["ftp", "h", null, "h", "/a/../b", null, "/a/../b", null]],
  ["http://[::1]:80/x", ["http", "[::1]:80", null, "[::1]", "/x", null, "/x", null]],
  ["file:/tmp/x", ["file", null, null, "", "/tmp/x", null, "/tmp/x", null]],
  ["mailto:a@b.c", ["mailto", null, null, "", "a@b.c", null, "a@b.c", null]],
  ["http://a@b@c/d", ["http", "a@b@c", null, "", "/d", null, "/d", null]],
  ["other://h", Array(8).fill(null)],
  ["http://h:x", Array(8).fill(null)],
  ["h/x", Array(8).fill(null)],
  ["jar:x", Array(8).fill(null)],
])("%j has parts", (url, expected) => {
  expect(parts.map((part) => evaluated(`PARSE_URL('${url}', '${part}')`))).toEqual(expected);
});

test.each([
  ["PARSE_URL('http://h?a=1&ab=2&a=3', 'QUERY', 'a')", "1"],
  ["PARSE_URL('http://h?a=1&ab=2', 'QUERY', 'ab')", "2"],
  ["PARSE_URL('http://h?a=1', 'QUERY', 'b')", null],
  ["PARSE_URL('http://h?a=1', 'HOST', 'a')", null],
  ["PARSE_URL('http://h?a=1', 'host')", null],
  ["URL_ENCODE('a b*c-d_e.f~g/ä')", "a+b*c-d_e.f%7Eg%2F%C3%A4"],
  ["URL_DECODE('a+b%2F%C3%A4')", "a b/ä"],
  ["URL_DECODE('%ff')", "\ufffd"],
  ["URL_DECODE('100%')", null],
  ["URL_DECODE('%zz')", null],
  ["INET_ATON('1.2.3.4')", 16909060n],
  ["INET_ATON('1.2.3')", 16908291n],
  ["INET_ATON('1.2')", 16777218n],
  ["INET_ATON('255')", 255n],
  ["INET_ATON('256')", null],
  ["INET_ATON('001.02.3.4')", 16909060n],
  ["INET_ATON('1..2')", null],
  ["INET_ATON('1.2.3.4.5')", null],
  ["INET_ATON(' 1')", null],
  ["INET_NTOA(16909060)", "1.2.3.4"],
  ["INET_NTOA(4294967295)", "255.255.255.255"],
  ["INET_NTOA(4294967296)", null],
  ["INET_NTOA(-1)", null],
  ["INET_NTOA('1')", "refused"],
])("%s is %s", (sql, value) => {
  expect(evaluated(sql)).toBe(value);
});

test("all of them may be null", () => {
  expect(typeTextOf("PARSE_URL('a', 'b')")).toBe("STRING");
  expect(typeTextOf("URL_DECODE('a')")).toBe("STRING");
  expect(typeTextOf("INET_ATON('1')")).toBe("BIGINT");
});
