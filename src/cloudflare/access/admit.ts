/**
 * The door: who calls, whether a token's rate is left, and whether its scopes are enough.
 */
import { EngineError } from "../../base/errors.ts";
import type { Caller } from "../../host/access/caller.ts";
import type { Draw } from "../../host/access/rates.ts";
import type { Scope } from "../../protocol/scopes.ts";
import type { Environment } from "../environment.ts";
import { isolate } from "../isolate.ts";
import { identify } from "./identify.ts";

export interface Admitted {
  readonly caller: Caller;
  /** To be read in place of the one that came: what its body has is counted. */
  readonly request: Request;
}

/**
 * Lets a request in that has one of the scopes that are `enough`; any token is, where there is none. Throws
 * UNAUTHORIZED, FORBIDDEN or RATE_EXCEEDED.
 */
export async function admit(request: Request, env: Environment, enough: readonly Scope[]): Promise<Admitted> {
  const caller = await identify(request, env);
  const counted = spendRate(caller, request);
  if (enough.length > 0) caller.demand(...enough);
  return { caller, request: counted };
}

/** Throws RATE_EXCEEDED where the token has used up what it may in this isolate. */
function spendRate(caller: Caller, request: Request): Request {
  const claimed = request.headers.get("content-length");
  const bytes = spend(caller, { requests: 1, bytes: Number(claimed ?? 0) });
  const isCounted = claimed !== null || !request.body || !bytes;
  return isCounted ? request : countedAsItComes(request, request.body, bytes);
}

/**
 * Counts what a caller uses up. Throws RATE_EXCEEDED where its token has used up what it may in this isolate;
 * answers the draw of bytes, if they are limited.
 */
export function spend(
  { tokenId, name, rate }: Caller,
  { requests, bytes }: { readonly requests: number; readonly bytes: number },
): Draw | undefined {
  const { requestsPerSecond, bytesPerSecond } = rate ?? {};
  const draws: Draw[] = [];
  if (requestsPerSecond !== undefined && requests > 0) {
    draws.push(drawOf(`requests of ${tokenId}`, requestsPerSecond, requests));
  }
  if (bytesPerSecond !== undefined) {
    draws.push(drawOf(`bytes of ${tokenId}`, bytesPerSecond, bytes));
  }
  if (draws.length === 0) return undefined;
  const retryAfterMs = isolate.rates.take(draws, Date.now());
  if (retryAfterMs > 0) {
    const told = [
      ...(requestsPerSecond === undefined ? [] : [`${requestsPerSecond} requests`]),
      ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond} bytes`]),
    ];
    const message = `The token "${name}" (${tokenId}) may send ${told.join(" and ")} a second.`;
    throw new EngineError("RATE_EXCEEDED", { message, details: { retryAfterMs } });
  }
  return bytesPerSecond === undefined ? undefined : draws.at(-1);
}

/** A bucket holds what comes in a second, and one request at least. */
function drawOf(key: string, perSecond: number, amount: number): Draw {
  return { key, perSecond, burst: Math.max(1, perSecond), amount };
}

/** A body that does not tell its length beforehand. */
function countedAsItComes(request: Request, body: ReadableStream<Uint8Array>, draw: Draw): Request {
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      isolate.rates.spend({ ...draw, amount: chunk.byteLength }, Date.now());
      controller.enqueue(chunk);
    },
  });
  return new Request(request, { body: body.pipeThrough(counting) });
}
