/**
 * A request's name, by which a caller and an operator speak of the same one: in the answer's headers, in its
 * problem document, and in the log.
 */
import { isLogged, writeLog } from "../log.ts";
import type { PlatformWallClock } from "../platform-wall-clock.ts";

const requestIdHeader = "x-request-id";

/** What a caller may name a request: nothing that breaks a line or a header. */
const requestIdPattern = /^[\w.-]{1,64}$/;

const problemType = "application/problem+json";

/** Answers a request by `respond`, under its name; logs it where a deployment that says `from` wants that. */
export async function answerTraced(
  request: Request,
  clock: Pick<PlatformWallClock, "now">,
  from: string | undefined,
  respond: (requestId: string) => Promise<Response>,
): Promise<Response> {
  const requestId = requestIdOf(request);
  const startedAt = clock.now();
  const answered = await respond(requestId);
  const { response, code } = await named(answered, requestId);
  const { status } = response;
  const level = status >= 500 ? "error" : status >= 400 ? "warn" : "info";
  if (!isLogged(level, from)) return response;
  const { method } = request;
  const path = new URL(request.url).pathname;
  const durationMs = clock.now() - startedAt;
  writeLog({ level, place: `${method} ${path}`, requestId, method, path, status, code, durationMs });
  return response;
}

/** The one that the caller gave, or the platform; else a new one. */
function requestIdOf({ headers }: Request): string {
  const given = headers.get(requestIdHeader) ?? headers.get("cf-ray") ?? "";
  return requestIdPattern.test(given) ? given : crypto.randomUUID();
}

/** The answer with the request's name; of a problem also its code. */
async function named(response: Response, requestId: string) {
  if (!response.headers.get("content-type")?.startsWith(problemType)) {
    return { response: withHeader(response, requestId), code: undefined };
  }
  const document: { readonly code?: unknown } = await response.json();
  const instance = `urn:millrace:request:${requestId}`;
  const body = JSON.stringify({ ...document, instance });
  return { response: withHeader(new Response(body, response), requestId), code: document.code };
}

/** An answer of another object is not to be changed: its copy is. */
function withHeader(response: Response, requestId: string): Response {
  try {
    response.headers.set(requestIdHeader, requestId);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    copy.headers.set(requestIdHeader, requestId);
    return copy;
  }
}
