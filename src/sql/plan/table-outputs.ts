/**
 * The outputs of a job as columns of a table: what each is called, and whether the table knows the rows by
 * what they are grouped by.
 *
 * An output has the name of its column where a job can have that: a view that is read without SQL then looks
 * like the table.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { WindowProperty } from "../../protocol/dataflow.ts";
import type { ShapedColumn } from "../../protocol/table-shape.ts";
import { type TableColumn, type TableDefinition, writtenColumns } from "../catalog/table-definition.ts";
import { NotOnKernels } from "./kernel-expression.ts";

/** What an aggregation gives at one place. */
export type Output = { readonly type: SqlType } & (
  | { readonly of: "key"; readonly expression: RowExpression }
  | { readonly of: "aggregate"; readonly narrow: boolean }
  | { readonly of: "window"; readonly bound: WindowProperty["property"] }
);

export interface OutputTarget {
  readonly table: TableDefinition;
  /** Of each column that is written, the place of its output. */
  readonly places: readonly number[];
  /** The columns of the stream that is read. */
  readonly streamColumns: readonly string[];
  readonly isWindowed: boolean;
}

/** Returns the names of all outputs, by place. Throws `NotOnKernels`. */
export function outputNames(outputs: readonly Output[], target: OutputTarget): string[] {
  const { places, streamColumns, isWindowed } = target;
  const columns = writtenColumns(target.table);
  const taken = new Set(["final", ...(isWindowed ? ["window_start", "window_end", "window_time"] : [])]);
  return outputs.map((output, place) => {
    if (output.of === "window") return boundName(output.bound);
    const own = output.of === "key" && output.expression.node === "input" ? output.expression.index : -1;
    const others = streamColumns.filter((_, index) => index !== own);
    const isFree = (name: string) =>
      /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name) && !taken.has(name) && !others.includes(name);
    const wanted = columns[places.indexOf(place)]?.name ?? "";
    let name = wanted;
    for (let number = place; !isFree(name); number++) name = `${output.of}_${number}`;
    taken.add(name);
    return name;
  });
}

function boundName(bound: WindowProperty["property"]): string {
  if (bound === "start" || bound === "end") return `window_${bound}`;
  const found = bound === "time" ? "the time attribute" : "the processing time";
  throw new NotOnKernels(`a job tells the start and the end of a window, and not ${found}`);
}

/** Returns what each column of a view is made of. */
export function columnsOfShape(
  outputs: readonly Output[],
  names: readonly string[],
  { table, places }: OutputTarget,
): ShapedColumn[] {
  return writtenColumns(table).map(({ name, type }, index): ShapedColumn => {
    const place = places[index] ?? -1;
    const output = outputs[place];
    const isNarrow = output?.of === "aggregate" && output.narrow;
    return { name, type, output: names[place] ?? "", ...(isNarrow && { narrow: true as const }) };
  });
}

/**
 * Returns the places of keys that may be null and must not be in the table. Throws `NotOnKernels` for
 * aggregates of that kind.
 */
export function keysToCheck(outputs: readonly Output[], { table, places }: OutputTarget): number[] {
  const checked = writtenColumns(table).flatMap((column, index) => {
    const output = outputs[places[index] ?? -1];
    return !column.type.isNullable && output?.type.isNullable
      ? [{ column, output, place: places[index] }]
      : [];
  });
  const aggregate = checked.find(({ output }) => output.of !== "key");
  if (aggregate)
    throw new NotOnKernels(`${mayBeNull(aggregate.column)}; declare the column without NOT NULL`);
  return checked.map(({ place }) => place ?? -1);
}

export function mayBeNull({ name }: Pick<TableColumn, "name">): string {
  return `what is written to ${name} may be null, and the column is NOT NULL`;
}

/** A view must know its rows by the key, and by the window where there is one. Throws `NotOnKernels`. */
export function checkPrimaryKey(
  outputs: readonly Output[],
  { table, places, isWindowed }: OutputTarget,
  startsOnce: boolean,
): void {
  const columns = writtenColumns(table);
  const known = table.primaryKey.map((name) => {
    const place = places[columns.findIndex((column) => column.name === name)] ?? -1;
    return { place, output: outputs[place] };
  });
  const missing = outputs.some(
    (output, place) => output.of === "key" && !known.some((each) => each.place === place),
  );
  const more = known.some(({ output }) => output?.of === "aggregate");
  const hasBound = (wanted: string) =>
    known.some(({ output }) => output?.of === "window" && output.bound === wanted);
  const hasWindow = !isWindowed || hasBound("end") || (startsOnce && hasBound("start"));
  if (!missing && !more && hasWindow && known.length > 0) return;
  const bound = startsOnce ? "start or end" : "end";
  throw new NotOnKernels(
    `the PRIMARY KEY of ${table.name} is not what rows are grouped by` +
      (isWindowed ? `, with the ${bound} of their window` : ""),
  );
}
