/**
 * The same tumbling count, sum and max as text of SQL: what its plan does on one core, and how long planning
 * takes.
 */
import { MiB } from "../../src/base/limits.ts";
import { type JobDefinition, jobBodyOf } from "../../src/protocol/job-spec.ts";
import { streamBodyOf } from "../../src/protocol/stream-spec.ts";
import { streamOfTable } from "../../src/sql/catalog/stream-of-table.ts";
import type { TableDefinition } from "../../src/sql/catalog/table-definition.ts";
import { lowerToJob } from "../../src/sql/plan/lower-to-job.ts";
import { planText } from "../../test/support/sql-statements.ts";
import type { Bench } from "../harness/bench.ts";
import { durationFigure, textCheck } from "../harness/figures.ts";
import { measureInTurns, roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { clickEvents } from "../inputs/click-events.ts";
import { javaScriptRows, tumbleInJavaScript } from "../peers/javascript-tumbling.ts";
import { duckClicks } from "./ndjson-tumble.ts";
import { runTumblingContest } from "./tumbling-contest.ts";

const keys = 10_000;
const events = 1_000_000;
const eventsPerBody = 10_000;
const recorded = "20000 rows 7461186335970a1e";
const pageBudgetBytes = 512 * MiB;

/** Statements of one sample of planning: one alone is too short to be timed. */
const plansPerSample = 20;

const tables = `CREATE TABLE events (
  user_id STRING NOT NULL, ts TIMESTAMP(3), amount DOUBLE NOT NULL, WATERMARK FOR ts AS ts
) WITH ('connector' = 'http', 'shards' = '1');
CREATE TABLE totals (
  user_id STRING, started TIMESTAMP(3), \`count\` BIGINT, \`sum\` DOUBLE, \`max\` DOUBLE,
  PRIMARY KEY (user_id, started) NOT ENFORCED
) WITH ('connector' = 'view');`;

const insert = `INSERT INTO totals
  SELECT user_id, window_start, COUNT(*), SUM(amount), MAX(amount)
  FROM TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '10' MINUTE)
  GROUP BY user_id, window_start, window_end;`;

function plan(known: ReadonlyMap<string, TableDefinition>): JobDefinition {
  const choice = lowerToJob(planText(insert, {}, known).inserts, {}, insert);
  if ("why" in choice) throw new Error(`it is interpreted, because ${choice.why}`);
  return choice.job;
}

export const sqlTumble: Bench = {
  name: "sql-tumble",
  question: "SQL to keyed tumbling count, sum and max, one core; and planning it",
  async run(context) {
    const { isSmoke } = context;
    const { tables: known } = planText(tables);
    const job = plan(known);
    const stream = streamOfTable(known.get("events") as TableDefinition);
    const rounds = roundsFor(context);
    const contest = await runTumblingContest({
      label: "SQL",
      input: ndjsonBodies(clickEvents(isSmoke ? 2000 : events, keys), eventsPerBody),
      stream: streamBodyOf(stream),
      job: jobBodyOf(job),
      pageBudgetBytes,
      key: "user_id",
      duck: duckClicks,
      javaScript: (bodies) => javaScriptRows(tumbleInJavaScript(bodies, duckClicks.windowMs)),
      ...(isSmoke ? {} : { recorded }),
      rounds,
    });
    const { planning } = await measureInTurns({ planning: () => timePlanning(known) }, rounds);
    return {
      settings: {
        events,
        eventsPerBody,
        keys,
        seed: 1,
        pageBudgetMiB: pageBudgetBytes / MiB,
        plansPerSample,
      },
      figures: [...contest.figures, durationFigure("SQL: from the statement to its job", planning)],
      ratios: contest.ratios,
      checks: [
        ...contest.checks,
        textCheck("SQL: planning again gives the same", JSON.stringify(plan(known)), JSON.stringify(job)),
      ],
    };
  },
};

function timePlanning(known: ReadonlyMap<string, TableDefinition>): number {
  const started = performance.now();
  for (let count = 0; count < plansPerSample; count++) plan(known);
  return (performance.now() - started) / plansPerSample;
}
