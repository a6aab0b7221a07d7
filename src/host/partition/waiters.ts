/**
 * Calls that wait until something has come to be: a view that has applied a token, a stage that has room.
 */
import { EngineError, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";

interface Waiter {
  readonly isMet: () => boolean;
  readonly wake: (result: RpcResult<null>) => void;
}

export class Waiters {
  readonly #later: (work: () => void, ms: number) => () => void;
  readonly #abort: (reason: string) => void;
  #waiting: Waiter[] = [];

  /** `later` runs work after a time, unless what it returns is called before; `abort` ends the object. */
  constructor(later: (work: () => void, ms: number) => () => void, abort: (reason: string) => void) {
    this.#later = later;
    this.#abort = abort;
  }

  /** Resolves when `isMet`, or with the error that it throws, or with QUERY_TIMEOUT and message `late`. */
  until(isMet: () => boolean, timeoutMs: number, late: string): Promise<RpcResult<null>> {
    return new Promise((resolve) => {
      let cancel = () => {};
      const wake = (result: RpcResult<null>) => {
        cancel();
        this.#waiting = this.#waiting.filter((each) => each !== waiter);
        resolve(result);
      };
      const waiter: Waiter = { isMet, wake };
      this.#waiting.push(waiter);
      this.#look(waiter);
      if (!this.#waiting.includes(waiter)) return;
      cancel = this.#later(() => {
        wake({ ok: false, error: errorBodyOf(new EngineError("QUERY_TIMEOUT", { message: late })) });
      }, timeoutMs);
    });
  }

  /** Looks whether anybody need not wait any longer; call it after every turn. */
  wake(): void {
    for (const waiter of [...this.#waiting]) this.#look(waiter);
  }

  #look({ isMet, wake }: Waiter): void {
    try {
      if (isMet()) wake({ ok: true, value: null });
    } catch (thrown) {
      wake({ ok: false, error: errorBodyOf(thrown) });
      if (thrown instanceof StorageFailure) this.#abort(thrown.message);
    }
  }
}
