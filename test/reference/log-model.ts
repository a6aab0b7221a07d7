/**
 * The log as one would tell it: lists of records and of accepted pairs, copied whole when a turn may be lost.
 */
import { type Barrier, decodeBarrier } from "../../src/engine/log/barrier.ts";
import {
  type AppendRequest,
  type ChannelLink,
  type ChannelSequence,
  type FrameFacts,
  maxWatermark,
  minWatermark,
  RecordKind,
} from "../../src/engine/log/records.ts";
import { channelFromElsewhere } from "../arbitraries/log-commands.ts";

interface ModelRecord {
  readonly offset: number;
  readonly kind: RecordKind;
  readonly appendTime: number;
  readonly watermark: bigint;
  readonly frame: string;
  readonly facts: FrameFacts | undefined;
  /** Whether it came by a channel: it says nothing about the time of the log itself. */
  readonly isMarked: boolean;
  /** Records of one group commit are trimmed together. */
  readonly group: number;
  readonly bytes: number;
}

interface ModelPair {
  readonly sequence: number;
  readonly part: number;
  readonly checksum: bigint;
  readonly offset: number;
}

interface ModelProducer {
  readonly pairs: ModelPair[];
  appendTime: number;
}

interface ModelContent {
  records: ModelRecord[];
  /** Of each channel the last message, as [offset, part]. */
  channels: Record<string, readonly [number, number]>;
  /** The savepoint whose barrier waits, and the channels by which it has come. */
  barrier: { savepoint: number; channels: string[] };
  producers: Record<string, ModelProducer>;
  firstOffset: number;
  duplicates: number;
  /** Not yet in the log: a restart forgets them. */
  duplicatesUnlogged: number;
}

const rowHeaderBytes = 48;
const recordHeaderBytes = 32;
const stampBytes = 24;
const markBytes = 14;

