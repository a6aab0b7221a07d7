/**
 * README's figures, written from the kept results, so that no number is typed by hand.
 *
 * Everything between the two markers is replaced: first the headlines, each with the command that measures
 * it, then every figure of every bench, folded.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type BenchResult, type Figure, formatNumber, formatTarget, isMet, type Ratio } from "./bench.ts";
import { repositoryRoot } from "./machine.ts";
import { quantile } from "./measure.ts";

const startMarker = "<!-- figures:start -->";
const endMarker = "<!-- figures:end -->";
const resultsFolder = `${repositoryRoot}/bench/results`;
const readmePath = `${repositoryRoot}/README.md`;

/** What a reader wants to know first: a bench, its figure or ratio, and the words for it. */
const headlines = [
  {
    bench: "ndjson-tumble",
    measured: "10 000 keys: NDJSON by frames to fired windows, the product's path",
    words: "NDJSON to tumbling count, sum and max of 10 000 keys, one core",
  },
  {
    bench: "ndjson-tumble",
    measured: "10 000 keys: product's path to DuckDB",
    words: "the same against DuckDB with one thread",
  },
  {
    bench: "ndjson-tumble",
    measured: "10 000 keys: product's path to JSON.parse and Map",
    words: "the same against `JSON.parse` and `Map`",
  },
  {
    bench: "ndjson-tumble",
    measured: "10 000 keys: kernels to DuckDB",
    words: "its kernels alone, without the log's frames, against DuckDB",
  },
  {
    bench: "ndjson-tumble",
    measured: "10 000 keys: kernels to JSON.parse and Map",
    words: "its kernels alone against `JSON.parse` and `Map`",
  },
  {
    bench: "ndjson-tumble",
    measured: "1 000 000 keys: product's path to DuckDB",
    words: "with 1 000 000 keys, against DuckDB",
  },
  {
    bench: "sql-tumble",
    measured: "SQL: kernels to DuckDB",
    words: "the kernels of 10 000 keys from the text of a statement, against DuckDB",
  },
  {
    bench: "sql-tumble",
    measured: "SQL: from the statement to its job",
    words: "from the text of that statement to its job",
  },
  {
    bench: "sql-first-row",
    measured: "CREATE TABLE and INSERT over a stream, slowest",
    words: "from `CREATE TABLE` and `INSERT` to the first row, the slowest of 40",
  },
  {
    bench: "ingest",
    measured: "whole path",
    words: "POST to counted, four shards in workerd, 10 000 events a request",
  },
  {
    bench: "ingest",
    measured: "whole path to storing the frames only",
    words: "the same against storing the same bytes and nothing else",
  },
  { bench: "ingest", measured: "bytes logged", words: "what the log takes" },
  {
    bench: "ingest",
    measured: "POST to visible in a query, p99",
    words: "POST to visible in a query, 99 of 100, on this machine",
  },
  {
    bench: "small-requests",
    measured: "whole path",
    words: "requests of 100 events to one shard",
  },
  {
    bench: "small-requests",
    measured: "whole path to an empty call",
    words: "the same against an empty Worker calling an empty object",
  },
  {
    bench: "read-your-write",
    measured: "a POST and the query that sees it, p50",
    words: "one client alone: a POST of 10 events and the query that sees them, on this machine",
  },
  {
    bench: "read-your-write",
    measured: "a POST and the query that sees it to an empty call",
    words: "the same against one empty call",
  },
  {
    bench: "checkpoint",
    measured: "pages to a row per key",
    words: "time of a checkpoint against a row per key",
  },
  {
    bench: "spill",
    measured: "uniform keys: Millrace to LevelDB",
    words: "1 GiB of state in 32 MiB of memory, keys drawn evenly, against LevelDB",
  },
  { bench: "spill", measured: "Zipf keys: Millrace to LevelDB", words: "the same, keys by Zipf's law" },
  {
    bench: "recovery",
    measured: "answer with the log: 1 GiB to 10 MiB",
    words: "from a start to the first answer, 1 GiB of state against 10 MiB",
  },
  {
    bench: "sliding",
    measured: "cost of an event: hop to tumble",
    words: "an event in sixty sliding windows against one in a tumbling window, what it costs",
  },
  {
    bench: "subscriptions",
    measured: "a change to an active subscriber, p99",
    words: "a change to each of 1 000 subscribers, beside 10 000 idle ones, 99 of 100",
  },
] as const;

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
  const details = results.map(formatOne).join("\n\n");
  return [
    "| | Measured | Target | `npm run bench --` |",
    "| --- | ---: | ---: | --- |",
    ...headlines.flatMap((headline) => formatHeadline(headline, results)),
    "",
    "<details>",
    "<summary>Every figure of every bench</summary>",
    "",
    details,
    "",
    "</details>",
  ].join("\n");
}

/** One row, or none where the bench has no result; a tiny run leaves figures out and heads nothing. */
function formatHeadline(
  { bench, measured, words }: (typeof headlines)[number],
  results: readonly BenchResult[],
): string[] {
  const result = results.find(({ name, isSmoke }) => name === bench && !isSmoke);
  if (!result) return [];
  const found = [...result.ratios, ...result.figures].find(({ name }) => name === measured);
  if (!found) throw new Error(`Bench ${bench} has no figure "${measured}", a headline of README.`);
  return [`| ${words} | ${formatValue(found)} | ${formatVerdict(found)} | \`${bench}\` |`];
}

function formatValue(measured: Figure | Ratio): string {
  return `${formatNumber(measured.value)}${"unit" in measured ? ` ${measured.unit}` : "×"}`;
}

function formatVerdict(measured: Figure | Ratio): string {
  if (!measured.target) return "";
  return `${formatTarget(measured.target)}${isMet(measured) ? " met" : " **missed**"}`;
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
    ...result.ratios.map((ratio) => `| ${ratio.name} | ${formatValue(ratio)} | | ${formatVerdict(ratio)} |`),
    ...result.figures.map((figure) => {
      const { name: named, values } = figure;
      const half = values && values.length > 1 ? [0.25, 0.75].map((share) => quantile(values, share)) : [];
      const spread = half.map(formatNumber).join(" … ");
      return `| ${named} | ${formatValue(figure)} | ${spread} | ${formatVerdict(figure)} |`;
    }),
    "",
    `<sub>${at.slice(0, 10)}, ${place}.</sub>`,
  ];
  return lines.join("\n");
}

if (import.meta.main) rewriteReadme();
