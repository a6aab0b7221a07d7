/** Calls to a server that may be killed at any moment. */
import { setTimeout as sleep } from "node:timers/promises";
import { RequestError } from "../../src/client/request-error.ts";

const patienceMs = 60_000;

/** Calls until there is an answer; a server that was just started may not have woken all its objects. */
export async function retried<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (cause) {
      const isFinal = cause instanceof RequestError && !cause.canRetry && cause.status < 500;
      if (isFinal || Date.now() > deadline) throw cause;
      await sleep(100);
    }
  }
}

/** Looks, as often as it takes, until it sees something, or `find` has found something in what it sees. */
export function found<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value>;
export function found<Seen, Value>(
  what: string,
  look: () => Promise<Seen>,
  find: (seen: Seen) => Value | undefined,
): Promise<Value>;
export async function found(
  what: string,
  look: () => Promise<unknown>,
  find: (seen: unknown) => unknown = (seen) => seen,
): Promise<unknown> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await retried(look);
    const value = find(seen);
    if (value !== undefined) return value;
    if (Date.now() > deadline) {
      throw new Error(`in vain it was waited for ${what}; seen last: ${JSON.stringify(seen)}`);
    }
    await sleep(50);
  }
}
