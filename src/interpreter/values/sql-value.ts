/**
 * A value while a row is interpreted. Its type says how to read it:
 *
 *   BOOLEAN                        boolean
 *   TINYINT, SMALLINT, INT         number, whole
 *   BIGINT                         bigint
 *   FLOAT, DOUBLE                  number; a FLOAT is rounded to 32 bits
 *   DECIMAL(p, s)                  bigint: the value times 10^s
 *   CHAR, VARCHAR                  string; a CHAR is padded when it is cast, not here
 *   BINARY, VARBINARY              Uint8Array
 *   DATE                           number: days since 1970-01-01
 *   TIME                           number: milliseconds of the day
 *   TIMESTAMP, TIMESTAMP_LTZ       bigint: nanoseconds since 1970-01-01 00:00:00 (of UTC for LTZ)
 *   INTERVAL YEAR TO MONTH         number: months
 *   INTERVAL DAY TO SECOND         number: milliseconds
 *   ARRAY                          array
 *   MAP, MULTISET                  array of [key, value] pairs, each key once; a MULTISET's value is a count
 *   ROW                            array of its fields
 *
 * Null is null in all of them.
 */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array | readonly SqlValue[];

/** The values of a row by place. */
export type Row = readonly SqlValue[];

/** A pair of a MAP, or a value of a MULTISET and how often it is there. */
export type MapEntry = readonly [key: SqlValue, value: SqlValue];

/** Returns the pairs of a MAP or MULTISET. */
export function entriesOf(map: SqlValue): readonly MapEntry[] {
  return map as readonly SqlValue[] as readonly MapEntry[];
}

/** Nanoseconds in a millisecond: TIMESTAMP has the former, intervals and event times the latter. */
export const nanosPerMilli = 1_000_000n;
