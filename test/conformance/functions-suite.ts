/**
 * Built-in scalar functions: the value and its type are Flink's, and what Flink refuses is refused in the
 * same phase.
 */
import { EngineError } from "../../src/base/errors.ts";
import { formatSqlType, type SqlType } from "../../src/interpreter/types/sql-type.ts";
import { comparisonOf, nullsLast } from "../../src/interpreter/values/compare-values.ts";
import type { SqlValue } from "../../src/interpreter/values/sql-value.ts";
import { encodeValueJson } from "../../src/interpreter/values/value-json.ts";
import { type AggregateBlock, aggregateCases } from "./aggregates-suite.ts";
import { bindList, contextOf, evaluateList } from "./evaluate-sql.ts";
import { idOf, type Outcome, type Suite, titleOf } from "./suite.ts";
import { decodeTagged, type Tagged, typeOfTagged, typeOfText, Unresolved } from "./tagged-values.ts";

interface Block {
  readonly file: string;
  readonly function: string;
  readonly fields?: readonly Field[];
  readonly items: readonly Item[];
  readonly udf?: readonly string[];
  readonly problems?: readonly string[];
}

interface Field {
  readonly name: string;
  readonly type: string | null;
  readonly value: Tagged;
}

interface Item {
  readonly sql: string;
  readonly types?: readonly string[];
  readonly expected?: readonly Tagged[];
  readonly error?: { readonly phase: "validation" | "runtime"; readonly message: string };
  readonly unclean?: boolean;
}

/** Functions of issues that come later, by what their file is called. */
const later: Readonly<Record<string, string>> = {
  BitmapFunctionsITCase: "bitmaps",
  BitmapAggFunctionITCase: "bitmaps",
  StructuredFunctionsITCase: "structured types",
};

/** Session time zones but UTC. */
const zones: Readonly<Record<string, string>> = {
  CastFunctionITCase: "Asia/Shanghai",
  ComparisonFunctionITCase: "GMT-08:00",
};

export const functionsSuite: Suite = {
  file: "functions.json",
  required: 0,
  read: (content) =>
    casesOf(content as { readonly scalar: readonly Block[]; readonly aggregate: readonly AggregateBlock[] }),
};

function casesOf({
  scalar,
  aggregate = [],
}: {
  readonly scalar: readonly Block[];
  readonly aggregate?: readonly AggregateBlock[];
}) {
  const cases = scalar.flatMap((block) =>
    isCounted(block) ? block.items.filter(hasVerdict).map((item) => caseOf(block, item)) : [],
  );
  return [...cases, ...aggregateCases(aggregate)];
}

function isCounted({ udf, problems }: Block): boolean {
  return !udf && !problems;
}

function hasVerdict({ unclean, expected, error }: Item): boolean {
  return !unclean && (expected !== undefined || error !== undefined);
}

function caseOf(block: Block, item: Item) {
  const title = titleOf(`${block.file}:`, item.sql);
  return {
    id: idOf(block.file, block.function, JSON.stringify(block.fields ?? []), item.sql),
    title,
    run: () => judge(block, item),
  };
}

function judge(block: Block, item: Item): Outcome {
  const why = later[block.file];
  if (why) return { outcome: "later", why };
  try {
    return item.error ? judgeError(block, item, item.error.phase) : judgeValue(block, item);
  } catch (thrown) {
    if (thrown instanceof Unresolved) return { outcome: "later", why: `not spelled out: ${thrown.message}` };
    if (thrown instanceof EngineError) return { outcome: "failed", why: thrown.message.split("\n")[0] ?? "" };
    throw thrown;
  }
}

function prepare({ fields = [], file }: Block) {
  const columns = fields.map(({ name, type, value }) => ({
    name,
    type: type === null ? typeOfTagged(value) : typeOfText(type),
  }));
  const zone = zones[file] ?? "UTC";
  const row = fields.map(({ value }, index) => decodeTagged(value, columns[index]?.type as SqlType, zone));
  return { columns, row, context: contextOf(zone) };
}

function judgeValue(block: Block, { sql, types = [], expected = [] }: Item): Outcome {
  const { columns, row, context } = prepare(block);
  const bound = bindList(sql, columns);
  for (const [index, text] of types.entries()) {
    const [wanted, found] = [formatSqlType(typeOfText(text)), formatSqlType(bound[index]?.type as SqlType)];
    if (wanted !== found) return { outcome: "failed", why: `type ${found}, Flink's is ${wanted}` };
  }
  const values = evaluateList(bound, row, context);
  for (const [index, value] of values.entries()) {
    const { type } = bound[index] as { type: SqlType };
    const wanted = decodeTagged(expected[index], type);
    if (nullsLast(comparisonOf(type))(value, wanted) !== 0) {
      return { outcome: "failed", why: `${show(value)}, Flink's is ${show(wanted)}` };
    }
  }
  return { outcome: "passed" };
}

function judgeError(block: Block, { sql }: Item, phase: "validation" | "runtime"): Outcome {
  const { columns, row, context } = prepare(block);
  let isBound = false;
  try {
    const bound = bindList(sql, columns);
    isBound = true;
    const values = evaluateList(bound, row, context);
    return { outcome: "failed", why: `${values.map(show).join(", ")}, Flink refuses it (${phase})` };
  } catch (thrown) {
    if (!(thrown instanceof EngineError) || thrown.code === "SQL_SYNTAX") throw thrown;
    const isSamePhase = isBound === (phase === "runtime");
    return isSamePhase
      ? { outcome: "passed" }
      : { outcome: "failed", why: `not in ${phase}: ${thrown.message}` };
  }
}

function show(value: SqlValue): string {
  return JSON.stringify(encodeValueJson(value));
}
