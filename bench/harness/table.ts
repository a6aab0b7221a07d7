/**
 * A result as a person reads it in the terminal.
 */
import Table from "cli-table3";
import { type BenchResult, formatNumber, formatTarget, isMet, passes } from "./bench.ts";
import { quantile } from "./measure.ts";

const plain = { style: { head: [], border: [] } };

export function formatResult(result: BenchResult): string {
  const figures = new Table({
    ...plain,
    head: ["figure", "value", "unit", "quarters", "samples", "target", "met"],
  });
  for (const figure of result.figures) {
    const { name, value, unit, values, target } = figure;
    const spread = values && values.length > 1 ? [0.25, 0.75].map((share) => quantile(values, share)) : [];
    figures.push([
      name,
      formatNumber(value),
      unit,
      spread.map(formatNumber).join(" … "),
      String(values?.length ?? ""),
      formatTarget(target),
      target ? (isMet(figure) ? "yes" : "NO") : "",
    ]);
  }
  const parts = [`${result.name}: ${result.question}`, figures.toString()];
  if (result.ratios.length > 0) {
    const ratios = new Table({ ...plain, head: ["ratio", "value", "target", "met"] });
    for (const ratio of result.ratios) {
      const met = ratio.target ? (isMet(ratio) ? "yes" : "NO") : "";
      ratios.push([ratio.name, formatNumber(ratio.value), formatTarget(ratio.target), met]);
    }
    parts.push(ratios.toString());
  }
  const failed = result.checks.filter((check) => !passes(check));
  for (const { name, found, expected } of failed) {
    parts.push(`check failed: ${name}: found ${found}, expected ${expected}`);
  }
  parts.push(`${result.checks.length - failed.length} of ${result.checks.length} checks passed`);
  return parts.join("\n");
}
