/**
 * The same question over wide records: thirty fields, of which the stream declares the three that the job
 * uses.
 */
import { MiB } from "../../src/base/limits.ts";
import type { Bench } from "../harness/bench.ts";
import { roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickColumns } from "../inputs/click-events.ts";
import { wideEvents } from "../inputs/wide-events.ts";
import { javaScriptRows, tumbleInJavaScript } from "../peers/javascript-tumbling.ts";
import { duckClicks, tumblingJob } from "./ndjson-tumble.ts";
import { runTumblingContest } from "./tumbling-contest.ts";

const events = 200_000;
const keys = 10_000;
const eventsPerBody = 1000;

export const wideRecords: Bench = {
  name: "wide-records",
  question: "NDJSON of 30 fields, 3 of them used, to keyed tumbling count, sum and max, one core",
  async run(context) {
    const { isSmoke } = context;
    const input = ndjsonBodies(wideEvents(isSmoke ? 1000 : events, keys), eventsPerBody);
    const result = await runTumblingContest({
      label: "30 fields",
      input,
      stream: {
        columns: clickColumns.filter(({ name }) => name !== "url"),
        eventTime: { column: "ts", outOfOrderness: 0 },
      },
      job: tumblingJob,
      pageBudgetBytes: 32 * MiB,
      key: "user_id",
      duck: duckClicks,
      javaScript: (bodies) => javaScriptRows(tumbleInJavaScript(bodies, duckClicks.windowMs)),
      ...(isSmoke ? {} : { recorded: "10000 rows 6d878ecd3ba47cc5" }),
      rounds: roundsFor(context),
    });
    const bytesPerRecord = Math.round(input.bytes / input.events);
    return { settings: { events, keys, eventsPerBody, bytesPerRecord, seed: 1 }, ...result };
  },
};
