/** Patterns of Java's SimpleDateFormat: what they write and what they read, as Java does. */
import { expect, test } from "vitest";
import { lenientDateFormat } from "../../../../src/interpreter/values/lenient-date-format.ts";
import { formatTimestampText, parseTimestampText } from "../../../../src/interpreter/values/time-text.ts";

test.each([
  ["G y yy yyyy yyyyy YYYY", "AD 2021 21 2021 02021 2021"],
  ["M MM MMM MMMM LLL", "3 03 Mar March Mar"],
  ["w ww W D DDD d dd F", "10 10 1 63 063 4 04 1"],
  ["E EEEE u a aa", "Thu Thursday 4 PM PM"],
  ["H k K h m s S SSSS HHH", "23 23 11 11 6 7 89 0089 023"],
  ["zzzz Z X XX XXX", "China Standard Time +0800 +08 +0800 +08:00"],
  ["'T' '' [yyyy]", "T ' [2021]"],
])("%s writes %s", (pattern, text) => {
  const instant = parseTimestampText("2021-03-04 15:06:07.089") ?? 0n;
  expect(lenientDateFormat(pattern, "Asia/Shanghai").format(instant)).toBe(text);
});

test.each(["b", "n", "XXXX", "'open"])("%s is no pattern", (pattern) => {
  expect(() => lenientDateFormat(pattern, "UTC")).toThrow(/no pattern of dates/);
});

const none = undefined;

test.each([
  ["yyyy-MM-dd HH:mm:ss", "2018-3-4 1:2:3", "2018-03-04 01:02:03.000"],
  ["yyyy-MM-dd HH:mm:ss", "2018-13-32 25:61:61 rest", "2019-02-02 02:02:01.000"],
  ["yyyy-MM-dd HH:mm:ss", "2018-03-04", none],
  ["yyyyMMdd", "20200102", "2020-01-02 00:00:00.000"],
  ["yyyyMMdd", "2020123", "2020-12-03 00:00:00.000"],
  ["yyyyMMddHHmmss", "202001021213", none],
  ["yy-MM-dd", "20-01-02", "2020-01-02 00:00:00.000"],
  ["yy-MM-dd", "2020-01-02", "2020-01-02 00:00:00.000"],
  ["yyyy-MM-dd", "2020--5-01", "2019-07-01 00:00:00.000"],
  ["yyyy-MM-dd", " 2018-03-04", "2018-03-04 00:00:00.000"],
  ["yyyy-MM-dd", "2018 - 03-04", none],
  ["yyyy-MM-dd", "2018- 03- 04", "2018-03-04 00:00:00.000"],
  ["d MMM yyyy", "2 SEP 2020", "2020-09-02 00:00:00.000"],
  ["d MMM yyyy", "2 September 2020", "2020-09-02 00:00:00.000"],
  ["EEE d MMM yyyy", "Mon 2 Sep 2020", "2020-09-02 00:00:00.000"],
  ["HH:mm:ss.SSS", "01:02:03.5", "1970-01-01 01:02:03.005"],
  ["HH:mm:ss.S", "01:02:03.1234", "1970-01-01 01:02:04.234"],
  ["hh:mm a", "12:05 pm", "1970-01-01 12:05:00.000"],
  ["hh:mm", "12:05", "1970-01-01 00:05:00.000"],
  ["yyyy-DDD", "2020-060", "2020-02-29 00:00:00.000"],
  ["yyyy-MM-dd kk", "2020-01-01 24", "2020-01-01 00:00:00.000"],
  ["yyyy-MM-dd'T'HH:mm:ssX", "2020-01-01T00:00:00+08", "2019-12-31 16:00:00.000"],
  ["yyyy-MM-dd'T'HH:mm:ssXXX", "2020-01-01T00:00:00Z", "2020-01-01 00:00:00.000"],
  ["yyyy-MM-dd HH:mm:ss Z", "2020-01-01 00:00:00 +0800", "2019-12-31 16:00:00.000"],
  ["yyyy-MM-dd HH:mm:ss z", "2020-01-01 00:00:00 GMT+08:00", "2019-12-31 16:00:00.000"],
  ["yyyy-MM-dd", "99999999999-01-01", none],
])("%s reads '%s' as %s", (pattern, text, read) => {
  const nanos = lenientDateFormat(pattern, "UTC").parse(text);
  expect(nanos === undefined ? nanos : formatTimestampText(nanos, 3)).toBe(read);
});

test.each([
  ["2005-03-27 02:30:00", "2005-03-27 01:30:00"],
  ["2005-10-30 02:30:00", "2005-10-30 01:30:00"],
  ["2005-10-30 01:30:00", "2005-10-29 23:30:00"],
  ["2005-10-30 03:00:00", "2005-10-30 02:00:00"],
])("where clocks are set back %s is the second of two instants, %s", (local, instant) => {
  const nanos = lenientDateFormat("yyyy-MM-dd HH:mm:ss", "Europe/Amsterdam").parse(local);
  expect(formatTimestampText(nanos ?? 0n, 0)).toBe(instant);
});
