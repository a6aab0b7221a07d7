/**
 * Every view of the flights, for all kinds of windows and all aggregates, is what DuckDB finds over the whole
 * file. The flights go the whole way: NDJSON, decoded, framed, logged, applied.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BodyEncoder } from "../../bench/engine/body-encoder.ts";
import { ndjsonBodies } from "../../bench/inputs/bodies.ts";
import { flightColumns, flights20kPath, readFlights20k } from "../../bench/inputs/flights.ts";
import { maxWatermark } from "../../src/engine/log/records.ts";
import { type JobBody, readJobDefinition } from "../../src/protocol/job-spec.ts";
import { PartitionHarness, releaseModule } from "../support/partition-harness.ts";
import { BatchOracle, type OracleRow } from "./batch-oracle.ts";

const flightsPerBody = 997;

const stream = { columns: flightColumns, eventTime: { column: "date", outOfOrderness: "5 min" } };

const everyAggregate: JobBody["aggregates"] = {
  flights: { function: "count" },
  measured: { function: "count", argument: ["case", [">", "delay", 0], "delay"] },
  total: { function: "sum", argument: "delay" },
  mean: { function: "avg", argument: "delay" },
  best: { function: "min", argument: "delay" },
  worst: { function: "max", argument: "delay" },
  first: { function: "first_value", argument: "delay" },
  last: { function: "last_value", argument: "distance" },
  nearest_name: { function: "min", argument: "destination" },
  farthest_name: { function: "max", argument: "destination" },
  first_name: { function: "first_value", argument: "destination" },
  last_name: { function: "last_value", argument: "destination" },
  pace: { function: "avg", argument: ["/", ["cast", "distance", "DOUBLE"], 8.5] },
  remainder: { function: "sum", argument: ["%", ["-", "delay", 3], 7] },
};

const few: JobBody["aggregates"] = {
  flights: { function: "count" },
  total: { function: "sum", argument: "delay" },
  worst: { function: "max", argument: "delay" },
};

const distinct = true;

const everyDistinct: JobBody["aggregates"] = {
  flights: { function: "count" },
  destinations: { function: "count", argument: "destination", distinct },
  delays: { function: "count", argument: ["case", [">", "delay", 0], "delay"], distinct },
  delay_sum: { function: "sum", argument: "delay", distinct },
  total: { function: "sum", argument: "delay" },
  pace: { function: "avg", argument: ["/", ["cast", "distance", "DOUBLE"], 8.5], distinct },
  worst: { function: "max", argument: "delay", distinct },
};

const doubles = ["mean", "pace"];

const jobs: Readonly<Record<string, Omit<JobBody, "source">>> = {
  "no window": { key: ["origin"], aggregates: everyAggregate },
  "no window, no key": { key: [], aggregates: everyAggregate },
  "no window, two keys": { key: ["origin", "destination"], aggregates: few },
  tumble: { key: ["origin"], window: { type: "tumble", size: "1h" }, aggregates: everyAggregate },
  "tumble with an offset": {
    key: ["origin"],
    window: { type: "tumble", size: "1d", offset: "5h 20min" },
    aggregates: everyAggregate,
  },
  "tumble with a negative offset, no key": {
    key: [],
    window: { type: "tumble", size: "7d", offset: "-8h" },
    aggregates: everyAggregate,
  },
  "distinct, no window": { key: ["origin"], aggregates: everyDistinct },
  "distinct, no window, no key": { key: [], aggregates: everyDistinct },
  "distinct, tumble": {
    key: ["origin"],
    window: { type: "tumble", size: "1d", offset: "2h" },
    aggregates: everyDistinct,
  },
  hop: {
    key: ["origin"],
    window: { type: "hop", size: "1d", slide: "6h" },
    aggregates: everyAggregate,
  },
  "hop with an offset, two keys": {
    key: ["destination", "origin"],
    window: { type: "hop", size: "14d", slide: "7d", offset: "1d 15min" },
    aggregates: few,
  },
  cumulate: {
    key: ["origin"],
    window: { type: "cumulate", size: "1d", step: "6h" },
    aggregates: everyAggregate,
  },
  "cumulate with an offset": {
    key: ["origin"],
    window: { type: "cumulate", size: "7d", step: "1d", offset: "-90min" },
    aggregates: everyAggregate,
  },
  "a filter and computed columns": {
    filter: ["and", ["<>", "destination", { literal: "LAX" }], ["between", "distance", 200, 2000]],
    columns: {
      is_late: [">", "delay", 15],
      haul: ["case", ["<", "distance", 500], 1, ["<", "distance", 1500], 2, 3],
    },
    key: ["haul"],
    window: { type: "tumble", size: "12h" },
    aggregates: {
      ...few,
      late: { function: "sum", argument: ["case", "is_late", 1, 0] },
      longest: { function: "max", argument: ["*", ["abs", "delay"], 2] },
    },
  },
};

let oracle: BatchOracle;

beforeAll(async () => {
  oracle = await BatchOracle.open({
    path: flights20kPath,
    fields: {
      date: "VARCHAR",
      delay: "INTEGER",
      distance: "INTEGER",
      origin: "VARCHAR",
      destination: "VARCHAR",
    },
    columns: { date: "strptime(date, '%Y/%m/%d %H:%M')" },
    eventTime: "date",
  });
});

afterAll(() => oracle.close());

describe.each([
  ["run straight", false],
  ["with checkpoints and crashes on the way", true],
])("%s", (_, isInterrupted) => {
  const harness = new PartitionHarness({ stream });

  beforeAll(() => {
    for (const [name, body] of Object.entries(jobs))
      harness.startJob(name, { source: "flights", ...body }, runOf(name));
    const encoder = new BodyEncoder(releaseModule, stream);
    ndjsonBodies(readFlights20k(), flightsPerBody).bodies.forEach((body, index) => {
      for (const { bytes } of encoder.encode(body)) {
        const [result] = harness.turn(() => harness.partition.append([harness.request(bytes)]));
        expect(result?.status).toBe("logged");
      }
      if (isInterrupted && index % 7 === 2) harness.checkpoint();
      if (isInterrupted && index % 5 === 1) harness.crash();
      harness.settle();
    });
    harness.turn(() => harness.partition.setWatermark(1, maxWatermark));
    harness.settle();
  }, 60_000);

  test.each(Object.keys(jobs))("%s", async (name) => {
    const body = { source: "flights", ...jobs[name] };
    const expected = byPlace(body as JobBody, await oracle.rowsOf(readJobDefinition(body)));
    const found = byPlace(
      body as JobBody,
      harness.scan(name, {}, runOf(name)).rows.map(({ values }) => withTimesInMs(values)),
    );
    expect(found.size).toBe(expected.size);
    for (const [place, row] of expected) expectSameRow(found.get(place), row, place);
    const status = harness.partition.status()?.jobs.find(({ job }) => job === name);
    expect(status?.counts.late).toBe(0);
  });
});

test("a difference of one flight would be seen", () => {
  const row = { origin: "SFO", flights: 3, mean: 1.5 };
  expect(() => expectSameRow({ ...row, flights: 4 }, row, "")).toThrow();
  expect(() => expectSameRow({ ...row, mean: 1.5000001 }, row, "")).toThrow();
  expect(() => expectSameRow(undefined, row, "")).toThrow();
  expectSameRow({ ...row, mean: 1.5 + 1e-12 }, row, "");
});

function runOf(name: string): number {
  return Object.keys(jobs).indexOf(name) + 1;
}

/** Rows by what tells them apart: key and window. */
function byPlace(job: JobBody, rows: readonly OracleRow[]): Map<string, OracleRow> {
  const names = [...job.key, ...(job.window ? ["window_start", "window_end"] : [])];
  return new Map(rows.map((row) => [JSON.stringify(names.map((name) => row[name])), row]));
}

function withTimesInMs(values: OracleRow): OracleRow {
  const { window_start: start, window_end: end } = values;
  if (start === undefined || end === undefined) return values;
  const ms = (text: unknown) => Date.parse(`${String(text).replace(" ", "T")}Z`);
  return { ...values, window_start: ms(start), window_end: ms(end) };
}

/** DOUBLE outputs within 1e-9 of each other, as windows add them slice by slice; everything else equal. */
function expectSameRow(found: OracleRow | undefined, expected: OracleRow, place: string): void {
  if (!found) throw new Error(`the row ${place} is missing`);
  for (const [name, value] of Object.entries(expected)) {
    const other = found[name];
    const isClose =
      doubles.includes(name) && Math.abs(Number(other) - Number(value)) <= 1e-9 * Math.abs(Number(value));
    if (other !== value && !isClose) throw new Error(`${place} ${name}: found ${other}, expected ${value}`);
  }
}
