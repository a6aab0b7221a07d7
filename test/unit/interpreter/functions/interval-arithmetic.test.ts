/** Intervals that are added to times and to each other, and multiplied. */
import { expect, test } from "vitest";
import { bindSql, evaluated } from "../../../support/evaluated.ts";

test.each([
  ["DATE '2020-01-31' + INTERVAL '1' MONTH", "2020-02-29: DATE NOT NULL"],
  ["DATE '2020-02-29' - INTERVAL '1' YEAR", "2019-02-28: DATE NOT NULL"],
  ["DATE '2020-01-15' - INTERVAL '13' MONTH", "2018-12-15: DATE NOT NULL"],
  ["INTERVAL '2' DAY + DATE '2020-02-28'", "2020-03-01: DATE NOT NULL"],
  ["DATE '2020-01-02' - INTERVAL '36' HOUR", "2020-01-01: DATE NOT NULL"],
  ["TIME '23:30:00' + INTERVAL '1' HOUR", "00:30:00: TIME(0) NOT NULL"],
  ["TIME '00:30:00' - INTERVAL '25' HOUR", "23:30:00: TIME(0) NOT NULL"],
  ["TIME '00:30:00' + INTERVAL '1' MONTH", "00:30:00: TIME(0) NOT NULL"],
  ["TIMESTAMP '2020-01-31 10:00:00' + INTERVAL '1' MONTH", "2020-02-29 10:00:00: TIMESTAMP(0) NOT NULL"],
  ["TIMESTAMP '1969-12-31 23:59:59' - INTERVAL '10' YEAR", "1959-12-31 23:59:59: TIMESTAMP(0) NOT NULL"],
  [
    "TIMESTAMP '1970-02-01 00:00:00.123456789' + INTERVAL '1' SECOND",
    "1970-02-01 00:00:01.123456789: TIMESTAMP(9) NOT NULL",
  ],
  [
    "TIMESTAMP '2020-01-01 00:00:00' - CAST(1 AS INTERVAL SECOND(3))",
    "2019-12-31 23:59:59.000: TIMESTAMP(3) NOT NULL",
  ],
  ["CAST(NULL AS DATE) + INTERVAL '1' DAY", "NULL: DATE"],
  ["DATE '2020-01-01' + NULL", "NULL: DATE"],
  ["INTERVAL '8' YEAR + INTERVAL '10' MONTH", "+8-10: INTERVAL YEAR(2) TO MONTH NOT NULL"],
  ["INTERVAL '2' YEAR - INTERVAL '12' MONTH", "+1-00: INTERVAL YEAR(2) TO MONTH NOT NULL"],
  ["-INTERVAL '10' SECOND", "-0 00:00:10.000: INTERVAL SECOND(6) NOT NULL"],
  ["+INTERVAL '10' SECOND", "+0 00:00:10.000: INTERVAL SECOND(6) NOT NULL"],
  ["INTERVAL '2' SECOND * 3", "+0 00:00:06.000: INTERVAL SECOND(6) NOT NULL"],
  ["2.9 * INTERVAL '7' MONTH", "+1-02: INTERVAL MONTH NOT NULL"],
  ["INTERVAL '7' MONTH * NULL", "NULL: INTERVAL MONTH"],
])("%s is %s", (sql, expected) => {
  expect(evaluated(sql)).toBe(expected);
});

test.each([
  ["DATE '2020-01-02' - DATE '2020-01-01'", "TIMESTAMPDIFF(unit, from, to) says what is between"],
  ["DATE '2020-01-01' + 1", "+ does not take (DATE, INT)"],
  ["INTERVAL '1' DAY + INTERVAL '1' MONTH", "+ does not take"],
  ["INTERVAL '1' DAY - DATE '2020-01-01'", "- does not take"],
  ["INTERVAL '1' DAY * INTERVAL '1' DAY", "* does not take"],
  ["INTERVAL '1' DAY / 2", "/ does not take"],
])("%s is refused", (sql, message) => {
  expect(() => bindSql(sql)).toThrow(message);
});