export class LogModel {
  #content: ModelContent = {
    records: [],
    channels: {},
    barrier: { savepoint: 0, channels: [] },
    producers: {},
    firstOffset: 1,
    duplicates: 0,
    duplicatesUnlogged: 0,
  };

  #barredInGroup: string[] = [];
  #isAnnouncedBefore = false;

  copy(): LogModel {
    const copy = new LogModel();
    copy.#content = structuredClone(this.#content);
    return copy;
  }

  restart(): void {
    this.#content.duplicatesUnlogged = 0;
  }

  append(
    now: number,
    requests: readonly AppendRequest[],
    mapVersion: number,
    factsOf: (frame: Uint8Array) => FrameFacts,
  ): string[] {
    const group = this.#next;
    this.#barredInGroup = [...this.#content.barrier.channels];
    this.#isAnnouncedBefore = channelFromElsewhere in this.#content.channels;
    const answers = requests.map((request) => {
      const answer = this.#answer(now, request, mapVersion);
      const isFrame = (request.link?.kind ?? RecordKind.Frame) === RecordKind.Frame;
      const facts = isFrame ? factsOf(request.frame) : undefined;
      if (answer.startsWith("duplicate")) this.#content.duplicatesUnlogged += facts?.rows ?? 0;
      if (answer.startsWith("logged")) this.#logRequest(now, group, request, facts);
      return answer;
    });
    if (this.#next > group) this.#logDuplicates();
    return answers;
  }

  appendWatermark(now: number, isTick: boolean, watermark: bigint): void {
    const asked = isTick ? lowest(watermark, maxWatermark - 1n) : watermark;
    const after = highest(asked, this.#watermark);
    this.#log(now, isTick ? RecordKind.Tick : RecordKind.Watermark, after);
  }

  appendIdle(now: number): void {
    this.#log(now, RecordKind.Idle, minWatermark);
  }

  trim(needed: number, expiry: number, bytesMax: number): void {
    const content = this.#content;
    let isTrimmed = false;
    for (;;) {
      const [first] = this.#keptRecords;
      if (!first) break;
      const row = this.#keptRecords.filter(({ group }) => group === first.group);
      const isNeeded = row.some(({ offset }) => offset >= needed);
      const bytes = this.#keptRecords.reduce((sum, record) => sum + record.bytes, 0);
      if (isNeeded || (first.appendTime > expiry && bytes <= bytesMax)) break;
      content.firstOffset += row.length;
      isTrimmed = true;
    }
    for (const [key, { appendTime }] of Object.entries(content.producers)) {
      if (appendTime > expiry) continue;
      delete content.producers[key];
      isTrimmed = true;
    }
    if (isTrimmed) this.#logDuplicates();
  }

  facts() {
    const frames = this.#content.records.flatMap(({ facts }) => (facts ? [facts] : []));
    const { records, firstOffset, duplicates, duplicatesUnlogged } = this.#content;
    const idleAt = records.findLastIndex(
      ({ kind, isMarked }) => !isMarked && (kind === RecordKind.Idle || kind === RecordKind.Tick),
    );
    const frameAt = records.findLastIndex(({ kind }) => kind === RecordKind.Frame);
    return {
      firstOffset,
      nextOffset: this.#next,
      watermark: this.#watermark,
      isIdle: idleAt > frameAt,
      isEnded: this.#watermark === maxWatermark,
      lastFrameAt: records[frameAt]?.appendTime,
      frames: frames.length,
      rows: frames.reduce((sum, { rows }) => sum + rows, 0),
      rejected: frames.reduce((sum, { rejected }) => sum + rejected, 0),
      duplicates: duplicates + duplicatesUnlogged,
    };
  }

  kept() {
    return this.#keptRecords.map(({ offset, kind, appendTime, watermark, frame }) => {
      return { offset, kind, appendTime, watermark, frame };
    });
  }

  get #next(): number {
    return this.#content.records.length + 1;
  }

  get #keptRecords(): ModelRecord[] {
    return this.#content.records.slice(this.#content.firstOffset - 1);
  }

  get #watermark(): bigint {
    const own = this.#content.records.filter(({ isMarked }) => !isMarked);
    return own.reduce((most, { watermark }) => highest(watermark, most), minWatermark);
  }

  #answer(now: number, request: AppendRequest, mapVersion: number): string {
    const { producer, link } = request;
    if (!request.link && request.mapVersion !== mapVersion) return "MAP_STALE";
    if (link) return this.#answerLink(link);
    const pairs = producer ? (this.#content.producers[producerKey(request)]?.pairs ?? []) : [];
    const highestSequence = Math.max(...pairs.map(({ sequence }) => sequence));
    const isTooOld = producer !== undefined && producer.sequence <= highestSequence - 64;
    const listed = pairs.find(
      (pair) => pair.sequence === producer?.sequence && pair.part === producer.part && !isTooOld,
    );
    const isDuplicate = listed !== undefined && listed.checksum === producer?.checksum;
    if (this.#watermark === maxWatermark) return isDuplicate ? `duplicate ${listed.offset}` : "STREAM_ENDED";
    if (now > request.deadline) return "APPEND_EXPIRED";
    if (isTooOld) return "PRODUCER_SEQUENCE_TOO_OLD";
    if (isDuplicate) return `duplicate ${listed.offset}`;
    return listed ? "PRODUCER_SEQUENCE_REUSED" : `logged ${this.#next}`;
  }

  #answerLink({ channel, previous, sequence }: ChannelLink): string {
    if (channel === channelFromElsewhere && !this.#isAnnouncedBefore) return "MAP_STALE";
    const last = this.#content.channels[channel] ?? [0, 0];
    const isAfterLast = ({ offset, part }: ChannelSequence) =>
      offset > last[0] || (offset === last[0] && part > last[1]);
    if (!isAfterLast(sequence)) return `duplicate ${this.#next - 1}`;
    if (this.#barredInGroup.includes(channel)) return "CHANNEL_WAITS";
    return isAfterLast(previous) ? "CHANNEL_GAP" : `logged ${this.#next}`;
  }

  #logRequest(now: number, group: number, request: AppendRequest, facts: FrameFacts | undefined): void {
    const { link } = request;
    if (link) this.#logLink(now, group, request.frame, link, facts);
    else if (facts) this.#logFrame(now, group, request, facts);
  }

  #logLink(
    now: number,
    group: number,
    body: Uint8Array,
    { channel, sequence, kind, watermark }: ChannelLink,
    facts: FrameFacts | undefined,
  ): void {
    this.#content.channels[channel] = [sequence.offset, sequence.part];
    const isBarrier = kind === RecordKind.Barrier;
    if (isBarrier) this.#meetBarrier(channel, decodeBarrier(body));
    if (kind === RecordKind.Channel) this.#content.channels[channelFromElsewhere] ??= [0, 0];
    const frame = facts || isBarrier || kind === RecordKind.Channel ? Buffer.from(body).toString("hex") : "";
    const bytes = markBytes + Buffer.byteLength(channel) + frame.length / 2;
    this.#log(now, kind, facts?.watermark ?? watermark, { group, frame, facts, bytes, isMarked: true });
  }

  #meetBarrier(channel: string, { savepoint, channels }: Barrier): void {
    this.#barredInGroup.push(channel);
    const { barrier } = this.#content;
    const before = barrier.savepoint === savepoint ? barrier.channels : [];
    const come = [...new Set([...before, channel])];
    this.#content.barrier = { savepoint, channels: come.length < channels ? come : [] };
  }

  #logFrame(now: number, group: number, request: AppendRequest, facts: FrameFacts): void {
    const { producer } = request;
    const names = Buffer.byteLength(request.tokenId) + Buffer.byteLength(producer?.producer ?? "");
    const bytes = (producer ? stampBytes + names : 0) + request.frame.byteLength;
    const offset = this.#next;
    const frame = Buffer.from(request.frame).toString("hex");
    this.#log(now, RecordKind.Frame, lowest(facts.watermark, maxWatermark - 1n), {
      group,
      frame,
      facts,
      bytes,
    });
    if (!producer) return;
    const key = producerKey(request);
    const known = this.#content.producers[key] ?? { pairs: [], appendTime: 0 };
    this.#content.producers[key] = known;
    known.pairs.push({ ...producer, offset });
    known.appendTime = this.#content.records.at(-1)?.appendTime ?? 0;
  }

  #log(
    now: number,
    kind: RecordKind,
    watermark: bigint,
    {
      group = this.#next,
      frame = "",
      facts,
      bytes = 0,
      isMarked = false,
    }: {
      group?: number;
      frame?: string;
      facts?: FrameFacts | undefined;
      bytes?: number;
      isMarked?: boolean;
    } = {},
  ): void {
    const { records } = this.#content;
    const appendTime = Math.max(now, records.at(-1)?.appendTime ?? 0);
    const headers = recordHeaderBytes + (group === this.#next ? rowHeaderBytes : 0);
    const offset = this.#next;
    const record = { offset, kind, appendTime, watermark, frame, facts, group, isMarked };
    records.push({ ...record, bytes: bytes + headers });
    this.#logDuplicates();
  }

  #logDuplicates(): void {
    this.#content.duplicates += this.#content.duplicatesUnlogged;
    this.#content.duplicatesUnlogged = 0;
  }
}

function producerKey({ tokenId, producer }: AppendRequest): string {
  return JSON.stringify([tokenId, producer?.producer]);
}

function lowest(first: bigint, second: bigint): bigint {
  return first < second ? first : second;
}

function highest(first: bigint, second: bigint): bigint {
  return first > second ? first : second;
}
