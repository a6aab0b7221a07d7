/**
 * NDJSON to keyed tumbling count, sum and max on one core, for few and for many keys.
 */
import { MiB } from "../../src/base/limits.ts";
import type { Bench, Target } from "../harness/bench.ts";
import { roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickColumns, clickEvents } from "../inputs/click-events.ts";
import { javaScriptRows, tumbleInJavaScript } from "../peers/javascript-tumbling.ts";
import { runTumblingContest } from "./tumbling-contest.ts";

const windowMs = 600_000;
const events = 1_000_000;
const eventsPerBody = 10_000;

/** The page budget is raised: with a million keys the live windows take more than a partition's 32 MiB. */
const pageBudgetBytes = 512 * MiB;

/** The columns that the question is about, as the other contestants have them: `url` is passed over. */
export const clickStream = {
  columns: clickColumns.filter(({ name }) => name !== "url"),
  eventTime: { column: "ts", outOfOrderness: 0 },
};

export const tumblingJob = {
  source: "events",
  key: ["user_id"],
  window: { type: "tumble", size: windowMs },
  aggregates: {
    count: { function: "count" },
    sum: { function: "sum", argument: "amount" },
    max: { function: "max", argument: "amount" },
  },
};

export const duckClicks = {
  columns: { user_id: "VARCHAR", ts: "BIGINT", amount: "DOUBLE" },
  key: "user_id",
  time: "ts",
  value: "amount",
  windowMs,
};

interface Size {
  readonly keys: number;
  readonly recorded: string;
  readonly targets?: { readonly duck: Target; readonly javaScript: Target };
}

const sizes: readonly Size[] = [
  { keys: 1_000, recorded: "2000 rows 23c11a0b9ee2b390" },
  {
    keys: 10_000,
    recorded: "20000 rows 7461186335970a1e",
    targets: { duck: { atLeast: 1.8 }, javaScript: { atLeast: 10 } },
  },
  { keys: 200_000, recorded: "363104 rows 00bfda07b2fde936" },
  { keys: 1_000_000, recorded: "780966 rows 454307baace244d7" },
];

export const ndjsonTumble: Bench = {
  name: "ndjson-tumble",
  question: "NDJSON to keyed tumbling count, sum and max, one core",
  async run(context) {
    const { isSmoke, note } = context;
    const results = [];
    for (const { keys, recorded, targets } of isSmoke ? sizes.slice(1, 2) : sizes) {
      note(`${keys} keys`);
      results.push(
        await runTumblingContest({
          label: `${keys.toLocaleString("en").replaceAll(",", " ")} keys`,
          input: ndjsonBodies(clickEvents(isSmoke ? 2000 : events, keys), eventsPerBody),
          stream: clickStream,
          job: tumblingJob,
          pageBudgetBytes,
          key: "user_id",
          duck: duckClicks,
          javaScript: (bodies) => javaScriptRows(tumbleInJavaScript(bodies, windowMs)),
          ...(targets ? { targets } : {}),
          ...(isSmoke ? {} : { recorded }),
          rounds: roundsFor(context),
        }),
      );
    }
    return {
      settings: { events, eventsPerBody, windowMs, seed: 1, pageBudgetMiB: pageBudgetBytes / MiB },
      figures: results.flatMap(({ figures }) => figures),
      ratios: results.flatMap(({ ratios }) => ratios),
      checks: results.flatMap(({ checks }) => checks),
    };
  },
};
