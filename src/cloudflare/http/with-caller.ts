/**
 * What happens around every route: its caller is let in before, and what an administrator changed is noted
 * behind.
 */
import { Caller } from "../../host/access/caller.ts";
import type { Scope } from "../../protocol/scopes.ts";
import { type Admitted, admit } from "../access/admit.ts";
import type { Environment } from "../environment.ts";
import { problemOf } from "./problem.ts";
import type { Serving } from "./serving.ts";

/**
 * What a caller needs. A name in braces is a parameter of the path: `ingest:{stream}` of the stream `clicks`
 * is `ingest:clicks`. To `any` each valid token is good: the route itself looks at what it may. `none` is
 * open to everybody.
 */
export type RouteScope = "admin" | "metrics" | "any" | "none" | `${"ingest" | "query"}:{${string}}`;

export interface GuardedRoute {
  readonly method: string;
  readonly path: string;
  /** Of several one is enough. */
  readonly scope: RouteScope | readonly RouteScope[];
}

interface Arrival {
  readonly request: Request;
  readonly path: Readonly<Record<string, string>>;
  readonly env: Environment;
  readonly serving: Serving;
}

/** Lets the caller in and answers as `respond` does; throws what keeps it out. */
export async function withCaller(
  route: GuardedRoute,
  { request, path, env, serving }: Arrival,
  respond: (admitted: Admitted) => Response | Promise<Response>,
): Promise<Response> {
  if (route.scope === "none") {
    return await respond({ request, caller: new Caller({ tokenId: "", name: "anybody", scopes: [] }) });
  }
  const admitted = await admit(request, env, neededScopes(route.scope, path));
  if (route.scope !== "admin" || route.method === "get") return await respond(admitted);
  const action = `${route.method.toUpperCase()} ${route.path}`;
  let response: Response;
  try {
    response = await respond(admitted);
  } catch (thrown) {
    response = problemOf(thrown, action);
  }
  // What was made under a name that the request did not know is told where it is.
  const made = response.headers.get("location")?.split("/").at(-1) ?? "";
  const target = Object.values(path).join(" ") || made;
  await serving.audit(admitted.caller, { action, target, status: response.status });
  return response;
}

/** The scopes of which one is enough, with the path's parameters in place of their names. */
export function neededScopes(
  scope: RouteScope | readonly RouteScope[],
  path: Readonly<Record<string, string>>,
): Scope[] {
  const scopes = typeof scope === "string" ? [scope] : scope;
  return scopes
    .filter((each) => each !== "any" && each !== "none")
    .map((each) => each.replaceAll(/\{(\w+)\}/g, (_, name) => path[name] ?? "") as Scope);
}
