/**
 * A declarative job as people read it: what runs on kernels.
 */
import type { ExpressionJson } from "../../protocol/expression-json.ts";
import {
  type AggregateDefinition,
  type JobDefinition,
  sinksOf,
  sourcesOf,
  type WindowDefinition,
} from "../../protocol/job-spec.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import { listed } from "./format-relation.ts";

/** Returns a line for each of its parts, from what is read on. */
export function formatJob(job: JobDefinition): string {
  const { filter, columns, key, window, aggregates, retentionMs, sql } = job;
  const where = filter === undefined ? undefined : formatExpressionJson(filter);
  const made = columns.map(({ name, expression }) => `${formatExpressionJson(expression)} AS ${name}`);
  const select = aggregates.map(formatAggregate).join(", ");
  const grouped = listed({ key: key.join(", "), window: window && formatWindow(window), select });
  const kept = retentionMs === null ? "kept forever" : `kept ${retentionMs} ms`;
  return [
    "On kernels, all expressions too",
    `  in ${sourcesOf(job).join(", ")}`,
    ...(where !== undefined || made.length > 0
      ? [`  Calc(${listed({ select: made.length > 0 ? made.join(", ") : undefined, where })})`]
      : []),
    `  Aggregate(${grouped}, ${kept})`,
    ...sinksOf(job).map((stream) => `  -> stream ${stream}`),
    ...(sql?.view ? [`  -> view ${formatShapeOf(sql.view)}`] : []),
  ].join("\n");
}

function formatShapeOf({ table, columns }: TableShape): string {
  const made = columns.map(({ name, output, narrow }) => {
    const value = narrow ? `lower half of ${output}` : output;
    return value === name ? name : `${value} AS ${name}`;
  });
  return `${table}: ${made.join(", ")}`;
}

function formatWindow(window: WindowDefinition): string {
  const offset = window.offsetMs === 0 ? "" : `, offset ${window.offsetMs} ms`;
  switch (window.type) {
    case "tumble":
      return `TUMBLE(size ${window.sizeMs} ms${offset})`;
    case "hop":
      return `HOP(slide ${window.slideMs} ms, size ${window.sizeMs} ms${offset})`;
    case "cumulate":
      return `CUMULATE(step ${window.stepMs} ms, size ${window.sizeMs} ms${offset})`;
  }
}

function formatAggregate({ name, function: called, argument, distinct }: AggregateDefinition): string {
  const given = argument === undefined ? "*" : formatExpressionJson(argument);
  return `${called.toUpperCase()}(${distinct ? "DISTINCT " : ""}${given}) AS ${name}`;
}

function formatExpressionJson(json: ExpressionJson): string {
  if (json === null) return "NULL";
  if (typeof json !== "object") return typeof json === "boolean" ? String(json).toUpperCase() : String(json);
  if ("literal" in json) {
    const isNumber = json.type !== undefined && /^(INT|BIGINT|DOUBLE|DECIMAL)/.test(json.type);
    return isNumber ? String(json.literal) : `'${String(json.literal).replaceAll("'", "''")}'`;
  }
  const [operator, ...parts] = json;
  const name = operator.toUpperCase();
  if (operator === "cast") return `CAST(${formatExpressionJson(parts[0] ?? null)} AS ${String(parts[1])})`;
  const texts = parts.map(formatExpressionJson);
  if (operator.startsWith("is ")) return `(${texts[0]} ${name})`;
  const isInfix = /^([-+*/%=<>]+|and|or)$/.test(operator) && texts.length > 1;
  return isInfix ? `(${texts.join(` ${name} `)})` : `${name}(${texts.join(", ")})`;
}
