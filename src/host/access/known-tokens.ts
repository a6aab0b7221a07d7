/**
 * What a worker remembers of access tokens, for a short time: a token that was revoked is good for no longer
 * than that.
 *
 * Ids that nobody has are remembered too, apart from the others: who makes them up displaces no token.
 */
import { accessCacheMs } from "../../base/limits.ts";
import type { AccessFacts } from "../coordinator/access-tokens.ts";
import { ExpiringEntries } from "./expiring-entries.ts";

export interface KnownToken {
  /** Undefined: there is no such token. */
  readonly facts: AccessFacts | undefined;
  readonly learnedAt: number;
}

export class KnownTokens {
  readonly #tokens: ExpiringEntries<KnownToken>;
  readonly #unknown: ExpiringEntries<KnownToken>;

  /** Keeps at most `entriesMax` tokens, and as many ids that none has. */
  constructor(entriesMax: number) {
    this.#tokens = new ExpiringEntries(entriesMax);
    this.#unknown = new ExpiringEntries(entriesMax);
  }

  /** What was learned of an id lately. */
  get(id: string, now: number): KnownToken | undefined {
    return this.#tokens.get(id, now) ?? this.#unknown.get(id, now);
  }

  learn(id: string, facts: AccessFacts | undefined, now: number): KnownToken {
    this.forget(id);
    const known = { facts, learnedAt: now };
    (facts ? this.#tokens : this.#unknown).set(id, known, now + accessCacheMs);
    return known;
  }

  /** Has the next request ask again. */
  forget(id: string): void {
    this.#tokens.delete(id);
    this.#unknown.delete(id);
  }
}
