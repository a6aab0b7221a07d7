/**
 * What became of the letters that a call replays, as it is answered.
 */
import type { ReplayAnswer } from "../../protocol/dead-letters.ts";
import { formatLetterId } from "../../protocol/letter-id.ts";
import type { ShardAddress } from "../shards.ts";
import type { Misfit } from "./replayed-records.ts";

/** Letters that an answer says of why they do not fit. */
const errorsShown = 100;

export class ReplayTally {
  readonly #isDryRun: boolean;
  readonly #errors: { readonly id: string; readonly message: string }[] = [];
  #rejectedAgain = 0;
  replayed = 0;
  resumed = 0;
  alreadyReplayed = 0;
  cut = 0;
  gone = 0;

  constructor(isDryRun: boolean) {
    this.#isDryRun = isDryRun;
  }

  /** Notes a letter of a shard that does not fit. */
  reject({ letter, message }: Misfit, address: ShardAddress): void {
    this.#rejectedAgain++;
    if (this.#errors.length >= errorsShown) return;
    this.#errors.push({ id: formatLetterId({ ...letter, ...address }), message });
  }

  answer(cursor: string | undefined): ReplayAnswer {
    return {
      dryRun: this.#isDryRun,
      replayed: this.replayed,
      resumed: this.resumed,
      rejectedAgain: this.#rejectedAgain,
      alreadyReplayed: this.alreadyReplayed,
      cut: this.cut,
      gone: this.gone,
      errors: this.#errors,
      ...(cursor !== undefined && { cursor }),
    };
  }
}
