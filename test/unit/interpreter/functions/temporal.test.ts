/** Functions of dates and times: their values as text, and their types. */
import { describe, expect, test } from "vitest";
import { evaluatedAt as evaluated } from "../../../support/evaluated-at.ts";

const moment = "TIMESTAMP '2020-02-29 01:56:59.987654321'";

describe("EXTRACT", () => {
  test.each([
    ["MILLENNIUM", "3"],
    ["CENTURY", "21"],
    ["DECADE", "202"],
    ["YEAR", "2020"],
    ["ISOYEAR", "2020"],
    ["QUARTER", "1"],
    ["MONTH", "2"],
    ["WEEK", "9"],
    ["DAY", "29"],
    ["DOY", "60"],
    ["DOW", "7"],
    ["ISODOW", "6"],
    ["HOUR", "1"],
    ["MINUTE", "56"],
    ["SECOND", "59"],
    ["MILLISECOND", "987"],
    ["MICROSECOND", "987654"],
    ["NANOSECOND", "987654321"],
    ["EPOCH", "1582941419"],
  ])("takes %s of a timestamp", (unit, value) => {
    expect(evaluated(`EXTRACT(${unit} FROM ${moment})`)).toBe(`${value}: BIGINT NOT NULL`);
  });

  test.each([
    ["EXTRACT(HOUR FROM DATE '2020-02-29')", "0"],
    ["EXTRACT(EPOCH FROM DATE '2020-02-29')", "1582934400"],
    ["EXTRACT(MILLISECOND FROM TIME '01:02:03.004')", "4"],
    ["EXTRACT(HOUR FROM INTERVAL '3 04:05:06.789' DAY TO SECOND)", "4"],
    ["EXTRACT(DAY FROM INTERVAL '-3 04' DAY TO HOUR)", "-3"],
    ["EXTRACT(YEAR FROM INTERVAL '-1-6' YEAR TO MONTH)", "-1"],
    ["EXTRACT(MONTH FROM INTERVAL '30' MONTH)", "6"],
    ["YEAR(DATE '1969-12-31')", "1969"],
    ["HOUR(TIMESTAMP '1969-12-31 23:00:00')", "23"],
    ["DAYOFWEEK(DATE '1970-01-01')", "5"],
    ["DAYOFYEAR(DATE '2020-12-31')", "366"],
    ["DAYOFMONTH(DATE '2020-12-31')", "31"],
    ["WEEK(DATE '1994-09-27')", "39"],
    ["SECOND(TIME '12:44:31')", "31"],
  ])("%s is %s", (sql, value) => {
    expect(evaluated(sql)).toBe(`${value}: BIGINT NOT NULL`);
  });

  test("is of local time for a TIMESTAMP_LTZ, and null of null", () => {
    expect(evaluated("EXTRACT(DAY FROM TO_TIMESTAMP_LTZ(72000, 0))", "Asia/Shanghai")).toBe("2: BIGINT");
    expect(evaluated("EXTRACT(DAY FROM CAST(NULL AS DATE))")).toBe("NULL: BIGINT");
    expect(evaluated("MONTH(NULL)")).toBe("NULL: BIGINT");
  });

  test.each([
    "EXTRACT(NANOSECOND FROM DATE '2020-02-29')",
    "EXTRACT(YEAR FROM TIME '12:00:00')",
    "EXTRACT(EPOCH FROM TIME '12:00:00')",
    "EXTRACT(YEAR FROM INTERVAL '1' DAY)",
    "EXTRACT(DAY FROM INTERVAL '1' MONTH)",
    "EXTRACT(YEAR FROM '2020-01-01')",
    "YEAR('2020-01-01')",
    "WEEK(TIME '12:00:00')",
  ])("%s is refused", (sql) => {
    expect(() => evaluated(sql)).toThrow(/cannot be extracted|does not take/);
  });
});

