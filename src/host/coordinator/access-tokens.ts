/**
 * Access tokens as the coordinator keeps them: who may call, one row each. Of a token's secret only the
 * SHA-256 is here, and comes here: the secret is random, so nothing slower is needed.
 *
 * The id stays when the secret is changed: producers are known by it.
 */
import { EngineError } from "../../base/errors.ts";
import { accessTokensMax } from "../../base/limits.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { Clock, SqlStorage } from "../../engine/ports.ts";
import type { AccessTokenAnswer, AccessTokenWish, RotationWish } from "../../protocol/access-token.ts";
import type { CallerFacts } from "../access/caller.ts";
import { resultOf } from "../rpc-result.ts";
import type { GoodSecret } from "../subscriptions/hub-rpc.ts";
import { checkRoom } from "./check-room.ts";

/** What a worker checks a request by. */
export interface AccessFacts extends CallerFacts {
  /** In ms since 1970; absent: never. */
  readonly expiresAt?: number | undefined;
  /** SHA-256 of secrets in hexadecimal, the newest first. */
  readonly hashes: readonly { readonly hash: string; readonly until?: number | undefined }[];
}

/** No method throws for what can happen: it answers `ok: false`. */
export interface AccessTokensRpc {
  createAccessToken(id: string, hash: string, wish: AccessTokenWish): Promise<RpcResult<AccessTokenAnswer>>;
  accessTokens(): Promise<RpcResult<readonly AccessTokenAnswer[]>>;
  accessToken(id: string): Promise<RpcResult<AccessTokenAnswer>>;
  rotateAccessToken(id: string, hash: string, wish: RotationWish): Promise<RpcResult<AccessTokenAnswer>>;
  deleteAccessToken(id: string): Promise<RpcResult<null>>;
  /** Null where there is no such token. */
  accessFacts(id: string): Promise<RpcResult<AccessFacts | null>>;
}

interface StoredToken extends Pick<AccessTokenWish, "name" | "scopes" | "rate"> {
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  readonly hash: string;
  readonly rotatedAt?: number | undefined;
  readonly previous?: { readonly hash: string; readonly until: number } | undefined;
}

const table = `CREATE TABLE IF NOT EXISTS access_tokens (id TEXT PRIMARY KEY, token TEXT NOT NULL)
  WITHOUT ROWID`;

export class AccessTokens implements AccessTokensRpc {
  readonly #sql: SqlStorage;
  readonly #clock: Clock;
  readonly #changed: (id: string) => void;

  /** `changed` is told of a token in the turn that gave it another secret, or took it away. */
  constructor(sql: SqlStorage, clock: Clock, changed: (id: string) => void = () => {}) {
    this.#sql = sql;
    this.#clock = clock;
    this.#changed = changed;
    sql.run(table);
  }

  createAccessToken(id: string, hash: string, wish: AccessTokenWish): Promise<RpcResult<AccessTokenAnswer>> {
    return resultOf(() => {
      const { name, scopes, rate, expiresIn } = wish;
      const count = Number(this.#sql.run("SELECT count(*) FROM access_tokens")[0]?.[0]);
      checkRoom("tokens", count, { accessTokensMax });
      const now = this.#clock.now();
      const token = { name, scopes, rate, hash, createdAt: now, expiresAt: endOf(now, expiresIn) };
      const statement = "INSERT INTO access_tokens (id, token) VALUES (?, ?)";
      this.#sql.run(statement, id, JSON.stringify(token satisfies StoredToken));
      return answerOf(id, token, now);
    });
  }

  accessTokens(): Promise<RpcResult<readonly AccessTokenAnswer[]>> {
    return resultOf(() => {
      const rows = this.#sql.run("SELECT id, token FROM access_tokens");
      const tokens = rows.map(([id, token]) => ({ id: String(id), token: readToken(token) }));
      tokens.sort((left, right) => left.token.createdAt - right.token.createdAt);
      return tokens.map(({ id, token }) => answerOf(id, token, this.#clock.now()));
    });
  }

  accessToken(id: string): Promise<RpcResult<AccessTokenAnswer>> {
    return resultOf(() => answerOf(id, this.#get(id), this.#clock.now()));
  }

  rotateAccessToken(id: string, hash: string, wish: RotationWish): Promise<RpcResult<AccessTokenAnswer>> {
    return resultOf(() => {
      const now = this.#clock.now();
      const { grace, expiresIn } = wish;
      const { previous: _, ...old } = this.#get(id);
      const token: StoredToken = {
        ...{ ...old, hash, rotatedAt: now },
        ...(grace > 0 && { previous: { hash: old.hash, until: now + grace } }),
        ...(expiresIn !== undefined && { expiresAt: endOf(now, expiresIn) }),
      };
      this.#sql.run("UPDATE access_tokens SET token = ? WHERE id = ?", JSON.stringify(token), id);
      this.#changed(id);
      return answerOf(id, token, now);
    });
  }

  deleteAccessToken(id: string): Promise<RpcResult<null>> {
    return resultOf(() => {
      this.#get(id);
      this.#sql.run("DELETE FROM access_tokens WHERE id = ?", id);
      this.#changed(id);
      return null;
    });
  }

  accessFacts(id: string): Promise<RpcResult<AccessFacts | null>> {
    return resultOf(() => {
      const token = this.#find(id);
      if (!token) return null;
      const { name, scopes, rate, expiresAt, hash, previous } = token;
      return {
        tokenId: id,
        name,
        scopes,
        rate,
        expiresAt,
        hashes: [{ hash }, ...(previous ? [previous] : [])],
      };
    });
  }

  /** The secrets of a token and their ends, past ones too; none where there is no such token. */
  secretsOf(id: string): readonly GoodSecret[] {
    const token = this.#find(id);
    if (!token) return [];
    const { hash, previous, expiresAt } = token;
    const until = Math.min(previous?.until ?? 0, expiresAt ?? Number.POSITIVE_INFINITY);
    return [{ hash, until: expiresAt }, ...(previous ? [{ hash: previous.hash, until }] : [])];
  }

  #get(id: string): StoredToken {
    const token = this.#find(id);
    if (token) return token;
    throw new EngineError("TOKEN_NOT_FOUND", { message: `There is no token with the id ${id}.` });
  }

  #find(id: string): StoredToken | undefined {
    const row = this.#sql.run("SELECT token FROM access_tokens WHERE id = ?", id)[0];
    return row && readToken(row[0]);
  }
}

function readToken(text: unknown): StoredToken {
  return JSON.parse(String(text)) as StoredToken;
}

function endOf(now: number, ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : now + ms;
}

/** What is told of a token. */
function answerOf(id: string, token: StoredToken, now: number): AccessTokenAnswer {
  const { name, scopes, createdAt, expiresAt, rotatedAt, previous, rate } = token;
  const timeOf = (ms: number) => new Date(ms).toISOString();
  return {
    ...{ id, name, scopes: [...scopes], createdAt: timeOf(createdAt) },
    ...(expiresAt !== undefined && { expiresAt: timeOf(expiresAt) }),
    ...(rotatedAt !== undefined && { rotatedAt: timeOf(rotatedAt) }),
    ...(previous && previous.until > now && { previousValidUntil: timeOf(previous.until) }),
    ...(rate && { rate }),
  };
}
