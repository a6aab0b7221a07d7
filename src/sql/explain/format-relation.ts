/**
 * Relations as people read them, as a tree from what comes out to what is read.
 */
import type { AggregateExpression } from "../../interpreter/compile-aggregate.ts";
import type { WindowShape, WindowTime } from "../../protocol/dataflow.ts";
import { inputsOfRelation, type Relation } from "../bind/logical-plan.ts";
import { formatRowExpression } from "./format-expression.ts";

/**
 * Returns one line for each relation, indented by its depth. Of a `named` one it has the name, and nothing of
 * what is below.
 */
export function formatRelation(
  relation: Relation,
  depth = 0,
  named: ReadonlyMap<Relation, string> = new Map(),
): string {
  const name = named.get(relation);
  const line = `${"   ".repeat(depth)}${depth === 0 ? "" : "+- "}${name ?? describe(relation)}`;
  const inputs = name === undefined ? inputsOfRelation(relation) : [];
  return [line, ...inputs.map((input) => formatRelation(input, depth + 1, named))].join("\n");
}

function describe(relation: Relation): string {
  const [input] = inputsOfRelation(relation);
  const names = (input?.fields ?? relation.fields).map(({ name }) => name);
  const named = (columns: readonly number[]) => columns.map((column) => names[column]).join(", ");
  switch (relation.node) {
    case "scan": {
      const read = relation.columns.map((column, index) => aliased(column, names[index] ?? "")).join(", ");
      const watermark = relation.watermark
        ? `, watermark=[${formatRowExpression(relation.watermark, names)}]`
        : "";
      return `TableScan(table=[${relation.table.name}], fields=[${read}]${watermark})`;
    }
    case "values":
      return `Values(rows=[${relation.rows.length}], fields=[${names.join(", ")}])`;
    case "calc": {
      const { projection, condition, fields } = relation;
      const select = projection
        ?.map((each, index) => aliased(formatRowExpression(each, names), fields[index]?.name ?? ""))
        .join(", ");
      const where = condition && formatRowExpression(condition, names);
      return `Calc(${listed({ select, where })})`;
    }
    case "unnest": {
      const unnest = formatRowExpression(relation.collection, names);
      return `Correlate(${relation.isLeft ? "left, " : ""}unnest=[${unnest}])`;
    }
    case "window": {
      const partition = relation.key.length > 0 ? `, partition by=[${named(relation.key)}]` : "";
      return `WindowTableFunction(${formatWindow(relation.window, relation.time, names)}${partition})`;
    }
    case "aggregate": {
      const { key, aggregates, groupWindow, sets, ttlMs, isInTwoPhases } = relation;
      const parts = [
        ...(key.length > 0 ? [`groupBy=[${named(key)}]`] : []),
        ...(sets
          ? [`sets=[${sets.map((set) => `{${set.map((at) => names[key[at] ?? 0]).join(", ")}}`).join(", ")}]`]
          : []),
        ...(groupWindow ? [`window=[${formatWindow(groupWindow.window, groupWindow.time, names)}]`] : []),
        ...(aggregates.length > 0
          ? [`select=[${aggregates.map((each) => formatAggregate(each, names)).join(", ")}]`]
          : []),
        ...(ttlMs === undefined ? [] : [`ttl=[${ttlMs} ms]`]),
        ...(isInTwoPhases ? ["phases=[local, global]"] : []),
      ];
      return `Aggregate(${parts.join(", ")})`;
    }
    case "union":
      return `Union(all=[true], inputs=[${relation.inputs.length}])`;
    case "set":
      return `${relation.set === "intersect" ? "Intersect" : "Except"}(all=[${relation.isAll}])`;
    case "sort":
      return `Sort(orderBy=[${relation.order
        .map(({ column, isDescending }) => `${names[column]}${isDescending ? " DESC" : ""}`)
        .join(", ")}])`;
    case "limit":
      return `Limit(offset=[${relation.offset}], fetch=[${relation.count}])`;
  }
}

/** `name=[text]` of what is there, with commas between. */
export function listed(parts: Readonly<Record<string, string | undefined>>): string {
  const there = Object.entries(parts).filter(([, text]) => text !== undefined);
  return there.map(([name, text]) => `${name}=[${text}]`).join(", ");
}

function aliased(text: string, name: string): string {
  return text === name ? text : `${text} AS ${name}`;
}

export function formatWindow(window: WindowShape, time: WindowTime, names: readonly string[]): string {
  const of = "column" in time ? (names[time.column] ?? `$${time.column}`) : "PROCTIME()";
  const offset = "offsetMs" in window && window.offsetMs !== 0 ? `, offset ${window.offsetMs} ms` : "";
  switch (window.kind) {
    case "tumble":
      return `TUMBLE(${of}, size ${window.sizeMs} ms${offset})`;
    case "hop":
      return `HOP(${of}, slide ${window.slideMs} ms, size ${window.sizeMs} ms${offset})`;
    case "cumulate":
      return `CUMULATE(${of}, step ${window.stepMs} ms, size ${window.sizeMs} ms${offset})`;
    case "session":
      return `SESSION(${of}, gap ${window.gapMs} ms)`;
  }
}

export function formatAggregate(aggregate: AggregateExpression, names: readonly string[]): string {
  const given = aggregate.arguments.map((each) => formatRowExpression(each, names)).join(", ");
  const inner = given === "" ? "*" : given;
  const filter = aggregate.filter ? ` FILTER (WHERE ${formatRowExpression(aggregate.filter, names)})` : "";
  return `${aggregate.function}(${aggregate.isDistinct ? "DISTINCT " : ""}${inner})${filter}`;
}
