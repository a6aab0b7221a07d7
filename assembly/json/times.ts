/**
 * Dates and timestamps in text.
 *
 *     DATE       yyyy-MM-dd
 *     TIMESTAMP  yyyy-MM-dd HH:mm[:ss[.S…]][Z | ±HH:mm], `T` or `t` for the space as in RFC 3339
 *
 * Slashes may stand for both hyphens of the date. Without a zone the time is UTC; with an offset it is
 * converted. Digits behind milliseconds are dropped. The calendar is the proleptic Gregorian one, years
 * 0000 to 9999.
 */
import { JSON_EXPECTED_RANGE, JSON_EXPECTED_TYPE } from "./abi";
import { COLON, isDigit, MINUS, PLUS, POINT, QUOTE, SLASH } from "./characters";
import { fail } from "./fault";
import { stringRead } from "./strings";

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;
/** What the date and the time of a text become where it is malformed, or names no day or time that exists. */
const MALFORMED: i64 = i64.MIN_VALUE;
const IMPOSSIBLE: i64 = i64.MIN_VALUE + 1;

const text = memory.data(8, 8);

/** Reads a string with a date, and stores days since 1970; returns the address behind it, or 0. */
export function dateRead(at: usize, lane: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) return fail(JSON_EXPECTED_TYPE, at);
  const next = stringRead(at, text);
  if (!next) return 0;
  const days = load<u32>(text, 4) == 10 ? daysOf(load<u32>(text)) : MALFORMED;
  return storeKnown(days, at, lane) ? next : 0;
}

/**
 * Reads a string with a timestamp, and stores milliseconds since 1970; returns the address behind it, or 0.
 */
export function timestampTextRead(at: usize, lane: usize): usize {
  const next = stringRead(at, text);
  if (!next) return 0;
  const start = <usize>load<u32>(text);
  const bytes = load<u32>(text, 4);
  const days = bytes < 16 ? MALFORMED : daysOf(start);
  if (days <= IMPOSSIBLE) return storeKnown(days, at, lane);
  const separator = <u32>load<u8>(start, 10);
  const isSeparated = separator == 0x20 || (separator | 0x20) == 0x74;
  const time = isSeparated ? timeOf(start + 11, start + bytes) : MALFORMED;
  return storeKnown(time <= IMPOSSIBLE ? time : days * DAY + time, at, lane) ? next : 0;
}

function storeKnown(value: i64, at: usize, lane: usize): usize {
  if (value == MALFORMED) return fail(JSON_EXPECTED_TYPE, at);
  if (value == IMPOSSIBLE) return fail(JSON_EXPECTED_RANGE, at);
  store<i64>(lane, value);
  return at;
}

/** Returns the value of two digits, 255 where they are none. */
@inline
function twoDigits(at: usize): u32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at, 1) - 0x30;
  return tens > 9 || ones > 9 ? 255 : tens * 10 + ones;
}

/** Returns the days since 1970 of the ten bytes of a date. */
function daysOf(at: usize): i64 {
  const century = twoDigits(at);
  const yearOfCentury = twoDigits(at + 2);
  const month = twoDigits(at + 5);
  const day = twoDigits(at + 8);
  const separator = <u32>load<u8>(at, 4);
  if (separator != <u32>load<u8>(at, 7) || (separator != MINUS && separator != SLASH)) return MALFORMED;
  if (max(max(century, yearOfCentury), max(month, day)) == 255) return MALFORMED;
  const year = <i32>(century * 100 + yearOfCentury);
  if (month - 1 > 11 || day - 1 >= daysInMonth(year, month)) return IMPOSSIBLE;
  // Years that begin in March put the leap day at their end; an era is 400 of them.
  const yearFromMarch = year - i32(month < 3);
  const era = (yearFromMarch + 400) / 400 - 1;
  const yearOfEra = yearFromMarch - era * 400;
  const monthFromMarch = <i32>month + (month < 3 ? 9 : -3);
  const dayOfYear = (153 * monthFromMarch + 2) / 5 + <i32>day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return <i64>(era * 146_097 + dayOfEra - 719_468);
}

@inline
function daysInMonth(year: i32, month: u32): u32 {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

/** Returns the milliseconds since midnight UTC of the text from the hours on. */
function timeOf(at: usize, end: usize): i64 {
  const hour = twoDigits(at);
  const minute = twoDigits(at + 3);
  if (hour == 255 || minute == 255 || <u32>load<u8>(at, 2) != COLON) return MALFORMED;
  let isPossible = hour < 24 && minute < 60;
  let time = (<i64>hour * 60 + <i64>minute) * MINUTE;
  at += 5;
  if (<u32>load<u8>(at) == COLON) {
    const second = twoDigits(at + 1);
    if (second == 255) return MALFORMED;
    isPossible = isPossible && second < 60;
    time += <i64>second * 1000;
    at += 3;
    if (<u32>load<u8>(at) == POINT) {
      const digits = at + 1;
      for (at = digits; isDigit(<u32>load<u8>(at)); at++) {
        const unit = at - digits < 3 ? <i64>(at == digits ? 100 : at == digits + 1 ? 10 : 1) : 0;
        time += <i64>(load<u8>(at) - 0x30) * unit;
      }
      if (at == digits) return MALFORMED;
    }
  }
  if (at < end) {
    const zone = <u32>load<u8>(at);
    if ((zone | 0x20) == 0x7a) {
      at++;
    } else if (zone == PLUS || zone == MINUS) {
      const hours = twoDigits(at + 1);
      const minutes = twoDigits(at + 4);
      if (hours == 255 || minutes == 255 || <u32>load<u8>(at, 3) != COLON) return MALFORMED;
      isPossible = isPossible && hours < 24 && minutes < 60;
      const offset = (<i64>hours * 60 + <i64>minutes) * MINUTE;
      time += zone == PLUS ? 0 - offset : offset;
      at += 6;
    }
  }
  if (at != end) return MALFORMED;
  return isPossible ? time : IMPOSSIBLE;
}
