/**
 * A job's expressions as DuckDB's SQL: an independent reading of what `src/protocol/expression-json.ts`
 * promises.
 */
import type { ExpressionJson } from "../../src/protocol/expression-json.ts";

/** SQL types by the names that jobs use, for casts and typed literals. */
const castTypes: Readonly<Record<string, string>> = {
  BOOLEAN: "BOOLEAN",
  INT: "INTEGER",
  BIGINT: "BIGINT",
  DOUBLE: "DOUBLE",
  STRING: "VARCHAR",
  "TIMESTAMP(3)": "TIMESTAMP",
};

const infix: Readonly<Record<string, string>> = {
  "+": "+",
  "*": "*",
  "%": "%",
  "=": "=",
  "<>": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  and: "AND",
  or: "OR",
};

/**
 * Returns SQL for `expression`; `sqlOfColumn` names its columns, and integers say which of them divide as
 * integers.
 */
export function sqlOfExpression(expression: ExpressionJson, sqlOfColumn: (name: string) => string): string {
  if (typeof expression === "string") return sqlOfColumn(expression);
  if (expression === null) return "NULL";
  if (typeof expression === "boolean") return String(expression);
  if (typeof expression === "number") return sqlOfNumber(expression);
  if (!Array.isArray(expression)) {
    const { literal, type } = expression as { literal: string | number | boolean | null; type?: string };
    const text = literal === null ? "NULL" : `'${String(literal).replaceAll("'", "''")}'`;
    return type === undefined ? text : `CAST(${text} AS ${castType(type)})`;
  }
  const [operator, ...parts] = expression as readonly [string, ...ExpressionJson[]];
  if (operator === "cast") {
    return `CAST(${sqlOfExpression(parts[0] ?? null, sqlOfColumn)} AS ${castType(String(parts[1]))})`;
  }
  return sqlOfCall(
    operator,
    parts.map((part) => sqlOfExpression(part, sqlOfColumn)),
  );
}

/** A number with a fraction is a DOUBLE here; DuckDB would take it for a DECIMAL. */
function sqlOfNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : `CAST(${value} AS DOUBLE)`;
}

function sqlOfCall(operator: string, parts: readonly string[]): string {
  const [first = "NULL", second = "NULL", third = "NULL"] = parts;
  switch (operator) {
    case "-":
      return parts.length === 1 ? `(-${first})` : `(${first} - ${second})`;
    case "/":
      return `(${first} // ${second})`;
    case "not":
      return `(NOT ${first})`;
    case "between":
      return `(${first} BETWEEN ${second} AND ${third})`;
    case "in":
      return `(${first} IN (${parts.slice(1).join(", ")}))`;
    case "is null":
      return `(${first} IS NULL)`;
    case "is not null":
      return `(${first} IS NOT NULL)`;
    case "abs":
    case "floor":
    case "ceil":
    case "coalesce":
      return `${operator}(${parts.join(", ")})`;
    case "case":
      return sqlOfCase(parts);
    default: {
      const sql = infix[operator];
      if (sql === undefined) throw new Error(`The oracle does not know the operator "${operator}".`);
      return `(${parts.join(` ${sql} `)})`;
    }
  }
}

function sqlOfCase(parts: readonly string[]): string {
  const branches: string[] = [];
  let index = 0;
  for (; index + 1 < parts.length; index += 2) branches.push(`WHEN ${parts[index]} THEN ${parts[index + 1]}`);
  const otherwise = index < parts.length ? ` ELSE ${parts[index]}` : "";
  return `(CASE ${branches.join(" ")}${otherwise} END)`;
}

function castType(name: string): string {
  const type = castTypes[name];
  if (type === undefined) throw new Error(`The oracle does not know the type "${name}".`);
  return type;
}
