/**
 * The sending end of the channels of one edge of a task: what its outputs are, until the receivers have them
 * in their logs.
 *
 * A message's sequence is (offset of the log record that caused it, part), so a replay makes the same
 * messages again: those that a receiver acknowledged are dropped here, the others are dropped there. What is
 * not yet acknowledged is part of the checkpoint. One call is on its way per channel; what gathers meanwhile
 * goes into the next.
 *
 * A message that only tells the time is replaced by the next one as long as it was neither sent nor stored:
 * the chain then links past it, and a receiver that never saw it has missed nothing.
 *
 * Invariant: of each channel the messages ascend, and each names the one before it.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { beforeFirst, compareSequences } from "../log/channel-sequence.ts";
import { type ChannelSequence, minWatermark, RecordKind } from "../log/records.ts";
import type { SqlStorage } from "../ports.ts";
import { decodeMessage, encodeMessage, type Message } from "./message-codec.ts";

/** How far a sender's time is, as its channel has told it. */
export interface ToldTime {
  readonly watermark: bigint;
  readonly isIdle: boolean;
}

/** What a checkpoint says of one channel besides its messages. Bigints as text. */
export interface StoredChannel {
  readonly made: ChannelSequence;
  readonly acknowledged: ChannelSequence;
  readonly receivedAt: number;
  readonly watermark: string;
  readonly isIdle: boolean;
}

/** An edge of a task, by its number among the task's. */
export interface EdgeName {
  readonly task: number;
  readonly edge: number;
}

interface Channel {
  messages: (Message & { isStored: boolean })[];
  made: ChannelSequence;
  acknowledged: ChannelSequence;
  /** Offset in the receiver's log up to which all that is acknowledged lies. */
  receivedAt: number;
  told: ToldTime;
  /** Messages that are on their way, from the first one. */
  inFlight: number;
}

const neverTold = { watermark: minWatermark, isIdle: false } as const satisfies ToldTime;

