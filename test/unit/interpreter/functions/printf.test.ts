/** Text with places for values: results of Java 17. */
import { expect, test } from "vitest";
import { evaluated, typeTextOf } from "../../../support/evaluated-value.ts";

test.each([
  ["'%d|%5d|%-5d|%05d', 1, 2, -3, -4", "1|    2|-3   |-0004"],
  ["'%+d|% d|%,d|%(d|%(08d', 1, 2, 1234567, -3, -4", "+1| 2|1,234,567|(3)|(000004)"],
  ["'%x|%X|%#x|%08x|%o', 255, 255, 255, -1, 8", "ff|FF|0xff|ffffffff|10"],
  ["'%x', CAST(-1 AS TINYINT)", "ff"],
  ["'%s|%10s|%-4s|%.2s|%S', 'a', 'b', 'c', 'def', 'g'", "a|         b|c   |de|G"],
  ["'%b|%b|%B', TRUE, NULL, 1", "true|false|TRUE"],
  ["'%c%C', 65, 98", "AB"],
  ["'%2$s %1$s %s %<s', 'a', 'b'", "b a a a"],
  ["'%n%%%5%'", "\n%    %"],
  ["'%f|%.2f|%.0f|%,.1f', 10.24e0, 0.125e0, 2.5e0, 1234.56e0", "10.240000|0.13|3|1,234.6"],
  ["'%e|%.0e|%E', 1024.1024e0, 15e0, 0e0", "1.024102e+03|2e+01|0.000000E+00"],
  ["'%g|%.3g|%g', 1e-5, 1024.1024e0, 0e0", "1.00000e-05|1.02e+03|0.00000"],
  ["'%#.0f|%.1f', 1e0, CAST(10.24 AS FLOAT)", "1.|10.2"],
  ["'%010.2f|%(.1f', -1.5e0, -1.25e0", "-000001.50|(1.3)"],
  ["'%f|%5.1f', CAST('NaN' AS DOUBLE), CAST('-Infinity' AS DOUBLE)", "NaN|-Infinity"],
  ["'%s %d', CAST(NULL AS STRING), CAST(NULL AS INT)", "null null"],
  ["'%s %s', DATE '1970-01-02', TIME '00:00:01'", "1 1000"],
  ["'%s', TIMESTAMP '2024-07-30 10:24:00.000000256'", "2024-07-30T10:24:00.000000256"],
  ["'%s', TIMESTAMP '2024-07-30 10:24:00'", "2024-07-30T10:24"],
  ["'%s', TIMESTAMP '2024-07-30 10:24:00.120'", "2024-07-30T10:24:00.120"],
  ["'%s %s', 1.50, 1.5e10", "1.50 1.5E10"],
  ["'a', 1", "a"],
  ["CAST(NULL AS STRING), 1", null],
  ["'%d', 'a'", "failed"],
  ["'%d', 1.5", "failed"],
  ["'%f', 1", "failed"],
  ["'%s'", "failed"],
  ["'%y', 1", "failed"],
  ["'%', 1", "failed"],
  ["'%-d', 1", "failed"],
  ["'%.2d', 1", "failed"],
  ["'%++d', 1", "failed"],
  ["'%-05d', 1", "failed"],
  ["'%#s', 1", "failed"],
  ["'%999999999s', 1", "failed"],
  ["1, 2", "refused"],
])("PRINTF(%s) is %j", (given, value) => {
  expect(evaluated(`PRINTF(${given})`)).toBe(value);
});

test("it may be null", () => {
  expect(typeTextOf("PRINTF('a')")).toBe("STRING");
});
