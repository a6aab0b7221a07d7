/** Days, weeks and months of the calendar. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addMonths,
  dateOfDays,
  dayOfWeek,
  dayOfYear,
  daysOfDate,
  isoWeeks,
  sundayWeeks,
  weekOfDay,
} from "../../../../src/interpreter/values/calendar.ts";
import { parseDateText } from "../../../../src/interpreter/values/time-text.ts";

function days(text: string): number {
  return parseDateText(text) ?? Number.NaN;
}

test.each([
  ["2021-01-01", 2020, 53],
  ["2021-01-04", 2021, 1],
  ["2020-12-31", 2020, 53],
  ["2018-12-31", 2019, 1],
  ["2016-01-03", 2015, 53],
  ["1970-01-01", 1970, 1],
  ["1969-12-28", 1969, 52],
])("%s is in week %i of its year by ISO 8601", (text, year, week) => {
  expect(weekOfDay(days(text), isoWeeks)).toEqual({ year, week });
});

test.each([
  ["2021-01-01", 2021, 1],
  ["2021-01-03", 2021, 2],
  ["2020-12-27", 2021, 1],
  ["2020-12-26", 2020, 52],
])("%s is in week %i where weeks begin on Sunday", (text, year, week) => {
  expect(weekOfDay(days(text), sundayWeeks)).toEqual({ year, week });
});

test("a week has seven days, and the one of its Thursday is that of its year", () => {
  fc.assert(
    fc.property(fc.integer({ min: -800_000, max: 3_000_000 }), (day) => {
      const thursday = day - dayOfWeek(day) + 4;
      const { year } = dateOfDays(thursday);
      expect(weekOfDay(day, isoWeeks)).toEqual({ year, week: Math.ceil(dayOfYear(thursday) / 7) });
    }),
  );
});

test("days of the week and of the year are those of Date", () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (day) => {
      const date = new Date(day * 86_400_000);
      const newYear =
        Date.UTC(2000, 0, 1) +
        (daysOfDate({ year: date.getUTCFullYear(), month: 1, day: 1 }) - 10_957) * 86_400_000;
      expect(dayOfWeek(day)).toBe(date.getUTCDay() || 7);
      expect(dayOfYear(day)).toBe((date.getTime() - newYear) / 86_400_000 + 1);
    }),
  );
});

test.each([
  ["2020-01-31", 1, "2020-02-29"],
  ["2020-03-31", -1, "2020-02-29"],
  ["2019-12-31", 2, "2020-02-29"],
  ["2020-02-29", -12, "2019-02-28"],
  ["1970-01-15", -1, "1969-12-15"],
])("%s and %i months is %s", (from, months, to) => {
  expect(addMonths(days(from), months)).toBe(days(to));
});

test.each(["10000-01-01", "2021-02-29", "2020-00-01", "2020-13-01", "x", ""])("'%s' is no date", (text) => {
  expect(parseDateText(text)).toBeUndefined();
});
