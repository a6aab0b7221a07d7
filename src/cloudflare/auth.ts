/**
 * Who may call: whoever bears the one secret, `MILLRACE_TOKEN`.
 *
 * A deployed Worker that has no secret serves nobody. Only a start that is bound to this machine's loopback
 * address says so (`MILLRACE_LOCAL`) and does without.
 */
import { decodeBase64 } from "../base/base64.ts";
import { EngineError } from "../base/errors.ts";
import { tokenProtocol } from "../protocol/session-messages.ts";
import type { Environment } from "./environment.ts";

/** The token's name in producers' identities: a new secret is still the same token. */
export const tokenId = "default";

/** Throws UNAUTHORIZED or TOKEN_NOT_SET unless the request may be served. */
export async function authorize(request: Request, env: Environment): Promise<void> {
  const expected = env.MILLRACE_TOKEN;
  if (!expected) {
    if (env.MILLRACE_LOCAL === "1") return;
    const message = "This Worker has no MILLRACE_TOKEN, so it serves nobody.";
    throw new EngineError("TOKEN_NOT_SET", { message });
  }
  const header = request.headers.get("authorization") ?? offeredToken(request);
  if (header === null) {
    throw new EngineError("UNAUTHORIZED", { message: "The request has no Authorization header." });
  }
  const given = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (given === undefined) {
    throw new EngineError("UNAUTHORIZED", {
      message: "The Authorization header is not of the form Bearer <token>.",
    });
  }
  if (!(await isSame(given, expected))) {
    throw new EngineError("UNAUTHORIZED", { message: "The token is not this Worker's MILLRACE_TOKEN." });
  }
}

/**
 * What a browser can send with a WebSocket in place of the header: the token as one of its protocols, in
 * base64url, since a protocol may not have every character.
 */
function offeredToken({ headers }: Request): string | null {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return null;
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
  const token = offered.find((each) => each.startsWith(tokenProtocol))?.slice(tokenProtocol.length);
  if (token === undefined || !/^[\w-]+$/.test(token) || token.length % 4 === 1) return null;
  const bytes = decodeBase64(token.replaceAll("-", "+").replaceAll("_", "/"));
  return `Bearer ${new TextDecoder().decode(bytes)}`;
}

/** Compares hashes, which are of one length, in a time that does not tell where they differ. */
async function isSame(given: string, expected: string): Promise<boolean> {
  const [left, right] = await Promise.all([digest(given), digest(expected)]);
  return crypto.subtle.timingSafeEqual(left, right);
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
