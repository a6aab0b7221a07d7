/**
 * One part of a request body to frames, one per shard that it reaches: decode, hash, route, encode.
 *
 * All of it happens in one go, without waiting: the memory of the kernel is shared by every request of the
 * isolate, and nothing of a part stays in it.
 *
 * The parts of a body, and so the pairs (sequence, part) under which a shard remembers them, depend on its
 * bytes alone. A part's frame for one shard is almost always one. Where it would be too large it becomes
 * several, which count from `part * framesPerPartMax`.
 */
import { assert } from "../../base/assert.ts";
import { linesBytesMax, partRowsMax } from "../../base/limits.ts";
import { type BadRecord, counted } from "../../columnar/bad-record.ts";
import { shardByKeyGroup } from "../../engine/shard-map.ts";
import { checksumOf } from "../../kernel/checksum.ts";
import type { ColumnBatch } from "../../kernel/column-batch.ts";
import { FrameEncoder, noWatermark, readFrameHeader } from "../../kernel/frame-codec.ts";
import type { BodyFormat, BodyPosition } from "../../kernel/json-body.ts";
import { type DecodedPart, JsonDecoder } from "../../kernel/json-decoder.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { KeyColumns } from "../../kernel/keys.ts";
import { newestTime } from "../../kernel/newest-time.ts";
import { RowRouter } from "../../kernel/routing.ts";
import { firstRows, type Selection } from "../../kernel/selection.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { RecordLines } from "./record-lines.ts";

/**
 * Frames that one part can make for one shard: rows of 1 MiB of JSON take a few MiB as columns at the very
 * worst.
 */
export const framesPerPartMax = 64;

const linesLimits = Object.freeze({ partBytesMax: linesBytesMax, partRowsMax });

const unnumbered = { offset: 0, part: 0 } as const;

export interface ShardFrame {
  readonly shard: number;
  /** Number under which the shard remembers it, within the request. */
  readonly part: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

export interface EncodedPart {
  readonly index: number;
  /** XXH64 of the part's decompressed bytes, where it was asked for; else 0. */
  readonly checksum: bigint;
  readonly frames: readonly ShardFrame[];
  readonly rejected: readonly BadRecord[];
  readonly next: BodyPosition | undefined;
}

export interface PartSource {
  /** JSON, or a body of another format as JSON lines. */
  readonly body: JsonBody | RecordLines;
  /** Number of the part within the request, and where it begins. */
  readonly index: number;
  readonly from: BodyPosition;
  /** Shard for all rows where the stream is not distributed by key. */
  readonly anyShard: number;
  /** Of the whole body, where a part's bytes do not lie together; `none` where nobody asks. */
  readonly checksum: "part" | "none" | bigint;
}

export interface JsonBody {
  readonly bytes: Uint8Array;
  readonly format: BodyFormat;
}

export class PartEncoder {
  readonly facts: StreamFacts;
  readonly #kernel: Kernel;
  readonly #decoder: JsonDecoder;
  /** Of lines that other formats were turned into: with columns at their paths, and at the top. */
  #nestedLines: JsonDecoder | undefined;
  #flatLines: JsonDecoder | undefined;
  readonly #encoder: FrameEncoder;
  readonly #keys: KeyColumns | undefined;
  readonly #router: RowRouter | undefined;

  constructor(kernel: Kernel, facts: StreamFacts) {
    this.facts = facts;
    this.#kernel = kernel;
    this.#decoder = new JsonDecoder(kernel, facts.schema);
    this.#encoder = new FrameEncoder(kernel, facts.schema);
    if (facts.ranges.length > 1 && facts.distributionKey.length > 0) {
      this.#keys = new KeyColumns(kernel, partRowsMax);
      const map = shardByKeyGroup(facts.ranges);
      this.#router = new RowRouter(kernel, partRowsMax, map, facts.ranges.length);
    }
  }

