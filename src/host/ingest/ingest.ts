/**
 * Takes a request's body in: parts to frames, frames to shards, what the shards say to one answer.
 *
 * A request is not a transaction. Its rows appear shard by shard; where some shards took theirs in and others
 * refused, the answer is the error, and the same request sent again under the same producer and sequence
 * completes it.
 *
 * A body is worked off in rounds, so that a large one never has all its frames in memory. Within a round
 * shards are called at the same time, and each gets all its frames in one call, in the order of the parts.
 */
import { EngineError, errorBodyOf } from "../../base/errors.ts";
import { appendDeadlineMs, bodyPartsMax, MiB } from "../../base/limits.ts";
import type { AppendRequest } from "../../engine/log/records.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { RandomSource } from "../../engine/ports.ts";
import { type BodyPosition, bodyStart } from "../../kernel/json-body.ts";
import type { IngestAnswer } from "../../protocol/answers.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { Ask, FactsCache } from "../facts-cache.ts";
import { callShardBy, type Shards } from "../shards.ts";
import { deadlineAfter, type WallClock } from "../wall-clock.ts";
import type { PartEncoding } from "./encoder-pool.ts";
import type { EncodedPart, PartSource, ShardFrame } from "./part-encoder.ts";
import type { IngestFormat } from "./record-lines.ts";
import { recordsOf } from "./records-of-body.ts";
import type { AskRegistration, Registrations } from "./registrations.ts";
import { shardOfProducer } from "./shard-of-producer.ts";
import { type Refusal, Tally } from "./tally.ts";

/** Frames of one round: far below the 32 MiB of one RPC, even if they all go to one shard. */
const roundBytesMax = 8 * MiB;

/** Times that a round is sent again after a shard knew a newer map, or no longer knew the producer. */
const refreshesMax = 3;

export interface IngestPorts {
  readonly clock: WallClock;
  readonly random: RandomSource;
  readonly shards: Shards;
  readonly encoders: PartEncoding;
  readonly facts: FactsCache<StreamFacts>;
  readonly askFacts: Ask<StreamFacts>;
  readonly registrations: Registrations;
  readonly askRegistration: AskRegistration;
}

export interface IngestRequest {
  readonly stream: string;
  readonly body: Uint8Array;
  readonly format: IngestFormat;
  readonly tokenId: string;
  readonly producer: { readonly id: string; readonly sequence: number } | undefined;
}

/** Where a round begins: place and number of its first part. */
interface RoundStart {
  readonly from: BodyPosition;
  readonly index: number;
}

export class Ingest {
  readonly #ports: IngestPorts;

  constructor(ports: IngestPorts) {
    this.#ports = ports;
  }

  async ingest(request: IngestRequest): Promise<RpcResult<IngestAnswer>> {
    try {
      const { facts, askFacts } = this.#ports;
      const known = await facts.get(request.stream, askFacts);
      return known.ok ? await this.#ingestInRounds(request, known.value) : known;
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  async #ingestInRounds(request: IngestRequest, known: StreamFacts): Promise<RpcResult<IngestAnswer>> {
    const tally = new Tally(request.format === "ndjson");
    let facts = known;
    let anyShard = this.#anyShard(request, facts);
    let start: RoundStart | undefined = { from: bodyStart, index: 0 };
    while (start) {
      let parts = this.#encodeRound(request, facts, { ...start, anyShard }, tally);
      let refusals = await this.#sendRegistered(request, facts, parts, tally);
      for (let refresh = 0; refresh < refreshesMax && refusals.some(canSendAgain); refresh++) {
        if (!refusals.some(isStale)) {
          refusals = await this.#sendRegistered(request, facts, parts, tally);
          continue;
        }
        const newer = await this.#ports.facts.newer(request.stream, facts, this.#ports.askFacts);
        if (!newer.ok) return newer;
        // A stream made anew under the old name is another stream: what the old one took in must not be
        // split.
        if (newer.value.generation !== facts.generation && tally.hasAccepted) break;
        // A producer's shard may be another one since a split; what names none stays where it is.
        const isSame = newer.value.generation === facts.generation;
        if (isSame) tally.follow(facts.ranges, newer.value.ranges);
        if (!isSame || request.producer !== undefined) anyShard = this.#anyShard(request, newer.value);
        facts = newer.value;
        parts = this.#encodeRound(request, facts, { ...start, anyShard }, tally);
        refusals = await this.#sendRegistered(request, facts, parts, tally);
      }
      if (refusals.length > 0) return tally.refused(refusals);
      const last = parts.at(-1);
      start = last?.next && { from: last.next, index: last.index + 1 };
    }
    return { ok: true, value: tally.answer() };
  }

  /** Encodes parts until they make a round. Waits for nothing. */
  #encodeRound(
    request: IngestRequest,
    facts: StreamFacts,
    start: RoundStart & { readonly anyShard: number },
    tally: Tally,
  ): EncodedPart[] {
    const parts: EncodedPart[] = [];
    const { anyShard } = start;
    const body = recordsOf(request, facts.schema.columns);
    const checksum = this.#checksum(request, body);
    let { index } = start;
    let bytes = 0;
    for (let from: BodyPosition | undefined = start.from; from && bytes < roundBytesMax; index++) {
      if (index >= bodyPartsMax) throw tooManyParts();
      const source = { body, checksum, index, from, anyShard };
      const part = this.#ports.encoders.encode(facts, source);
      tally.reject(index, part.rejected);
      parts.push(part);
      from = part.next;
      for (const frame of part.frames) bytes += frame.bytes.byteLength;
    }
    return parts;
  }

