/**
 * Windows as they are written: TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL …) behind FROM, and
 * TUMBLE(time, INTERVAL …) in GROUP BY.
 */
import { slicesPerWindowMax } from "../../base/limits.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";
import type { WindowShape, WindowTime } from "../../protocol/dataflow.ts";
import { notSupported, type SourceText, type Span, statementError } from "../parse/syntax-error.ts";
import type { Call, Column, Expression, Subquery, TableArgument } from "../parse/syntax-tree.ts";
import { ExpressionBinder } from "./bind-expression.ts";
import type { Field } from "./logical-plan.ts";
import { findColumn, type ScopeColumn } from "./scope.ts";

export type WindowName = "TUMBLE" | "HOP" | "CUMULATE" | "SESSION";

/** Names of the arguments behind the time, and how many of them must be there. */
const parameters: Readonly<
  Record<WindowName, { readonly names: readonly string[]; readonly fewest: number }>
> = Object.freeze({
  TUMBLE: { names: ["SIZE", "OFFSET"], fewest: 1 },
  HOP: { names: ["SLIDE", "SIZE", "OFFSET"], fewest: 2 },
  CUMULATE: { names: ["STEP", "SIZE", "OFFSET"], fewest: 2 },
  SESSION: { names: ["GAP"], fewest: 1 },
});

export function windowNameOf(call: Call): WindowName | undefined {
  const name = call.name.parts.at(-1)?.name.toUpperCase() ?? "";
  return call.name.parts.length === 1 && Object.hasOwn(parameters, name) ? (name as WindowName) : undefined;
}

/** The arguments of a window that makes a table. */
export interface WindowCall {
  readonly data: TableArgument;
  readonly time: Column;
  readonly sizes: Readonly<Record<string, Expression>>;
}

/** Reads the arguments by their places or names. */
export function readWindowCall(source: SourceText, call: Call, window: WindowName): WindowCall {
  const names = ["DATA", "TIMECOL", ...parameters[window].names];
  const given: Record<string, Expression> = {};
  for (const [index, argument] of call.arguments.entries()) {
    const isNamed = argument.kind === "named argument";
    const name = isNamed ? argument.name.name.toUpperCase() : names[index];
    if (name === undefined || !names.includes(name)) {
      throw statementError(source, argument, `${window} takes ${usageOf(window)}`);
    }
    given[name] = isNamed ? argument.value : argument;
  }
  const { DATA: written, TIMECOL: time, ...sizes } = given;
  const data = written?.kind === "subquery" ? tableOf(written) : written;
  const isWhole = parameters[window].names.slice(0, parameters[window].fewest).every((name) => sizes[name]);
  if (data?.kind !== "table argument" || !time || !isWhole) {
    throw statementError(source, call, `${window} takes ${usageOf(window)}`);
  }
  return { data, time: readDescriptor(source, time), sizes };
}

/** `(SELECT …)` where `TABLE name` could stand. */
function tableOf({ query, start, end }: Subquery): TableArgument {
  return { kind: "table argument", table: query, partitionBy: [], orderBy: [], start, end };
}

function usageOf(window: WindowName): string {
  const { names, fewest } = parameters[window];
  const sizes = names.map((name, index) => (index < fewest ? `, ${name.toLowerCase()}` : "[, offset]"));
  return `(TABLE table, DESCRIPTOR(time)${sizes.join("")}), sizes being intervals`;
}

function readDescriptor(source: SourceText, expression: Expression): Column {
  if (expression.kind === "call" && expression.name.parts.at(-1)?.name.toUpperCase() === "DESCRIPTOR") {
    const [column, ...rest] = expression.arguments;
    if (column?.kind === "column" && rest.length === 0) return column;
  }
  throw statementError(source, expression, "Expected DESCRIPTOR(time), which names one time column");
}

/** Reads the sizes of a group window: TUMBLE(time, size), HOP(time, slide, size), SESSION(time, gap). */
export function readGroupWindow(source: SourceText, call: Call, window: WindowName) {
  const names = window === "CUMULATE" ? [] : parameters[window].names;
  const [time, ...rest] = call.arguments;
  const fewest = parameters[window].fewest;
  if (!time || names.length === 0 || rest.length < fewest || rest.length > names.length) {
    const sizes = window === "HOP" ? "slide, size" : window === "SESSION" ? "gap" : "size";
    throw statementError(source, call, `${window} in GROUP BY takes (time, ${sizes}), sizes being intervals`);
  }
  const sizes = Object.fromEntries(rest.map((size, index) => [names[index] ?? "", size]));
  return { time, sizes };
}

