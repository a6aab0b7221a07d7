/**
 * Who may call, and what administrators did, as the coordinator of each release leaves it for all later ones.
 *
 * The clock stands at the time of then: the audit log lets go of what is old.
 */
import { AccessTokens } from "../../src/host/coordinator/access-tokens.ts";
import { AuditLog } from "../../src/host/coordinator/audit-log.ts";
import { readAccessTokenBody, readRotationBody } from "../../src/protocol/access-token.ts";
import { TurnClock } from "../support/manual-ports.ts";
import { NodeStorage } from "../support/node-storage.ts";

const writtenAt = 1_790_000_000_000;
const dayMs = 86_400_000;

const hashOf = (letter: string) => letter.repeat(64);

const bodies = [
  { name: "sensors", scopes: ["ingest:clicks*"], rate: { requestsPerSecond: 10, bytesPerSecond: 1e6 } },
  { name: "board – ü", scopes: ["query:totals", "metrics"], expiresIn: "30d" },
  { name: "rotated", scopes: ["admin"] },
  { name: "revoked", scopes: ["admin"] },
];

export class CoordinatorState {
  readonly storage: NodeStorage;
  readonly #clock = new TurnClock(writtenAt);
  readonly #tokens: AccessTokens;
  readonly #audit: AuditLog;

  constructor(storage = new NodeStorage()) {
    this.storage = storage;
    this.#tokens = new AccessTokens(storage, this.#clock);
    this.#audit = new AuditLog(storage, this.#clock);
    storage.commit();
  }

  /** Makes the state that a release commits. */
  async write(): Promise<void> {
    for (const [index, body] of bodies.entries()) {
      this.#clock.time = writtenAt - (10 - index) * dayMs;
      await this.#tokens.createAccessToken(`token-${index}`, hashOf(`${index}`), readAccessTokenBody(body));
      await this.#act("POST /v1/tokens", `token-${index}`, 201);
    }
    this.#clock.time = writtenAt;
    await this.#tokens.rotateAccessToken("token-2", hashOf("a"), readRotationBody({ grace: "2d" }));
    await this.#act("POST /v1/tokens/{id}/rotate", "token-2", 200);
    await this.#tokens.deleteAccessToken("token-3");
    await this.#act("DELETE /v1/tokens/{id}", "token-3", 204);
    this.storage.commit();
  }

  /** Everything that can be read of it. */
  async content(): Promise<unknown> {
    const facts = bodies.map((_, index) => this.#tokens.accessFacts(`token-${index}`));
    const content = [await this.#tokens.accessTokens(), await Promise.all(facts)];
    const first = await this.#audit.auditPage(4, undefined);
    const last = first.ok ? first.value.entries.at(-1)?.number : undefined;
    const audited = [first, await this.#audit.auditPage(4, last)];
    this.storage.commit();
    return JSON.parse(JSON.stringify({ tokens: content, audited }));
  }

  /** What comes after a restart, a day later. */
  async goOn(): Promise<void> {
    this.#clock.time = writtenAt + dayMs;
    await this.#tokens.rotateAccessToken("token-0", hashOf("b"), readRotationBody({ expiresIn: "1d" }));
    await this.#act("POST /v1/tokens/{id}/rotate", "token-0", 200);
    this.storage.commit();
  }

  async #act(action: string, target: string, status: number): Promise<void> {
    await this.#audit.recordAction({ tokenId: "default", tokenName: "local", action, target, status });
  }
}
