/**
 * Replays letters: appends them once more, after what kept them out was mended.
 *
 * The partition that has the letters begins each replay and gives it a number; under that its rows are an
 * append of a producer that no client can be, so what is sent twice is taken in once, and when all shards
 * have it the partition marks the letters. Whoever is cut off in between leaves a pending replay, which the
 * next call finishes first: a call that is repeated, for whatever reason, appends nothing twice.
 *
 * A letter that no longer fits when a pending replay is finished, since its stream got a column, may be in
 * the log already: where some shard knows the replay, it is marked and not sent.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { appendDeadlineMs } from "../../base/limits.ts";
import type { Letter } from "../../engine/letters/letter.ts";
import { type BegunReplay, placeOf } from "../../engine/letters/partition-letters.ts";
import type { Replay, ReplayPlace } from "../../engine/letters/replays.ts";
import { channelOf, channelTokenId } from "../../engine/log/channel-name.ts";
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { ReplayAnswer, ReplayWish } from "../../protocol/dead-letters.ts";
import { addressesOf, formatLetterId, type LetterPlace } from "../../protocol/letter-id.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { Ask } from "../facts-cache.ts";
import type { PartitionRpc } from "../partition/partition-rpc.ts";
import {
  cursorOf,
  type LetterPorts,
  lettersOf,
  lettersTimeoutMs,
  placeBehind,
  placeOfCursor,
  type WalkPlace,
} from "../query/read-letters.ts";
import { callShard, type ShardAddress } from "../shards.ts";
import type { PartEncoding } from "./encoder-pool.ts";
import type { ShardFrame } from "./part-encoder.ts";
import { ReplayTally } from "./replay-tally.ts";
import { encodeLetters, inReplays, mended, replayLettersMax } from "./replayed-records.ts";
import { shardOfProducer } from "./shard-of-producer.ts";

/** Looks into partitions of one call, and letters of one look that are named. */
const looksMax = 32;
const placesPerLook = 50;

/** Times that frames are made again for a newer map, and that a replay is begun behind others'. */
const triesMax = 4;

export interface ReplayPorts extends LetterPorts {
  readonly encoders: PartEncoding;
  readonly askFacts: Ask<StreamFacts>;
}

/** Replays what `wish` asks for of a stream's letters. */
export async function replayLetters(
  ports: ReplayPorts,
  stream: string,
  wish: ReplayWish,
): Promise<RpcResult<ReplayAnswer>> {
  const tally = new ReplayTally(wish.dryRun);
  try {
    const source = orThrow(await ports.askFacts(stream));
    const target = wish.into === undefined ? source : orThrow(await ports.askFacts(wish.into));
    const call = new ReplayCall(ports, { source, target, wish, tally });
    return { ok: true, value: tally.answer(await call.run()) };
  } catch (thrown) {
    const error = errorBodyOf(thrown);
    return { ok: false, error: { ...error, details: { ...error.details, ...tally.answer(undefined) } } };
  }
}

interface CallFacts {
  readonly source: StreamFacts;
  readonly target: StreamFacts;
  readonly wish: ReplayWish;
  readonly tally: ReplayTally;
}

class ReplayCall {
  readonly #ports: ReplayPorts;
  readonly #facts: CallFacts;

  constructor(ports: ReplayPorts, facts: CallFacts) {
    this.#ports = ports;
    this.#facts = facts;
  }

  /** Returns the cursor behind what this call went through. */
  async run(): Promise<string | undefined> {
    const { ids } = this.#facts.wish;
    if (!ids) return await this.#walk();
    await this.#replayNamed(ids);
    return undefined;
  }

