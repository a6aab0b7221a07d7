/**
 * Time zones against instants that are known.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTimestampText } from "../../../../src/interpreter/values/time-text.ts";
import { instantOfLocal, localOfInstant, timeZoneOf } from "../../../../src/interpreter/values/time-zone.ts";

function nanosOf(text: string): bigint {
  return parseTimestampText(text) as bigint;
}

describe("an instant and what clocks show then", () => {
  test.each([
    ["UTC", "2021-09-24 23:54:56.1234567", "2021-09-24 23:54:56.1234567"],
    ["Asia/Shanghai", "2021-09-24 23:54:56.1234567", "2021-09-25 07:54:56.1234567"],
    ["Asia/Shanghai", "1900-01-01 00:00:00", "1900-01-01 08:05:43"],
    ["Asia/Kolkata", "2021-01-01 00:00:00", "2021-01-01 05:30:00"],
    ["GMT-08:00", "1970-01-01 00:00:01.123", "1969-12-31 16:00:01.123"],
    ["+02:00", "2021-01-01 00:00:00", "2021-01-01 02:00:00"],
    ["America/Los_Angeles", "1969-07-20 20:17:40", "1969-07-20 13:17:40"],
    ["Europe/Amsterdam", "2021-03-28 00:59:59", "2021-03-28 01:59:59"],
    ["Europe/Amsterdam", "2021-03-28 01:00:00", "2021-03-28 03:00:00"],
  ])("in %s %s is %s", (zone, instant, local) => {
    expect(localOfInstant(nanosOf(instant), zone)).toBe(nanosOf(local));
    expect(instantOfLocal(nanosOf(local), zone)).toBe(nanosOf(instant));
  });
});

test("a local time that clocks leave out is read with the offset from before", () => {
  expect(instantOfLocal(nanosOf("2021-03-28 02:30:00"), "Europe/Amsterdam")).toBe(
    nanosOf("2021-03-28 01:30:00"),
  );
});

test("a local time that comes twice is the first", () => {
  expect(instantOfLocal(nanosOf("2021-10-31 02:30:00"), "Europe/Amsterdam")).toBe(
    nanosOf("2021-10-31 00:30:00"),
  );
});

test("what clocks show is an instant at which they show it", () => {
  const zone = timeZoneOf("America/New_York");
  fc.assert(
    fc.property(fc.bigInt(-4_000_000_000_000_000_000n, 8_000_000_000_000_000_000n), (nanos) => {
      const local = zone.localOfInstant(nanos);
      expect(zone.localOfInstant(zone.instantOfLocal(local))).toBe(local);
    }),
  );
});

test("a local time that comes twice has been when it came again", () => {
  const zone = timeZoneOf("Europe/Amsterdam");
  expect(zone.lastInstantOfLocal(nanosOf("2021-10-31 02:30:00"))).toBe(nanosOf("2021-10-31 01:30:00"));
  expect(zone.lastInstantOfLocal(nanosOf("2021-10-31 03:30:00"))).toBe(nanosOf("2021-10-31 02:30:00"));
  expect(zone.localThrough(nanosOf("2021-10-31 00:30:00"))).toBe(nanosOf("2021-10-31 02:00:00") - 1n);
  expect(zone.localThrough(nanosOf("2021-10-31 01:30:00"))).toBe(nanosOf("2021-10-31 02:30:00"));
});

test("how far local time is never goes back", () => {
  const zone = timeZoneOf("America/New_York");
  const from = nanosOf("2024-11-03 00:00:00");
  const minutes = fc.integer({ min: 0, max: 12 * 60 });
  fc.assert(
    fc.property(minutes, minutes, (one, other) => {
      const [first, second] = [Math.min(one, other), Math.max(one, other)].map((minute) =>
        zone.localThrough(from + BigInt(minute) * 60_000_000_000n),
      );
      expect(first).toBeLessThanOrEqual(second as bigint);
    }),
  );
});

test("a zone that is not there has no value", () => {
  expect(() => timeZoneOf("Asia/Nowhere")).toThrow("There is no time zone Asia/Nowhere");
});
