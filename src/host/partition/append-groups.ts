/**
 * Appends that are logged together.
 *
 * The first one is logged at once. Those that come from then on until a later turn gather, and are logged as
 * one group; so whoever comes alone does not wait, and many cost one commit a turn.
 */
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";
import type { LaterTurns } from "./later-turns.ts";

interface PendingAppend {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (results: readonly AppendResult[]) => void;
  readonly reject: (cause: unknown) => void;
}

/** A group, and what becomes of it: `logged` or `failed` is to be called; the first one counts. */
export interface AppendGroup {
  readonly requests: readonly AppendRequest[];
  /** True where another stage sent some of it. */
  readonly isChannel: boolean;
  /** With a result for each request. */
  logged(results: readonly AppendResult[]): void;
  failed(cause: unknown): void;
}

export class AppendGroups {
  readonly #turns: LaterTurns;
  readonly #log: (group: AppendGroup) => void;
  #pending: PendingAppend[] = [];
  #isGathering = false;

  /** `log` logs a group in the turn that calls it. */
  constructor(turns: LaterTurns, log: (group: AppendGroup) => void) {
    this.#turns = turns;
    this.#log = log;
  }

  /** `isChannel`: another stage sent it, which has one call on its way and gathers meanwhile. */
  append(requests: readonly AppendRequest[], isChannel: boolean): Promise<readonly AppendResult[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ requests, resolve, reject });
      if (isChannel) this.#flush(true);
      else if (!this.#isGathering) this.#flushAndGather();
    });
  }

  /**
   * Ends its turn where it logs something: no work that follows shall delay the answers, nor take the group
   * with it where it fails.
   */
  #flushAndGather(): boolean {
    this.#isGathering = this.#pending.length > 0;
    if (!this.#isGathering) return true;
    // Before the group: gathering must not end where logging fails.
    this.#turns.add(() => this.#flushAndGather());
    this.#flush(false);
    return false;
  }

  #flush(isChannel: boolean): void {
    const pending = this.#pending;
    this.#pending = [];
    this.#log({
      requests: pending.flatMap(({ requests }) => requests),
      isChannel,
      logged: (results) => {
        let next = 0;
        for (const { requests, resolve } of pending) {
          resolve(results.slice(next, next + requests.length));
          next += requests.length;
        }
      },
      failed: (cause) => {
        for (const { reject } of pending) reject(cause);
      },
    });
  }
}
