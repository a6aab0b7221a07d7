/**
 * What is stored or sent as bytes: samples of each format as the product writes them, and how each is read.
 *
 * A format is read down to its values, so that bytes which are said to be in order can be held against what
 * was written. What a checksum does not cover is left out of the values: nobody promises it.
 */
import { decodeMessage, encodeMessage } from "../../src/engine/exchange/message-codec.ts";
import { LetterBox } from "../../src/engine/letters/letter-box.ts";
import { decodeAcceptance, encodeAcceptance } from "../../src/engine/log/acceptance-codec.ts";
import { decodeBarrier, encodeBarrier } from "../../src/engine/log/barrier.ts";
import { decodeProducerChanges, encodeProducerChanges } from "../../src/engine/log/producer-changes.ts";
import { RecordKind } from "../../src/engine/log/records.ts";
import { decodeRow } from "../../src/engine/log/row-codec.ts";
import { sealJsonBytes } from "../../src/engine/log/sealed-json.ts";
import {
  decodeMapChange,
  decodeNewChannel,
  encodeMapChange,
  encodeNewChannel,
} from "../../src/engine/log/split-records.ts";
import { xxhash32 } from "../../src/engine/log/xxhash32.ts";
import type { SqlStorage, SqlValue } from "../../src/engine/ports.ts";
import { decodePart, encodePart } from "../../src/engine/savepoint/part-codec.ts";
import { readTaskState } from "../../src/engine/savepoint/task-state.ts";
import { readIdentity } from "../../src/engine/stored-identity.ts";
import { decodeChanges, encodeChanges } from "../../src/engine/task/change-codec.ts";
import { readCheckpoint } from "../../src/engine/task/checkpoint.ts";
import { TaskLayouts } from "../../src/engine/task/task-layouts.ts";
import { FrameDecoder } from "../../src/kernel/frame-codec.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import { PageCache } from "../../src/kernel/page-cache.ts";
import type { TableLayout } from "../../src/kernel/table-layout.ts";
import type { Random } from "../arbitraries/random.ts";
import { exactly, seal, valuesOf } from "../support/frames.ts";
import { PartitionHarness } from "../support/partition-harness.ts";

/** Bytes as they were written, and how bytes in their place are read; that throws what the product throws. */
export interface Sample {
  readonly bytes: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

export interface StoredFormat {
  readonly name: string;
  readonly samples: readonly Sample[];
  /** Makes the checksum fit bytes that were changed, where that is one of the format's own. */
  reseal?(bytes: Uint8Array): Uint8Array;
}

const stream = {
  columns: [
    { name: "user", type: "STRING" },
    { name: "time", type: "TIMESTAMP(3)" },
    { name: "amount", type: "DOUBLE" },
    { name: "count", type: "BIGINT" },
  ],
  eventTime: { column: "time", outOfOrderness: "5s" },
};

const job = {
  source: "events",
  key: ["user"],
  window: { type: "tumble", size: "10s" },
  aggregates: {
    n: { function: "count" },
    most: { function: "max", argument: "amount" },
    first: { function: "first_value", argument: "user" },
  },
};

/** What one partition has written, drawn by `random`. */
class Samples {
  readonly harness = new PartitionHarness({ stream });
  readonly frames: Uint8Array[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    const { harness } = this;
    harness.startJob("job", job);
    for (let batch = random.between(2, 6); batch > 0; batch--) this.#append();
    harness.settle();
    harness.checkpoint();
    this.#append();
  }

  column(statement: string): Uint8Array[] {
    const rows = this.harness.turn(() => this.harness.storage.run(statement));
    return rows.map(([value]) =>
      typeof value === "string" ? new TextEncoder().encode(value) : (value as Uint8Array),
    );
  }