describe("FLOOR and CEIL", () => {
  const date = "DATE '2021-03-02'";
  const timestamp = "TIMESTAMP '2021-03-02 04:05:06.789'";

  test.each([
    ["MILLENNIUM", "2001-01-01", "3001-01-01"],
    ["CENTURY", "2001-01-01", "2101-01-01"],
    ["DECADE", "2020-01-01", "2030-01-01"],
    ["YEAR", "2021-01-01", "2022-01-01"],
    ["QUARTER", "2021-01-01", "2021-04-01"],
    ["MONTH", "2021-03-01", "2021-04-01"],
    ["WEEK", "2021-02-28", "2021-03-07"],
    ["DAY", "2021-03-02", "2021-03-03"],
    ["HOUR", "2021-03-02", "2021-03-02"],
  ])("round a DATE to %s", (unit, low, high) => {
    expect(evaluated(`FLOOR(${date} TO ${unit})`)).toBe(`${low}: DATE NOT NULL`);
    expect(evaluated(`CEIL(${date} TO ${unit})`)).toBe(`${high}: DATE NOT NULL`);
  });

  test.each([
    ["YEAR", "2021-01-01 00:00:00.000", "2022-01-01 00:00:00.000"],
    ["DAY", "2021-03-02 00:00:00.000", "2021-03-03 00:00:00.000"],
    ["HOUR", "2021-03-02 04:00:00.000", "2021-03-02 05:00:00.000"],
    ["MINUTE", "2021-03-02 04:05:00.000", "2021-03-02 04:06:00.000"],
    ["SECOND", "2021-03-02 04:05:06.000", "2021-03-02 04:05:07.000"],
    ["MILLISECOND", "2021-03-02 04:05:06.789", "2021-03-02 04:05:06.789"],
  ])("round a timestamp to %s", (unit, low, high) => {
    expect(evaluated(`FLOOR(${timestamp} TO ${unit})`)).toBe(`${low}: TIMESTAMP(3) NOT NULL`);
    expect(evaluated(`CEIL(${timestamp} TO ${unit})`)).toBe(`${high}: TIMESTAMP(3) NOT NULL`);
  });

  test.each([
    ["CEIL(TIMESTAMP '2018-03-01 21:00:01' TO MONTH)", "2018-03-01 00:00:00: TIMESTAMP(0) NOT NULL"],
    ["CEIL(TIMESTAMP '2018-04-01 00:00:00' TO QUARTER)", "2018-07-01 00:00:00: TIMESTAMP(0) NOT NULL"],
    ["FLOOR(TIMESTAMP '1969-12-31 23:30:00' TO HOUR)", "1969-12-31 23:00:00: TIMESTAMP(0) NOT NULL"],
    ["FLOOR(DATE '1969-12-31' TO YEAR)", "1969-01-01: DATE NOT NULL"],
    ["CEIL(TIME '12:44:31' TO HOUR)", "13:00:00: TIME(0) NOT NULL"],
    ["CEIL(TIME '23:30:00' TO HOUR)", "00:00:00: TIME(0) NOT NULL"],
    ["FLOOR(CAST(NULL AS DATE) TO DAY)", "NULL: DATE"],
    ["FLOOR(2.5)", "2: DECIMAL(2, 0) NOT NULL"],
    ["CEIL(9.5)", "10: DECIMAL(2, 0) NOT NULL"],
    ["FLOOR(CAST('-2.5' AS DECIMAL(5, 3)))", "-3: DECIMAL(5, 0) NOT NULL"],
    ["CEILING(CAST('-2.5' AS DECIMAL(5, 3)))", "-2: DECIMAL(5, 0) NOT NULL"],
    ["FLOOR(2.5e0)", "2.0: DOUBLE NOT NULL"],
    ["CEIL(CAST(2.5 AS FLOAT))", "3.0: FLOAT NOT NULL"],
    ["FLOOR(7)", "7: INT NOT NULL"],
  ])("%s is %s", (sql, text) => {
    expect(evaluated(sql)).toBe(text);
  });

  test("round a TIMESTAMP_LTZ where its clocks are", () => {
    // 2005-10-30 02:30 comes twice in Amsterdam; this is the second.
    const twice = "TO_TIMESTAMP_LTZ(1130635800, 0)";
    const seconds = (sql: string) => evaluated(`TIMESTAMPDIFF(SECOND, ${sql}, ${twice})`, "Europe/Amsterdam");
    expect(seconds(`FLOOR(${twice} TO HOUR)`)).toBe("1800: INT");
    expect(seconds(`FLOOR(${twice} TO DAY)`)).toBe("12600: INT");
    expect(evaluated("FLOOR(TO_TIMESTAMP_LTZ(1120000000, 0) TO YEAR)", "Europe/Amsterdam")).toBe(
      "2005-01-01 00:00:00.000: TIMESTAMP_LTZ(3)",
    );
  });

  test.each([
    "FLOOR(TIME '12:00:00' TO DAY)",
    "FLOOR(DATE '2020-01-01' TO MICROSECOND)",
    "CEIL(DATE '2020-01-01' TO DOW)",
    "FLOOR(DATE '2020-01-01')",
    "FLOOR('1')",
  ])("%s is refused", (sql) => {
    expect(() => evaluated(sql)).toThrow(/cannot be rounded|does not take/);
  });
});

