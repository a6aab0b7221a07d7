/**
 * `npm run torture -- --rounds 20 --seed 7`: prints each round as it ends and the verdict; exits with 1 if
 * anything is not exact. The same seed sends the same events and kills in the same order, though not at the
 * same instants.
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { type Round, runTorture } from "./run-torture.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    producers: { type: "string", default: "4" },
  },
});
const seed = Number(values.seed);
const count = (value: number) => value.toLocaleString("en-US");

const tellRound = ({ round, killed, loadMs, downMs, acknowledgedRows }: Round) =>
  console.log(
    `round ${round}: ${loadMs} ms of load, kill -9 of ${killed}, ` +
      `back after ${downMs} ms; ${count(acknowledgedRows)} rows acknowledged`,
  );

console.log(`torture: ${values.rounds} rounds, ${values.producers} producers, seed ${seed}`);
const started = Date.now();
const result = await runTorture({
  rounds: Number(values.rounds),
  seed,
  producers: Number(values.producers),
  loadMs: [200, 2_000],
  onRound: tellRound,
});

const seconds = Math.round((Date.now() - started) / 1000);
const table = new Table({
  head: ["round", "killed", "load ms", "down ms", "rows acknowledged", "retries", "duplicate rows"],
  colAligns: ["right", "left", "right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const { round, killed, loadMs, downMs, acknowledgedRows, retries, duplicateRows } of result.rounds) {
  table.push([round, killed, loadMs, downMs, count(acknowledgedRows), count(retries), count(duplicateRows)]);
}
console.log(table.toString());
for (const operation of result.operations) console.log(`meanwhile: ${operation}`);
for (const problem of result.problems) console.error(problem);
console.log(
  result.problems.length === 0
    ? `exact: ${count(result.acknowledgedRows)} rows in ${count(result.results)} results, ` +
        `${count(result.checkpoints)} checkpoints, compared twice, ${seconds} s, seed ${seed}`
    : `NOT exact: ${result.problems.length} problems, seed ${seed}`,
);
process.exitCode = result.problems.length === 0 ? 0 : 1;
