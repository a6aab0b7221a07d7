/**
 * The access tokens of a hub's subscribers. The coordinator knows which hub has sockets of which token, and
 * tells it when one is revoked or rotated; so a hub asks nothing while nothing happens.
 */
import { EngineError, errorBodyOf } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { HeldToken, TokenHoldersRpc } from "../coordinator/token-holders.ts";
import type { SubscriberAccess } from "./subscription.ts";

export class HeldTokens {
  readonly #coordinator: TokenHoldersRpc;
  /** Those that the coordinator surely knows of. */
  readonly #known = new Set<string>();
  /** How often a token was limited: an answer from before says nothing of what is so now. */
  #limited = 0;

  constructor(coordinator: TokenHoldersRpc) {
    this.#coordinator = coordinator;
  }

  /** Must be the last that is waited for before a socket is open: then no token ends unnoticed. */
  async hold(hub: string, { token, hash }: SubscriberAccess): Promise<RpcResult<null>> {
    while (hash !== undefined && !this.#known.has(nameOf({ token, hash }))) {
      const limited = this.#limited;
      const answer = await this.#coordinator.holdTokens(hub, [{ token, hash }]);
      if (!answer.ok) return answer;
      if (answer.value[0] !== true) return { ok: false, error: endedToken() };
      if (limited === this.#limited) this.#known.add(nameOf({ token, hash }));
    }
    return { ok: true, value: null };
  }

  /** Tells the coordinator again of all; answers those that are not good any more. */
  async holdAgain(
    hub: string,
    accesses: readonly SubscriberAccess[],
  ): Promise<RpcResult<readonly HeldToken[]>> {
    const held = new Map<string, HeldToken>();
    for (const { token, hash } of accesses) {
      if (hash !== undefined) held.set(nameOf({ token, hash }), { token, hash });
    }
    const all = [...held.values()];
    // The coordinator forgets those that it is not told of again.
    for (const name of this.#known) if (!held.has(name)) this.#known.delete(name);
    if (all.length === 0) return { ok: true, value: [] };
    const answer = await this.#coordinator.holdTokens(hub, all);
    return answer.ok ? { ok: true, value: all.filter((_, index) => answer.value[index] !== true) } : answer;
  }

  /** Notes that nobody is left. */
  forget(): void {
    this.#known.clear();
  }

  /** Notes that a token has other secrets, or none. */
  limit(token: string): void {
    this.#limited++;
    for (const name of this.#known) if (name.startsWith(`${token} `)) this.#known.delete(name);
  }
}

function nameOf({ token, hash }: HeldToken): string {
  return `${token} ${hash}`;
}

/** What is told to who has a token that is not good any more. */
export function endedToken() {
  const message = "The token was revoked or replaced, or has expired.";
  return errorBodyOf(new EngineError("UNAUTHORIZED", { message }));
}
