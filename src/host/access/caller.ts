/**
 * Who calls: the token that a request bears, and what it may do.
 */
import { EngineError } from "../../base/errors.ts";
import type { AccessRate } from "../../protocol/access-token.ts";
import { isGranted, type Scope } from "../../protocol/scopes.ts";

export interface CallerFacts {
  /** Stands in producers' identities: it outlives the token's text. */
  readonly tokenId: string;
  /** For people. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate?: AccessRate | undefined;
}

export class Caller implements CallerFacts {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate: AccessRate | undefined;

  constructor({ tokenId, name, scopes, rate }: CallerFacts) {
    this.tokenId = tokenId;
    this.name = name;
    this.scopes = scopes;
    this.rate = rate;
  }

  may(needed: Scope): boolean {
    return isGranted(this.scopes, needed);
  }

  /** Whether the caller has any business with what bears the name. */
  maySee(name: string): boolean {
    return this.may(`query:${name}`) || this.may(`ingest:${name}`);
  }

  /** Throws FORBIDDEN, naming the scope, where the caller has none of those that are enough. */
  demand(...enough: readonly Scope[]): void {
    if (enough.some((needed) => this.may(needed))) return;
    const message = `The token "${this.name}" (${this.tokenId}) lacks the scope ${enough.join(" or ")}.`;
    throw new EngineError("FORBIDDEN", { message, details: { scopes: enough } });
  }
}
