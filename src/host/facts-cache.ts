/**
 * What a worker remembers of the coordinator's catalog, by name.
 *
 * Entries may be old. Nothing tells the worker; a partition that refuses a request does, and then `newer`
 * asks again. Requests never wait for each other's question: on the platform one request may not await
 * another's promise.
 */
import { type ErrorBody, errorBodyOf } from "../base/errors.ts";
import type { RpcResult } from "../engine/partition-types.ts";

export type Ask<Facts> = (name: string) => Promise<RpcResult<Facts>>;

export class FactsCache<Facts> {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Facts>();

  /** Keeps at most `entriesMax` names; the one learned first goes first. */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** Returns what is known without asking. */
  known(name: string): Facts | undefined {
    return this.#entries.get(name);
  }

  /** Returns what is known, or asks. */
  async get(name: string, ask: Ask<Facts>): Promise<RpcResult<Facts>> {
    const known = this.#entries.get(name);
    return known === undefined ? await this.#learn(name, ask) : { ok: true, value: known };
  }

  /**
   * Returns something newer than `old`: what another request has learned meanwhile, or else the answer to
   * `ask`.
   */
  async newer(name: string, old: Facts, ask: Ask<Facts>): Promise<RpcResult<Facts>> {
    const known = this.#entries.get(name);
    return known === undefined || known === old ? await this.#learn(name, ask) : { ok: true, value: known };
  }

  /** Answers by what is known, and once more from the beginning where that is outdated. */
  async answer<Value>(
    name: string,
    ask: Ask<Facts>,
    isOutdated: (error: ErrorBody) => boolean,
    work: (facts: Facts) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    try {
      const known = await this.get(name, ask);
      if (!known.ok) return known;
      const first = await work(known.value).catch(failed);
      if (first.ok || !isOutdated(first.error)) return first;
      const newer = await this.newer(name, known.value, ask);
      return newer.ok ? await work(newer.value) : newer;
    } catch (thrown) {
      return failed(thrown);
    }
  }

  async #learn(name: string, ask: Ask<Facts>): Promise<RpcResult<Facts>> {
    const answer = await ask(name);
    this.#entries.delete(name);
    if (!answer.ok) return answer;
    this.#entries.set(name, answer.value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    return answer;
  }
}

function failed(thrown: unknown): { readonly ok: false; readonly error: ErrorBody } {
  return { ok: false, error: errorBodyOf(thrown) };
}
