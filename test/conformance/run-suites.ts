/**
 * Runs the cases of all suites and compares what passes with what passed before.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expressionsSuite } from "./expressions-suite.ts";
import { functionsSuite } from "./functions-suite.ts";
import { parserSuite } from "./parser-suite.ts";
import { programsSuite } from "./programs-suite.ts";
import type { Case, Outcome, Suite } from "./suite.ts";

export const suites: readonly Suite[] = [parserSuite, functionsSuite, expressionsSuite, programsSuite];

export const outcomes = ["passed", "failed", "later", "different by design"] as const;

export interface CaseReport {
  readonly id: string;
  readonly title: string;
  readonly outcome: Outcome["outcome"];
  readonly why?: string;
}

export interface FileReport {
  readonly file: string;
  readonly required: number;
  readonly cases: readonly CaseReport[];
}

/** Cases that passed, by file. */
export type RecordedPasses = Readonly<Record<string, readonly string[]>>;

export function hasCases(folder: string): boolean {
  return suites.every(({ file }) => existsSync(join(folder, file)));
}

/** Runs the cases whose title has `only` in it. */
export function runSuites(folder: string, only = ""): FileReport[] {
  return suites.map(({ file, required, read }) => {
    const cases = read(JSON.parse(readFileSync(join(folder, file), "utf8")));
    return { file, required, cases: cases.filter(({ title }) => title.includes(only)).map(reportOf) };
  });
}

function reportOf({ id, title, run }: Case): CaseReport {
  return { id, title, ...outcomeOf(run) };
}

function outcomeOf(run: () => Outcome): Outcome {
  try {
    return run();
  } catch (thrown) {
    return {
      outcome: "failed",
      why: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    };
  }
}

/** Cases that passed once and do not now; a case that is no longer there is none of them. */
export function lostPasses(reports: readonly FileReport[], recorded: RecordedPasses): CaseReport[] {
  return reports.flatMap(({ file, cases }) => {
    const before = new Set(recorded[file]);
    return cases.filter(({ id, outcome }) => outcome !== "passed" && before.has(id));
  });
}

/** True where fewer cases pass than must. */
export function isShort(report: FileReport): boolean {
  const [passed, failed] = [countOf(report, "passed"), countOf(report, "failed")];
  return passed < report.required * (passed + failed);
}

export function countOf({ cases }: FileReport, outcome: Outcome["outcome"]): number {
  return cases.filter((each) => each.outcome === outcome).length;
}

/** `350 passed, 0 failed, …` */
export function countsLine(reports: readonly FileReport[]): string {
  return outcomes
    .map((outcome) => `${reports.reduce((sum, report) => sum + countOf(report, outcome), 0)} ${outcome}`)
    .join(", ");
}

/** The table of `docs/conformance.md`. */
export function conformancePage(reports: readonly FileReport[]): string {
  const others = reports.flatMap(({ file, cases }) =>
    cases.flatMap(({ outcome, title, why }) =>
      outcome === "passed" ? [] : [`| ${file} | ${cell(title)} | ${outcome}: ${cell(why ?? "")} |`],
    ),
  );
  return [
    "# Conformance",
    "",
    "What Flink's own tests expect and what Millrace does, by file of cases; written by",
    "`npm run conformance -- --record`.",
    "",
    `| file | ${outcomes.join(" | ")} |`,
    "|---|---|---|---|---|",
    ...reports.map(
      (report) => `| ${[report.file, ...outcomes.map((each) => countOf(report, each))].join(" | ")} |`,
    ),
    ...(others.length > 0 ? ["", "| file | case | |", "|---|---|---|", ...others] : []),
    "",
  ].join("\n");
}

/** Text within a table. */
function cell(text: string): string {
  return text.toWellFormed().replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();
}