  #append(): void {
    const random = this.#random;
    const { harness } = this;
    const rows = Array.from({ length: random.pick([1, 5, 60]) }, () => [
      random.chance(0.1) ? null : `user ${"x".repeat(random.below(20))} ${random.below(30)}`,
      new Date(random.below(100) * 1000).toISOString().replace("T", " ").replace("Z", ""),
      random.below(1000) / 8,
      String(random.bits64() >> 3n),
    ]);
    const bytes = new TextEncoder().encode("{no record");
    const bad = { record: 1, column: 2, reason: 1, field: undefined, message: "no JSON", bytes } as const;
    const frame = harness.frame(rows, random.chance(0.3) ? [bad] : []);
    this.frames.push(frame);
    const isNamed = random.chance(0.5);
    const producer = isNamed
      ? { producer: "pröducer", sequence: this.frames.length, part: 0, checksum: 7n }
      : undefined;
    harness.turn(() => harness.partition.append([harness.request(frame, producer), harness.request(frame)]));
    harness.turn(() =>
      harness.partition.log.appendBarrier({ run: 9, savepoint: random.between(1, 99), channels: 0 }),
    );
  }
}

/** All formats, with samples of one partition. */
export function storedFormats(random: Random, kernel: Kernel): StoredFormat[] {
  const samples = new Samples(random);
  const { harness } = samples;
  const readFrame = (bytes: Uint8Array) => frameValues(kernel, harness, bytes);
  const log = samples.column("SELECT bytes FROM log ORDER BY offset");
  const offsets = harness.turn(() => harness.storage.run("SELECT offset FROM log ORDER BY offset"));
  const { acceptance, nextOffset } = harness.partition.log.handover();
  const pages = samples.column("SELECT bytes FROM pages ORDER BY tbl, first_hash, slot");
  const places = harness.turn(() =>
    harness.storage.run("SELECT first_hash FROM pages ORDER BY tbl, first_hash, slot"),
  );
  const cache = new PageCache(kernel, { budgetBytes: 1 << 20 });
  const { cells } = new TaskLayouts(kernel.memory, harness.partition.jobs.taskOf("job").plan);
  const sequence = { offset: random.between(1, 1e9), part: random.below(9) };
  const message = { sequence, previous: { offset: 0, part: 3 }, watermark: -5n, kind: RecordKind.Frame };
  const readAcceptance = (bytes: Uint8Array) => encodeAcceptance(decodeAcceptance(nextOffset, bytes));
  const readMessage = (bytes: Uint8Array) => {
    const { frame, ...rest } = decodeMessage(bytes);
    return [rest, readFrame(frame)];
  };
  const readStoredCheckpoint = (bytes: Uint8Array) => readCheckpoint(storageOf(textOf(bytes)), 1);
  const readStoredIdentity = (bytes: Uint8Array) => readIdentity(storageOf(textOf(bytes)));
  return [
    { name: "frame", samples: all(samples.frames, readFrame), reseal: (bytes) => sealFrame(kernel, bytes) },
    {
      name: "log row",
      samples: log.map((bytes, index) => {
        const offset = Number(offsets[index]?.[0]);
        return { bytes, read: (damaged) => rowValues(offset, damaged, readFrame) };
      }),
      reseal: resealRow,
    },
    { name: "acceptance", samples: all([acceptance], readAcceptance), reseal: resealEnd },
    {
      name: "message",
      samples: all(
        samples.frames.map((frame) => encodeMessage({ ...message, frame })),
        readMessage,
      ),
      reseal: (bytes) => resealAt(bytes, 40),
    },
    {
      name: "page",
      samples: pages.map((bytes, index) => {
        const hash = hashOf(places[index]?.[0] as Uint8Array);
        return { bytes, read: (damaged) => pageValues(cache, cells, hash, damaged) };
      }),
    },
    {
      name: "savepoint part",
      samples: all([encodePart(pages.map((bytes, table) => ({ table, bytes })))], decodePart),
      reseal: resealEnd,
    },
    {
      name: "checkpoint",
      samples: all(samples.column("SELECT body FROM checkpoints"), readStoredCheckpoint),
    },
    { name: "identity", samples: all(samples.column("SELECT body FROM identity"), readStoredIdentity) },
    { name: "letters", samples: all(samples.column("SELECT bytes FROM letters"), readLetters) },
    ...smallFormats,
  ];
}

function all(bytes: readonly Uint8Array[], read: Sample["read"]): Sample[] {
  return bytes.map((each) => ({ bytes: each, read }));
}

