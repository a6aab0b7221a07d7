/**
 * How letters are named: by the place where they lie, for good.
 *
 *     generation-shard-run-offset-row     of the stream, and of the run of the job that kept it
 */
import { EngineError } from "../base/errors.ts";

/** `rejected` by the stream; of a job `late`, or `bad` where no cell can hold it. */
export const letterReasons = ["rejected", "late", "bad"] as const;

export type LetterReason = (typeof letterReasons)[number];

/** Where a letter lies in its partition. */
export interface LetterPlace {
  /** The job's run; `logRun` for a rejected record. */
  readonly run: number;
  readonly offset: number;
  readonly row: number;
}

/** The run of letters that no job kept. */
export const logRun = 0;

/** A letter's place among all partitions. */
export interface LetterAddress extends LetterPlace {
  readonly generation: number;
  readonly shard: number;
}

export function formatLetterId({ generation, shard, run, offset, row }: LetterAddress): string {
  return [generation, shard, run, offset, row].join("-");
}

/** Returns the place that an id names; undefined for what is no id. */
export function parseLetterId(id: string): LetterAddress | undefined {
  const numbers = /^\d{1,15}(-\d{1,15}){4}$/.test(id) ? id.split("-").map(Number) : [];
  const [generation, shard, run, offset, row] = numbers as [number, number, number, number, number];
  return numbers.length === 0 ? undefined : { generation, shard, run, offset, row };
}

/** Returns the places of ids that must be of one stream; throws REQUEST_INVALID for others. */
export function addressesOf(ids: readonly string[], stream: string, generation: number): LetterAddress[] {
  return ids.map((id) => {
    const address = parseLetterId(id);
    if (address?.generation === generation) return address;
    const message = `ids: ${id} is a letter of another stream than this "${stream}". Name it to that one.`;
    throw new EngineError("REQUEST_INVALID", { message });
  });
}
