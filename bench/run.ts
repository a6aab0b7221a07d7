/**
 * `npm run bench -- NAME… [--json FILE] [--smoke] [--rounds N] [--list] [--keep]`: runs benches, all of them
 * without a name.
 *
 * `--rounds` asks for fewer samples, for a first look. `--json` writes the results to a file; `--keep` writes
 * each to bench/results and rewrites README's figures from there. A failed check or an error ends with exit
 * code 1, a missed target does not.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benches } from "./catalog.ts";
import { type Bench, type BenchResult, formatTarget, isMet, passes } from "./harness/bench.ts";
import { readCommit, readMachine, readVersions } from "./harness/machine.ts";
import { keepResult, rewriteReadme } from "./harness/report.ts";
import { formatResult } from "./harness/table.ts";

/** Runs one bench and adds when, where and on what. */
export async function runBench(
  bench: Bench,
  { isSmoke, roundsMax = Number.POSITIVE_INFINITY }: { isSmoke: boolean; roundsMax?: number },
): Promise<BenchResult> {
  const outcome = await bench.run({
    isSmoke,
    roundsMax,
    note: (text) => {
      if (!isSmoke) console.error(`  ${bench.name}: ${text}`);
    },
  });
  return {
    name: bench.name,
    question: bench.question,
    isSmoke,
    at: new Date().toISOString(),
    commit: readCommit(),
    machine: readMachine(),
    versions: readVersions(),
    ...outcome,
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      rounds: { type: "string" },
      smoke: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  if (values.list) {
    for (const { name, question } of benches) console.log(`${name}\t${question}`);
    return;
  }
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = benches.map(({ name }) => name).join(", ");
    return refuse(`There is no bench ${unknown.join(", ")}. Benches: ${known}.`);
  }
  const roundsMax = values.rounds === undefined ? undefined : Number(values.rounds);
  if (roundsMax !== undefined && !(Number.isInteger(roundsMax) && roundsMax > 0)) {
    return refuse(`--rounds is "${values.rounds}", expected a number from 1.`);
  }
  if (values.keep && (values.smoke || values.rounds)) {
    return refuse("Only a whole run has figures to keep, without --smoke and --rounds.");
  }
  const chosen = benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const results: BenchResult[] = [];
  for (const bench of chosen) {
    const result = await runBench(bench, {
      isSmoke: values.smoke,
      ...(roundsMax === undefined ? {} : { roundsMax }),
    });
    console.log(`${formatResult(result)}\n`);
    results.push(result);
    if (values.keep) keepResult(result);
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`);
  if (values.keep) rewriteReadme();
  if (!values.smoke) tellMissedTargets(results);
  if (results.some(({ checks }) => !checks.every(passes))) process.exitCode = 1;
}

function refuse(reason: string): void {
  console.error(reason);
  process.exitCode = 1;
}

function tellMissedTargets(results: readonly BenchResult[]): void {
  for (const { name, ratios, figures } of results) {
    for (const missed of [...ratios, ...figures].filter((each) => !isMet(each))) {
      const found = missed.value.toPrecision(3);
      console.log(
        `${name}: target missed: ${missed.name} is ${found}, wanted ${formatTarget(missed.target)}`,
      );
    }
  }
}

if (import.meta.main) await main();
