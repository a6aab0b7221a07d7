/**
 * `npm run torture`: ten minutes of everything that may befall a server, then the verdict; exits with 1 if
 * anything is not exact. `--from-release` begins with the last release and deploys this code in the middle.
 *
 * The same seed sends the same events and brings troubles in the same order, though not at the same instants.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { MiB } from "../../src/base/limits.ts";
import { checkOut, previousRelease } from "./previous-release.ts";
import { type Round, runTorture } from "./run-torture.ts";
import { troubleNames } from "./troubles.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rounds: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    producers: { type: "string", default: "4" },
    troubles: { type: "string", default: troubleNames.join(",") },
    "from-release": { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const wanted = values.troubles.split(",");
const troubles = troubleNames.filter((name) => wanted.includes(name));
const count = (value: number) => value.toLocaleString("en-US");
const mebibytes = (bytes: number | undefined) => (bytes === undefined ? "" : count(Math.round(bytes / MiB)));

const tellRound = ({ round, trouble, loadMs, downMs, acknowledgedRows, footprint }: Round) =>
  console.log(
    `round ${round}: ${loadMs} ms of load, ${trouble}, back after ${downMs} ms; ` +
      `${count(acknowledgedRows)} rows acknowledged, ${mebibytes(footprint?.residentBytes)} MiB in memory`,
  );

const release = values["from-release"] ? previousRelease() : undefined;
const releaseFolder = release && mkdtempSync(join(tmpdir(), "millrace-release-"));
if (release && releaseFolder) {
  console.log(`making ${release.version} ready`);
  checkOut(release, releaseFolder);
}
console.log(`torture: ${values.minutes} minutes of ${troubles.join(", ")}; seed ${seed}`);
const started = Date.now();
const result = await runTorture({
  rounds: Number(values.rounds),
  msMax: Number(values.minutes) * 60_000,
  seed,
  producers: Number(values.producers),
  loadMs: [200, 2_000],
  troubles,
  ...(releaseFolder && { from: releaseFolder }),
  onRound: tellRound,
});
if (releaseFolder) rmSync(releaseFolder, { recursive: true, force: true });

const seconds = Math.round((Date.now() - started) / 1000);
const table = new Table({
  head: [
    "round",
    "trouble",
    "load ms",
    "down ms",
    "rows acknowledged",
    "retries",
    "MiB",
    "handles",
    "disk MiB",
  ],
  colAligns: ["right", "left", "right", "right", "right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const { round, trouble, loadMs, downMs, acknowledgedRows, retries, footprint } of result.rounds) {
  const { residentBytes, handles = "", diskBytes } = footprint ?? {};
  const taken = [mebibytes(residentBytes), handles, mebibytes(diskBytes)];
  table.push([round, trouble, loadMs, downMs, count(acknowledgedRows), count(retries), ...taken]);
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