const barrier = { run: 3, savepoint: 4, channels: 2, sends: { 17: 3 }, split: { child: 2, middle: 512 } };
const changes = (["-U", "+U"] as const).map((kind, row) => {
  const at = { offset: 7, row };
  return { at, kind, window: 60_000, hash: "00c0ffee00c0ffee", row: `{"user":"ü x","n":${row}}` };
});
const state = { version: 1, offset: 7, watermark: "12", parts: 3, tables: [] };

/** What is in records of the log, in savepoints, and in change tables. */
const smallFormats: readonly StoredFormat[] = [
  { name: "barrier", samples: all([encodeBarrier(barrier)], decodeBarrier) },
  {
    name: "map",
    samples: all(
      [
        encodeMapChange({
          run: 3,
          generation: 8,
          parent: 1,
          barrier,
          ranges: [
            [0, 512],
            [512, 1024],
          ],
        }),
      ],
      decodeMapChange,
    ),
  },
  { name: "channel", samples: all([encodeNewChannel("7.0.ü")], decodeNewChannel) },
  {
    name: "producers",
    samples: all(
      [
        encodeProducerChanges([
          { tokenId: "t", producer: "ü", watermark: -5n },
          { tokenId: "", producer: "p", registration: 4 },
        ]),
      ],
      decodeProducerChanges,
    ),
  },
  { name: "changes", samples: all([encodeChanges(changes)], decodeChanges), reseal: resealEnd },
  { name: "task state", samples: all([sealJsonBytes(state)], readTaskState) },
];

/** More rows than any sample has. */
const rowsReadMax = 1_000;

function frameValues(kernel: Kernel, { schema }: PartitionHarness, bytes: Uint8Array): unknown {
  const decoder = new FrameDecoder(kernel);
  const { header, batch, release } = decoder.decode(bytes, schema, "all");
  try {
    // Columns of one value take no bytes: a few bytes may say that they are very many rows, and no sample is.
    return batch.rows > rowsReadMax
      ? header
      : [header, exactly(valuesOf(batch)), decoder.readRejected(bytes)];
  } finally {
    release();
  }
}

function rowValues(offset: number, bytes: Uint8Array, readFrame: (bytes: Uint8Array) => unknown): unknown {
  const { bytes: _, records, ...row } = decodeRow(offset, bytes);
  const values = records.map(({ frame, ...record }) => {
    if (record.kind === RecordKind.Frame) return [record, readFrame(frame)];
    if (record.kind === RecordKind.Barrier) return [record, decodeBarrier(frame)];
    if (record.kind === RecordKind.Producers) return [record, decodeProducerChanges(frame)];
    return [record];
  });
  return [row, values];
}

/** A page that the cache takes in is what it was: its checksum covers it all. */
function pageValues(cache: PageCache, layout: TableLayout, hash: bigint, bytes: Uint8Array): unknown {
  const table = cache.openTable(layout, () => ({ bytes }));
  try {
    table.pageAt(hash);
    return bytes.slice();
  } finally {
    cache.dropTable(table);
  }
}

function hashOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
}

function readLetters(bytes: Uint8Array): unknown {
  let isRead = false;
  const run = (statement: string): SqlValue[][] => {
    if (statement.includes("DESC") || isRead) return [];
    isRead = true;
    return [[1, 0, bytes]];
  };
  return new LetterBox({ run, bytes: () => 0 }, 1).read({
    limit: 1_000_000,
    after: undefined,
    isWanted: () => true,
  });
}

/** Storage in which every statement finds one value. */
function storageOf(value: SqlValue): SqlStorage {
  return { run: () => [[value]], bytes: () => 0 };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function sealFrame(kernel: Kernel, bytes: Uint8Array): Uint8Array {
  return bytes.length < 80 ? bytes : seal(kernel, bytes);
}

/** The checksum stands behind the headers, as far as they say themselves. */
function resealRow(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 48) return bytes;
  const headers = new DataView(bytes.buffer, bytes.byteOffset).getUint32(40, true);
  return resealAt(bytes, headers - 4);
}

function resealEnd(bytes: Uint8Array): Uint8Array {
  return resealAt(bytes, bytes.length - 4);
}

function resealAt(bytes: Uint8Array, at: number): Uint8Array {
  if (at < 0 || at + 4 > bytes.length) return bytes;
  const sealed = bytes.slice();
  new DataView(sealed.buffer).setUint32(at, xxhash32(sealed, at), true);
  return sealed;
}
