/**
 * INSERT INTO as a declarative job, which runs on kernels; only where its rows are those that the interpreter
 * would give. Otherwise there is a reason, which EXPLAIN tells.
 *
 * What fits is one aggregation, by key, window or both, over filtered and computed columns of one stream
 * whose watermark is the stream's own. Its results go to a view that knows them by that key, or, those of
 * windows, to a stream.
 */
import { EngineError } from "../../base/errors.ts";
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import type { ExpressionJson } from "../../protocol/expression-json.ts";
import type { AggregateDefinition, JobDefinition } from "../../protocol/job-spec.ts";
import type { InsertPlan } from "../bind/logical-plan.ts";
import { optionOf, type SessionOptions } from "../bind/session-options.ts";
import { streamOf } from "../catalog/stream-of-table.ts";
import type { TableDefinition } from "../catalog/table-definition.ts";
import { viewRetentionOf } from "../catalog/view-retention.ts";
import { plannedTypes } from "./check-job.ts";
import { type KernelAggregate, kernelAggregate } from "./kernel-aggregate.ts";
import { kernelExpression, kernelTypeOf, NotOnKernels } from "./kernel-expression.ts";
import { type Grouping, groupingOf, kernelWindow } from "./kernel-grouping.ts";
import {
  checkPrimaryKey,
  columnsOfShape,
  keysToCheck,
  mayBeNull,
  type Output,
  type OutputTarget,
  outputNames,
} from "./table-outputs.ts";

/** `why`: the words behind "interpreted, because". */
export type JobChoice = { readonly job: JobDefinition } | { readonly why: string };

/** How long a job that fills a stream keeps its results, which nobody reads. */
const unreadRetentionMs = 3_600_000;

/** Returns the job that optimized INSERTs are together, or why kernels cannot do it. */
export function lowerToJob(
  inserts: readonly InsertPlan[],
  options: SessionOptions,
  statement: string,
): JobChoice {
  const [insert] = inserts;
  try {
    if (!insert || inserts.length > 1) throw new NotOnKernels("several INSERTs are one job");
    return { job: jobOf(insert, options, statement) };
  } catch (thrown) {
    if (thrown instanceof NotOnKernels) return { why: thrown.message };
    if (thrown instanceof EngineError) return { why: `the job is refused: ${thrown.message}` };
    throw thrown;
  }
}

function jobOf(insert: InsertPlan, options: SessionOptions, statement: string): JobDefinition {
  const { table } = insert;
  checkTable(insert, options);
  const grouping = groupingOf(insert.input);
  const { source, streamColumns, keys, calls } = grouping;
  const window = grouping.windowed && kernelWindow(grouping.windowed, options);
  const aggregates = calls.map((call) => kernelAggregate(call, streamColumns));
  if (window && window.type !== "tumble") checkSliced(aggregates);
  const outputs = outputsOf(grouping, aggregates);
  const isWindowed = window !== undefined;
  const target: OutputTarget = { table, places: grouping.places, streamColumns, isWindowed };
  const names = outputNames(outputs, target);
  const view = { table: table.name, columns: columnsOfShape(outputs, names, target), isWindowed };
  const isView = table.options.connector === "view";
  if (isView) checkPrimaryKey(outputs, target, window?.type !== "cumulate");
  else checkStream(view.columns, isWindowed);
  const filter = filterOf(grouping, keysToCheck(outputs, target), options);
  const parallelism = Number(optionOf(options, "parallelism.default"));
  const job: JobDefinition = {
    source: streamOf(source),
    startFrom: "earliest",
    ...(filter !== undefined && { filter }),
    columns: keyColumns(keys, names, streamColumns),
    key: keys.map((_, place) => names[place] ?? ""),
    ...(parallelism > 0 && { parallelism }),
    ...(isOnePhase(grouping, options) && { twoPhase: false as const }),
    ...(window && { window }),
    aggregates: namedAggregates(aggregates, names, keys.length),
    allowedLatenessMs: 0,
    retentionMs: isView ? retentionOf(table, grouping) : unreadRetentionMs,
    ...(!isView && { into: streamOf(table) }),
    sql: { statement, ...(isView && { view }) },
  };
  checkTypes(outputs, names, plannedTypes(job, source, isView ? undefined : table));
  return job;
}

function checkTable({ table, isOverwrite }: InsertPlan, options: SessionOptions): void {
  const { connector } = table.options;
  if (connector !== "view" && connector !== "http") {
    throw new NotOnKernels(`${table.name} has the connector '${connector}', which is told all changes`);
  }
  if (isOverwrite) throw new NotOnKernels("INSERT OVERWRITE replaces what is there");
  if (table.options["sink-changelog-mode-enforced"] !== undefined) {
    throw new NotOnKernels(`${table.name} says which changes it takes`);
  }
  const isEnforced = optionOf(options, "table.exec.sink.type-length-enforcer").toUpperCase() !== "IGNORE";
  if (isEnforced) throw new NotOnKernels("the lengths of texts are enforced");
}