  /** Bytes of another format than JSON do not mean anything part by part: their checksum is the body's. */
  #checksum({ producer, body }: IngestRequest, records: PartSource["body"]): PartSource["checksum"] {
    if (!producer) return "none";
    return "bytes" in records ? "part" : this.#ports.encoders.checksum(body);
  }

  /** Sends as `#send` does, once the producer is live in all shards, where their watermark waits for it. */
  async #sendRegistered(
    request: IngestRequest,
    facts: StreamFacts,
    parts: readonly EncodedPart[],
    tally: Tally,
  ): Promise<Refusal[]> {
    const { producer, tokenId } = request;
    if (!producer || !facts.waitsForProducers) return await this.#send(request, facts, parts, tally);
    const { registrations, askRegistration } = this.#ports;
    const name = { tokenId, producer: producer.id };
    const known = await registrations.get(facts, name, askRegistration);
    if (!known.ok) return [{ shard: 0, error: known.error }];
    const refusals = await this.#send(request, facts, parts, tally, known.value);
    if (refusals.some(isUnregistered)) registrations.refuse(facts, name, known.value);
    return refusals;
  }

  /** Sends the frames that their shards do not have yet; returns who refused. */
  async #send(
    request: IngestRequest,
    facts: StreamFacts,
    parts: readonly EncodedPart[],
    tally: Tally,
    registration?: number,
  ): Promise<Refusal[]> {
    const byShard = new Map<number, { frame: ShardFrame; checksum: bigint }[]>();
    for (const { frames, checksum } of parts) {
      for (const frame of frames) {
        if (tally.isSettled(frame)) continue;
        const list = byShard.get(frame.shard);
        if (list) list.push({ frame, checksum });
        else byShard.set(frame.shard, [{ frame, checksum }]);
      }
    }
    const { clock, shards } = this.#ports;
    const deadline = deadlineAfter(clock, appendDeadlineMs);
    const sent = [...byShard].map(async ([shard, frames]): Promise<Refusal[]> => {
      const address = { stream: facts.stream, generation: facts.generation, shard };
      const requests = this.#appendRequests(request, facts, frames, registration);
      const answer = await callShardBy(deadline, address, () => shards.open(address).append(requests));
      if (!answer.ok) return [{ shard, error: answer.error }];
      return frames.flatMap(({ frame }, index) => {
        const result = answer.value[index];
        return (result && tally.note(frame, result)) ?? [];
      });
    });
    const refusals = await Promise.all(sent);
    deadline.cancel();
    return refusals.flat();
  }

  #appendRequests(
    { producer, tokenId }: IngestRequest,
    { generation, mapVersion }: StreamFacts,
    frames: readonly { frame: ShardFrame; checksum: bigint }[],
    registration: number | undefined,
  ): AppendRequest[] {
    const deadline = this.#ports.clock.now() + appendDeadlineMs;
    return frames.map(({ frame, checksum }) => ({
      generation,
      mapVersion,
      deadline,
      tokenId,
      producer: producer && {
        producer: producer.id,
        sequence: producer.sequence,
        part: frame.part,
        checksum,
      },
      ...(registration !== undefined && { registration }),
      frame: frame.bytes,
    }));
  }

  /** The shard of rows that no key sends anywhere. */
  #anyShard({ producer, tokenId }: IngestRequest, { ranges }: StreamFacts): number {
    if (producer) return shardOfProducer(tokenId, producer.id, ranges);
    return ranges.length === 1 ? 0 : Number(this.#ports.random.seed() % BigInt(ranges.length));
  }
}

function canSendAgain(refusal: Refusal): boolean {
  return isStale(refusal) || isUnregistered(refusal);
}

function isUnregistered({ error }: Refusal): boolean {
  return error.code === "PRODUCER_UNREGISTERED";
}

function isStale({ error }: Refusal): boolean {
  return error.code === "MAP_STALE";
}

function tooManyParts(): EngineError {
  const message = `The body has more than ${bodyPartsMax} parts. Send fewer events per request.`;
  return new EngineError("BODY_TOO_LARGE", { message, details: { bodyPartsMax } });
}