export class Outbox {
  readonly #sql: SqlStorage;
  readonly #edge: EdgeName;
  readonly #channels: Channel[];
  #bytes = 0;
  #isStale = false;

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS outbox (task INTEGER, edge INTEGER, receiver INTEGER, offset INTEGER,
       part INTEGER, body BLOB, PRIMARY KEY (task, edge, receiver, offset, part)) WITHOUT ROWID`,
    );
  }

  /** Opens the outbox to `receivers` partitions as the checkpoint left it; `stored` is empty at first. */
  constructor(sql: SqlStorage, edge: EdgeName, receivers: number, stored: readonly StoredChannel[]) {
    this.#sql = sql;
    this.#edge = edge;
    this.#channels = Array.from({ length: receivers }, (_, receiver) => channelOf(stored[receiver]));
    const rows = sql.run(
      "SELECT receiver, body FROM outbox WHERE task = ? AND edge = ? ORDER BY receiver, offset, part",
      ...[edge.task, edge.edge],
    );
    for (const [receiver, body] of rows) {
      const message = decodeMessage(body as Uint8Array);
      this.#channel(Number(receiver)).messages.push({ ...message, isStored: true });
      this.#bytes += message.frame.byteLength;
    }
  }

  get receivers(): number {
    return this.#channels.length;
  }

  /** Opens a channel to one more receiver, behind the others. */
  addReceiver(): void {
    this.#channels.push(channelOf(undefined));
  }

  /** Bytes of frames that no receiver has acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True while some receiver has not acknowledged all that was made for it. */
  get isWaiting(): boolean {
    return this.#channels.some(({ messages }) => messages.length > 0);
  }

  /** True when messages were acknowledged since the checkpoint: a restart sends them again. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** What the checkpoint says of the channels, by receiver. */
  get state(): StoredChannel[] {
    return this.#channels.map(({ made, acknowledged, receivedAt, told }) => {
      return { made, acknowledged, receivedAt, watermark: told.watermark.toString(), isIdle: told.isIdle };
    });
  }

  /** What the receiver has been told of the sender's time, by all that was made for it. */
  toldTo(receiver: number): ToldTime {
    return this.#channel(receiver).told;
  }

  /** Sequence of the next message to `receiver` that the record at `offset` causes, and of the one before. */
  nextSequence(receiver: number, offset: number): Pick<Message, "sequence" | "previous"> {
    const { made } = this.#channel(receiver);
    const part = made.offset === offset ? made.part + 1 : 1;
    return { sequence: { offset, part }, previous: made };
  }

  /** Takes the next message of a channel, whose sequences are `nextSequence`'s. */
  add(receiver: number, message: Message): void {
    const channel = this.#channel(receiver);
    assert(compareSequences(channel.made, message.sequence) < 0, "the messages of a channel ascend");
    channel.made = message.sequence;
    channel.told = toldBy(message, channel.told);
    if (compareSequences(message.sequence, channel.acknowledged) <= 0) return;
    const { messages } = channel;
    const last = messages.at(-1);
    const isReplaced =
      last !== undefined &&
      isTime(last) &&
      isTime(message) &&
      !last.isStored &&
      messages.length > channel.inFlight;
    if (isReplaced) messages.pop();
    const previous = isReplaced ? last.previous : message.previous;
    messages.push({ ...message, previous, isStored: false });
    this.#bytes += message.frame.byteLength;
  }

  /**
   * Returns messages to send to `receiver` in one call, about `bytesMax` of them; none while a call is on its
   * way or nothing waits. The call ends when all of them are acknowledged, or with `sendAgain`.
   */
  take(receiver: number, bytesMax: number): readonly Message[] {
    const channel = this.#channel(receiver);
    if (channel.inFlight > 0) return [];
    let bytes = 0;
    for (const { kind, frame } of channel.messages) {
      if (channel.inFlight > 0 && bytes + frame.byteLength > bytesMax) break;
      bytes += frame.byteLength;
      channel.inFlight++;
      // What follows a barrier is not taken in before it has come by all channels.
      if (kind === RecordKind.Barrier) break;
    }
    return channel.messages.slice(0, channel.inFlight);
  }

  /** The receiver has everything up to `through` in its log, at or before its offset `receivedAt`. */
  acknowledge(receiver: number, through: ChannelSequence, receivedAt: number): void {
    const channel = this.#channel(receiver);
    channel.receivedAt = Math.max(channel.receivedAt, receivedAt);
    if (compareSequences(through, channel.acknowledged) <= 0) return;
    channel.acknowledged = through;
    const kept = channel.messages.filter(({ sequence }) => compareSequences(sequence, through) > 0);
    const gone = channel.messages.slice(0, channel.messages.length - kept.length);
    for (const { frame } of gone) this.#bytes -= frame.byteLength;
    this.#isStale = true;
    channel.inFlight = Math.max(0, channel.inFlight - gone.length);
    channel.messages = kept;
  }

  /** The call came to nothing, as far as anybody knows: all that is not acknowledged is to be sent again. */
  sendAgain(receiver: number): void {
    this.#channel(receiver).inFlight = 0;
  }

  /**
   * The receiver says that a message is missing behind `last`. Throws `STATE_CORRUPT` where it cannot be sent
   * again: the receiver had acknowledged it and lost its log since, or it is no longer here.
   */
  sendAgainFrom(receiver: number, last: ChannelSequence): void {
    const { acknowledged, messages } = this.#channel(receiver);
    const [first] = messages;
    const isLost = compareSequences(last, acknowledged) < 0;
    if (isLost || (first && compareSequences(first.previous, last) > 0)) {
      const [had, has] = [acknowledged, last].map(({ offset, part }) => `${offset}.${part}`);
      throw new EngineError("STATE_CORRUPT", {
        message:
          `Partition ${receiver} of the next stage has no more than ${has}, ` +
          `of ${had} that it acknowledged, and what follows cannot be sent again. Start the job again.`,
      });
    }
    this.sendAgain(receiver);
  }

  /** True when no receiver misses anything that records up to `offset` caused. */
  isAcknowledged(offset: number): boolean {
    return this.#channels.every(({ messages }) => (messages[0]?.sequence.offset ?? offset + 1) > offset);
  }

  /** Offset in each receiver's log up to which all that it acknowledged lies; 0 before anything. */
  receivedAt(): number[] {
    return this.#channels.map(({ receivedAt }) => receivedAt);
  }

  /** The storage part of a checkpoint: a row for each message that is not acknowledged. */
  write(): void {
    this.#isStale = false;
    const { task, edge } = this.#edge;
    this.#channels.forEach((channel, receiver) => {
      const { offset, part } = channel.acknowledged;
      this.#sql.run(
        "DELETE FROM outbox WHERE task = ? AND edge = ? AND receiver = ? AND (offset, part) <= (?, ?)",
        ...[task, edge, receiver, offset, part],
      );
      for (const message of channel.messages) {
        if (message.isStored) continue;
        const at = [message.sequence.offset, message.sequence.part] as const;
        this.#sql.run(
          "INSERT INTO outbox (task, edge, receiver, offset, part, body) VALUES (?, ?, ?, ?, ?, ?)",
          ...[task, edge, receiver, ...at, encodeMessage(message)],
        );
        message.isStored = true;
      }
    });
  }

  #channel(receiver: number): Channel {
    const channel = this.#channels[receiver];
    assert(channel, "an outbox has a channel to every partition of the next stage");
    return channel;
  }
}

function channelOf(stored: StoredChannel | undefined): Channel {
  return {
    messages: [],
    made: stored?.made ?? beforeFirst,
    acknowledged: stored?.acknowledged ?? beforeFirst,
    receivedAt: stored?.receivedAt ?? 0,
    told: stored ? { watermark: BigInt(stored.watermark), isIdle: stored.isIdle } : neverTold,
    inFlight: 0,
  };
}

/** A message that tells nothing but the time. */
function isTime({ kind }: Message): boolean {
  return kind === RecordKind.Watermark || kind === RecordKind.Tick;
}

function toldBy({ kind, watermark }: Message, before: ToldTime): ToldTime {
  if (kind === RecordKind.Barrier || kind === RecordKind.Channel) return before;
  return {
    watermark: watermark > before.watermark ? watermark : before.watermark,
    isIdle: kind === RecordKind.Tick,
  };
}
