/**
 * Times from texts and numbers, and texts of times: TO_TIMESTAMP, DATE_FORMAT, FROM_UNIXTIME….
 *
 * Functions from text give null for a text that is no time. A pattern that is none is an error of the row.
 */
import { evaluationError, type ScalarFunction, type Signature } from "../../scalar-function.ts";
import {
  bigint,
  bigintShape,
  numeric,
  oneOf,
  returns,
  returnsNotNull,
  returnsNullable,
  stringShape,
  takes,
  text,
  wholeNumber,
} from "../../signatures.ts";
import type { SqlShape, SqlType } from "../../types/sql-type.ts";
import { joinTimestamp, splitTimestamp } from "../../values/calendar.ts";
import { keepingLast } from "../../values/date-pattern.ts";
import { lenientDateFormat } from "../../values/lenient-date-format.ts";
import { defaultTimestampFormat, localDateFormat } from "../../values/local-date-format.ts";
import { nanosPerMilli, type SqlValue } from "../../values/sql-value.ts";
import { localNanosOf } from "../../values/temporal-value.ts";
import { cutTimestamp, formatTimestampText, parseDateText } from "../../values/time-text.ts";
import { timeZoneOf } from "../../values/time-zone.ts";

const timestampShape: SqlShape = Object.freeze({ name: "TIMESTAMP", precision: 3 });
const instantShape: SqlShape = Object.freeze({ name: "TIMESTAMP_LTZ", precision: 3 });

const defaultPattern = "yyyy-MM-dd HH:mm:ss";
const nanosPerSecond = 1_000_000_000n;

/** Timestamps from numbers and texts are from year 0 to 9999. */
const millisLeast = -62_167_219_200_000n;
const millisLargest = 253_402_300_799_999n;

const dateFormat: Readonly<ScalarFunction> = {
  name: "DATE_FORMAT",
  usage: "DATE_FORMAT(timestamp, pattern)",
  signatures: [
    takes(
      [oneOf(["TIMESTAMP", "TIMESTAMP_LTZ", "DATE"], timestampShape), text],
      returnsNullable(stringShape),
    ),
    takes([text, text], returnsNullable(stringShape)),
  ],
  prepare: ({ types: [type], context }) => {
    if (type?.name === "TIMESTAMP" || type?.name === "TIMESTAMP_LTZ") {
      const [formatOf, nanosOf] = [keepingLast(localDateFormat), localNanosOf(type, context.timeZone)];
      return (time, pattern) => formatOf(pattern as string).format(nanosOf(time));
    }
    const formatOf = keepingLast((pattern) => lenientDateFormat(pattern, "UTC"));
    if (type?.name === "DATE") {
      return (days, pattern) => formatOf(pattern as string).format(joinTimestamp(days as number, 0n));
    }
    const read = lenientDateFormat(defaultPattern, "UTC");
    return (written, pattern) => {
      const nanos = read.parse(written as string);
      return nanos === undefined ? null : formatOf(pattern as string).format(nanos);
    };
  },
};

const toDate: Readonly<ScalarFunction> = {
  name: "TO_DATE",
  usage: "TO_DATE(text [, pattern])",
  signatures: [takes([text, text], returnsNullable({ name: "DATE" }), { optional: 1 })],
  prepare: () => {
    const formatOf = keepingLast((pattern) => lenientDateFormat(pattern, "UTC"));
    return (written, pattern) => {
      if (pattern === undefined) return parseDateText(dateWithin(written as string)) ?? null;
      const nanos = formatOf(pattern as string).parse(written as string);
      return nanos === undefined ? null : splitTimestamp(nanos).days;
    };
  },
};

/** What stands before the time. */
function dateWithin(written: string): string {
  const space = written.indexOf(" ");
  return space > 0 ? written.slice(0, space) : written;
}

type TimestampReader = (written: string, pattern: string | undefined) => bigint | null;

/** Reads local times to the millisecond. */
function timestampReader(): TimestampReader {
  const usual = defaultTimestampFormat();
  const formatOf = keepingLast(localDateFormat);
  return (written, pattern) => {
    const nanos = pattern === undefined ? usual.parse(written) : formatOf(pattern).parse(written);
    const read = nanos ?? (pattern === undefined ? undefined : plainTimestamp(written));
    return read === undefined ? null : cutTimestamp(read, 3);
  };
}

