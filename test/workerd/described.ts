/**
 * Holds answers against the API's description: every answer that a test gets must be in it.
 *
 * Objects are read as closed, though the description leaves them open to later releases: a field that it does
 * not name is a mistake of ours.
 */
import { type Schema, Validator } from "@cfworker/json-schema";
import { expect } from "vitest";
import { resources } from "../../src/cloudflare/http/app.ts";
import { type Described, describeApi, type Operation } from "../../src/cloudflare/http/describe-api.ts";

const description = describeApi(resources);
const components = { schemas: closed(description.components.schemas) };

const templates = Object.keys(description.paths).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`),
}));

const jsonTypes: ReadonlySet<string> = new Set(["application/json", "application/problem+json"]);

/** Fails the test where the answer is none that the description has; `path` is what the request asked for. */
export function expectDescribed(
  method: string,
  path: string,
  { status, headers }: { readonly status: number; readonly headers: Headers },
  body: unknown,
): void {
  const operation = operationOf(method, new URL(path, "https://millrace.test").pathname);
  if (!operation) {
    expect({ status, body }, `${method} ${path} is not described`).toMatchObject({
      body: { code: "NOT_FOUND" },
    });
    return;
  }
  const place = `${method} ${path}: ${status} ${JSON.stringify(body)?.slice(0, 300)}`;
  const answer = operation.responses[status];
  expect(Object.keys(operation.responses), `${place} has a status that is not described`).toContain(
    String(status),
  );
  const type = (headers.get("content-type") ?? "").split(";", 1)[0] ?? "";
  expect(Object.keys(answer?.content ?? { "": {} }), `${place} has a type that is not described`).toContain(
    type,
  );
  const { schema } = answer?.content?.[type] ?? {};
  if (schema && jsonTypes.has(type)) expect(complaints(schema, body), place).toEqual([]);
}

function operationOf(method: string, path: string): Operation | undefined {
  const found = templates.find(({ pattern }) => pattern.test(path));
  return found && description.paths[found.template]?.[method.toLowerCase()];
}

function complaints(schema: Described, value: unknown): string[] {
  const whole = { ...(closed(schema) as Described), components } as Schema;
  const { errors } = new Validator(whole, "2020-12").validate(value);
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

/** The schema with every object closed that names its fields; problems say what they found beside those. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = Object.hasOwn(Object(inner.properties), "code") || "additionalProperties" in inner;
  return "properties" in inner && inner.type === "object" && !isOpen
    ? { ...inner, additionalProperties: false }
    : inner;
}
