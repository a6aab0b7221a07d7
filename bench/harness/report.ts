/**
 * README's table of figures, written from the kept results, so that no number is typed by hand.
 *
 * Everything between the two markers is replaced; every row names the command that gives it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type BenchResult, formatNumber, formatTarget, isMet } from "./bench.ts";
import { repositoryRoot } from "./machine.ts";
import { quantile } from "./measure.ts";

const startMarker = "<!-- figures:start -->";
const endMarker = "<!-- figures:end -->";
const resultsFolder = `${repositoryRoot}/bench/results`;
const readmePath = `${repositoryRoot}/README.md`;

/** Writes a result to `bench/results`, in place of the bench's last one. */
export function keepResult(result: BenchResult): void {
  mkdirSync(resultsFolder, { recursive: true });
  writeFileSync(`${resultsFolder}/${result.name}.json`, `${JSON.stringify(result, undefined, 1)}\n`);
}

export function readKeptResults(): BenchResult[] {
  if (!existsSync(resultsFolder)) return [];
  return readdirSync(resultsFolder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(`${resultsFolder}/${name}`, "utf8")) as BenchResult);
}

/** Puts the figures of the kept results into README.md. */
export function rewriteReadme(): void {
  const readme = existsSync(readmePath) ? readFileSync(readmePath, "utf8") : "";
  writeFileSync(readmePath, withFigures(readme, readKeptResults()));
}

/** Returns `readme` with the figures between its markers; throws where it has none. */
export function withFigures(readme: string, results: readonly BenchResult[]): string {
  const start = readme.indexOf(startMarker);
  const end = readme.indexOf(endMarker);
  if (start === -1 || end < start) {
    throw new Error(
      `README.md needs the lines ${startMarker} and ${endMarker} where its figures shall stand.`,
    );
  }
  return `${readme.slice(0, start + startMarker.length)}\n${formatFigures(results)}\n${readme.slice(end)}`;
}

function formatFigures(results: readonly BenchResult[]): string {
  return results.map(formatOne).join("\n\n");
}

function formatOne(result: BenchResult): string {
  const { name, question, machine, commit, at, versions } = result;
  const runtimes = Object.entries(versions).map(([runtime, version]) => `${runtime} ${version}`);
  const place = `${machine.cpu}, ${machine.cores} cores; ${runtimes.join(", ")}; commit ${commit}`;
  const lines = [
    `**${question}** \`npm run bench -- ${name}\``,
    "",
    "| | Measured | Middle half | Target |",
    "| --- | ---: | ---: | ---: |",
    ...result.ratios.map((ratio) => {
      const mark = ratio.target ? (isMet(ratio) ? " met" : " **missed**") : "";
      return `| ${ratio.name} | ${formatNumber(ratio.value)}× | | ${formatTarget(ratio.target)}${mark} |`;
    }),
    ...result.figures.map(({ name: figure, value, unit, values }) => {
      const half = values && values.length > 1 ? [0.25, 0.75].map((share) => quantile(values, share)) : [];
      return `| ${figure} | ${formatNumber(value)} ${unit} | ${half.map(formatNumber).join(" … ")} | |`;
    }),
    "",
    `<sub>${at.slice(0, 10)}, ${place}.</sub>`,
  ];
  return lines.join("\n");
}

if (import.meta.main) rewriteReadme();
