/**
 * The one aggregation of a query over columns of one stream, if that is all it is.
 */
import { mapInputs, type RowExpression } from "../../interpreter/row-expression.ts";
import type { AggregateCall, WindowProperty } from "../../protocol/dataflow.ts";
import type { WindowDefinition } from "../../protocol/job-spec.ts";
import type { Relation, ScanRelation } from "../bind/logical-plan.ts";
import { optionOf, type SessionOptions } from "../bind/session-options.ts";
import { eventTimeOf, isStreamTable } from "../catalog/stream-of-table.ts";
import { isChangelog, type TableDefinition } from "../catalog/table-definition.ts";
import { type WindowedAggregate, windowOfAggregate } from "./aggregate-window.ts";
import { NotOnKernels } from "./kernel-expression.ts";

export interface Grouping {
  readonly source: TableDefinition;
  readonly streamColumns: readonly string[];
  /** These and what follows are over the columns of the stream. */
  readonly conditions: readonly RowExpression[];
  readonly keys: readonly RowExpression[];
  readonly calls: readonly AggregateCall[];
  readonly properties: readonly WindowProperty[];
  /** Of each column of the query: its place among keys, calls and properties. */
  readonly places: readonly number[];
  readonly windowed: KernelWindowing | undefined;
  readonly ttlMs: number | undefined;
}

export interface KernelWindowing extends Pick<WindowedAggregate, "window"> {
  /** The time by which rows are in windows. */
  readonly time: RowExpression | undefined;
}

/** Throws `NotOnKernels`. */
export function groupingOf(relation: Relation): Grouping {
  const { aggregate, projection } = topOf(relation);
  if (aggregate.sets) throw new NotOnKernels("GROUPING SETS make several rows of one");
  const windowed = windowOfAggregate(aggregate);
  const { input, key, aggregates } = windowed ?? aggregate;
  const { scan, columns, conditions } = composeScan(input);
  const over = (expression: RowExpression) => mapInputs(expression, (each) => columns[each.index] ?? each);
  const columnAt = (index: number) => columns[index] as RowExpression;
  checkSource(scan.table);
  return {
    source: scan.table,
    streamColumns: scan.fields.map(({ name }) => name),
    conditions,
    keys: key.map(columnAt),
    calls: aggregates.map((call) => ({
      ...call,
      arguments: call.arguments.map(over),
      ...(call.filter && { filter: over(call.filter) }),
    })),
    properties: windowed?.properties ?? [],
    places: projection.map((column) => (windowed ? (windowed.places[column] ?? -1) : column)),
    windowed: windowed && {
      window: windowed.window,
      time: "column" in windowed.time ? timeOf(columnAt(windowed.time.column), scan) : undefined,
    },
    ttlMs: windowed ? undefined : aggregate.ttlMs,
  };
}

/** Behind the aggregation columns may only be chosen, and made wider without another value. */
function topOf(relation: Relation): {
  readonly aggregate: Relation & { readonly node: "aggregate" };
  readonly projection: readonly number[];
} {
  const all = relation.fields.map((_, index) => index);
  const aggregate = relation.node === "calc" ? relation.input : relation;
  if (aggregate.node !== "aggregate") throw new NotOnKernels("it has no aggregation on top");
  if (relation.node !== "calc") return { aggregate, projection: all };
  if (relation.condition) throw new NotOnKernels("there is a condition on its results (HAVING)");
  const projection = relation.projection?.map((expression, column) => {
    const chosen = chosenColumn(expression);
    if (chosen !== undefined) return chosen;
    throw new NotOnKernels(`${relation.fields[column]?.name} is calculated from the results`);
  });
  return { aggregate, projection: projection ?? all };
}

function chosenColumn(expression: RowExpression): number | undefined {
  if (expression.node === "input") return expression.index;
  if (expression.node !== "call" || expression.function !== "CAST") return undefined;
  const [argument] = expression.arguments;
  if (argument?.node !== "input") return undefined;
  const [from, to] = [argument.type, expression.type];
  const isText = from.name === "VARCHAR" && to.name === "VARCHAR" && to.length === textLengthMax;
  return isText || (from.name === "INT" && to.name === "BIGINT") ? argument.index : undefined;
}

/** That of STRING. */
const textLengthMax = 2_147_483_647;

function checkSource(table: TableDefinition): void {
  const { name, columns } = table;
  if (!isStreamTable(table)) throw new NotOnKernels(`${name} is no stream`);
  if (isChangelog(table)) throw new NotOnKernels(`rows of ${name} may be taken back`);
  if (columns.some(({ metadata }) => metadata)) throw new NotOnKernels(`${name} has metadata columns`);
  if (!eventTimeOf(table)) {
    throw new NotOnKernels(`the watermark of ${name} is not that of a stored column, less an interval`);
  }
}

/** The time of windows must be that of the stream. */
function timeOf(time: RowExpression, { table, fields }: ScanRelation): RowExpression {
  const own = eventTimeOf(table)?.column;
  if (time.node === "input" && fields[time.index]?.name === own) return time;
  throw new NotOnKernels(`its windows are not by ${own}, the event time of ${table.name}`);
}

/** Returns the window as a job has it; throws `NotOnKernels`. */
export function kernelWindow({ window, time }: KernelWindowing, options: SessionOptions): WindowDefinition {
  if (!time) throw new NotOnKernels("its windows are of processing time");
  const zone = optionOf(options, "table.local-time-zone");
  if (time.type.name === "TIMESTAMP_LTZ" && zone !== "UTC") {
    throw new NotOnKernels(`its windows go by the clocks of ${zone}`);
  }
  switch (window.kind) {
    case "tumble": {
      const { kind: type, sizeMs, offsetMs } = window;
      return { type, sizeMs, offsetMs };
    }
    case "hop": {
      const { kind: type, sizeMs, slideMs, offsetMs } = window;
      return { type, sizeMs, slideMs, offsetMs };
    }
    case "cumulate": {
      const { kind: type, sizeMs, stepMs, offsetMs } = window;
      return { type, sizeMs, stepMs, offsetMs };
    }
    case "session":
      throw new NotOnKernels("SESSION windows have no kernel");
    default:
      throw new NotOnKernels("rows bring their window with them");
  }
}

/** Calcs over one table as what they are together, over the columns of the table. */
function composeScan(relation: Relation): ComposedScan {
  if (relation.node === "scan") {
    const columns = relation.fields.map(({ type }, index): RowExpression => ({ node: "input", index, type }));
    return { scan: relation, columns, conditions: [] };
  }
  if (relation.node !== "calc") throw new NotOnKernels(origins[relation.node]);
  const { scan, columns, conditions } = composeScan(relation.input);
  const over = (expression: RowExpression) => mapInputs(expression, (each) => columns[each.index] ?? each);
  const { condition, projection } = relation;
  return {
    scan,
    columns: projection ? projection.map(over) : columns,
    conditions: condition ? [...conditions, over(condition)] : conditions,
  };
}

interface ComposedScan {
  readonly scan: ScanRelation;
  readonly columns: readonly RowExpression[];
  readonly conditions: readonly RowExpression[];
}

const origins: Readonly<Record<Exclude<Relation["node"], "scan" | "calc">, string>> = Object.freeze({
  values: "its rows come from VALUES",
  unnest: "its rows come from UNNEST",
  window: "rows are not grouped by both bounds of their window",
  aggregate: "its rows come from another aggregation",
  union: "its rows come from a UNION",
  set: "its rows come from INTERSECT or EXCEPT",
  sort: "its rows come in an order",
  limit: "its rows come from LIMIT",
});