  encode(source: PartSource): EncodedPart {
    const part = this.#decode(source);
    try {
      const { batch, rejected, next } = part;
      const kept = this.facts.deadLetters === "count" ? rejected.map(counted) : rejected;
      const checksum = this.#checksum(source, part);
      const routed = this.#route(batch, part.rows, source.anyShard);
      // Rejected records travel with the rows, so that a repeated request does not reject them twice.
      if (routed.length === 0 && rejected.length > 0) routed.push([this.#shardOfNoRow(source), firstRows(0)]);
      const frames = routed.flatMap(([shard, rows], place) =>
        this.#encodeFor(shard, source.index, batch, rows, place === 0 ? kept : []),
      );
      return { index: source.index, checksum, frames, rejected, next };
    } finally {
      part.release();
    }
  }

  #decode({ body, from }: PartSource): DecodedPart {
    if ("bytes" in body) return this.#decoder.decode(body.bytes, body.format, from);
    const lines = body.partAt(from);
    const part = this.#decoderOf(body).decode(lines.lines, "ndjson", { ...from, offset: 0, place: "record" });
    assert(part.next === undefined, "the lines of a part make one part");
    const found = part.rejected.map((bad) => ({ ...bad, ...lines.sourceOf(bad.record, bad.field) }));
    const rejected = [...lines.rejected, ...found].sort((one, other) => one.record - other.record);
    return { ...part, rejected, next: lines.next };
  }

  #decoderOf({ isNested }: RecordLines): JsonDecoder {
    const { schema } = this.facts;
    if (isNested) {
      this.#nestedLines ??= new JsonDecoder(this.#kernel, schema, linesLimits);
      return this.#nestedLines;
    }
    const columns = schema.columns.map(({ path: _path, ...column }) => column);
    this.#flatLines ??= new JsonDecoder(this.#kernel, { ...schema, columns }, linesLimits);
    return this.#flatLines;
  }

  #checksum({ checksum }: PartSource, { bytesPointer, bytesLength }: DecodedPart): bigint {
    if (typeof checksum === "bigint") return checksum;
    return checksum === "none" ? 0n : checksumOf(this.#kernel, bytesPointer, bytesLength);
  }

  release(): void {
    this.#decoder.release();
    this.#nestedLines?.release();
    this.#flatLines?.release();
    this.#keys?.release();
    this.#router?.release();
  }

  /**
   * Shards with their rows, those of the lowest key groups first, without those that get none. The first one
   * stays what it is when others are split, or becomes a new one that has nothing of the part yet.
   */
  #route(batch: ColumnBatch, rows: number, anyShard: number): [number, Selection][] {
    if (rows === 0) return [];
    if (!this.#keys || !this.#router) return [[anyShard, firstRows(rows)]];
    this.#keys.build(batch, this.facts.distributionKey, 0);
    const selections = this.#router.route(this.#keys.hashes, 0, rows);
    const reached = selections.flatMap((selection, shard): [number, Selection][] =>
      selection.count > 0 ? [[shard, selection]] : [],
    );
    const firstOf = ([shard]: readonly [number, Selection]) => this.facts.ranges[shard]?.[0] ?? 0;
    return reached.sort((one, other) => firstOf(one) - firstOf(other));
  }

  #shardOfNoRow({ anyShard }: PartSource): number {
    return this.#router ? 0 : anyShard;
  }

  #encodeFor(
    shard: number,
    index: number,
    batch: ColumnBatch,
    rows: Selection,
    rejected: readonly BadRecord[],
  ): ShardFrame[] {
    const { eventTimeColumn, outOfOrdernessMs, schema } = this.facts;
    const watermark =
      rows.count === 0 || eventTimeColumn < 0
        ? noWatermark
        : behind(newestTime(this.#kernel, batch, eventTimeColumn, rows), outOfOrdernessMs);
    const first = index * framesPerPartMax;
    const sequence = { offset: 0, part: first };
    const header = { channel: 0n, sequence, previous: unnumbered, watermark, schemaVersion: schema.version };
    const frames = this.#encoder.encode(header, batch, rows, rejected);
    assert(frames.length <= framesPerPartMax, "the frames of a part have numbers of their own");
    return frames.map((bytes, place) => {
      const rowCount = frames.length === 1 ? rows.count : readFrameHeader(bytes).rows;
      return { shard, part: first + place, rows: rowCount, bytes };
    });
  }
}

/** The watermark that an event time allows. */
function behind(eventTime: bigint, outOfOrdernessMs: number): bigint {
  const watermark = eventTime - BigInt(outOfOrdernessMs);
  return watermark > noWatermark ? watermark : noWatermark;
}
