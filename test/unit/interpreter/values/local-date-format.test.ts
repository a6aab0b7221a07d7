/** Patterns of Java's DateTimeFormatter: what they write and what they read, as Java does. */
import { expect, test } from "vitest";
import {
  defaultTimestampFormat,
  localDateFormat,
} from "../../../../src/interpreter/values/local-date-format.ts";
import { formatTimestampText, parseTimestampText } from "../../../../src/interpreter/values/time-text.ts";

const moment = parseTimestampText("2021-03-04 15:06:07.0089") ?? 0n;

test.each([
  ["G GGGG GGGGG", "AD Anno Domini A"],
  ["u uu uuuu uuuuu", "2021 21 2021 02021"],
  ["y yy yyyy", "2021 21 2021"],
  ["D DD DDD", "63 63 063"],
  ["M MM MMM MMMM MMMMM LLL", "3 03 Mar March M Mar"],
  ["d dd", "4 04"],
  ["Q QQ QQQ QQQQ", "1 01 Q1 1st quarter"],
  ["Y YY YYYY w ww W", "2021 21 2021 10 10 1"],
  ["E EEE EEEE EEEEE e ee eee", "Thu Thu Thursday T 5 05 Thu"],
  ["F a", "4 PM"],
  ["h hh K KK k kk H", "3 03 3 03 15 15 15"],
  ["m mm s ss", "6 06 7 07"],
  ["S SSSS SSSSSSSSS", "0 0089 008900000"],
  ["A n N", "54367008 8900000 54367008900000"],
  ["'T' '' yyyy''MM 'it''s'", "T ' 2021'03 it's"],
  ["yyyy[-MM]", "2021-03"],
])("%s writes %s", (pattern, text) => {
  expect(localDateFormat(pattern).format(moment)).toBe(text);
});

test.each(["aa", "cc", "HHH", "ddd", "DDDD", "SSSSSSSSSS", "b", "{", "#", "yyyy]", "'open"])(
  "%s is no pattern",
  (pattern) => {
    expect(() => localDateFormat(pattern)).toThrow(/no pattern of dates/);
  },
);

test.each(["z", "VV", "Z", "X", "x", "O"])("%s cannot be written: a local time has no zone", (pattern) => {
  expect(() => localDateFormat(pattern).format(moment)).toThrow(/no time zone/);
});

const none = undefined;

test.each([
  ["yyyyMMddHH", "2000020210", "2000-02-02 10:00:00.000000000"],
  ["yyyyMMddHHmmssSSS", "20200101121314123", "2020-01-01 12:13:14.123000000"],
  ["yyyy-MM-dd", "2020-02-31", "2020-02-29 00:00:00.000000000"],
  ["yyyy-MM-dd HH:mm:ss", "2020-02-28 24:00:00", "2020-02-29 00:00:00.000000000"],
  ["yyyy-MM-dd HH:mm:ss", "2020-02-28 24:00:01", none],
  ["yyyy-MM-dd hh:mm:ss", "2020-02-28 11:05:06", "2020-02-28 00:05:06.000000000"],
  ["hh:mm a", "12:05 AM", "1970-01-01 00:05:00.000000000"],
  ["hh:mm a", "12:05 am", none],
  ["yy-M-d", "20-1-2", "2020-01-02 00:00:00.000000000"],
  ["uuuu-DDD", "2020-060", "2020-02-29 00:00:00.000000000"],
  ["uuuu-DDD", "2021-366", none],
  ["d MMM yyyy", "2 Sep 2020", "2020-09-02 00:00:00.000000000"],
  ["EEE, d MMMM yyyy", "Wed, 2 September 2020", "2020-09-02 00:00:00.000000000"],
  ["EEE, d MMMM yyyy", "Thu, 2 September 2020", none],
  ["yyyy", "12020", none],
  ["yyyy", "+12020", "12020-01-01 00:00:00.000000000"],
  ["yyyy-MM-dd'T'HH:mm:ssXXX", "2020-01-01T00:00:00+08:00", "2020-01-01 00:00:00.000000000"],
  ["YYYY-MM-dd", "2020-01-02", "1970-01-02 00:00:00.000000000"],
  ["yyyy-MM-dd[ HH:mm]", "2020-01-02", "2020-01-02 00:00:00.000000000"],
  ["yyyy-MM-dd[ HH:mm]", "2020-01-02 10:11", "2020-01-02 10:11:00.000000000"],
  ["SSSSSSS", "1234567", "1970-01-01 00:00:00.123456700"],
  ["y-M-d", "-5-1-2", none],
  ["HH:mm", "25:00", none],
  ["MM-dd", "02-30", none],
  ["yyyyMd", "2020112", none],
  ["Gyyyy", "AD2020", "2020-01-01 00:00:00.000000000"],
  ["H:m:s.n", "1:2:3.45", "1970-01-01 01:02:03.000000045"],
  ["A", "86399999", "1970-01-01 23:59:59.999000000"],
  ["yyyy-MM-dd", "2020-01-02 ", none],
])("%s reads '%s' as %s", (pattern, text, read) => {
  const nanos = localDateFormat(pattern).parse(text);
  expect(nanos === undefined ? nanos : formatTimestampText(nanos, 9)).toBe(read);
});

test.each([
  ["2020-1-5", "2020-01-05 00:00:00.000"],
  ["2020-01-05 1:2:3", "2020-01-05 01:02:03.000"],
  ["2020-01-05 01:02:03.4", "2020-01-05 01:02:03.400"],
  ["2020-01-05 01:02:03.", "2020-01-05 01:02:03.000"],
  ["2020-01-05 01:02", none],
  ["2020-01-05T01:02:03", none],
  ["abc", none],
])("timestamps are read without a pattern: '%s' as %s", (text, read) => {
  const nanos = defaultTimestampFormat().parse(text);
  expect(nanos === undefined ? nanos : formatTimestampText(nanos, 3)).toBe(read);
});
