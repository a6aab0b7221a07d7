/**
 * `npm run conformance [-- --dir DIR --json FILE --only TEXT --record]`: runs Flink's cases. Ends with an
 * error where a case that passed before does not, or fewer pass than must. `--record` writes them and the
 * page of it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  conformancePage,
  countOf,
  countsLine,
  hasCases,
  isShort,
  lostPasses,
  outcomes,
  type RecordedPasses,
  runSuites,
} from "./run-suites.ts";
import { conformanceFolder } from "./suite.ts";

const options = { dir: { type: "string" }, json: { type: "string" }, only: { type: "string" } } as const;
const { values } = parseArgs({ options: { ...options, record: { type: "boolean" } } });
const recordPath = new URL("passed.json", import.meta.url);
const pagePath = new URL("../../docs/conformance.md", import.meta.url);

const folder = values.dir ?? conformanceFolder;
if (hasCases(folder)) {
  run();
} else {
  console.log(`conformance: ${folder} is not there; nothing is run.`);
}

function run(): void {
  const reports = runSuites(folder, values.only);
  const recorded = JSON.parse(readFileSync(recordPath, "utf8")) as RecordedPasses;
  const lost = new Set(lostPasses(reports, recorded));
  for (const report of reports) {
    for (const each of report.cases) {
      if (each.outcome === "failed") console.log(`${report.file}: ${each.title}\n  ${each.why}`);
    }
  }
  for (const { title } of lost) console.log(`passed before: ${title}`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
  if (values.record) {
    const passed = reports.map(({ file, cases }) => {
      return [file, cases.filter(({ outcome }) => outcome === "passed").map(({ id }) => id)];
    });
    writeFileSync(recordPath, `${JSON.stringify(Object.fromEntries(passed), undefined, 2)}\n`);
    writeFileSync(pagePath, conformancePage(reports));
  }
  for (const report of reports) {
    console.log(
      `${report.file}: ${outcomes.map((outcome) => `${countOf(report, outcome)} ${outcome}`).join(", ")}`,
    );
  }
  console.log(countsLine(reports));
  const short = values.only === undefined ? reports.filter(isShort) : [];
  for (const { file, required } of short) console.log(`${file}: fewer pass than ${required * 100} %`);
  process.exitCode = lost.size > 0 || short.length > 0 ? 1 : 0;
}
