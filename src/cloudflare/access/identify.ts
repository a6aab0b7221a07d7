/**
 * Whose token a request bears: `MILLRACE_TOKEN`, which may do everything; one that was made over the API; or
 * a JWT of the issuer that the deployment trusts.
 *
 * Who sends wrong ones is told to wait after some: not to protect secrets, which are too long to guess, but
 * the coordinator and this Worker's time.
 */
import { decodeBase64 } from "../../base/base64.ts";
import { EngineError } from "../../base/errors.ts";
import {
  accessAskAgainMs,
  accessCacheMs,
  accessTextMax,
  wrongTokensBurst,
  wrongTokensPerSecond,
} from "../../base/limits.ts";
import { Caller } from "../../host/access/caller.ts";
import type { KnownToken } from "../../host/access/known-tokens.ts";
import type { AccessFacts } from "../../host/coordinator/access-tokens.ts";
import { tokenProtocol } from "../../protocol/session-messages.ts";
import { coordinatorOf } from "../coordinator-stub.ts";
import type { Environment } from "../environment.ts";
import { isolate } from "../isolate.ts";
import { identifyJwt, isJwt, jwtSettings } from "./jwt.ts";
import { hashOf, isSameHash, parseTokenText, type TokenText } from "./token-text.ts";

/** The token's name in producers' identities: a new secret is still the same token. */
const rootId = "default";

const noEnd = Number.POSITIVE_INFINITY;

/** Returns the caller; throws UNAUTHORIZED, RATE_EXCEEDED, KEYS_UNAVAILABLE or PARTITION_UNAVAILABLE. */
export async function identify(request: Request, env: Environment): Promise<Caller> {
  const root = env.MILLRACE_TOKEN;
  // That such a server answers this machine alone is checked before.
  if (!root) return new Caller({ tokenId: rootId, name: "local", scopes: ["admin"] });
  const text = bearerOf(request);
  const guard = new Guard(request);
  const token = parseTokenText(text);
  if (token) return await identifyToken(token, env, guard);
  const [given, expected] = await Promise.all([hashOf(text), hashOf(root)]);
  if (isSameHash(given, expected)) {
    return new Caller({ tokenId: rootId, name: "MILLRACE_TOKEN", scopes: ["admin"] });
  }
  const settings = isJwt(text) ? jwtSettings(env) : undefined;
  if (!settings) throw guard.refused("It is not one that this Worker knows.");
  guard.check();
  const found = await identifyJwt(text, given, settings);
  if ("refused" in found) throw guard.refused(found.refused);
  return found.caller;
}

function bearerOf(request: Request): string {
  const header = request.headers.get("authorization") ?? offeredToken(request);
  if (header === null) throw unauthorized("The request has no Authorization header.");
  const text = /^Bearer +(\S+)$/i.exec(header)?.[1];
  if (text === undefined) throw unauthorized("The Authorization header is not of the form Bearer <token>.");
  if (text.length <= accessTextMax) return text;
  throw unauthorized(`The token has ${text.length} characters, at most ${accessTextMax} (accessTextMax).`);
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

async function identifyToken({ id, secret }: TokenText, env: Environment, guard: Guard): Promise<Caller> {
  const hash = await hashOf(secret);
  const now = Date.now();
  let known = isolate.knownTokens.get(id, now);
  // A secret that is wrong may be one that was made since; who tries many has it looked up now and then only.
  if (!known || (!goodSecretOf(known, hash, now) && now - known.learnedAt >= accessAskAgainMs)) {
    guard.check();
    known = await learn(id, env);
  }
  // An id that is not there is answered like a secret that is wrong.
  const good = known.facts && goodSecretOf(known, hash, now);
  if (!known.facts || !good) {
    throw guard.refused("It is not one that this Worker knows, or was revoked or replaced.");
  }
  const { name, expiresAt } = known.facts;
  if (expiresAt !== undefined && expiresAt <= now) {
    throw unauthorized(`The token "${name}" expired at ${new Date(expiresAt).toISOString()}.`);
  }
  const until = Math.min(...[good.until, expiresAt].filter((end) => end !== undefined), noEnd);
  const knownUntil = Math.min(known.learnedAt + accessCacheMs, until);
  return new Caller({
    ...known.facts,
    credential: { hash, ...(until < noEnd && { until }), knownUntil },
  });
}

async function learn(id: string, env: Environment): Promise<KnownToken> {
  let facts: AccessFacts | undefined;
  try {
    const answer = await coordinatorOf(env).accessFacts(id);
    if (!answer.ok) throw new EngineError(answer.error.code, { message: answer.error.message });
    facts = answer.value ?? undefined;
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The coordinator, which knows the tokens, did not answer: ${reason}`;
    throw new EngineError("PARTITION_UNAVAILABLE", { message, cause });
  }
  return isolate.knownTokens.learn(id, facts, Date.now());
}

/** The secret that was given, where it is one of the token's and still good. */
function goodSecretOf({ facts }: KnownToken, given: string, now: number) {
  return facts?.hashes.find(
    ({ hash, until }) => isSameHash(given, hash) && (until === undefined || until > now),
  );
}

/** Counts wrong tokens by the address that they come from. */
class Guard {
  readonly #draw: { key: string; perSecond: number; burst: number };

  constructor({ headers }: Request) {
    const key = `wrong tokens from ${headers.get("cf-connecting-ip") ?? "here"}`;
    this.#draw = { key, perSecond: wrongTokensPerSecond, burst: wrongTokensBurst };
  }

  /** Throws RATE_EXCEEDED after too many wrong ones. */
  check(): void {
    const retryAfterMs = isolate.rates.wait({ ...this.#draw, amount: 1 }, Date.now());
    if (retryAfterMs === 0) return;
    const message = `More than ${wrongTokensBurst} wrong tokens came from this address (wrongTokensBurst).`;
    throw new EngineError("RATE_EXCEEDED", { message, details: { retryAfterMs } });
  }

  /** Counts one; what is thrown says why. */
  refused(why: string): EngineError {
    this.check();
    isolate.rates.spend({ ...this.#draw, amount: 1 }, Date.now());
    return unauthorized(`The token is not valid. ${why}`);
  }
}

function unauthorized(message: string): EngineError {
  return new EngineError("UNAUTHORIZED", { message });
}
