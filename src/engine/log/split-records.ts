/**
 * What the records say by which a split becomes known: to the senders of the partition that is split, and to
 * the receivers of what it sends.
 *
 * JSON in the record's frame. Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";
import type { KeyGroupRange } from "../shard-map.ts";
import { type Barrier, decodeBarrier } from "./barrier.ts";

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
  return new TextEncoder().encode(JSON.stringify(change));
}

/** Throws `FRAME_CORRUPT`. */
export function decodeMapChange(bytes: Uint8Array): MapChange {
  const { run, generation, parent, barrier, ranges } = parse(bytes) as Partial<MapChange>;
  const isMap = (list: unknown): list is KeyGroupRange[] =>
    Array.isArray(list) && list.every((range) => Array.isArray(range) && range.every(Number.isSafeInteger));
  const numbers = [run, generation, parent];
  if (!numbers.every(Number.isSafeInteger) || !isMap(ranges)) throw damaged();
  const known = decodeBarrier(new TextEncoder().encode(JSON.stringify(barrier)));
  const [ofRun = 0, of = 0, from = 0] = numbers.map(Number);
  return { run: ofRun, generation: of, parent: from, barrier: known, ranges };
}

/** The frame of a record of kind Channel: the name of the channel that leads here from then on. */
export function encodeNewChannel(channel: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ channel }));
}

/** Throws `FRAME_CORRUPT`. */
export function decodeNewChannel(bytes: Uint8Array): string {
  const { channel } = parse(bytes) as { readonly channel?: unknown };
  if (typeof channel === "string") return channel;
  throw damaged();
}

function parse(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Told below, as any other damage.
  }
  throw damaged();
}

function damaged(): EngineError {
  return new EngineError("FRAME_CORRUPT", { message: "The record of a split in the log cannot be read." });
}