describe("TIMESTAMPADD and TIMESTAMPDIFF", () => {
  test.each([
    ["TIMESTAMPADD(DAY, 1, DATE '2016-06-15')", "2016-06-16: DATE NOT NULL"],
    ["TIMESTAMPADD(HOUR, 1, DATE '2016-06-15')", "2016-06-15 01:00:00.000000: TIMESTAMP(6) NOT NULL"],
    [
      "TIMESTAMPADD(MONTH, 1, TIMESTAMP '2020-01-31 10:00:00.5')",
      "2020-02-29 10:00:00.5: TIMESTAMP(1) NOT NULL",
    ],
    ["TIMESTAMPADD(QUARTER, 1, DATE '2020-01-31')", "2020-04-30: DATE NOT NULL"],
    ["TIMESTAMPADD(SQL_TSI_WEEK, 2, DATE '2020-01-31')", "2020-02-14: DATE NOT NULL"],
    ["TIMESTAMPADD(SECOND, 1, TIME '23:59:59')", "00:00:00: TIME(0) NOT NULL"],
    ["TIMESTAMPADD(YEAR, 1, TIME '23:59:59')", "23:59:59: TIME(0) NOT NULL"],
    [
      "TIMESTAMPADD(MILLISECOND, 5, TIMESTAMP '2020-01-31 10:00:00')",
      "2020-01-31 10:00:00.005: TIMESTAMP(3) NOT NULL",
    ],
    ["TIMESTAMPADD(MINUTE, CAST(NULL AS INT), TIME '23:59:59')", "NULL: TIME(0)"],
    ["TIMESTAMPADD(DAY, 1, NULL)", "NULL: TIMESTAMP(3)"],
    ["TIMESTAMPDIFF(MONTH, DATE '2019-09-01', DATE '2020-03-01')", "6: INT NOT NULL"],
    [
      "TIMESTAMPDIFF(MONTH, TIMESTAMP '2021-01-04 12:00:00', TIMESTAMP '2021-02-04 11:00:00')",
      "0: INT NOT NULL",
    ],
    ["TIMESTAMPDIFF(MONTH, DATE '2020-01-31', DATE '2020-02-29')", "1: INT NOT NULL"],
    ["TIMESTAMPDIFF(MONTH, TIME '00:00:00', DATE '2021-02-04')", "613: INT NOT NULL"],
    ["TIMESTAMPDIFF(YEAR, DATE '2021-02-04', DATE '2019-02-05')", "-1: INT NOT NULL"],
    ["TIMESTAMPDIFF(QUARTER, DATE '2020-01-01', DATE '2020-12-31')", "3: INT NOT NULL"],
    ["TIMESTAMPDIFF(WEEK, DATE '2020-01-01', DATE '2020-01-14')", "1: INT NOT NULL"],
    ["TIMESTAMPDIFF(HOUR, TIMESTAMP '2020-01-01 00:00:00', DATE '2020-01-02')", "24: INT NOT NULL"],
    ["TIMESTAMPDIFF(SECOND, TIME '10:10:10', TIME '11:11:11')", "3661: INT NOT NULL"],
    ["TIMESTAMPDIFF(NANOSECOND, DATE '2020-01-01', DATE '2020-01-02')", "86400000000000: BIGINT NOT NULL"],
    ["TIMESTAMPDIFF(DAY, NULL, DATE '2020-01-01')", "NULL: INT"],
  ])("%s is %s", (sql, text) => {
    expect(evaluated(sql)).toBe(text);
  });

  test.each([
    "TIMESTAMPADD(DAY, 1.5, DATE '2020-01-01')",
    "TIMESTAMPADD(DOW, 1, DATE '2020-01-01')",
    "TIMESTAMPADD(DAY, 1, '2020-01-01')",
    "TIMESTAMPDIFF(EPOCH, DATE '2020-01-01', DATE '2020-01-01')",
    "TIMESTAMPDIFF(DAY, NOW(), LOCALTIMESTAMP)",
  ])("%s is refused", (sql) => {
    expect(() => evaluated(sql)).toThrow(/does not take/);
  });
});

