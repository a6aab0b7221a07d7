/**
 * Who calls: the token that a request bears, and what it may do.
 */
import { EngineError } from "../../base/errors.ts";
import type { AccessRate } from "../../protocol/access-token.ts";
import { isGranted, type Scope } from "../../protocol/scopes.ts";

/** Of a token: by what and for how long a connection stays open that it let in. */
export interface Credential {
  /** SHA-256 of the secret, where the coordinator knows the token. */
  readonly hash?: string | undefined;
  /** It is good until then, ms since 1970; absent: until it is revoked. */
  readonly until?: number | undefined;
  /** What is known of it is too old then. */
  readonly knownUntil: number;
}

export interface CallerFacts {
  /** Stands in producers' identities: it outlives the token's text. */
  readonly tokenId: string;
  /** For people. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate?: AccessRate | undefined;
  /** Absent where nothing ends it but a deploy. */
  readonly credential?: Credential | undefined;
}

export class Caller implements CallerFacts {
  readonly tokenId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly rate: AccessRate | undefined;
  readonly credential: Credential | undefined;

  constructor({ tokenId, name, scopes, rate, credential }: CallerFacts) {
    this.tokenId = tokenId;
    this.name = name;
    this.scopes = scopes;
    this.rate = rate;
    this.credential = credential;
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
