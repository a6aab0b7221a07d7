/**
 * Three million real records, the US flights of 2001: count, sum and worst delay by origin and day.
 *
 * DuckDB parses the dates as text, as Millrace does.
 */
import { MiB } from "../../src/base/limits.ts";
import type { Bench } from "../harness/bench.ts";
import { roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { type Flight, flightColumns, readFlights3m } from "../inputs/flights.ts";
import { runTumblingContest } from "./tumbling-contest.ts";

const windowMs = 86_400_000;
const flightsMax = 3_000_000;
const eventsPerBody = 8000;

export const flightsTumble: Bench = {
  name: "flights-tumble",
  question: "3 million US flights, NDJSON to flights, total and worst delay by origin and day, one core",
  async run(context) {
    const { isSmoke, note } = context;
    note("reading the flights");
    const flights: Flight[] = [];
    for await (const some of readFlights3m(isSmoke ? 2000 : flightsMax)) {
      for (const flight of some) flights.push(flight);
    }
    const input = ndjsonBodies(flights, eventsPerBody);
    flights.length = 0;
    const result = await runTumblingContest({
      label: "flights",
      input,
      stream: { columns: flightColumns, eventTime: { column: "date", outOfOrderness: 0 } },
      job: {
        source: "flights",
        key: ["origin"],
        window: { type: "tumble", size: windowMs },
        aggregates: {
          count: { function: "count" },
          sum: { function: "sum", argument: "delay" },
          max: { function: "max", argument: "delay" },
        },
      },
      pageBudgetBytes: 32 * MiB,
      key: "origin",
      duck: {
        columns: { date: "VARCHAR", delay: "INTEGER", origin: "VARCHAR" },
        key: "origin",
        time: "epoch_ms(strptime(date, '%Y/%m/%d %H:%M'))",
        value: "delay",
        windowMs,
      },
      ...(isSmoke ? {} : { recorded: "39952 rows b4da0bba2b337252" }),
      rounds: roundsFor(context),
    });
    const bytesPerRecord = Math.round(input.bytes / input.events);
    return { settings: { flights: input.events, eventsPerBody, windowMs, bytesPerRecord }, ...result };
  },
};