/** Of overlapping windows, the interpreter goes by slices before it goes by arrival. */
function checkSliced(aggregates: readonly KernelAggregate[]): void {
  const found = aggregates.find(
    ({ function: called }) => called === "first_value" || called === "last_value",
  );
  if (found) throw new NotOnKernels(`${found.function.toUpperCase()} goes by slices where windows overlap`);
}

function outputsOf({ keys, calls, properties }: Grouping, aggregates: readonly KernelAggregate[]): Output[] {
  return [
    ...keys.map((expression): Output => ({ of: "key", type: expression.type, expression })),
    ...calls.map(({ type }, index): Output => {
      return { of: "aggregate", type, narrow: aggregates[index]?.narrow ?? false };
    }),
    ...properties.map(({ property, type }): Output => ({ of: "window", bound: property, type })),
  ];
}

/** A stream takes the outputs as they are, by their names, and nothing back. */
function checkStream(
  columns: readonly { readonly name: string; readonly output: string; readonly narrow?: true }[],
  isWindowed: boolean,
): void {
  if (!isWindowed) throw new NotOnKernels("its results change");
  for (const { name, output, narrow } of columns) {
    if (narrow) throw new NotOnKernels(`${name} is the SUM of INT, which a job holds as a BIGINT`);
    if (name !== output) throw new NotOnKernels(`a job that fills a stream calls ${name} ${output}`);
  }
}

/** What rows must be like to be counted. A key that must not be null drops its rows, or fails the job. */
function filterOf(
  { keys, conditions, streamColumns }: Grouping,
  checked: readonly number[],
  options: SessionOptions,
): ExpressionJson | undefined {
  const drops = optionOf(options, "table.exec.sink.not-null-enforcer").toUpperCase() === "DROP";
  const tests = checked.map((place): ExpressionJson => {
    const key = keys[place] as RowExpression;
    const shown = key.node === "input" ? (streamColumns[key.index] ?? "") : "the key";
    if (!drops) throw new NotOnKernels(`${mayBeNull({ name: shown })}; declare ${shown} NOT NULL`);
    return ["is not null", kernelExpression(key, streamColumns)];
  });
  const all = [...conditions.map((each) => kernelExpression(each, streamColumns)), ...tests];
  const [first] = all;
  return all.length > 1 ? ["and", ...all] : first;
}

/** Keys that are no column of the stream by the name of their output. */
function keyColumns(
  keys: readonly RowExpression[],
  names: readonly string[],
  streamColumns: readonly string[],
): JobDefinition["columns"] {
  return keys.flatMap((key, place) => {
    const type = kernelTypeOf(key.type);
    if (!type || type.name === "DOUBLE") {
      throw new NotOnKernels(`a key of ${formatShape(key.type)} is left to the interpreter`);
    }
    const expression = kernelExpression(key, streamColumns);
    const name = names[place] ?? "";
    return expression === name ? [] : [{ name, expression }];
  });
}

/** DISTINCT groups without aggregates, and a job has one at least. */
function namedAggregates(
  aggregates: readonly KernelAggregate[],
  names: readonly string[],
  first: number,
): AggregateDefinition[] {
  if (aggregates.length === 0) {
    const name = ["rows", "row_count", "rows_of_key"].find((each) => !names.includes(each)) ?? "rows";
    return [{ name, function: "count" }];
  }
  return aggregates.map(({ narrow: _, ...aggregate }, index) => {
    return { name: names[first + index] ?? "", ...aggregate };
  });
}

/** What was added up before it travels is rounded in another order. */
function isOnePhase({ calls }: Grouping, options: SessionOptions): boolean {
  const sumsDoubles = calls.some(
    ({ function: called, type }) => (called === "SUM" || called === "AVG") && type.name === "DOUBLE",
  );
  return sumsDoubles || optionOf(options, "table.optimizer.agg-phase-strategy").toUpperCase() === "ONE_PHASE";
}

/**
 * A job has one state, which is the view: results and what they are made of are forgotten together, a
 * millisecond after the state of a dataflow would be.
 */
function retentionOf(table: TableDefinition, { windowed, ttlMs }: Grouping): number | null {
  const retentionMs = viewRetentionOf(table);
  if (windowed || retentionMs === (ttlMs ?? null)) return retentionMs;
  const [kept, state] = [retentionMs, ttlMs ?? null].map((ms) => (ms === null ? "forever" : `${ms} ms`));
  throw new NotOnKernels(
    `rows of ${table.name} are kept ${kept} after their last change, and the state behind them ${state}: ` +
      "set 'retention' = 'forever', or table.exec.state.ttl to the same",
  );
}

function checkTypes(
  outputs: readonly Output[],
  names: readonly string[],
  planned: ReadonlyMap<string, string>,
): void {
  for (const [place, output] of outputs.entries()) {
    if (output.of === "window") continue;
    const found = planned.get(names[place] ?? "");
    const { type } = output;
    const isNarrow = output.of === "aggregate" && output.narrow;
    const wanted = isNarrow ? "BIGINT" : type.name === "VARCHAR" ? "STRING" : formatShape(type);
    if (found === wanted) continue;
    throw new NotOnKernels(`${names[place]} is ${formatShape(type)}, and ${found} as an output of a job`);
  }
}
