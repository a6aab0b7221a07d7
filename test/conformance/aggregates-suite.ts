/**
 * Built-in aggregates: rows of some kinds through a group aggregation, whose final table is Flink's.
 */
import { EngineError } from "../../src/base/errors.ts";
import {
  type AggregateExpression,
  type CompiledAggregate,
  compileAggregate,
} from "../../src/interpreter/compile-aggregate.ts";
import { compileExpression } from "../../src/interpreter/compile-expression.ts";
import type { RowExpression } from "../../src/interpreter/row-expression.ts";
import type { RowEvaluator } from "../../src/interpreter/scalar-function.ts";
import { formatSqlType, type SqlType } from "../../src/interpreter/types/sql-type.ts";
import { comparisonOf } from "../../src/interpreter/values/compare-values.ts";
import { nanosPerMilli, type Row, type SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../src/interpreter/values/value-codec.ts";
import { encodeValueJson, toHex } from "../../src/interpreter/values/value-json.ts";
import { aggregateOf, bindAggregate } from "../../src/sql/bind/bind-aggregate.ts";
import { ExpressionBinder } from "../../src/sql/bind/bind-expression.ts";
import type { ScopeColumn } from "../../src/sql/bind/scope.ts";
import { parseStatements } from "../../src/sql/parse/parse-statements.ts";
import type { Expression, Select } from "../../src/sql/parse/syntax-tree.ts";
import { withoutPlaces } from "../support/without-places.ts";
import { contextOf } from "./evaluate-sql.ts";
import { type Case, idOf, type Outcome, titleOf } from "./suite.ts";
import { decodeTagged, type Tagged, typeOfText, Unresolved } from "./tagged-values.ts";

export interface AggregateBlock {
  readonly file: string;
  readonly sourceType: string;
  readonly rows: readonly KindedRow[];
  readonly items: readonly AggregateItem[];
  readonly udf?: readonly string[];
  readonly problems?: readonly string[];
}

interface KindedRow {
  readonly kind: "+I" | "-U" | "+U" | "-D";
  readonly values: readonly Tagged[];
}

interface AggregateItem {
  readonly sql: string;
  readonly types?: readonly string[];
  readonly expected?: readonly { readonly values: readonly Tagged[] }[];
  readonly error?: { readonly phase: "validation" | "runtime" };
  readonly unclean?: boolean;
}

type RowType = Extract<SqlType, { name: "ROW" }>;

const context = contextOf("UTC");

export function aggregateCases(blocks: readonly AggregateBlock[]): Case[] {
  return blocks.flatMap((block) => {
    if (block.udf || block.problems) return [];
    return block.items
      .filter(({ unclean, expected, error }) => !unclean && (expected ?? error))
      .map((item) => ({
        id: idOf(block.file, "aggregate", block.sourceType, JSON.stringify(block.rows), item.sql),
        title: titleOf("aggregate", `${block.file}:`, item.sql),
        run: () => judge(block, item),
      }));
  });
}

function judge(block: AggregateBlock, item: AggregateItem): Outcome {
  if (block.file.startsWith("Bitmap")) return { outcome: "later", why: "bitmaps" };
  try {
    return item.error ? judgeError(block, item, item.error.phase) : judgeTable(block, item);
  } catch (thrown) {
    if (thrown instanceof Unresolved) return { outcome: "later", why: `not spelled out: ${thrown.message}` };
    if (thrown instanceof EngineError) return { outcome: "failed", why: thrown.message.split("\n")[0] ?? "" };
    throw thrown;
  }
}

function judgeTable(block: AggregateBlock, { sql, types = [], expected = [] }: AggregateItem): Outcome {
  const query = bindQuery(sql, block.sourceType);
  const type: RowType = {
    name: "ROW",
    isNullable: false,
    fields: query.outputs.map((output, index) => ({ name: `f${index}`, type: output.type })),
  };
  const wantedType = types[0] === undefined ? type : (typeOfText(types[0]) as RowType);
  const [found, wanted] = [type, wantedType].map(({ fields }) =>
    fields.map((field) => formatSqlType(field.type)).join(", "),
  );
  if (found !== wanted) return { outcome: "failed", why: `types ${found}, Flink's are ${wanted}` };
  const compare = comparisonOf(type);
  const wantedRows = expected
    .map(({ values }) => type.fields.map((field, index) => decodeTagged(values[index], field.type)))
    .sort(compare);
  const rows = runQuery(query, block).sort(compare);
  const isSame =
    rows.length === wantedRows.length &&
    rows.every((row, index) => compare(row, wantedRows[index] ?? []) === 0);
  return isSame
    ? { outcome: "passed" }
    : {
        outcome: "failed",
        why: `${rows.map(show).join(" ")}, Flink's are ${wantedRows.map(show).join(" ")}`,
      };
}

function judgeError(block: AggregateBlock, { sql }: AggregateItem, phase: "validation" | "runtime"): Outcome {
  let isBound = false;
  try {
    const query = bindQuery(sql, block.sourceType);
    isBound = true;
    const rows = runQuery(query, block);
    return { outcome: "failed", why: `${rows.map(show).join(" ")}, Flink refuses it (${phase})` };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === "SQL_SYNTAX") throw thrown;
    return isBound === (phase === "runtime")
      ? { outcome: "passed" }
      : { outcome: "failed", why: `not in ${phase}: ${thrown.message}` };
  }
}

