/**
 * The order of a channel's frames: by the offset of the sender's record, then by the part of its output.
 */
import type { ChannelSequence } from "./records.ts";

/** Before every output of a channel. */
export const beforeFirst = { offset: 0, part: 0 } as const satisfies ChannelSequence;

/** Negative where `first` comes before `second`, 0 where they are the same. */
export function compareSequences(first: ChannelSequence, second: ChannelSequence): number {
  return first.offset - second.offset || first.part - second.part;
}