/** Returns the window that the sizes make. Throws SQL_INVALID at a size that is none. */
export function windowShapeOf(
  source: SourceText,
  window: WindowName,
  sizes: Readonly<Record<string, Expression>>,
  span: Span,
): WindowShape {
  const read = (name: string, isOffset = false) => {
    const expression = sizes[name];
    return expression ? intervalMillis(source, expression, isOffset) : 0;
  };
  const offsetMs = read("OFFSET", true);
  switch (window) {
    case "TUMBLE":
      return { kind: "tumble", sizeMs: read("SIZE"), offsetMs };
    case "HOP": {
      const [sizeMs, slideMs] = [read("SIZE"), read("SLIDE")];
      checkPieces(source, span, sizeMs, slideMs, "slide");
      return { kind: "hop", sizeMs, slideMs, offsetMs };
    }
    case "CUMULATE": {
      const [sizeMs, stepMs] = [read("SIZE"), read("STEP")];
      checkPieces(source, span, sizeMs, stepMs, "step");
      return { kind: "cumulate", sizeMs, stepMs, offsetMs };
    }
    case "SESSION":
      return { kind: "session", gapMs: read("GAP") };
  }
}

function checkPieces(source: SourceText, span: Span, sizeMs: number, pieceMs: number, what: string): void {
  if (sizeMs % pieceMs !== 0) {
    const message = `The size of ${sizeMs} ms is no multiple of the ${what} of ${pieceMs} ms`;
    throw statementError(source, span, message);
  }
  if (sizeMs / pieceMs <= slicesPerWindowMax) return;
  throw statementError(
    source,
    span,
    `A window has at most ${slicesPerWindowMax} ${what}s, not ${sizeMs / pieceMs}`,
  );
}

function intervalMillis(source: SourceText, expression: Expression, isOffset: boolean): number {
  const bound = new ExpressionBinder(source, { columns: [] }).bind(expression);
  if (bound.type.name === "INTERVAL YEAR TO MONTH") {
    throw notSupported(source, expression, "windows of months; use days");
  }
  if (bound.node !== "literal" || bound.type.name !== "INTERVAL DAY TO SECOND") {
    throw statementError(source, expression, "Expected an interval such as INTERVAL '5' MINUTE");
  }
  const value = decodeValueJson(bound.value) as number;
  if (value > 0 || isOffset) return value;
  throw statementError(source, expression, "The size of a window must be above 0");
}

/** Returns the time that a window goes by. Throws SQL_INVALID where the column has no time attribute. */
export function windowTimeOf(
  source: SourceText,
  expression: Expression,
  fields: readonly Field[],
  columns: readonly ScopeColumn[],
): { readonly time: WindowTime; readonly type: SqlType } {
  if (expression.kind === "call" && expression.name.parts.at(-1)?.name.toUpperCase() === "PROCTIME") {
    return { time: { processing: true }, type: { name: "TIMESTAMP_LTZ", precision: 3, isNullable: false } };
  }
  const search = expression.kind === "column" ? findColumn({ columns }, expression.parts) : undefined;
  const field = search?.found === "one" ? fields[search.index] : undefined;
  if (search?.found === "one" && field?.time === "event") {
    return { time: { column: search.index }, type: field.type };
  }
  if (field?.time === "processing") return { time: { processing: true }, type: field.type };
  if (expression.kind === "column" && search?.found !== "one") {
    new ExpressionBinder(source, { columns }).bind(expression);
  }
  const message =
    "A window goes by a time attribute: a column with a WATERMARK in its table, or PROCTIME(); " +
    "this is neither";
  throw statementError(source, expression, message);
}

/** The type of a window's start and end: of local time where the time is an instant. */
export function boundTypeOf(): SqlType {
  return { name: "TIMESTAMP", precision: 3, isNullable: false };
}
