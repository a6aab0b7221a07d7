/**
 * Hubs that have sockets of access tokens, and are told when one of these ends: sockets are open for longer
 * than a token may be good, and while nothing happens nobody asks.
 *
 * A hub says so before it lets a socket in, and again now and then: who does not is forgotten after a while.
 * What a hub is to be told is stored in the turn that changes the token, and told until it answers.
 */
import { tokenHolderMs } from "../../base/limits.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { SqlStorage } from "../../engine/ports.ts";
import { resultOf } from "../rpc-result.ts";
import type { GoodSecret, Hubs } from "../subscriptions/hub-rpc.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";

/** A token by its id, and the SHA-256 of the secret that came with it. */
export interface HeldToken {
  readonly token: string;
  readonly hash: string;
}

export interface TokenHoldersRpc {
  /** Notes that a hub has sockets of tokens; answers which of them are good, in their order. */
  holdTokens(hub: string, held: readonly HeldToken[]): Promise<RpcResult<readonly boolean[]>>;
}

export interface TokenHolderPorts {
  readonly sql: SqlStorage;
  readonly clock: WallClock;
  readonly hubs: Hubs;
  /** Secrets of a token that are good, for now or for ever. */
  readonly goodSecrets: (token: string) => readonly GoodSecret[];
  /** Has `advance` be called at a time, in place of the one before. */
  readonly setAlarm: (at: number) => void;
}

/** After this a call counts as lost. */
const tellTimeoutMs = 5_000;

const backoffMsMin = 500;
const backoffMsMax = 60_000;

/** `due_at`: the hub is to be told; `revision` counts what it is to be told. */
const table = `CREATE TABLE IF NOT EXISTS token_holders (token TEXT, hub TEXT, held_at INTEGER NOT NULL,
  due_at INTEGER, revision INTEGER NOT NULL, attempts INTEGER NOT NULL, PRIMARY KEY (token, hub))
  WITHOUT ROWID`;

interface Due {
  readonly token: string;
  readonly hub: string;
  readonly revision: number;
  readonly attempts: number;
}

export class TokenHolders implements TokenHoldersRpc {
  readonly #ports: TokenHolderPorts;

  constructor(ports: TokenHolderPorts) {
    this.#ports = ports;
    ports.sql.run(table);
    this.#schedule();
  }

  holdTokens(hub: string, held: readonly HeldToken[]): Promise<RpcResult<readonly boolean[]>> {
    return resultOf(() => {
      const { sql, clock } = this.#ports;
      const now = clock.now();
      sql.run("DELETE FROM token_holders WHERE held_at < ?", now - tokenHolderMs);
      return held.map(({ token, hash }) => {
        if (!this.#good(token, now).some((each) => each.hash === hash)) return false;
        sql.run(
          `INSERT INTO token_holders (token, hub, held_at, revision, attempts) VALUES (?, ?, ?, 0, 0)
           ON CONFLICT DO UPDATE SET held_at = excluded.held_at`,
          ...[token, hub, now],
        );
        return true;
      });
    });
  }

  /** Tells all who have a token, which has been revoked or has other secrets: in the turn that did it. */
  changed(token: string): void {
    this.#ports.sql.run(
      "UPDATE token_holders SET due_at = ?, revision = revision + 1, attempts = 0 WHERE token = ?",
      ...[this.#ports.clock.now(), token],
    );
    this.#schedule();
    void this.advance();
  }

  /** Tells what is due. Never throws: the platform gives up on an alarm that does. */
  async advance(): Promise<void> {
    try {
      await this.#advance();
    } catch {
      this.#ports.setAlarm(this.#ports.clock.now() + tellTimeoutMs);
    }
  }

  async #advance(): Promise<void> {
    const { sql, clock } = this.#ports;
    const now = clock.now();
    const due = sql
      .run("SELECT token, hub, revision, attempts FROM token_holders WHERE due_at <= ?", now)
      .map(([token, hub, revision, attempts]) => ({
        ...{ token: String(token), hub: String(hub) },
        ...{ revision: Number(revision), attempts: Number(attempts) },
      }));
    // Counts as told again, should this process end before it is answered.
    for (const each of due) this.#postpone(each, now + tellTimeoutMs);
    this.#schedule();
    await Promise.all(due.map((each) => this.#tell(each)));
    this.#schedule();
  }

  async #tell(due: Due): Promise<void> {
    const { hubs, sql, clock } = this.#ports;
    const { token, hub, revision, attempts } = due;
    const good = this.#good(token, clock.now());
    const deadline = deadlineAfter(clock, tellTimeoutMs);
    const answer = await Promise.race([
      resultOf(() => hubs.open(hub).limitToken(token, good)),
      deadline.passed,
    ]);
    deadline.cancel();
    if (!answer?.ok || !answer.value.ok) {
      this.#postpone(due, clock.now() + Math.min(backoffMsMax, backoffMsMin * 2 ** attempts));
      return;
    }
    const which = "token = ? AND hub = ? AND revision = ?";
    const done = good.length === 0 ? "DELETE FROM token_holders" : "UPDATE token_holders SET due_at = NULL";
    sql.run(`${done} WHERE ${which}`, token, hub, revision);
  }

  #postpone({ token, hub, revision, attempts }: Due, until: number): void {
    this.#ports.sql.run(
      "UPDATE token_holders SET due_at = ?, attempts = ? WHERE token = ? AND hub = ? AND revision = ?",
      ...[until, attempts + 1, token, hub, revision],
    );
  }

  #good(token: string, now: number): readonly GoodSecret[] {
    return this.#ports.goodSecrets(token).filter(({ until }) => until === undefined || until > now);
  }

  #schedule(): void {
    const [[at] = []] = this.#ports.sql.run("SELECT min(due_at) FROM token_holders");
    if (typeof at === "number") this.#ports.setAlarm(at);
  }
}
