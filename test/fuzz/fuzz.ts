/**
 * The long runs, with the release kernel: records in JSON, generated and damaged, decoded and compared with
 * the reference; and damaged bytes of all that is stored or sent (`fuzz-formats.ts`).
 *
 *     npm run fuzz -- --lines 10000000 --seed 1
 *     npm run fuzz -- --kind bytes --count 1000000 --seed 1
 *
 * Each body comes from one seed (`--seed`, and the numbers behind it); the first that differs is printed,
 * cut down to the one record that differs where one alone does, and ends the run with exit code 1.
 * `--debug` takes the debug kernel.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Kernel } from "../../src/kernel/kernel.ts";
import { bodyFrom, type GeneratedBody } from "../arbitraries/json-bodies.ts";
import { Random } from "../arbitraries/random.ts";
import { differenceOf, usualLimits } from "../support/json-comparison.ts";
import { type FormatCounts, fuzzFormats } from "./fuzz-formats.ts";

const recordsPerBody = 60;
const damagesPerFormat = 500;
const secondsBetweenReports = 5;
/** Characters of a schema and of a record that are printed. */
const textMax = 4000;

const { values } = parseArgs({
  options: {
    kind: { type: "string", default: "json" },
    lines: { type: "string", default: "1000000" },
    count: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    debug: { type: "boolean", default: false },
  },
});

const file = values.debug ? "kernel.debug.wasm" : "kernel.wasm";
const module = new WebAssembly.Module(readFileSync(new URL(`../../build/${file}`, import.meta.url)));
const isSound =
  values.kind === "bytes"
    ? runBytes(Number(values.count), Number(values.seed))
    : run(Number(values.lines), Number(values.seed));
process.exitCode = isSound ? 0 : 1;

/** Damages samples of all formats, anew for each seed. */
function runBytes(countMax: number, seedFirst: number): boolean {
  const counts = new Map<string, FormatCounts>();
  const sum = (of: keyof FormatCounts) => [...counts.values()].reduce((total, each) => total + each[of], 0);
  let reported = performance.now();
  let seed = seedFirst;
  for (; sum("tried") < countMax; seed++) {
    const problem = fuzzFormats(module, new Random(seed), damagesPerFormat, counts);
    if (problem) {
      console.error(`seed ${seed}: ${problem}`);
      return false;
    }
    if (performance.now() - reported < secondsBetweenReports * 1000) continue;
    reported = performance.now();
    console.log(`fuzz: ${sum("tried")} of ${countMax} damaged, ${sum("refused")} refused, at seed ${seed}`);
  }
  for (const [name, { tried, refused }] of counts) console.log(`  ${name}: ${tried}, ${refused} refused`);
  console.log(
    `fuzz: ${sum("tried")} damaged from the seeds ${seedFirst} to ${seed - 1}: errors, or what was written`,
  );
  return true;
}

function run(linesMax: number, seedFirst: number): boolean {
  const kernel = new Kernel(module);
  const started = performance.now();
  let reported = started;
  let lines = 0;
  let seed = seedFirst;
  for (; lines < linesMax; seed++) {
    const random = new Random(seed);
    const generated = bodyFrom(random, recordsPerBody);
    // Small parts put cuts between any two records.
    const limits = random.chance(0.2)
      ? { partBytesMax: random.between(1, 400), partRowsMax: random.between(1, 20) }
      : usualLimits;
    const difference = differenceOf(kernel, generated, limits);
    if (difference) {
      console.error(`seed ${seed} (${generated.format}, ${JSON.stringify(limits)}): ${difference}`);
      console.error(JSON.stringify(generated.schema).slice(0, textMax));
      console.error(culpritOf(kernel, generated));
      return false;
    }
    lines += generated.body.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1);
    if (performance.now() - reported < secondsBetweenReports * 1000) continue;
    reported = performance.now();
    const rate = Math.round(lines / ((reported - started) / 1000));
    console.log(`fuzz: ${lines} of ${linesMax} lines, ${rate} a second, at seed ${seed}`);
  }
  console.log(`fuzz: ${lines} lines from the seeds ${seedFirst} to ${seed - 1} without a difference`);
  return true;
}

/** The first line that alone makes a difference, else the whole body. */
function culpritOf(kernel: Kernel, { schema, format, body }: GeneratedBody): string {
  const text = Buffer.from(body).toString("latin1");
  const lines = format === "ndjson" ? text.split("\n") : [];
  const line = lines.find((alone) =>
    differenceOf(kernel, { schema, format, body: Buffer.from(alone, "latin1") }),
  );
  return JSON.stringify(line ?? text).slice(0, textMax);
}
