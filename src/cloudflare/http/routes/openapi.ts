/**
 * The API's description, for machines and for people.
 */
import * as z from "zod";
import { describeApi } from "../describe-api.ts";
import { drawApi } from "../draw-api.ts";
import { type Resource, resource, route } from "../route.ts";

/** The page loads nothing and runs nothing. */
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/** Returns all resources: those given, and the one that describes them and itself. */
export function withDescription(given: readonly Resource[]): readonly Resource[] {
  const own: Resource = resource("Description", "What this page is made of.", [
    route(
      {
        method: "get",
        path: "/openapi.json",
        scope: "none",
        summary: "This API as an OpenAPI 3.1 document",
        answers: {
          200: { description: "The document.", content: { "application/json": z.looseObject({}) } },
        },
        problems: [],
      },
      () => Response.json(describeApi([...given, own])),
    ),
    route(
      {
        method: "get",
        path: "/docs",
        scope: "none",
        summary: "This API as a page to read",
        answers: { 200: { description: "The page.", content: { "text/html": z.string() } } },
        problems: [],
      },
      async () =>
        new Response(await drawApi(describeApi([...given, own])), {
          headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": pagePolicy },
        }),
    ),
  ]);
  return [...given, own];
}
