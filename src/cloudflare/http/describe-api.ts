/**
 * The API's description (OpenAPI 3.1), made of nothing but what the routes say of themselves.
 *
 * Schemas are those that bodies and parameters are read with, as JSON Schema of what is sent. One that has an
 * `id` stands once, among the components.
 */
import * as z from "zod";
import { type ErrorCode, errorCodes } from "../../base/error-codes.ts";
import { problemSchema } from "./problem.ts";
import type { AnswerFacts, Content, Resource, Route } from "./route.ts";

/** A part of the document: JSON. */
export type Described = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly Described[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Described };
  readonly responses: Readonly<Record<string, DescribedAnswer>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Described;
}

export interface DescribedAnswer {
  readonly description: string;
  readonly headers?: Described;
  readonly content?: Readonly<Record<string, { readonly schema?: Described }>>;
}

export interface ApiDescription {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Described; readonly securitySchemes: Described };
}

/** What any route may answer, any that wants a token, and any that takes a body. */
const anyProblems = ["TOKEN_NOT_SET", "ORIGIN_REFUSED", "INTERNAL"] as const satisfies readonly ErrorCode[];
const tokenProblems = [
  "UNAUTHORIZED",
  "FORBIDDEN",
  "RATE_EXCEEDED",
  "KEYS_UNAVAILABLE",
  "PARTITION_UNAVAILABLE",
] as const satisfies readonly ErrorCode[];
/** What an object may answer that keeps something, and is not there for whatever reason. */
const storageProblems = [
  "STORAGE_FULL",
  "STORAGE_FAILED",
  "FRAME_CORRUPT",
] as const satisfies readonly ErrorCode[];
const bodyProblems = [
  "REQUEST_INVALID",
  "BODY_TOO_LARGE",
  "BODY_ENCODING_INVALID",
  "CONTENT_TYPE_UNSUPPORTED",
] as const satisfies readonly ErrorCode[];

const pathParameters: Readonly<Record<string, { readonly description: string; readonly pattern: string }>> = {
  stream: { description: "The stream's name.", pattern: "^[A-Za-z_][A-Za-z0-9_-]{0,62}$" },
  job: { description: "The job's name.", pattern: "^[A-Za-z_][A-Za-z0-9_-]{0,62}$" },
  view: {
    description: "The job's name, or with a dot the view of one of its steps.",
    pattern: "^[A-Za-z_][A-Za-z0-9_-]{0,62}(\\.[A-Za-z0-9_-]{1,63})?$",
  },
  id: { description: "The token's id.", pattern: "^[0-9a-f]{16}$" },
  savepoint: { description: "The savepoint's number.", pattern: "^[1-9][0-9]{0,14}$" },
};

/** Returns the description; `resources` in the order in which they are to be read. */
export function describeApi(resources: readonly Resource[]): ApiDescription {
  const schemas = new Components();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const { name, routes } of resources) {
    for (const each of routes) {
      paths[each.path] = { ...paths[each.path], [each.method]: describeRoute(each, name, schemas) };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Millrace",
      version: "1",
      description:
        "Stateful stream processing. Errors are problem documents (RFC 9457): `code` is stable, `detail` " +
        "says what was found and expected, `help` what to do. Those that carry `Retry-After` pass by " +
        "themselves: send the same request again.",
    },
    tags: resources.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      schemas: schemas.all,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token. The scope that an operation needs stands beside it.",
        },
      },
    },
  };
}

function describeRoute(each: Route, tag: string, schemas: Components): Operation {
  const { method, path, scope, summary, description, body } = each;
  return {
    operationId: nameOf(method, path),
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(scope),
    parameters: parametersOf(each, schemas),
    ...(body && {
      requestBody: { required: body.isOptional !== true, content: contentOf(body.content, schemas) },
    }),
    responses: { ...answersOf(each, schemas), ...problemsOf(each, schemas) },
  };
}

/** One of them is enough. */
function securityOf(scope: Route["scope"]): Described[] {
  if (scope === "none") return [];
  return [scope].flat().map((each) => ({ bearer: each === "any" ? [] : [each] }));
}