/** A text that does not fit its pattern is still read as `yyyy-M-d` or `yyyy-M-d H:m:s[.fraction]`. */
function plainTimestamp(written: string): bigint | undefined {
  const match = /^(\d{4}-\d\d?-\d\d?)(?: (\d{1,2}:\d{1,2}:\d{1,2})(?:\.(\d{1,9}))?)?$/.exec(written.trim());
  if (!match) return undefined;
  const [, date = "", time = "0:0:0", fraction = ""] = match;
  const [, month = 0, day = 0] = date.split("-").map(Number);
  if (month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const seconds = lenientDateFormat(defaultPattern, "UTC").parse(`${date} ${time}`);
  return seconds === undefined ? undefined : seconds + BigInt(fraction.padEnd(9, "0"));
}

const toTimestamp: Readonly<ScalarFunction> = {
  name: "TO_TIMESTAMP",
  usage: "TO_TIMESTAMP(text [, pattern])",
  signatures: [takes([text, text], returnsNullable(timestampShape), { optional: 1 })],
  prepare: () => {
    const read = timestampReader();
    return (written, pattern) => read(written as string, pattern as string | undefined);
  },
};

/** 0 is of seconds, 3 of milliseconds. */
const precisionRule: Signature = ({ types: [epoch, precision, more], constants: [, constant] }) => {
  const [takenEpoch, takenPrecision] = [
    epoch && numeric(epoch, undefined),
    precision && wholeNumber(precision, undefined),
  ];
  if (!takenEpoch || !takenPrecision || more || takenPrecision.name === "BIGINT") return undefined;
  if (typeof constant === "number" && constant !== 0 && constant !== 3)
    return { refusal: precisionError(constant) };
  return {
    types: [takenEpoch, { ...takenPrecision, name: "INT" }],
    type: { ...instantShape, isNullable: true },
  };
};

function precisionError(precision: SqlValue | undefined): string {
  return `TO_TIMESTAMP_LTZ has no precision ${precision}; 0 is for seconds, 3 for milliseconds`;
}

function instantOfEpoch(epoch: SqlValue, type: SqlType, precision: SqlValue | undefined): bigint | null {
  if (precision !== 0 && precision !== 3) throw evaluationError(`${precisionError(precision)}.`);
  const factor = precision === 0 ? 1000 : 1;
  const millis =
    type.name === "FLOAT" || type.name === "DOUBLE"
      ? wholeOf((epoch as number) * factor)
      : type.name === "DECIMAL"
        ? ((epoch as bigint) / 10n ** BigInt(type.scale)) * BigInt(factor)
        : BigInt(epoch as number | bigint) * BigInt(factor);
  return millis < millisLeast || millis > millisLargest ? null : millis * nanosPerMilli;
}

/** NaN is 0; what is too large is beyond all timestamps. */
function wholeOf(value: number): bigint {
  if (Number.isNaN(value)) return 0n;
  return BigInt(Math.trunc(Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)));
}

const toInstant: Readonly<ScalarFunction> = {
  name: "TO_TIMESTAMP_LTZ",
  usage: "TO_TIMESTAMP_LTZ(number [, precision]), TO_TIMESTAMP_LTZ(text [, pattern [, time zone]])",
  signatures: [
    takes([numeric], returnsNullable(instantShape)),
    precisionRule,
    takes([text, text, text], returnsNullable(instantShape), { optional: 2 }),
  ],
  prepare: ({ types: [type] }) => {
    const from = type as SqlType;
    if (from.name !== "CHAR" && from.name !== "VARCHAR") {
      return (epoch, precision = 3) => instantOfEpoch(epoch as SqlValue, from, precision);
    }
    const read = timestampReader();
    const zoneOf = keepingLast(knownZone);
    return (written, pattern, zone = "UTC") => {
      const local = read(written as string, pattern as string | undefined);
      return local === null ? null : (zoneOf(zone as string)?.instantOfLocal(local) ?? null);
    };
  },
};

/** Undefined for a name that is of no zone. */
function knownZone(name: string) {
  try {
    return timeZoneOf(name);
  } catch {
    return undefined;
  }
}

const fromUnixTime: Readonly<ScalarFunction> = {
  name: "FROM_UNIXTIME",
  usage: "FROM_UNIXTIME(seconds [, pattern])",
  signatures: [takes([wholeNumbers, text], returnsNullable(stringShape), { optional: 1 })],
  prepare: ({ context }) => {
    const formatOf = keepingLast((pattern) => lenientDateFormat(pattern, context.timeZone));
    return (seconds, pattern = defaultPattern) =>
      formatOf(pattern as string).format((seconds as bigint) * nanosPerSecond);
  },
};

/** A whole number as a BIGINT. */
function wholeNumbers(type: SqlType): SqlType | undefined {
  return wholeNumber(type, undefined) && bigint(type, undefined);
}

/** What Flink gives for a text that is no time. */
const noSeconds = -(2n ** 63n);

const unixTimestamp: Readonly<ScalarFunction> = {
  name: "UNIX_TIMESTAMP",
  usage: "UNIX_TIMESTAMP([text [, pattern]])",
  isVolatile: true,
  signatures: [
    takes([], returnsNotNull(bigintShape)),
    takes([text, text], returns(bigintShape), { optional: 1 }),
  ],
  prepare: ({ context }) => {
    const formatOf = keepingLast((pattern) => lenientDateFormat(pattern, context.timeZone));
    return (written, pattern = defaultPattern) => {
      if (written === undefined) return BigInt(Math.floor(context.moment.processingTime / 1000));
      return (
        (formatOf(pattern as string).parse(written as string) ?? noSeconds * nanosPerSecond) / nanosPerSecond
      );
    };
  },
};

const convertZone: Readonly<ScalarFunction> = {
  name: "CONVERT_TZ",
  usage: "CONVERT_TZ(text, from time zone, to time zone)",
  signatures: [takes([text, text, text], returnsNullable(stringShape))],
  prepare: () => {
    // A zone that is not known is UTC, as in Flink.
    const zoneNamed = (name: string) => (knownZone(name) ? name : "UTC");
    const readOf = keepingLast((zone) => lenientDateFormat(defaultPattern, zoneNamed(zone)));
    const zoneOf = keepingLast((zone) => timeZoneOf(zoneNamed(zone)));
    return (written, from, to) => {
      const nanos = readOf(from as string).parse(written as string);
      return nanos === undefined ? null : formatTimestampText(zoneOf(to as string).localOfInstant(nanos), 0);
    };
  },
};

export const timeConversionFunctions: readonly ScalarFunction[] = [
  dateFormat,
  toDate,
  toTimestamp,
  toInstant,
  fromUnixTime,
  unixTimestamp,
  convertZone,
];
