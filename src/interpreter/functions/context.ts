/**
 * What belongs to the row's moment and not to its values: PROCTIME, CURRENT_TIMESTAMP, RAND, UUID….
 *
 * A seed gives its first number in every row: nothing is counted from row to row.
 */
import { type EvaluationContext, evaluationError, type ScalarFunction } from "../scalar-function.ts";
import { doubleShape, int, intShape, returns, returnsNotNull, stringShape, takes } from "../signatures.ts";
import type { SqlShape } from "../types/sql-type.ts";
import { splitTimestamp } from "../values/calendar.ts";
import { SeededRandom } from "../values/seeded-random.ts";
import { nanosPerMilli, type SqlValue } from "../values/sql-value.ts";
import { timeZoneOf } from "../values/time-zone.ts";
import { toHex } from "../values/value-json.ts";

const instantShape: SqlShape = Object.freeze({ name: "TIMESTAMP_LTZ", precision: 3 });

/** From nanoseconds since 1970, of UTC or of local time, to the value. */
type TimeValue = (nanos: bigint) => SqlValue;

/** A function without arguments whose value is of the moment. */
function ofMoment(
  name: string,
  shape: SqlShape,
  prepare: (context: EvaluationContext) => () => SqlValue,
): ScalarFunction {
  return {
    name,
    usage: `${name}()`,
    isVolatile: true,
    signatures: [takes([], returnsNotNull(shape))],
    prepare: ({ context }) => prepare(context),
  };
}

function now(context: EvaluationContext): bigint {
  return BigInt(Math.floor(context.moment.processingTime)) * nanosPerMilli;
}

function instantNow(name: string): ScalarFunction {
  return ofMoment(name, instantShape, (context) => () => now(context));
}

function localNow(name: string, shape: SqlShape, made: TimeValue): ScalarFunction {
  return ofMoment(name, shape, (context) => {
    const zone = timeZoneOf(context.timeZone);
    return () => made(zone.localOfInstant(now(context)));
  });
}

/** To the second, as the type says. */
function timeOfDay(nanos: bigint): number {
  return Number(splitTimestamp(nanos).nanosOfDay / 1_000_000_000n) * 1000;
}

const currentWatermark: Readonly<ScalarFunction> = {
  name: "CURRENT_WATERMARK",
  usage: "CURRENT_WATERMARK(rowtime)",
  isVolatile: true,
  takesNulls: true,
  signatures: [
    ({ types: [type, more] }) => {
      if (more || (type?.name !== "TIMESTAMP" && type?.name !== "TIMESTAMP_LTZ")) return undefined;
      if (type.precision > 3)
        return { refusal: "CURRENT_WATERMARK takes a time attribute: its precision is at most 3" };
      return { types: [type], type: { ...type, precision: 3, isNullable: true } };
    },
  ],
  prepare: ({ context: { moment } }) => {
    return () => (moment.watermark === null ? null : BigInt(moment.watermark) * nanosPerMilli);
  },
};

const rand: Readonly<ScalarFunction> = {
  name: "RAND",
  usage: "RAND([seed])",
  isVolatile: true,
  signatures: [takes([int], returns(doubleShape), { optional: 1 })],
  prepare: ({ context }) => {
    return (seed) =>
      seed === undefined ? context.moment.random() : new SeededRandom(seed as number).nextDouble();
  },
};

const randInteger: Readonly<ScalarFunction> = {
  name: "RAND_INTEGER",
  usage: "RAND_INTEGER([seed,] bound)",
  isVolatile: true,
  signatures: [takes([int], returns(intShape)), takes([int, int], returns(intShape))],
  prepare: ({ types, context }) => {
    const hasSeed = types.length === 2;
    return (...given) => {
      const bound = given.at(-1) as number;
      if (bound <= 0) throw evaluationError(`RAND_INTEGER has a bound of ${bound}, and it must be above 0.`);
      if (hasSeed) return new SeededRandom(given[0] as number).nextInt(bound);
      return Math.floor(context.moment.random() * bound);
    };
  },
};

/** Random but for the version, 4, and the variant. */
function uuid(random: () => number): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export const contextFunctions: readonly ScalarFunction[] = [
  instantNow("PROCTIME"),
  instantNow("CURRENT_TIMESTAMP"),
  instantNow("CURRENT_ROW_TIMESTAMP"),
  instantNow("NOW"),
  localNow("LOCALTIMESTAMP", { name: "TIMESTAMP", precision: 3 }, (nanos) => nanos),
  localNow("LOCALTIME", { name: "TIME", precision: 0 }, timeOfDay),
  localNow("CURRENT_TIME", { name: "TIME", precision: 0 }, timeOfDay),
  localNow("CURRENT_DATE", { name: "DATE" }, (nanos) => splitTimestamp(nanos).days),
  currentWatermark,
  rand,
  randInteger,
  ofMoment(
    "UUID",
    { name: "CHAR", length: 36 },
    ({ moment }) =>
      () =>
        uuid(moment.random),
  ),
  ofMoment("CURRENT_DATABASE", stringShape, () => () => "default_database"),
];
