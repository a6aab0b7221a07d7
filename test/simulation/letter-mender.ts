/**
 * Whoever mends what the streams of a life rejected: reads the dead letters and replays them as records that
 * fit, again and again until that is answered. Two may do so at once, and both mend a letter the same way.
 */

import type { RpcResult } from "../../src/engine/partition-types.ts";
import { readReplay } from "../../src/protocol/dead-letters.ts";
import type { Random } from "../arbitraries/random.ts";
import type { WorkerRpc } from "./deployment.ts";
import type { SentRequest, SentRow, StreamName } from "./sent-requests.ts";

export interface MenderErrands {
  readonly streams: readonly StreamName[];
  /** Mended records are noted here as if each was sent by a producer. */
  readonly sent: SentRequest[];
  readonly random: Random;
  now(): number;
  sleep(ms: number): Promise<void>;
  /** The answer of some worker, or undefined where the call failed or took too long. */
  askWorker<Value>(
    call: (rpc: WorkerRpc) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value> | undefined>;
  wrong(what: string): void;
}

const lettersOfCall = 20;
const retryMsMax = 3_000;

export class LetterMender {
  readonly #errands: MenderErrands;
  /** By the id of the letter: what nobody has named a sequence for may be rejected twice. */
  readonly #mended = new Map<string, SentRequest>();

  constructor(errands: MenderErrands) {
    this.#errands = errands;
  }

  /** True for a letter whose replay was answered. */
  hasMended(id: string): boolean {
    return this.#mended.get(id)?.isAcknowledged ?? false;
  }

  /** Mends all that there is now. */
  async mend(): Promise<void> {
    for (const stream of this.#errands.streams) {
      const query = { reasons: ["rejected"] as const, isReplayed: false };
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await this.#insist((rpc) =>
          rpc.deadLetters(stream, { ...query, limit: lettersOfCall, cursor }),
        );
        const letters = page.letters.map(({ id, content }) => ({ id, text: String(content.text).trim() }));
        await this.#replay(stream, letters);
        cursor = page.cursor;
      }
    }
  }

  async #replay(
    stream: StreamName,
    letters: readonly { readonly id: string; readonly text: string }[],
  ): Promise<void> {
    if (letters.length === 0) return;
    const requests = letters.map((letter) => this.#requestFor(stream, letter));
    const records = Object.fromEntries(letters.map(({ id }, index) => [id, requests[index]?.rows[0]]));
    const answer = await this.#insist((rpc) => rpc.replay(stream, readReplay({ records })));
    for (const request of requests) request.isAcknowledged = true;
    const { replayed, resumed, alreadyReplayed, rejectedAgain, cut, gone } = answer;
    const own = replayed + alreadyReplayed;
    // What others had begun is resumed, and may be some of these.
    const isAll = own <= letters.length && own + resumed >= letters.length;
    if (isAll && rejectedAgain + cut + gone === 0) return;
    this.#errands.wrong(`a replay of ${letters.length} letters is answered by ${JSON.stringify(answer)}`);
  }

  /** The record that takes the place of a rejected one; its number was used by no other. */
  #requestFor(stream: StreamName, letter: { readonly id: string; readonly text: string }): SentRequest {
    const known = this.#mended.get(letter.id);
    if (known) return known;
    const id = Number(/bad (\d+)/.exec(letter.text)?.[1]) + 1_000_000 * this.#mended.size;
    const time = this.#errands.now();
    const row: SentRow = { id, time, user: `user-${id % 3}`, amount: id % 100, item: "north" };
    const rows = [stream === "others" ? { ...row, at: time } : row];
    const producer = { id: "a mender", sequence: id };
    const request = { stream, rows, bad: [], producer, isAcknowledged: false };
    this.#mended.set(letter.id, request);
    this.#errands.sent.push(request);
    return request;
  }

  /** Asks until it is answered; what can never be is thrown. */
  async #insist<Value>(call: (rpc: WorkerRpc) => Promise<RpcResult<Value>>): Promise<Value> {
    while (true) {
      const answer = await this.#errands.askWorker(call);
      if (answer?.ok) return answer.value;
      const { error } = answer ?? {};
      const isRefused = error && error.status < 500 && error.code !== "MAP_STALE";
      if (isRefused) throw new Error(`${error.code}: ${error.message}`);
      await this.#errands.sleep(this.#errands.random.below(retryMsMax));
    }
  }
}