  async #replayNamed(ids: readonly string[]): Promise<void> {
    const { source, wish, tally } = this.#facts;
    const named = addressesOf(ids, source.stream, source.generation).map((address, index) => {
      const text = wish.records?.[ids[index] ?? ""];
      return { ...address, ...(text !== undefined && { text }) };
    });
    for (const [shard, places] of Map.groupBy(named, (each) => each.shard)) {
      const letters = shard < source.ranges.length ? await this.#find(shard, places) : [];
      tally.gone += places.length - letters.length;
      await this.#replay(shard, letters);
    }
  }

  async #walk(): Promise<string | undefined> {
    const { source, wish } = this.#facts;
    let place: WalkPlace | undefined = placeOfCursor(wish.cursor);
    let left = wish.limit;
    for (let looks = 0; place && looks < looksMax && left > 0; looks++) {
      if (place.shard >= source.ranges.length) return undefined;
      const { shard, after }: WalkPlace = place;
      const limit = Math.min(left, replayLettersMax);
      const query = { ...wish.filter, isWhole: true, limit, ...(after && { after }) };
      const page = orThrow(await lettersOf(this.#ports, { ...source, shard }, query));
      await this.#replay(shard, page.letters);
      left -= page.letters.length;
      place = placeBehind(place, page, source);
    }
    return place && cursorOf(place);
  }

  /** Replays what may be of letters that lie in one shard. */
  async #replay(shard: number, letters: readonly Letter[]): Promise<void> {
    const { target, wish, tally } = this.#facts;
    const fresh = letters.filter(({ replayedAt }) => wish.again || replayedAt === undefined);
    const whole = fresh.filter(({ isCut }) => !isCut);
    tally.alreadyReplayed += letters.length - fresh.length;
    tally.cut += fresh.length - whole.length;
    for (const list of inReplays(whole, target)) {
      const { fitting, misfits } = this.#encode(shard, target, list);
      for (const misfit of misfits) tally.reject(misfit, this.#addressOf(shard));
      if (wish.dryRun) tally.replayed += fitting.length;
      else await this.#append(shard, fitting);
    }
  }

  /** Replays letters that fit, behind what others have begun; these may be among them. */
  async #append(shard: number, letters: readonly Letter[]): Promise<void> {
    const { tally } = this.#facts;
    let places = letters.map((letter) => this.#placeOf(shard, letter));
    for (let tries = 0; places.length > 0; tries++) {
      const replay = await this.#begin(shard, places);
      if (!replay) {
        tally.alreadyReplayed += places.length;
        return;
      }
      if (!replay.isNew && tries >= triesMax) throw busy();
      const begun = new Set(replay.places.map(nameOf));
      const own = letters.filter((letter) => begun.has(nameOf(letter)));
      const all = replay.isNew ? own : await this.#find(shard, replay.places);
      const done = await this.#carryOut(shard, replay, all);
      if (replay.isNew) {
        tally.replayed += done;
        tally.alreadyReplayed += places.length - replay.places.length;
        return;
      }
      tally.resumed += done;
      places = places.filter((place) => !begun.has(nameOf(place)));
    }
  }

  /** Sends a replay until all shards have it, and ends it. Returns how many letters went in. */
  async #carryOut(shard: number, replay: BegunReplay, letters: readonly Letter[]): Promise<number> {
    const { target } = this.#facts;
    let facts = target.stream === replay.into.stream ? target : await this.#asked(replay.into.stream);
    for (let tries = 0; ; tries++) {
      if (facts?.generation !== replay.into.generation) {
        await this.#end(shard, replay, []);
        if (!replay.isNew) return 0;
        throw targetGone(replay);
      }
      const { fitting, misfits, frames } = this.#encode(shard, facts, letters);
      const results = await this.#send(shard, replay, facts, frames);
      const refused = results.find((result) => result.status === "refused");
      if (!refused) {
        const isKnown = results.some(({ status }) => status === "duplicate");
        const done = isKnown ? [...fitting, ...misfits.map(({ letter }) => letter)] : fitting;
        await this.#end(shard, replay, done);
        return done.length;
      }
      const { error } = refused as { readonly error: ErrorBody };
      if (error.code === "STREAM_ENDED") await this.#end(shard, replay, []);
      if (error.code !== "MAP_STALE" || tries >= triesMax) throw failureOf(error);
      facts = await this.#asked(replay.into.stream);
    }
  }

  #encode(shard: number, facts: StreamFacts, letters: readonly Letter[]) {
    const anyShard = shardOfProducer(channelTokenId, this.#producerOf(shard), facts.ranges);
    return encodeLetters(this.#ports.encoders, facts, letters, anyShard);
  }

  async #send(
    shard: number,
    { number: sequence }: Replay,
    { stream, generation, mapVersion }: StreamFacts,
    frames: readonly ShardFrame[],
  ): Promise<AppendResult[]> {
    const { clock, shards } = this.#ports;
    const producer = this.#producerOf(shard);
    const deadline = clock.now() + appendDeadlineMs;
    const sent = [...Map.groupBy(frames, (frame) => frame.shard)].map(async ([receiver, own]) => {
      const requests = own.map(
        ({ part, bytes: frame }): AppendRequest => ({
          ...{ generation, mapVersion, deadline, tokenId: channelTokenId, frame },
          producer: { producer, sequence, part, checksum: 0n },
        }),
      );
      const address = { stream, generation, shard: receiver };
      const answer = await callShard(clock, appendDeadlineMs, address, () =>
        shards.open(address).append(requests),
      );
      return answer.ok ? answer.value : [{ status: "refused" as const, error: answer.error }];
    });
    return (await Promise.all(sent)).flat();
  }

  #begin(shard: number, places: readonly ReplayPlace[]): Promise<BegunReplay | null> {
    const { target, wish } = this.#facts;
    const into = { stream: target.stream, generation: target.generation };
    return this.#ask(shard, (partition) => partition.beginReplay({ into, places, again: wish.again }));
  }

  #end(shard: number, { number }: Replay, done: readonly Letter[]): Promise<null> {
    return this.#ask(shard, (partition) => partition.endReplay(number, done.map(placeOf)));
  }

  /** The letters that are there, with mended records in their places. */
  async #find(shard: number, places: readonly ReplayPlace[]): Promise<Letter[]> {
    const letters: Letter[] = [];
    const texts = new Map(places.map((place) => [nameOf(place), place.text]));
    for (let first = 0; first < places.length; first += placesPerLook) {
      const some = places.slice(first, first + placesPerLook).map(placeOf);
      const page = await this.#ask(shard, (partition) =>
        partition.letters({ places: some, isWhole: true, limit: placesPerLook }),
      );
      letters.push(...page.letters.map((letter) => mended(letter, texts.get(nameOf(letter)))));
    }
    return letters;
  }

  async #ask<Value>(
    shard: number,
    call: (partition: PartitionRpc) => Promise<RpcResult<Value>>,
  ): Promise<Value> {
    const { clock, shards } = this.#ports;
    const address = this.#addressOf(shard);
    return orThrow(await callShard(clock, lettersTimeoutMs, address, () => call(shards.open(address))));
  }

  /** What is known of a stream; undefined where there is none. */
  async #asked(stream: string): Promise<StreamFacts | undefined> {
    const facts = await this.#ports.askFacts(stream);
    return !facts.ok && facts.error.code === "STREAM_NOT_FOUND" ? undefined : orThrow(facts);
  }

  #placeOf(shard: number, letter: Letter): ReplayPlace {
    const text = this.#facts.wish.records?.[formatLetterId({ ...letter, ...this.#addressOf(shard) })];
    return { ...placeOf(letter), ...(text !== undefined && { text }) };
  }

  #addressOf(shard: number): ShardAddress {
    const { stream, generation } = this.#facts.source;
    return { stream, generation, shard };
  }

  #producerOf(shard: number): string {
    return `letters/${channelOf(this.#addressOf(shard))}`;
  }
}

function nameOf({ run, offset, row }: LetterPlace): string {
  return `${run}-${offset}-${row}`;
}

function orThrow<Value>(result: RpcResult<Value>): Value {
  if (result.ok) return result.value;
  throw failureOf(result.error);
}

function failureOf({ code, message, details }: ErrorBody): EngineError {
  return new EngineError(code, { message, ...(details && { details }) });
}

function targetGone({ into }: Replay): EngineError {
  const message = `The stream "${into.stream}" was deleted while letters were appended to it. Ask again.`;
  return new EngineError("STREAM_NOT_FOUND", { message });
}

function busy(): EngineError {
  const message = "Others replay letters of this shard at the same time. Ask again in a moment.";
  return new EngineError("PARTITION_UNAVAILABLE", { message });
}
