/**
 * Time zones: from an instant to what clocks there show, and back.
 *
 * A zone is a name such as Asia/Tokyo, or an offset: UTC, GMT-08:00, +02:00. Where clocks jump ahead, a local
 * time in the gap is read with the offset from before it; where they are set back, a time that comes twice is
 * the first of the two.
 */
import { evaluationError } from "../scalar-function.ts";
import { nanosPerMilli } from "./sql-value.ts";

export interface TimeZone {
  /** Nanoseconds since 1970 as local clocks count them. */
  readonly localOfInstant: (nanos: bigint) => bigint;
  /** Nanoseconds since 1970 of UTC. */
  readonly instantOfLocal: (nanos: bigint) => bigint;
  /** The same, but the second of the two where a time comes twice. */
  readonly lastInstantOfLocal: (nanos: bigint) => bigint;
  /**
   * Up to which local time, in nanoseconds, all has been when it is such an instant: where clocks are about
   * to be set back, what comes again has not.
   */
  readonly localThrough: (nanos: bigint) => bigint;
}

const dayMillis = 86_400_000;
const nanosPerSecond = 1_000_000_000n;

/** Since 1973 offsets change only at the quarters of an hour. */
const quarterMillis = 900_000;
const quartersSince = 94_694_400_000;

/** Clocks are set back by no more. */
const setBackMillisMax = 3 * 3_600_000;

/** Offsets are known until there; before and after they are the same. */
const dateMillisMax = 8.64e15;

/** Quarters whose offset is remembered for a zone. */
const rememberedMax = 4096;

/** Returns a zone for many conversions: what it looked up once is remembered. */
export function timeZoneOf(name: string): TimeZone {
  const fixed = fixedOffset(name);
  if (fixed !== undefined) {
    const offset = BigInt(fixed) * nanosPerSecond;
    const [there, back] = [(nanos: bigint) => nanos + offset, (nanos: bigint) => nanos - offset];
    return { localOfInstant: there, instantOfLocal: back, lastInstantOfLocal: back, localThrough: there };
  }
  const offsetAt = rememberedOffsets(namedOffsets(name));
  const local = (nanos: bigint) => nanos + BigInt(offsetAt(millisOf(nanos))) * nanosPerSecond;
  const instantsOf = (nanos: bigint) => {
    const millis = millisOf(nanos);
    const offsets = [offsetAt(millis - dayMillis), offsetAt(millis + dayMillis)];
    const instants = offsets.map((offset) => nanos - BigInt(offset) * nanosPerSecond);
    const shown = instants.filter((instant) => local(instant) === nanos);
    return shown.length > 0 ? shown : instants.slice(0, 1);
  };
  return {
    localOfInstant: local,
    instantOfLocal: (nanos) => instantsOf(nanos)[0] as bigint,
    lastInstantOfLocal: (nanos) => instantsOf(nanos).at(-1) as bigint,
    localThrough: (nanos) => {
      const setBackAt = nextSetBack(offsetAt, millisOf(nanos));
      const shown = local(nanos);
      if (setBackAt === undefined) return shown;
      const before = local(BigInt(setBackAt) * nanosPerMilli) - 1n;
      return before < shown ? before : shown;
    },
  };
}

/** When clocks are set back next, within the hours by which they may be. */
function nextSetBack(offsetAt: OffsetAt, millis: number): number | undefined {
  const offset = offsetAt(millis);
  const first = Math.floor(millis / quarterMillis) + 1;
  for (let quarter = first; quarter * quarterMillis <= millis + setBackMillisMax; quarter++) {
    if (offsetAt(quarter * quarterMillis) < offset) return quarter * quarterMillis;
  }
  return undefined;
}

/** Returns what clocks in `zone` show at an instant. For many, prepare the zone by `timeZoneOf`. */
export function localOfInstant(nanos: bigint, zone: string): bigint {
  return timeZoneOf(zone).localOfInstant(nanos);
}

/** Returns the instant at which clocks in `zone` show `nanos`. For many, prepare the zone by `timeZoneOf`. */
export function instantOfLocal(nanos: bigint, zone: string): bigint {
  return timeZoneOf(zone).instantOfLocal(nanos);
}

function millisOf(nanos: bigint): number {
  const millis = nanos / nanosPerMilli;
  return Number(millis * nanosPerMilli > nanos ? millis - 1n : millis);
}

/** Seconds ahead of UTC; undefined for a name that is no offset. */
function fixedOffset(name: string): number | undefined {
  const match = /^(?:UTC|GMT|UT|Z)?(?:([+-])(\d{1,2})(?::?(\d\d)(?::?(\d\d))?)?)?$/.exec(name);
  if (!match || name === "") return undefined;
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return sign === "-" ? -offset : offset;
}

/** From milliseconds since 1970 to seconds ahead of UTC. */
type OffsetAt = (millis: number) => number;

function namedOffsets(name: string): OffsetAt {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      timeZoneName: "longOffset",
      year: "numeric",
    });
  } catch {
    throw evaluationError(
      `There is no time zone ${name}; expected one such as UTC, Asia/Tokyo or GMT-08:00.`,
    );
  }
  return (millis) => {
    const known = Math.max(-dateMillisMax, Math.min(dateMillisMax, millis));
    const written = format.formatToParts(known).find(({ type }) => type === "timeZoneName")?.value ?? "";
    return fixedOffset(written) ?? 0;
  };
}

function rememberedOffsets(offsetAt: OffsetAt): OffsetAt {
  const remembered = new Map<number, number>();
  return (millis) => {
    if (millis < quartersSince) return offsetAt(millis);
    const quarter = Math.floor(millis / quarterMillis);
    const known = remembered.get(quarter);
    if (known !== undefined) return known;
    const offset = offsetAt(millis);
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(quarter, offset);
    return offset;
  };
}
