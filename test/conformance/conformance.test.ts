/**
 * Flink's cases, where they are, and the runner's own judgement. The page in docs says what was recorded.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conformancePage, countsLine, hasCases, isShort, lostPasses, runSuites } from "./run-suites.ts";
import { conformanceFolder } from "./suite.ts";

const recorded = JSON.parse(readFileSync(new URL("passed.json", import.meta.url), "utf8"));
const page = readFileSync(new URL("../../docs/conformance.md", import.meta.url), "utf8");

describe.skipIf(!hasCases(conformanceFolder))("Flink's cases", () => {
  const reports = runSuites(conformanceFolder);

  test("pass as they passed before", () => {
    expect(lostPasses(reports, recorded)).toEqual([]);
    expect(reports.filter(isShort).map(({ file }) => file)).toEqual([]);
  });

  test("are on the page as they are", () => {
    expect(page).toBe(conformancePage(reports));
  });

  test("are chosen by their text", () => {
    const [chosen] = runSuites(conformanceFolder, "show catalogs");
    expect(chosen?.cases.length).toBeGreaterThan(3);
    expect(chosen?.cases.every(({ title }) => title.includes("show catalogs"))).toBe(true);
  });
});

test("a case that passed and does not now is told; one that never did is not", () => {
  const cases = [
    { id: "a", title: "one", outcome: "failed", why: "it is so" },
    { id: "b", title: "two", outcome: "later", why: "joins" },
    { id: "c", title: "three", outcome: "failed", why: "new" },
  ] as const;
  const reports = [{ file: "x.json", required: 0.5, cases }];
  expect(reports.some(isShort)).toBe(true);
  expect(lostPasses(reports, { "x.json": ["a", "b", "gone"] }).map(({ id }) => id)).toEqual(["a", "b"]);
  expect(countsLine(reports)).toBe("0 passed, 2 failed, 1 later, 0 different by design");
  expect(conformancePage(reports)).toContain("| x.json | two | later: joins |");
});
