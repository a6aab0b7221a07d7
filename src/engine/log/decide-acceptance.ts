/**
 * Whether a shard logs a frame, acknowledges it as a duplicate, or refuses it: the one acceptance function.
 *
 * What comes by a channel was routed by the map that its sender's log says; its place on the channel tells
 * all.
 *
 * The order of the checks matters. The map comes first: under another map a part holds other rows, so that
 * neither "duplicate" nor "ended" would be true of it, and its sender, sent back for the map, learns the
 * truth when it comes again. A duplicate is answered as such even by an ended stream: its rows are in the
 * log. The deadline comes before the sequence: a frame that was on its way for long must not become new after
 * its sender gave it up.
 *
 * Within the last `producerSequencesKept` sequences a pair that is not listed is new, whatever came before
 * it: a request may have no row for a shard, so gaps are legal. Older sequences are refused and never
 * acknowledged: what is no longer listed may or may not have been logged.
 *
 * Where the stream's watermark waits for producers, a frame to be logged must bear the registration under
 * which its producer is live here: then it is live in all shards.
 *
 * A channel's messages form one chain, each naming the one before it. None may be missing: a message behind a
 * gap is refused with the last one that is there, from which its sender goes on. Behind a savepoint's barrier
 * nothing is taken in from a channel until the barrier has come by all: so what lies before the last of them
 * in the log is what belongs to the savepoint.
 */
import type { ErrorCode } from "../../base/error-codes.ts";
import { producerSequencesKept } from "../../base/limits.ts";
import { compareSequences } from "./channel-sequence.ts";
import type { AppendRequest, ChannelLink, ChannelSequence } from "./records.ts";

export type Acceptance =
  | { readonly decision: "Log" }
  /** The frame is in the log, at `offset`. */
  | { readonly decision: "Acknowledge"; readonly offset: number }
  | {
      readonly decision: "Refuse";
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** What the log and the group being built know of the producer of a request, and of its (sequence, part). */
export interface ProducerFacts {
  /** Highest accepted sequence; undefined for an unknown producer. */
  readonly highest: number | undefined;
  readonly listed: { readonly checksum: bigint; readonly offset: number } | undefined;
  /** Whether the shard can remember one more producer. */
  readonly hasRoom: boolean;
  /** Of a task: the offset of what it sent last, where the request is not behind that. */
  readonly writtenAt: number | undefined;
  /** Whether it may send: it is registered as the request says, or the stream waits for no producer. */
  readonly isRegistered: boolean;
}

/** What the log and the group being built know of the channel of a request. */
export interface ChannelFacts {
  readonly last: ChannelSequence;
  /** Whether a barrier came by this channel that has still to come by others. */
  readonly isBarred: boolean;
  /** Offset of the newest record. */
  readonly offset: number;
}

export interface AcceptanceFacts {
  readonly generation: number;
  /** The newest map that the shard knows, and the oldest by which a frame for it has the same rows. */
  readonly mapVersion: number;
  readonly mapVersionMin: number;
  readonly isEnded: boolean;
  /** Wall clock in ms. */
  readonly now: number;
  /** Undefined when the request names no producer. */
  readonly producer: ProducerFacts | undefined;
  /** Undefined when the request came by no channel, or by one that the deployed plan does not lead here. */
  readonly channel: ChannelFacts | undefined;
}

/** Decides about one request; pure. */
export function decideAcceptance(request: AppendRequest, facts: AcceptanceFacts): Acceptance {
  const { generation, mapVersion, deadline } = request;
  const isOfMap = mapVersion >= facts.mapVersionMin && mapVersion <= facts.mapVersion;
  if (generation !== facts.generation || !(request.link || isOfMap)) {
    const found = `generation ${generation}, map version ${mapVersion}`;
    const expected = `generation ${facts.generation}, map version ${facts.mapVersion}`;
    return refuse(
      "MAP_STALE",
      `The frame was routed by ${found}; the shard has ${expected}. Route it again.`,
      {
        generation: facts.generation,
        mapVersion: facts.mapVersion,
      },
    );
  }
  if (request.link) return decideByChannel(request.link, facts.channel);
  const byProducer = decideByProducer(request, facts.producer);
  if (facts.isEnded) {
    if (byProducer.decision === "Acknowledge") return byProducer;
    return refuse("STREAM_ENDED", "A max watermark ended the stream; it takes no more events.", {});
  }
  if (facts.now > deadline) {
    const late = facts.now - deadline;
    return refuse(
      "APPEND_EXPIRED",
      `The frame came ${late} ms after its deadline. Send the request again.`,
      {},
    );
  }
  return byProducer;
}

function decideByChannel(link: ChannelLink, known: ChannelFacts | undefined): Acceptance {
  const { channel, sequence, previous } = link;
  if (!known) return refuse("MAP_STALE", `No channel "${channel}" leads here.`, { channel });
  const { last } = known;
  if (compareSequences(sequence, last) <= 0) return { decision: "Acknowledge", offset: known.offset };
  if (known.isBarred) {
    const message = `A savepoint's barrier came by "${channel}" and not yet by all others. Send again.`;
    return refuse("CHANNEL_WAITS", message, { channel });
  }
  if (compareSequences(previous, last) <= 0) return { decision: "Log" };
  return refuse(
    "CHANNEL_GAP",
    `The channel "${channel}" ends at ${last.offset}.${last.part}; the message follows ` +
      `${previous.offset}.${previous.part}. Send those between again.`,
    { channel, last },
  );
}

function decideByProducer({ producer }: AppendRequest, known: ProducerFacts | undefined): Acceptance {
  if (!producer || !known) return { decision: "Log" };
  if (known.writtenAt !== undefined) return { decision: "Acknowledge", offset: known.writtenAt };
  const { producer: name, sequence, part } = producer;
  const details = { producer: name, sequence, part };
  if (known.highest === undefined) {
    if (known.hasRoom) return logRegistered(name, known);
    return refuse(
      "PRODUCERS_TOO_MANY",
      `The shard remembers as many producers as it can and does not know "${name}". ` +
        "Use few, long-lived producer ids.",
      details,
    );
  }
  const oldest = known.highest - producerSequencesKept + 1;
  if (sequence < oldest) {
    return refuse(
      "PRODUCER_SEQUENCE_TOO_OLD",
      `Sequence ${sequence} of producer "${name}" is older than ${oldest}, ` +
        "the oldest that the shard still knows. " +
        `Whether it was accepted cannot be told; go on from ${known.highest + 1}.`,
      { ...details, oldest, highest: known.highest },
    );
  }
  if (!known.listed) return logRegistered(name, known);
  if (known.listed.checksum === producer.checksum) {
    return { decision: "Acknowledge", offset: known.listed.offset };
  }
  return refuse(
    "PRODUCER_SEQUENCE_REUSED",
    `Part ${part} of sequence ${sequence} of producer "${name}" was accepted before with other bytes. ` +
      "Send a request again with the same body, or use a new sequence.",
    { ...details, offset: known.listed.offset },
  );
}

function logRegistered(producer: string, { isRegistered }: ProducerFacts): Acceptance {
  if (isRegistered) return { decision: "Log" };
  const message = `Producer "${producer}" is not registered with the stream, or no longer. Send again.`;
  return refuse("PRODUCER_UNREGISTERED", message, { producer });
}

function refuse(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>>): Acceptance {
  return { decision: "Refuse", code, message, details };
}
