/**
 * Routes: what each one is called with, what it answers, which scope its caller needs, and what it does.
 *
 * The facts beside a route are all that the API's description is made of, see `describe-api.ts`. A route
 * reads its parameters and bodies itself: the readers of `src/protocol` name the place of a mistake.
 */
import { type Context, Hono } from "hono";
import type * as z from "zod";
import type { ErrorCode } from "../../base/error-codes.ts";
import type { Caller } from "../../host/access/caller.ts";
import type { Environment } from "../environment.ts";
import { Serving } from "./serving.ts";
import { type RouteScope, withCaller } from "./with-caller.ts";

export type AppEnvironment = { Bindings: Environment };

/** A schema of each media type; `undefined` where its bytes have none. */
export type Content = Readonly<Record<string, z.ZodType | undefined>>;

export interface AnswerFacts {
  readonly description: string;
  /** Absent: the answer has no body. */
  readonly content?: Content;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteFacts<Path extends string = string> {
  readonly method: "get" | "put" | "post" | "delete";
  readonly path: Path;
  /** Of several one is enough. */
  readonly scope: RouteScope | readonly RouteScope[];
  readonly summary: string;
  readonly description?: string;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  readonly body?: { readonly content: Content; readonly isOptional?: boolean };
  /** By status, those of callers who did everything right. */
  readonly answers: Readonly<Record<number, AnswerFacts>>;
  /** What else it may answer, as problem documents; what any route may answer is not listed. */
  readonly problems: readonly ErrorCode[];
}

/** The parameters in a path's braces, by name. */
export type PathParameters<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Each in Name]: string } & PathParameters<Rest>
  : unknown;

/** A request that reached its route. */
export interface RoutedRequest<Path extends string = string> {
  readonly request: Request;
  readonly path: PathParameters<Path>;
  readonly query: URLSearchParams;
  readonly env: Environment;
  readonly serving: Serving;
  /** On a route that is open to everybody it may do nothing. */
  readonly caller: Caller;
}

export interface Route extends RouteFacts {
  readonly respond: (request: RoutedRequest) => Response | Promise<Response>;
}

/** Routes of one kind of thing, with the Hono application that serves them. */
export interface Resource {
  readonly name: string;
  readonly description: string;
  readonly routes: readonly Route[];
  readonly app: Hono<AppEnvironment>;
}

/** A route with what it does; the parameters that `respond` gets are those of its path. */
export function route<const Path extends string>(
  facts: RouteFacts<Path>,
  respond: (request: RoutedRequest<Path>) => Response | Promise<Response>,
): Route {
  return { ...facts, respond: respond as Route["respond"] };
}

export function resource(name: string, description: string, routes: readonly Route[]): Resource {
  const app = new Hono<AppEnvironment>({ strict: false });
  for (const each of routes) {
    const address = each.path.replaceAll(/\{(\w+)\}/g, ":$1");
    app.on(each.method.toUpperCase(), address, (call) => serve(each, call));
  }
  return { name, description, routes, app };
}

async function serve(route: Route, call: Context<AppEnvironment>): Promise<Response> {
  const { env } = call;
  const path: Readonly<Record<string, string>> = call.req.param();
  const query = new URL(call.req.url).searchParams;
  const serving = new Serving(env);
  return await withCaller(route, { request: call.req.raw, path, env, serving }, (admitted) =>
    route.respond({ ...admitted, path, query, env, serving }),
  );
}

/** An answer of JSON. */
export function json(description: string, schema: z.ZodType): AnswerFacts {
  return { description, content: { "application/json": schema } };
}

/** A body of JSON. */
export function jsonOf(schema: z.ZodType, { isOptional = false } = {}): NonNullable<RouteFacts["body"]> {
  return { content: { "application/json": schema }, isOptional };
}
