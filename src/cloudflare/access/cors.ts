/**
 * Which pages of other origins may read answers in a browser: those that a deployment lists, by default none.
 *
 * A preflight bears no token, so it is answered before anybody is asked for one.
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import type { Environment } from "../environment.ts";

/** Seconds for which a browser remembers a preflight. */
const maxAge = 600;

/** `MILLRACE_CORS_ORIGINS`: origins with commas between them, or `*`. */
export function allowedOrigins(env: Environment): readonly string[] {
  return (env.MILLRACE_CORS_ORIGINS ?? "").split(",").flatMap((part) => part.trim() || []);
}

type Serve = (request: Request, env: Environment, ctx: ExecutionContext) => Promise<Response>;

/** Serves with what browsers of the allowed origins have to be told. */
export function withCors(serve: Serve): Serve {
  const app = new Hono<{ Bindings: Environment }>()
    .use(
      cors({
        origin: (origin, call) => {
          const allowed = allowedOrigins(call.env);
          return allowed.includes("*") ? "*" : allowed.includes(origin) ? origin : null;
        },
        allowMethods: ["GET", "PUT", "POST", "DELETE"],
        allowHeaders: [
          ...["Authorization", "Content-Type", "Content-Encoding", "Accept"],
          ...["Producer-Id", "Sequence", "Last-Event-ID", "X-Request-Id"],
        ],
        exposeHeaders: ["Retry-After", "WWW-Authenticate", "X-Request-Id"],
        maxAge,
      }),
    )
    .all("*", (call) => serve(call.req.raw, call.env, call.executionCtx as ExecutionContext));
  return async (request, env, ctx) => {
    const isAsked = request.headers.has("origin") && allowedOrigins(env).length > 0;
    // Browsers apply none of this to WebSockets.
    if (!isAsked || request.headers.has("upgrade")) return await serve(request, env, ctx);
    return await app.fetch(request, env, ctx);
  };
}
