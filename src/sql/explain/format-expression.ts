/**
 * Bound expressions as people read them: SQL over the names of columns.
 */
import type { RowExpression } from "../../interpreter/row-expression.ts";
import { formatShape } from "../../interpreter/types/sql-type.ts";
import { encodeResult } from "../../interpreter/values/result-json.ts";
import { decodeValueJson } from "../../interpreter/values/value-json.ts";

const infix: ReadonlySet<string> = new Set(
  "+ - * / % = <> < <= > >= AND OR LIKE || OVERLAPS"
    .split(" ")
    .concat(["SIMILAR TO", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]),
);

export function formatRowExpression(expression: RowExpression, names: readonly string[]): string {
  if (expression.node === "input") return names[expression.index] ?? `$${expression.index}`;
  if (expression.node === "literal") {
    const shown = encodeResult(decodeValueJson(expression.value), expression.type);
    const isText = typeof shown === "string" && !/^(BIGINT|DECIMAL|DOUBLE|FLOAT)$/.test(expression.type.name);
    return shown === null ? "NULL" : isText ? `'${shown.replaceAll("'", "''")}'` : String(shown);
  }
  const { function: called } = expression;
  const parts = expression.arguments.map((part) => formatRowExpression(part, names));
  const [first = "", second = ""] = parts;
  if (infix.has(called) && parts.length >= 2) return `(${parts.join(` ${called} `)})`;
  if (called.startsWith("IS ")) return `(${first} ${called})`;
  if (called === "CAST" || called === "TRY_CAST")
    return `${called}(${first} AS ${formatShape(expression.type)})`;
  if (called === "FIELD" && expression.arguments[0]?.type.name === "ROW") {
    return `${first}.${expression.arguments[0].type.fields[Number(second)]?.name ?? second}`;
  }
  return `${called}(${parts.join(", ")})`;
}
