/**
 * What became of a request's records, as it is answered.
 */
import type { ErrorBody } from "../../base/errors.ts";
import { type BadRecord, BadRecordReason } from "../../columnar/bad-record.ts";
import type { AppendResult } from "../../engine/log/records.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import { type KeyGroupRange, shardOfKeyGroup } from "../../engine/shard-map.ts";
import type { IngestAnswer, RejectedRecord } from "../../protocol/answers.ts";
import type { ShardFrame } from "./part-encoder.ts";

/**
 * Rejected records that an answer describes; the rest is only counted. All are kept in the stream's letters.
 */
const errorsShown = 100;

/** A rejected record without its bytes, which may be many. */
type Described = Omit<BadRecord, "bytes">;

export interface Refusal {
  readonly shard: number;
  readonly error: ErrorBody;
}

export class Tally {
  readonly #isByLine: boolean;
  readonly #rejectedByPart = new Map<number, { count: number; first: readonly Described[] }>();
  readonly #settled = new Set<string>();
  readonly #token: Record<string, number> = {};
  #accepted = 0;
  #duplicate = 0;

  /** `isByLine`: a record's number is its line. */
  constructor(isByLine: boolean) {
    this.#isByLine = isByLine;
  }

  /** True once a shard has taken something in. */
  get hasAccepted(): boolean {
    return this.#settled.size > 0;
  }

  /** True where the frame needs no sending: its shard has it. */
  isSettled({ shard, part }: ShardFrame): boolean {
    return this.#settled.has(`${shard}/${part}`);
  }

  /** Follows splits: what a shard has taken in of a part, those have that were split off it since. */
  follow(older: readonly KeyGroupRange[], newer: readonly KeyGroupRange[]): void {
    newer.slice(older.length).forEach(([first], index) => {
      const parent = shardOfKeyGroup(first, older);
      for (const settled of [...this.#settled]) {
        const [shard, part] = settled.split("/");
        if (Number(shard) === parent) this.#settled.add(`${older.length + index}/${part}`);
      }
    });
  }

  /** Notes a part's rejected records, in place of what was noted of it before. */
  reject(part: number, rejected: readonly BadRecord[]): void {
    const first = rejected.slice(0, errorsShown).map(({ bytes: _, ...described }) => described);
    this.#rejectedByPart.set(part, { count: rejected.length, first });
  }

  /** Notes what a shard said to a frame; returns the error where it refused. */
  note(frame: ShardFrame, result: AppendResult): Refusal | undefined {
    if (result.status === "refused") return { shard: frame.shard, error: result.error };
    if (result.status === "logged") this.#accepted += frame.rows;
    else this.#duplicate += frame.rows;
    this.#settled.add(`${frame.shard}/${frame.part}`);
    this.#token[frame.shard] = Math.max(this.#token[frame.shard] ?? 0, result.offset);
    return undefined;
  }

  answer(): IngestAnswer {
    const parts = [...this.#rejectedByPart].sort(([left], [right]) => left - right).map(([, part]) => part);
    return {
      accepted: this.#accepted,
      duplicate: this.#duplicate,
      rejected: parts.reduce((sum, { count }) => sum + count, 0),
      errors: parts
        .flatMap(({ first }) => first)
        .slice(0, errorsShown)
        .map((record) => this.#describe(record)),
      token: this.#token,
    };
  }

  /**
   * Answers that not everything was taken in: the gravest error, with what was accepted in its details.
   * Sending the same request again under the same producer and sequence completes it.
   */
  refused(refusals: readonly Refusal[]): RpcResult<never> {
    const gravest = refusals.find(({ error }) => error.status < 500 && error.status !== 429) ?? refusals[0];
    const error = gravest?.error as ErrorBody;
    const { errors, ...counts } = this.answer();
    const refusedBy = [...new Set(refusals.map(({ shard }) => shard))];
    return { ok: false, error: { ...error, details: { ...error.details, ...counts, refusedBy } } };
  }

  #describe({ record, column, reason, field, message }: Described): RejectedRecord {
    return {
      record,
      ...(this.#isByLine ? { line: record } : {}),
      column,
      reason: reasonName(reason),
      ...(field === undefined ? {} : { field }),
      message,
    };
  }
}

function reasonName(reason: BadRecordReason): string {
  return Object.entries(BadRecordReason).find(([, number]) => number === reason)?.[0] ?? String(reason);
}
