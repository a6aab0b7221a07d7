/**
 * What the records say by which a split becomes known: to the senders of the partition that is split, and to
 * the receivers of what it sends.
 *
 * Sealed JSON in the record's frame (`sealed-json.ts`). Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";
import type { KeyGroupRange } from "../shard-map.ts";
import { type Barrier, readBarrier } from "./barrier.ts";
import { readSealedJsonBytes, sealJsonBytes } from "./sealed-json.ts";

/** A record of kind Map: the outputs of one run that later records cause go by `ranges`. */
export interface MapChange {
  readonly run: number;
  /** Of what lies before the stage of which a partition is split. */
  readonly generation: number;
  /** The partition that is split; `barrier` goes to it, and to no other. */
  readonly parent: number;
  readonly barrier: Barrier;
  readonly ranges: readonly KeyGroupRange[];
}

export function encodeMapChange(change: MapChange): Uint8Array {
  return sealJsonBytes(change);
}

/** Throws `FRAME_CORRUPT`. */
export function decodeMapChange(bytes: Uint8Array): MapChange {
  const { run, generation, parent, barrier, ranges } = readSealedJsonBytes(
    bytes,
    damaged,
  ) as Partial<MapChange>;
  const isMap = (list: unknown): list is KeyGroupRange[] =>
    Array.isArray(list) && list.every((range) => Array.isArray(range) && range.every(Number.isSafeInteger));
  const numbers = [run, generation, parent];
  if (!numbers.every(Number.isSafeInteger) || !isMap(ranges)) throw damaged("its numbers are none");
  const known = readBarrier(barrier ?? {});
  const [ofRun = 0, of = 0, from = 0] = numbers.map(Number);
  return { run: ofRun, generation: of, parent: from, barrier: known, ranges };
}

/** The frame of a record of kind Channel: the name of the channel that leads here from then on. */
export function encodeNewChannel(channel: string): Uint8Array {
  return sealJsonBytes({ channel });
}

/** Throws `FRAME_CORRUPT`. */
export function decodeNewChannel(bytes: Uint8Array): string {
  const { channel } = readSealedJsonBytes(bytes, damaged);
  if (typeof channel === "string") return channel;
  throw damaged("it names no channel");
}

function damaged(what: string): EngineError {
  const message = `The record of a split in the log cannot be read: ${what}.`;
  return new EngineError("FRAME_CORRUPT", { message });
}
