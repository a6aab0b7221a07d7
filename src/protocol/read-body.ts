/**
 * From a schema's complaints to one error that names the place, what was found and what was expected.
 *
 * Objects of a body are made with `fields`, so that a field nobody knows is refused with the name that was
 * meant.
 */
import * as z from "zod";
import type { ErrorCode } from "../base/error-codes.ts";
import { EngineError } from "../base/errors.ts";
import { suggestName } from "../base/suggest-name.ts";

/** Complaints told in the message, and in `details.issues`: a body may have a hundred thousand. */
const issuesTold = 3;
const issuesListed = 100;

/** An object schema that refuses unknown fields; `example` is shown to who sends no object at all. */
export function fields<Shape extends z.core.$ZodLooseShape>(shape: Shape, example?: string) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "invalid_type" && example) return `expected an object such as ${example}`;
      if (issue.code !== "unrecognized_keys") return undefined;
      const keys = (issue as { keys?: string[] }).keys ?? [];
      return keys.map((key) => `unknown field "${key}"${suggestName(key, Object.keys(shape))}`).join(", ");
    },
  });
}

/**
 * Returns `body` as `schema` reads it; throws `code` where it does not fit. `place` is what the whole is
 * called in messages.
 */
export function readBody<Output>(
  schema: z.ZodType<Output>,
  body: unknown,
  code: ErrorCode,
  place = "body",
): Output {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { length: count } = result.error.issues;
  const issues = result.error.issues.slice(0, issuesListed).map((issue) => ({
    path: formatPath(issue.path, place),
    message: describeIssue(issue, body),
  }));
  const told = issues.slice(0, issuesTold).map(({ path, message }) => `${path}: ${message}`);
  if (count > issuesTold) told.push(`and ${count - issuesTold} more`);
  throw new EngineError(code, { message: told.join("; "), details: { issues } });
}

/** Writes a path as a person would: `columns[1].type`; the whole is `place`. */
export function formatPath(path: readonly PropertyKey[], place = "body"): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text === "" ? place : text;
}

/** Shows a found value in at most 60 characters. */
export function formatFound(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function describeIssue(issue: z.core.$ZodIssue, body: unknown): string {
  if (issue.code === "unrecognized_keys") return issue.message;
  if (issue.code === "invalid_key") {
    return `not a name, ${issue.issues.map((inner) => inner.message).join(", ")}`;
  }
  const found = formatFound(valueAt(body, issue.path));
  // What a schema says itself is better than what can be said of every schema.
  if (issue.message.startsWith("expected ")) return `found ${found}, ${issue.message}`;
  switch (issue.code) {
    case "invalid_type":
      return `found ${found}, expected ${issue.expected}`;
    case "invalid_value":
      return `found ${found}, expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_union":
      return `found ${found}, ${expectedOf(issue)}`;
    default:
      return `found ${found}, ${issue.message}`;
  }
}

/** What a union would have taken: its choices with "or" between them. */
function expectedOf(issue: z.core.$ZodIssueInvalidUnion): string {
  const choices = issue.errors.flatMap((inner) => inner.flatMap(choiceOf));
  return choices.length > 0 ? `expected ${[...new Set(choices)].join(" or ")}` : issue.message;
}

function choiceOf(issue: z.core.$ZodIssue): string[] {
  switch (issue.code) {
    case "invalid_type":
      return [String(issue.expected)];
    case "invalid_value":
      return issue.values.map((value) => JSON.stringify(value));
    case "custom":
      return issue.message.startsWith("expected ") ? [issue.message.slice("expected ".length)] : [];
    case "invalid_union":
      return issue.errors.flatMap((inner) => inner.flatMap(choiceOf));
    default:
      return [];
  }
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}
