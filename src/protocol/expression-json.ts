/**
 * Expressions as JSON, as they stand in a job's definition. A text form comes with SQL.
 *
 *     "delay"                                       the column delay
 *     42, 2.5, true, null                           a literal
 *     { "literal": "SFO" }                          a text literal
 *     { "literal": "2001-01-01T00:00:00Z", "type": "TIMESTAMP(3)" }
 *     ["*", ["+", "delay", 10], 2]                  a call: the operator, then its arguments
 *
 * Operators:
 *
 *     + - * / %            arithmetic; ["-", a] negates. "abs"; "floor" and "ceil" of a DOUBLE
 *     = <> < <= > >=       comparison; also "between" (value, low, high) and "in" (value, candidates …)
 *     and or not           three-valued logic; and, or take two or more arguments
 *     is null, is not null
 *     case                 (condition, result, condition, result …, result otherwise): null where that is
 *     left out
 *     coalesce             the first argument that is not null
 *     cast                 (value, type name as a string), such as ["cast", "delay", "DOUBLE"]
 *
 * How they calculate, which is Flink SQL's way unless said otherwise:
 *
 * - A null argument makes a null result, except in and, or, is null, case and coalesce.
 * - INT with INT is INT, with BIGINT is BIGINT; both wrap on overflow. Division of integers truncates toward
 *   zero. Division by zero and its remainder are NULL for integers and DECIMAL (Flink fails the job),
 *   Infinity or NaN for DOUBLE.
 * - Anything numeric with DOUBLE is DOUBLE. Otherwise, with a DECIMAL it is DECIMAL, exact, with Flink's
 *   rules for precision and scale with 18 in place of 38; half is rounded up (away from zero), and a result
 *   that does not fit is NULL. INT counts as DECIMAL(10, 0), BIGINT as DECIMAL(19, 0).
 * - A number that is written without a fraction is INT, or BIGINT where it needs more; one with a fraction is
 *   DOUBLE, but beside a DECIMAL it is the exact DECIMAL that was written. A text literal without a type
 *   takes the type of the value beside it (a date, a timestamp, a DECIMAL), else it is STRING. Integers
 *   beyond 2^53 must be written as { "literal": "…", "type": "BIGINT" }.
 * - A timestamp minus a timestamp is BIGINT milliseconds; a timestamp plus or minus an integer is
 *   milliseconds later or earlier.
 * - STRING and BYTES compare by their bytes (a STRING's are UTF-8). NaN equals nothing, as in IEEE 754.
 * - cast goes between BOOLEAN, INT, BIGINT, DOUBLE and DECIMAL. To an integer: fractions are cut, a DOUBLE
 *   beyond the range becomes its end, NaN 0, other numbers wrap. To DECIMAL: half up, NULL where it does not
 *   fit (a DOUBLE counts with its exact binary value).
 */
import * as z from "zod";
import { expressionDepthMax, expressionNodesMax } from "../base/limits.ts";

export type ExpressionJson = string | number | boolean | null | LiteralJson | CallJson;

export interface LiteralJson {
  readonly literal: string | number | boolean | null;
  readonly type?: string;
}

export type CallJson = readonly [operator: string, ...arguments: ExpressionJson[]];

/** Checks the form only; operators, columns and types are checked against the stream by the plan. */
export const expressionSchema = z
  .custom<ExpressionJson>((value) => value !== undefined, "expected an expression")
  .superRefine((value, context) => {
    checkForm(value, [], { nodes: 0 }, (path, message) =>
      context.addIssue({ code: "custom", path, message }),
    );
  })
  .meta({
    id: "Expression",
    description: "A column's name, a literal, or a call: the operator, then its arguments.",
    anyOf: [
      { type: ["string", "number", "boolean", "null"] },
      {
        type: "object",
        properties: {
          literal: { type: ["string", "number", "boolean", "null"] },
          type: { type: "string" },
        },
        required: ["literal"],
        additionalProperties: false,
      },
      { type: "array", minItems: 1 },
    ],
  });

type Report = (path: (string | number)[], message: string) => void;

/** Returns false once it reported something: the rest is not looked at. */
function checkForm(
  value: unknown,
  path: (string | number)[],
  count: { nodes: number },
  report: Report,
): boolean {
  const refuse = (message: string, at: (string | number)[] = []): false => {
    report([...path, ...at], message);
    return false;
  };
  count.nodes++;
  if (count.nodes > expressionNodesMax)
    return refuse(`expected at most ${expressionNodesMax} parts in an expression`);
  if (path.length > expressionDepthMax)
    return refuse(`expected at most ${expressionDepthMax} levels of nesting`);
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return true;
  if (Array.isArray(value)) {
    if (typeof value[0] !== "string") return refuse('expected an operator first, such as ["+", a, b]', [0]);
    return value.every((part, index) => index === 0 || checkForm(part, [...path, index], count, report));
  }
  if (typeof value !== "object" || value === undefined) {
    return refuse('expected a column name, a literal or a call such as ["+", a, b]');
  }
  const { literal, type, ...others } = value as Record<string, unknown>;
  if (
    literal === undefined ||
    (typeof literal === "object" && literal !== null) ||
    Object.keys(others).length > 0
  ) {
    return refuse('expected { "literal": value } or { "literal": value, "type": "BIGINT" }');
  }
  if (type !== undefined && typeof type !== "string") return refuse("expected a type's name", ["type"]);
  return true;
}
