/**
 * Options of a session: what SET takes, with their defaults and how they are read.
 */

import { EngineError } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import { timeZoneOf } from "../../interpreter/values/time-zone.ts";

/** What was set, by key. */
export type SessionOptions = Readonly<Record<string, string>>;

interface OptionFacts {
  readonly default: string;
  readonly help: string;
  /** What is expected, where `value` is not it. */
  readonly check: (value: string) => string | undefined;
}

function oneOf(...values: readonly string[]) {
  return (value: string) => (values.includes(value.toUpperCase()) ? undefined : values.join(" or "));
}

const truth = oneOf("TRUE", "FALSE");

function duration(value: string): string | undefined {
  return parseDuration(value) === undefined ? "a duration such as 10 s, 5 min, 1 d" : undefined;
}

function number(value: string): string | undefined {
  return /^\d+$/.test(value.trim()) ? undefined : "a whole number";
}

function count(value: string): string | undefined {
  return /^[1-9]\d{0,8}$/.test(value.trim()) ? undefined : "a whole number from 1";
}

function zone(value: string): string | undefined {
  try {
    timeZoneOf(value).localOfInstant(0n);
    return undefined;
  } catch {
    return "a time zone such as UTC, Europe/Berlin or +02:00";
  }
}

export const sessionOptions: Readonly<Record<string, OptionFacts>> = Object.freeze({
  "table.local-time-zone": {
    default: "UTC",
    help: "The zone in which TIMESTAMP_LTZ is read and shown.",
    check: zone,
  },
  "table.exec.state.ttl": {
    default: "0 s",
    help: "State of continuous aggregates that did not change for so long is forgotten; 0: never.",
    check: duration,
  },
  "table.exec.mini-batch.enabled": {
    default: "false",
    help: "Folds the changes of one frame to one for each key, and lets GROUP BY have two phases.",
    check: truth,
  },
  "table.exec.mini-batch.allow-latency": {
    default: "0 s",
    help: "Taken, and without effect: a frame is the batch.",
    check: duration,
  },
  "table.exec.mini-batch.size": {
    default: "-1",
    help: "Taken, and without effect: a frame is the batch.",
    check: (value) => (/^-?\d+$/.test(value) ? undefined : "a whole number"),
  },
  "table.exec.sink.not-null-enforcer": {
    default: "ERROR",
    help: "What a null in a NOT NULL column does: ERROR fails the job, DROP leaves the row out.",
    check: oneOf("ERROR", "DROP"),
  },
  "table.exec.sink.type-length-enforcer": {
    default: "IGNORE",
    help: "What a value of another length does in CHAR(n), VARCHAR(n), BINARY(n), VARBINARY(n).",
    check: oneOf("IGNORE", "TRIM_PAD", "ERROR"),
  },
  "table.exec.sink.nested-constraint-enforcer": {
    default: "IGNORE",
    help: "Whether NOT NULL and lengths within ROW, ARRAY and MAP are looked at.",
    check: oneOf("IGNORE", "ROWS", "ROWS_AND_COLLECTIONS"),
  },
  "table.exec.sort.non-temporal.enabled": {
    default: "false",
    help: "Allows ORDER BY anything: rows come in order when the input ends.",
    check: truth,
  },
  "table.optimizer.agg-phase-strategy": {
    default: "AUTO",
    help: "Whether rows are added up before they travel, where it changes no result; ONE_PHASE: never.",
    check: oneOf("AUTO", "ONE_PHASE", "TWO_PHASE"),
  },
  "table.optimizer.distinct-agg.split.enabled": {
    default: "false",
    help: "Spreads the distinct values of one key over partitions, by buckets.",
    check: truth,
  },
  "table.optimizer.distinct-agg.split.bucket-num": {
    default: "1024",
    help: "Buckets of the distinct values of a key.",
    check: count,
  },
  "parallelism.default": {
    default: "0",
    help: "Partitions of stages behind an exchange; 0: as many as the source has shards.",
    check: number,
  },
  "pipeline.name": { default: "", help: "The name of the next job.", check: () => undefined },
  "execution.runtime-mode": {
    default: "STREAMING",
    help: "BATCH: a query over a stream is about what is retained of it, and its answer ends.",
    check: oneOf("STREAMING", "BATCH"),
  },
  "execution.state-recovery.path": {
    default: "",
    help: "The number of the savepoint that the next job begins with.",
    check: () => undefined,
  },
});

/** Flink's names for the same. */
const otherNames: Readonly<Record<string, string>> = Object.freeze({
  "__table.exec.sort.non-temporal.enabled__": "table.exec.sort.non-temporal.enabled",
  "table.exec.resource.default-parallelism": "parallelism.default",
  "execution.savepoint.path": "execution.state-recovery.path",
});

/** Returns the key under which an option is kept; throws SQL_INVALID for one that is not known. */
export function optionKey(key: string): string {
  const known = otherNames[key] ?? key;
  if (sessionOptions[known]) return known;
  const suggestion = suggestName(key, Object.keys(sessionOptions));
  const remedy = suggestion === "" ? "; SET alone lists all." : suggestion;
  throw new EngineError("SQL_INVALID", { message: `There is no option '${key}'${remedy}` });
}

/** Checks a value of an option; throws SQL_INVALID where it is none. */
export function checkOption(key: string, value: string): void {
  const expected = sessionOptions[optionKey(key)]?.check(value);
  if (expected === undefined) return;
  throw new EngineError("SQL_INVALID", { message: `'${key}' is '${value}', expected ${expected}.` });
}

/** The value of an option, or its default. */
export function optionOf(options: SessionOptions, key: string): string {
  return options[key] ?? sessionOptions[key]?.default ?? "";
}

export function isSet(options: SessionOptions, key: string): boolean {
  return optionOf(options, key).toUpperCase() === "TRUE";
}

const unitMillis: Readonly<Record<string, number>> = Object.freeze({
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
});

const unitNames: Readonly<Record<string, string>> = Object.freeze({
  "": "ms",
  milli: "ms",
  millis: "ms",
  millisecond: "ms",
  milliseconds: "ms",
  sec: "s",
  secs: "s",
  second: "s",
  seconds: "s",
  m: "min",
  minute: "min",
  minutes: "min",
  hour: "h",
  hours: "h",
  day: "d",
  days: "d",
});

/** Reads a duration as Flink's options have it, such as `10 s` or `5min`, in milliseconds. */
export function parseDuration(text: string): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text);
  if (!match) return undefined;
  const written = (match[2] ?? "").toLowerCase();
  const factor = unitMillis[unitNames[written] ?? written];
  return factor === undefined ? undefined : Number(match[1]) * factor;
}