/** `get` of `/v1/streams/{stream}/letters` is `getStreamLetters`. */
function nameOf(method: string, path: string): string {
  const parts = path.split("/").filter((part) => !/^(?:v1)?$/.test(part));
  const named = parts.filter((_part, index) => !parts[index + 1]?.startsWith("{"));
  const words = named.map((part) => part.replace(/[{}]/g, "").replace(/\..*$/, ""));
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function parametersOf({ path, query, headers }: Route, schemas: Components): Parameter[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]): Parameter => {
    const { description = "", pattern } = pathParameters[name] ?? {};
    return { name, in: "path", required: true, description, schema: { type: "string", pattern } };
  });
  const others = (place: "query" | "header", shape: z.ZodObject["shape"] = {}): Parameter[] =>
    Object.entries(shape).map(([name, each]) => {
      const { description, ...schema } = schemas.of(each as z.ZodType);
      const required = (each as z.ZodType)._zod.optin === undefined;
      return { name, in: place, required, ...(description ? { description: `${description}` } : {}), schema };
    });
  return [...inPath, ...others("query", query?.shape), ...others("header", headers?.shape)];
}

function contentOf(content: Content, schemas: Components): Record<string, { schema?: Described }> {
  const described = Object.entries(content).map(([type, schema]) => [
    type,
    schema ? { schema: schemas.of(schema) } : {},
  ]);
  return Object.fromEntries(described);
}

function answersOf({ answers }: Route, schemas: Components): Record<string, DescribedAnswer> {
  const described = ([status, { description, content, headers }]: [string, AnswerFacts]) => [
    status,
    {
      description,
      ...(headers && { headers: headersOf(headers) }),
      ...(content && { content: contentOf(content, schemas) }),
    },
  ];
  return Object.fromEntries(Object.entries(answers).map(described));
}

/** Problems by status, with the codes that it may have. */
function problemsOf({ problems, body, scope }: Route, schemas: Components): Record<string, DescribedAnswer> {
  const ofToken = scope === "none" ? [] : tokenProblems;
  const ofStorage = problems.includes("PARTITION_UNAVAILABLE") ? storageProblems : [];
  const ofBody = body ? bodyProblems : [];
  const codes = [...new Set([...problems, ...ofStorage, ...ofBody, ...ofToken, ...anyProblems])];
  const byStatus = Map.groupBy(codes, (code) => errorCodes[code].status);
  const described = [...byStatus].map(([status, group]): [number, DescribedAnswer] => {
    const schema = { allOf: [schemas.of(problemSchema), { properties: { code: { enum: group } } }] };
    return [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${errorCodes[code].help}`).join("\n\n"),
        ...headersOfStatus(status),
        content: { "application/problem+json": { schema } },
      },
    ];
  });
  return Object.fromEntries(described);
}

function headersOfStatus(status: number): { headers?: Described } {
  if (status === 429 || status === 503 || status === 504) {
    return {
      headers: headersOf({ "Retry-After": "Seconds to wait before the same request is sent again." }),
    };
  }
  return status === 401 ? { headers: headersOf({ "WWW-Authenticate": "Bearer" }) } : {};
}

function headersOf(headers: Readonly<Record<string, string>>): Described {
  const described = ([name, description]: [string, string]) => [
    name,
    { description, schema: { type: "string" } },
  ];
  return Object.fromEntries(Object.entries(headers).map(described));
}

/** Schemas that have an `id`, gathered as they are met. */
class Components {
  readonly all: Record<string, unknown> = {};

  /** The schema as JSON Schema, with references to components. */
  of(schema: z.ZodType): Described {
    const whole = z.toJSONSchema(z.object({ it: schema }), { io: "input", unrepresentable: "any" });
    const text = JSON.stringify({ it: whole.properties?.it ?? {}, parts: whole.$defs ?? {} });
    const { it, parts } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'));
    Object.assign(this.all, parts);
    return it;
  }
}
