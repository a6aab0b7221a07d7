/**
 * JSON among the arguments of functions: text that is JSON already goes in as it is.
 */
import type { CallOptions, RowExpression } from "../../interpreter/row-expression.ts";
import type { Expression } from "../parse/syntax-tree.ts";

/** `JSON(text)`. */
export function isJsonOfText(expression: Expression): boolean {
  if (expression.kind !== "call") return false;
  const { parts } = expression.name;
  return parts.length === 1 && parts[0]?.name.toUpperCase() === "JSON";
}

/** JSON of a JSON function is taken as it is where text is quoted: `json` lists the places of such. */
export function nestedJson(given: readonly RowExpression[]): CallOptions {
  const places = given.flatMap((each, index) =>
    each.node === "call" && ["JSON", "JSON_OBJECT", "JSON_ARRAY"].includes(each.function) ? [index] : [],
  );
  return places.length > 0 ? { json: places.join(",") } : {};
}
