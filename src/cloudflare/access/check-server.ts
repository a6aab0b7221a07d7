/**
 * Whether the Worker may serve at all, whoever calls.
 *
 * A deployed one has a secret. One that has none answers this machine alone: it was started for it, and a
 * page on the web must not reach it through somebody's browser, be it by its address or by a name of its own
 * that points here.
 */
import { EngineError } from "../../base/errors.ts";
import type { Environment } from "../environment.ts";
import { allowedOrigins } from "./cors.ts";

const loopbackNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Throws TOKEN_NOT_SET, or ORIGIN_REFUSED. */
export function checkServer(request: Request, env: Environment): void {
  if (env.MILLRACE_TOKEN) return;
  if (env.MILLRACE_LOCAL !== "1") {
    const message = "This Worker has no MILLRACE_TOKEN, so it serves nobody.";
    throw new EngineError("TOKEN_NOT_SET", { message });
  }
  const { hostname } = new URL(request.url);
  if (!isLoopback(hostname)) throw refused("Host", hostname);
  const origin = request.headers.get("origin");
  if (origin !== null) {
    const isOwn = URL.canParse(origin) && isLoopback(new URL(origin).hostname);
    if (!isOwn && !allowedOrigins(env).includes(origin)) throw refused("Origin", origin);
  } else if (request.headers.get("sec-fetch-site") === "cross-site") {
    throw refused("Sec-Fetch-Site", "cross-site");
  }
}

/** Also a name below localhost, which browsers take for this machine. */
function isLoopback(hostname: string): boolean {
  return loopbackNames.has(hostname) || hostname.endsWith(".localhost");
}

function refused(header: string, found: string): EngineError {
  const message = `${header} is "${found}", and this server, which has no token, answers localhost only.`;
  return new EngineError("ORIGIN_REFUSED", { message });
}
