/** Text written as bytes and bytes as text. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each([
  ["ENCODE('aä😀', 'utf-8')", { bytes: "61c3a4f09f9880" }],
  ["ENCODE('aä😀', 'ISO-8859-1')", { bytes: "61e43f" }],
  ["ENCODE('aä', 'US-ASCII')", { bytes: "613f" }],
  ["ENCODE('aä', 'UTF-16')", { bytes: "feff006100e4" }],
  ["ENCODE('', 'UTF-16')", { bytes: "" }],
  ["ENCODE('aä', 'UTF-16LE')", { bytes: "6100e400" }],
  ["ENCODE('a', 'EBCDIC')", "failed"],
  ["ENCODE(x'61', 'UTF-8')", "refused"],
  ["DECODE(x'61c3a4ff', 'UTF-8')", "aä\ufffd"],
  ["DECODE(x'efbbbf61', 'UTF-8')", "\ufeffa"],
  ["DECODE(x'61e4', 'latin1')", "aä"],
  ["DECODE(x'61e4', 'ascii')", "a\ufffd"],
  ["DECODE(x'fffe6100', 'UTF-16')", "a"],
  ["DECODE(x'006100', 'UTF-16BE')", "a\ufffd"],
  ["DECODE(x'd83d0061dc00', 'UTF-16BE')", "\ufffd\ufffd"],
  ["DECODE('a', 'UTF-8')", "refused"],
  ["HEX('aä')", "61C3A4"],
  ["HEX(255)", "FF"],
  ["HEX(-1)", "FFFFFFFFFFFFFFFF"],
  ["HEX(1.5)", "refused"],
  ["UNHEX('0aFF')", { bytes: "0aff" }],
  ["UNHEX('146')", { bytes: "0046" }],
  ["UNHEX('z46')", null],
  ["UNHEX('4-')", null],
  ["TO_BASE64('aä')", "YcOk"],
  ["TO_BASE64(x'ff')", "/w=="],
  ["FROM_BASE64('YcOk')", "aä"],
  ["FROM_BASE64('YQ')", "a"],
  ["FROM_BASE64('Y Q=')", "failed"],
  ["FROM_BASE64(x'59513d3d')", "a"],
  ["IS_VALID_UTF8(x'61f09f9880')", true],
  ["IS_VALID_UTF8(x'eda080')", false],
  ["IS_VALID_UTF8('a')", "refused"],
  ["MAKE_VALID_UTF8(x'61eda08062')", "a\ufffdb"],
  ["MAKE_VALID_UTF8(x'edac61')", "\ufffda"],
  ["MAKE_VALID_UTF8(x'c0af')", "\ufffd\ufffd"],
  ["MAKE_VALID_UTF8(x'e282')", "\ufffd"],
])("%s is %j", (sql, value) => {
  expect(evaluated(sql)).toEqual(value);
});

test.each([
  ["ENCODE('a', 'UTF-8')", "BYTES NOT NULL"],
  ["UNHEX('00')", "BYTES"],
  ["HEX('a')", "STRING NOT NULL"],
])("%s is of type %s", (sql, type) => {
  expect(typeTextOf(sql)).toBe(type);
});
