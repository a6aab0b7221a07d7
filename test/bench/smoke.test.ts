/**
 * No bench can rot: each runs here with a tiny input, and what it found must be right.
 */
import { expect, test } from "vitest";
import { benches } from "../../bench/catalog.ts";
import { passes } from "../../bench/harness/bench.ts";
import { withFigures } from "../../bench/harness/report.ts";
import { formatResult } from "../../bench/harness/table.ts";
import { runBench } from "../../bench/run.ts";

test.each(benches)("$name still runs and proves its answer", { timeout: 60_000 }, async (bench) => {
  const result = await runBench(bench, { isSmoke: true });
  expect(result.checks.length).toBeGreaterThan(0);
  expect(result.checks.filter((check) => !passes(check))).toEqual([]);
  for (const { name, value } of [...result.figures, ...result.ratios]) {
    // What is added is a difference: of so few requests it may be below nothing.
    if (name.startsWith("added by")) expect(Number.isFinite(value), name).toBe(true);
    else expect(value, name).toBeGreaterThan(0);
  }
  const text = formatResult(result);
  const readme = withFigures("# A\n<!-- figures:start -->\nold\n<!-- figures:end -->\nB\n", [result]);
  for (const { name } of result.figures) {
    expect(text).toContain(name.trim());
    expect(readme).toContain(name.trim());
  }
  expect(readme).not.toContain("old");
  expect(readme.startsWith("# A\n")).toBe(true);
  expect(readme.endsWith("\nB\n")).toBe(true);
});

test("names of benches are told apart", () => {
  const names = benches.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