function show(row: Row): string {
  return JSON.stringify(encodeValueJson(row));
}

interface BoundQuery {
  readonly input: RowType;
  readonly isGlobal: boolean;
  readonly keys: readonly GroupKey[];
  readonly aggregates: readonly AggregateExpression[];
  /** Over the keys and the values of the aggregates. */
  readonly outputs: readonly RowExpression[];
}

interface GroupKey {
  readonly type: SqlType;
  readonly evaluate: RowEvaluator;
}

function bindQuery(sql: string, sourceType: string): BoundQuery {
  const [statement] = parseStatements(sql);
  if (statement?.kind !== "query" || statement.query.kind !== "select") throw new Error("no SELECT");
  const select: Select = statement.query;
  const input = typeOfText(sourceType) as RowType;
  const columns: readonly ScopeColumn[] = input.fields;
  const source = { text: sql };
  const binder = new ExpressionBinder(source, { columns });
  const trees = (select.groupBy ?? []).flatMap((item) => ("expression" in item ? [item.expression] : []));
  const keys = trees.map((expression) => bindKey(binder, expression));
  const texts = trees.map((expression) => JSON.stringify(withoutPlaces(expression)));
  const aggregates: AggregateExpression[] = [];
  const outer = new ExpressionBinder(source, {
    columns: [],
    known: (expression) => {
      const index = texts.indexOf(JSON.stringify(withoutPlaces(expression)));
      return index < 0 ? undefined : { node: "input", index, type: keys[index]?.type as SqlType };
    },
    call: (call) => {
      const aggregate = aggregateOf(call);
      if (!aggregate) return undefined;
      const bound = bindAggregate(source, binder, aggregate, call, select.groupBy === undefined);
      return { node: "input", index: keys.length + aggregates.push(bound) - 1, type: bound.type };
    },
  });
  const outputs = select.items.map(({ expression }) => outer.bind(expression));
  return { input, isGlobal: select.groupBy === undefined, keys, aggregates, outputs };
}

/** TUMBLE is a key of when its window begins. */
function bindKey(binder: ExpressionBinder, expression: Expression): GroupKey {
  if (expression.kind !== "call" || expression.name.parts[0]?.name !== "TUMBLE") {
    const bound = binder.bind(expression);
    return { type: bound.type, evaluate: compileExpression(bound, context) };
  }
  const [time, size] = expression.arguments.map((each) => binder.bind(each)) as [
    RowExpression,
    RowExpression,
  ];
  const width = BigInt(compileExpression(size, context)([]) as number) * nanosPerMilli;
  const timeOf = compileExpression(time, context);
  return { type: time.type, evaluate: (row) => ((timeOf(row) as bigint) / width) * width };
}

interface Group {
  readonly keys: Row;
  rowCount: number;
  /** Of each aggregate, as it is stored. */
  states: Uint8Array;
}

/** Accumulators are stored and loaded for each row. */
function runQuery(query: BoundQuery, { rows, sourceType: _ }: AggregateBlock): SqlValue[][] {
  const isRetracting = rows.some(({ kind }) => kind.startsWith("-"));
  const compiled = query.aggregates.map((each) => compileAggregate(each, isRetracting, context));
  const types = compiled.map(({ accumulating }) => accumulating.accumulatorType);
  const store = (accumulators: readonly unknown[]) =>
    encodeRow(
      types,
      compiled.map(({ accumulating }, index) => accumulating.encode(accumulators[index])),
    );
  const load = (states: Uint8Array) => {
    const row = decodeRow(types, states);
    return compiled.map(({ accumulating }, index) => accumulating.decode(row[index] as SqlValue));
  };
  const empty = (keys: Row): Group => ({
    keys,
    rowCount: 0,
    states: store(compiled.map(({ accumulating }) => accumulating.create())),
  });
  const groups = new Map<string, Group>();
  if (query.isGlobal) groups.set(keyText(query, []), empty([]));
  for (const { kind, values } of rows) {
    const row = query.input.fields.map((field, index) => decodeTagged(values[index], field.type));
    const keys = query.keys.map(({ evaluate }) => evaluate(row));
    const id = keyText(query, keys);
    const group = groups.get(id) ?? empty(keys);
    const accumulators = load(group.states);
    change(compiled, accumulators, row, kind.startsWith("-"));
    group.rowCount += kind.startsWith("-") ? -1 : 1;
    group.states = store(accumulators);
    if (group.rowCount === 0 && !query.isGlobal) groups.delete(id);
    else groups.set(id, group);
  }
  const outputs = query.outputs.map((output) => compileExpression(output, context));
  return [...groups.values()].map(({ keys, states }) => {
    const accumulators = load(states);
    const results = compiled.map(({ accumulating }, index) => accumulating.value(accumulators[index]));
    return outputs.map((output) => output([...keys, ...results]));
  });
}

function change(
  compiled: readonly CompiledAggregate[],
  accumulators: readonly unknown[],
  row: Row,
  isRetraction: boolean,
): void {
  for (const [index, { accumulating, valuesOf }] of compiled.entries()) {
    const values = valuesOf(row);
    if (!values) continue;
    if (isRetraction) accumulating.retract(accumulators[index], values);
    else accumulating.accumulate(accumulators[index], values);
  }
}

function keyText(query: BoundQuery, keys: Row): string {
  return toHex(
    encodeRow(
      query.keys.map(({ type }) => type),
      keys,
    ),
  );
}
