/**
 * `npm run simulate -- --seed 1 --count 1000`: lives of the deployment in a simulated platform, one per seed.
 *
 * A life that fails is told with its seed, and fails again in the same way with `--seed N --count 1`;
 * `--trace` prints its history. The first one is made smaller while it fails: its plan is printed, and
 * `--plan FILE` runs such a plan. Exit codes: 0, 1 for a wrong result, 2 for one that is stuck, 3 for code
 * that crashed; the gravest counts. With `--plant NAME` a bug is planted, and missing it fails with exit
 * code 4. With `--sql` the jobs are statements of SQL; plants that only these show imply it.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawLife, type LifePlan } from "./draw-life.ts";
import { drawQueryLife } from "./draw-queries.ts";
import { type Plant, plants, queryPlants, readPlant } from "./plants.ts";
import { type Life, runLife } from "./run-life.ts";
import { shrinkLife } from "./shrink-life.ts";
import type { Verdict } from "./simulation.ts";

const exitCodes: Readonly<Record<Verdict, number>> = { wrong: 1, stuck: 2, crashed: 3 };
const missedPlant = 4;
const secondsBetweenReports = 5;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "100" },
    plant: { type: "string" },
    plan: { type: "string" },
    sql: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(
    "npm run simulate -- [--seed N] [--count M] [--sql] [--trace] [--plan FILE] [--plant NAME], NAME one of",
  );
  for (const [name, what] of Object.entries(plants)) console.log(`  ${name.padEnd(24)} ${what}`);
} else process.exitCode = await simulate(Number(values.seed), Number(values.count));

async function simulate(seed: number, count: number): Promise<number> {
  const plant = values.plant === undefined ? undefined : readPlant(values.plant);
  const onTrace = values.trace ? (line: string) => void process.stdout.write(line) : undefined;
  const plan: LifePlan | undefined = values.plan ? JSON.parse(readFileSync(values.plan, "utf8")) : undefined;
  const draw = values.sql || (plant && queryPlants.has(plant)) ? drawQueryLife : drawLife;
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let [lives, events, rows, failed, reported, code] = [0, 0, 0, 0, 0, 0];
  for (; lives < count; lives++) {
    const life = await runLife(plan ?? draw(seed + lives), plant, onTrace);
    events += life.events;
    rows += life.rowsLogged;
    if (life.problems.length > 0) {
      failed++;
      console.log(`seed ${life.plan.seed}, trace ${life.trace}, after ${life.events} events:`);
      for (const { verdict, message } of life.problems) {
        console.log(`  ${verdict}: ${message}`);
        code = Math.max(code, exitCodes[verdict]);
      }
      if (failed === 1 && !plan) await tellSmallest(life, plant);
      if (plant) break;
    } else if (onTrace) console.log(`seed ${life.plan.seed}, trace ${life.trace}: sound`);
    if (seconds() - reported < secondsBetweenReports) continue;
    reported = seconds();
    console.log(`simulate: ${lives + 1} of ${count} lives, ${failed} failed, ${Math.round(reported)} s`);
  }
  if (plant) {
    console.log(
      failed > 0 ? `${plant} was found in life ${lives + 1}` : `${plant} was missed in ${lives} lives`,
    );
    return failed > 0 ? 0 : missedPlant;
  }
  const rate = `${(lives / seconds()).toFixed(1)} lives/s`;
  console.log(
    `simulate: ${lives} lives from seed ${seed}, ${failed} failed; ` +
      `${events} events, ${rows} rows, ${rate}`,
  );
  return code;
}

async function tellSmallest(life: Life, plant: Plant | undefined): Promise<void> {
  const { smallest, lives } = await shrinkLife(life, plant);
  console.log(`the smallest of ${lives} lives like it ends after ${smallest.events} events:`);
  for (const { verdict, message } of smallest.problems) console.log(`  ${verdict}: ${message}`);
  console.log(`  as planned: ${JSON.stringify(smallest.plan)}`);
}
