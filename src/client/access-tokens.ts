/**
 * Access tokens and the audit log as typed calls, for administrators.
 */
import type {
  AccessTokenAnswer,
  AccessTokenBody,
  NewAccessTokenAnswer,
  RotationBody,
} from "../protocol/access-token.ts";
import type { AuditAnswer, AuditEntry } from "../protocol/audit.ts";
import type { Connection } from "./connection.ts";

export class AccessTokens {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Makes a token. The answer has its text, which is never told again.
   *
   * @example
   * const { token } = await millrace.tokens.create({ name: "sensors", scopes: ["ingest:clicks"] });
   */
  async create(body: AccessTokenBody): Promise<NewAccessTokenAnswer> {
    return await this.#connection.call("POST", "/v1/tokens", { json: body });
  }

  async list(): Promise<readonly AccessTokenAnswer[]> {
    const answer = await this.#connection.call<{ tokens: AccessTokenAnswer[] }>("GET", "/v1/tokens");
    return answer.tokens;
  }

  async get(id: string): Promise<AccessTokenAnswer> {
    return await this.#connection.call("GET", pathOf(id));
  }

  /** Gives the token another text; its id stays, and with it its producers. */
  async rotate(id: string, body: RotationBody = {}): Promise<NewAccessTokenAnswer> {
    return await this.#connection.call("POST", `${pathOf(id)}/rotate`, { json: body });
  }

  /** Revokes the token. */
  async delete(id: string): Promise<void> {
    await this.#connection.call("DELETE", pathOf(id));
  }

  /** A page of what administrators did, newest first; `cursor` in the answer asks for the next. */
  async audit(query: { readonly limit?: number; readonly cursor?: string } = {}): Promise<AuditAnswer> {
    return await this.#connection.call("GET", "/v1/audit", { query });
  }

  /** Reads all that the audit log has, page after page. */
  async *audited(): AsyncGenerator<AuditEntry> {
    let cursor: string | undefined;
    do {
      const page = await this.audit({ limit: 1000, ...(cursor !== undefined && { cursor }) });
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}

function pathOf(id: string): string {
  return `/v1/tokens/${encodeURIComponent(id)}`;
}
