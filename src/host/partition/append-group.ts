/**
 * Appends that are logged together.
 *
 * The first one is logged at once. Those that come from then on until a later turn gather, and are logged as
 * one group; so whoever comes alone does not wait, and many cost one commit a turn.
 */
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";

interface PendingAppend {
  readonly requests: readonly AppendRequest[];
  readonly resolve: (results: readonly AppendResult[]) => void;
  readonly reject: (cause: unknown) => void;
}

/** A group, and what becomes of it: exactly one of `logged` and `failed` is to be called. */
export interface Group {
  readonly requests: readonly AppendRequest[];
  /** True where another stage sent some of it. */
  readonly isChannel: boolean;
  /** With a result for each request. */
  logged(results: readonly AppendResult[]): void;
  failed(cause: unknown): void;
}

export class AppendGroup {
  readonly #soon: (work: () => void) => void;
  readonly #log: (group: Group) => void;
  #pending: PendingAppend[] = [];
  #isGathering = false;

  /** `soon` runs work in a later turn; `log` logs a group in this one. */
  constructor(soon: (work: () => void) => void, log: (group: Group) => void) {
    this.#soon = soon;
    this.#log = log;
  }

  append(requests: readonly AppendRequest[]): Promise<readonly AppendResult[]> {
    // A sender has one call on its way and gathers meanwhile: nothing is gained by waiting for another's.
    const isChannel = requests.some(({ link }) => link);
    return new Promise((resolve, reject) => {
      this.#pending.push({ requests, resolve, reject });
      if (isChannel) this.#flush(true);
      else if (!this.#isGathering) this.#flushAndGather();
    });
  }

  #flushAndGather(): void {
    this.#isGathering = this.#pending.length > 0;
    if (!this.#isGathering) return;
    this.#soon(() => this.#flushAndGather());
    this.#flush(false);
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