describe("times from text and numbers", () => {
  test.each([
    [
      "DATE_FORMAT(TIMESTAMP '2018-03-14 01:02:03.123456', 'yyyy/MM/dd HH:mm:ss.SSSSSS')",
      "2018/03/14 01:02:03.123456",
    ],
    ["DATE_FORMAT('2018-03-14 01:02:03.999', 'yyyy/MM/dd HH:mm:ss.SSS')", "2018/03/14 01:02:03.000"],
    ["DATE_FORMAT('2018-03-14', 'yyyy')", "NULL"],
    ["DATE_FORMAT(DATE '2018-03-14', 'd MMM yyyy')", "14 Mar 2018"],
    ["DATE_FORMAT(TO_TIMESTAMP_LTZ(0, 3), 'HH:mm')", "08:00"],
    ["FROM_UNIXTIME(0)", "1970-01-01 08:00:00"],
    ["FROM_UNIXTIME(-1, 'yyyy-MM-dd')", "1970-01-01"],
    ["CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", "1969-12-31 16:00:00"],
    ["CONVERT_TZ('1970-01-01 00:00:00', 'nowhere', 'GMT+02:00')", "1970-01-01 02:00:00"],
    ["CONVERT_TZ('1970-01-01', 'UTC', 'UTC')", "NULL"],
  ])("%s is %s", (sql, text) => {
    expect(evaluated(sql, "Asia/Shanghai")).toBe(`${text}: STRING`);
  });

  test.each([
    ["TO_DATE('2020-02-29')", "2020-02-29: DATE"],
    ["TO_DATE('2020-2-9 10:00:00')", "2020-02-09: DATE"],
    ["TO_DATE('2020-02-30')", "NULL: DATE"],
    ["TO_DATE('29.02.2020', 'dd.MM.yyyy')", "2020-02-29: DATE"],
    ["TO_DATE('x', 'dd.MM.yyyy')", "NULL: DATE"],
    ["TO_TIMESTAMP('1970-01-01 00:00:00.123456789')", "1970-01-01 00:00:00.123: TIMESTAMP(3)"],
    ["TO_TIMESTAMP('abc')", "NULL: TIMESTAMP(3)"],
    ["TO_TIMESTAMP('2020/02', 'yyyy/MM')", "2020-02-01 00:00:00.000: TIMESTAMP(3)"],
    ["TO_TIMESTAMP('2017-9-15 1:2:3.45', 'yyyy-MM-dd')", "2017-09-15 01:02:03.450: TIMESTAMP(3)"],
    ["TO_TIMESTAMP('2017-02-31', 'HH:mm')", "2017-03-03 00:00:00.000: TIMESTAMP(3)"],
    ["TO_TIMESTAMP_LTZ(100, 0)", "1970-01-01 08:01:40.000: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ(1234)", "1970-01-01 08:00:01.234: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ(100.01e0, 0)", "1970-01-01 08:01:40.010: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ(100.99, 0)", "1970-01-01 08:01:40.000: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ(253402300800, 0)", "NULL: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ('2020-01-01 00:00:00')", "2020-01-01 08:00:00.000: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ('2020', 'yyyy')", "2020-01-01 08:00:00.000: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ('2020', 'yyyy', 'Asia/Tokyo')", "2019-12-31 23:00:00.000: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ('2020', 'yyyy', 'nowhere')", "NULL: TIMESTAMP_LTZ(3)"],
    ["TO_TIMESTAMP_LTZ(CAST(NULL AS BIGINT), 0)", "NULL: TIMESTAMP_LTZ(3)"],
    ["UNIX_TIMESTAMP()", "1614834367: BIGINT NOT NULL"],
    ["UNIX_TIMESTAMP('1970-01-01 08:00:01')", "1: BIGINT NOT NULL"],
    ["UNIX_TIMESTAMP('x')", "-9223372036854775808: BIGINT NOT NULL"],
    ["UNIX_TIMESTAMP(CAST(NULL AS STRING), 'yyyy')", "NULL: BIGINT"],
  ])("%s is %s", (sql, text) => {
    expect(evaluated(sql, "Asia/Shanghai")).toBe(text);
  });

  test.each([
    "TO_TIMESTAMP_LTZ(1, 1)",
    "TO_TIMESTAMP_LTZ('text', 0)",
    "TO_TIMESTAMP_LTZ(1, 'text')",
    "FROM_UNIXTIME(1.5)",
    "DATE_FORMAT(1, 'yyyy')",
  ])("%s is refused", (sql) => {
    expect(() => evaluated(sql)).toThrow(/does not take|has no precision/);
  });
});
