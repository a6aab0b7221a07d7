/**
 * What a worker remembers of producers: the number under which the coordinator has registered each.
 *
 * Entries may be old, as those of a `FactsCache`: the shard that refuses one says so, and the next request of
 * the producer asks for another.
 */
import { type ProducerName, producerKey } from "../../engine/log/producer-changes.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { ProducerRegistration, StreamFacts } from "../coordinator/coordinator-rpc.ts";

export type AskRegistration = (wanted: ProducerRegistration) => Promise<RpcResult<number>>;

interface Known {
  readonly registration: number;
  readonly isRefused: boolean;
}

export class Registrations {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, Known>();

  /** Keeps at most `entriesMax` producers; the one learned first goes first. */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** Returns the number that the producer's frames are to bear, or asks. */
  async get(
    { stream, generation }: StreamFacts,
    name: ProducerName,
    ask: AskRegistration,
  ): Promise<RpcResult<number>> {
    const key = keyOf(generation, name);
    const known = this.#entries.get(key);
    if (known && !known.isRefused) return { ok: true, value: known.registration };
    const answer = await ask({ stream, generation, ...name, ...(known && { refused: known.registration }) });
    if (!answer.ok) return answer;
    this.#entries.delete(key);
    this.#entries.set(key, { registration: answer.value, isRefused: false });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
    return answer;
  }

  /** Notes that a shard refused the number; another request may have learned a new one meanwhile. */
  refuse({ generation }: StreamFacts, name: ProducerName, registration: number): void {
    const key = keyOf(generation, name);
    if (this.#entries.get(key)?.registration === registration) {
      this.#entries.set(key, { registration, isRefused: true });
    }
  }
}

function keyOf(generation: number, name: ProducerName): string {
  return `${generation}/${producerKey(name)}`;
}
