/**
 * JWTs of the issuer that a deployment trusts, checked with its public keys. Scopes are those of the claim
 * `scope` that are ours; the subject is the token to producers.
 *
 * Only signatures with a private key count, and a token must end. What was checked is remembered for a short
 * time, and keys are read anew where they are old or a token names one that is not among them.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { EngineError } from "../../base/errors.ts";
import { accessCacheMs, jwtKeysBytesMax, jwtSkewMs } from "../../base/limits.ts";
import { Caller } from "../../host/access/caller.ts";
import { collectBytes } from "../../host/ingest/receive-body.ts";
import { isScope, type Scope } from "../../protocol/scopes.ts";
import type { Environment } from "../environment.ts";
import { isolate } from "../isolate.ts";
import type { KnownKeys } from "./known-keys.ts";
import { hashOf } from "./token-text.ts";

const algorithms = [
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
] as const;

/** Keys are read anew after so long, and for a key that is unknown no sooner than after that. */
const keysCacheMs = 600_000;
const keysAgainMs = 30_000;
const keysTimeoutMs = 5_000;

export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  /** Where the key set is, or the key set itself. */
  readonly keys: string;
}

export type Identified = { readonly caller: Caller } | { readonly refused: string };

export function isJwt(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** What the deployment says of its issuer; undefined: nothing. Throws KEYS_UNAVAILABLE for a part of it. */
export function jwtSettings(env: Environment): JwtSettings | undefined {
  const settings = {
    MILLRACE_JWT_ISSUER: env.MILLRACE_JWT_ISSUER,
    MILLRACE_JWT_AUDIENCE: env.MILLRACE_JWT_AUDIENCE,
    MILLRACE_JWT_KEYS: env.MILLRACE_JWT_KEYS,
  };
  const missing = Object.entries(settings).flatMap(([name, value]) => (value ? [] : [name]));
  if (missing.length === 3) return undefined;
  const { MILLRACE_JWT_ISSUER: issuer, MILLRACE_JWT_AUDIENCE: audience, MILLRACE_JWT_KEYS: keys } = settings;
  if (issuer && audience && keys) return { issuer, audience, keys };
  const message = `This Worker trusts an issuer of JWTs, but ${missing.join(" and ")} is not set.`;
  throw new EngineError("KEYS_UNAVAILABLE", { message });
}

/** `digest`: the token's SHA-256, by which it is remembered. */
export async function identifyJwt(text: string, digest: string, settings: JwtSettings): Promise<Identified> {
  const now = Date.now();
  const known = isolate.knownJwts.get(digest, now);
  if (known) return { caller: known };
  let payload: JWTPayload;
  try {
    payload = await verify(text, settings);
  } catch (thrown) {
    if (!(thrown instanceof errors.JOSEError)) throw thrown;
    return { refused: `${thrown.message.replace(/\.?$/, "")} (${thrown.code}).` };
  }
  const { iss, sub, scope, exp = 0 } = payload;
  if (typeof sub !== "string" || sub === "") return { refused: "It has no subject (sub)." };
  const words = typeof scope === "string" ? scope.split(" ") : [];
  const scopes = words.filter((word): word is Scope => isScope(word));
  const tokenId = `jwt:${(await hashOf(JSON.stringify([iss, sub]))).slice(0, 32)}`;
  const until = exp * 1000 + jwtSkewMs;
  const knownUntil = Math.min(now + accessCacheMs, until);
  const caller = new Caller({
    ...{ tokenId, name: sub.slice(0, 128), scopes },
    credential: { until, knownUntil },
  });
  isolate.knownJwts.set(digest, caller, knownUntil);
  return { caller };
}

async function verify(text: string, settings: JwtSettings): Promise<JWTPayload> {
  const { issuer, audience } = settings;
  const options = {
    ...{ issuer, audience, algorithms: [...algorithms] },
    clockTolerance: jwtSkewMs / 1000,
    requiredClaims: ["exp", "sub"],
  };
  const keys = await keysOf(settings, keysCacheMs);
  try {
    return (await jwtVerify(text, keys.keySet, options)).payload;
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown;
    // The issuer may have a new key.
    const newer = await keysOf(settings, keysAgainMs);
    if (newer === keys) throw thrown;
    return (await jwtVerify(text, newer.keySet, options)).payload;
  }
}

/** The issuer's keys, read at most `ageMs` ago. Old ones are good where new ones cannot be read. */
async function keysOf({ keys: source }: JwtSettings, ageMs: number): Promise<KnownKeys> {
  const known = isolate.jwtKeys?.source === source ? isolate.jwtKeys : undefined;
  if (known && (isKeySet(source) || Math.abs(Date.now() - known.readAt) < ageMs)) return known;
  let keySet: KnownKeys["keySet"];
  try {
    keySet = createLocalJWKSet(
      JSON.parse(isKeySet(source) ? source : await fetchKeys(source)) as JSONWebKeySet,
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The key set of MILLRACE_JWT_KEYS could not be read: ${reason}`;
    if (!known) throw new EngineError("KEYS_UNAVAILABLE", { message, cause });
    isolate.jwtKeys = { ...known, readAt: Date.now() };
    return known;
  }
  const read = { source, keySet, readAt: Date.now() };
  isolate.jwtKeys = read;
  return read;
}

function isKeySet(source: string): boolean {
  return source.trimStart().startsWith("{");
}

/** Over HTTPS: who could change the keys on their way could make any token. */
async function fetchKeys(address: string): Promise<string> {
  if (!address.startsWith("https://")) throw new Error(`expected https:// or a key set, found "${address}"`);
  const response = await fetch(address, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(keysTimeoutMs),
  });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  if (!response.body) throw new Error(`${address} answered nothing`);
  return new TextDecoder().decode(await collectBytes(response.body, jwtKeysBytesMax));
}
