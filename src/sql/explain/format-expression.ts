/**
 * Bound expressions as people read them: SQL over the names of columns.
 */
import type { LiteralExpression, RowExpression } from "../../interpreter/row-expression.ts";
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
  if (expression.node === "literal") return formatLiteral(expression);
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

function formatLiteral({ value, type }: LiteralExpression): string {
  const shown = encodeResult(decodeValueJson(value), type);
  if (shown === null) return "NULL";
  switch (type.name) {
    case "INTERVAL DAY TO SECOND":
      return `INTERVAL '${Number(shown) / 1000}' SECOND`;
    case "INTERVAL YEAR TO MONTH":
      return `INTERVAL '${shown}' MONTH`;
    case "BOOLEAN":
      return String(shown).toUpperCase();
    default: {
      const isText = typeof shown === "string" && !/^(BIGINT|DECIMAL|DOUBLE|FLOAT)$/.test(type.name);
      return isText ? `'${shown.replaceAll("'", "''")}'` : JSON.stringify(shown);
    }
  }
}
