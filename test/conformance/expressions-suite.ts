/**
 * Expressions without columns: cast to text they are what Flink says.
 */
import { EngineError } from "../../src/base/errors.ts";
import { prepareCast } from "../../src/interpreter/cast/prepare-cast.ts";
import { stringShape } from "../../src/interpreter/signatures.ts";
import { bindList, contextOf, evaluateList } from "./evaluate-sql.ts";
import { idOf, type Outcome, type Suite, titleOf } from "./suite.ts";

interface ExpressionCase {
  readonly file: string;
  readonly test: string;
  readonly sql: string;
  readonly expected?: string;
  readonly error?: unknown;
}

export const expressionsSuite: Suite = {
  file: "expressions.json",
  required: 0.95,
  read: (content) =>
    (content as { readonly cases: readonly ExpressionCase[] }).cases.map((each) => ({
      id: idOf(each.file, each.test, each.sql),
      title: titleOf(`${each.file} ${each.test}:`, each.sql),
      run: () => judge(each),
    })),
};

function zoneOf(test: string): string {
  if (test.includes("Shanghai")) return "Asia/Shanghai";
  if (test.includes("InTokyo")) return "Asia/Tokyo";
  return test === "testDaylightSavingTimeZone" ? "Europe/Amsterdam" : "UTC";
}

function judge({ sql, test, expected }: ExpressionCase): Outcome {
  try {
    const text = textOf(sql, zoneOf(test));
    if (expected === undefined) return { outcome: "failed", why: `${text}, Flink refuses it` };
    if (text === expected) return { outcome: "passed" };
    return { outcome: "failed", why: `${text}, Flink's is ${expected}` };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    if (expected === undefined) return { outcome: "passed" };
    return { outcome: "failed", why: thrown.message.split("\n")[0] ?? "" };
  }
}

function textOf(sql: string, timeZone: string): string {
  const context = contextOf(timeZone);
  const bound = bindList(sql, []);
  const [value] = evaluateList(bound, [], context);
  const [first] = bound;
  if (value === null || value === undefined || !first) return "NULL";
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  return String(prepareCast(first.type, { ...stringShape, isNullable: true }, context)(value));
}
