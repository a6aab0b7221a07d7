/**
 * Version 2 of log rows and acceptance rows, those with channels or with live producers: read as they were
 * meant, written the same.
 *
 * `log-v2/*.hex` hold one value a line. They are never changed and never deleted. Those that begin with
 * `sealed` are what is written since the JSON in barriers and changes of producers has a checksum.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { encodeBarrier } from "../../src/engine/log/barrier.ts";
import { PartitionLog } from "../../src/engine/log/partition-log.ts";
import type { ProducerName } from "../../src/engine/log/producer-changes.ts";
import { type ChannelLink, RecordKind } from "../../src/engine/log/records.ts";
import { portsOver } from "../support/manual-ports.ts";
import { NodeStorage } from "../support/node-storage.ts";
import { readStubFrame, requestOf, shardFacts, stubFrame } from "../support/stub-frames.ts";

const start = 1_800_000_000_000;
const facts = { ...shardFacts, inputs: ["7.0.0", "7.0.ü"] };

function golden(name: string): Uint8Array[] {
  const text = readFileSync(new URL(`log-v2/${name}.hex`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => Uint8Array.from(Buffer.from(line, "hex")));
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString("hex");
}

/** The message `part` of offset 9 on a channel, behind the message before it. */
function sent(channel: string, part: number, kind: RecordKind, watermark = 0n) {
  const previous = part === 0 ? { offset: 0, part: 0 } : { offset: 9, part: part - 1 };
  const link: ChannelLink = { channel, kind, watermark, previous, sequence: { offset: 9, part } };
  const barrier = encodeBarrier({ run: 7, savepoint: 3, channels: 2 });
  const rows = kind === RecordKind.Frame ? stubFrame({ rows: 4, watermark }) : new Uint8Array(0);
  return requestOf({ link, frame: kind === RecordKind.Barrier ? barrier : rows });
}

/** The traffic that wrote the golden bytes. */
function writeLog(): NodeStorage {
  const sql = new NodeStorage();
  const ports = portsOver(sql, start);
  const log = PartitionLog.open(ports, readStubFrame);
  log.append([sent("7.0.0", 0, RecordKind.Frame, 5n), sent("7.0.ü", 0, RecordKind.Idle)], facts);
  log.append([sent("7.0.0", 1, RecordKind.Watermark, 6n), sent("7.0.ü", 1, RecordKind.Barrier)], facts);
  ports.clock.time = start + 1000;
  log.trim(3, { timeMs: 10, bytesMax: 0 });
  log.append([sent("7.0.0", 2, RecordKind.Frame, 7n), requestOf()], facts);
  sql.commit();
  return sql;
}

/** The traffic of a shard with live producers; its acceptance row is from before the last two records. */
function writeShard(): NodeStorage {
  const sql = new NodeStorage();
  const ports = portsOver(sql, start);
  const log = PartitionLog.open(ports, readStubFrame);
  const named = (producer: string, sequence: number, watermark: bigint) =>
    requestOf({
      registration: 4,
      frame: stubFrame({ watermark }),
      producer: { producer, sequence, part: 0, checksum: 1n },
    });
  const [fast, slow] = ["fast", "slöw"].map((producer) => ({ tokenId: "token", producer })) as [
    ProducerName,
    ProducerName,
  ];
  const shard = { ...shardFacts, waitsForProducers: true };
  log.appendProducers([
    { ...fast, registration: 4 },
    { ...slow, registration: 4 },
  ]);
  log.append([named("fast", 7, 90n), named("slöw", 2, -20n), named("slöw", 3, 30n)], shard);
  log.appendProducers([{ ...fast, isClosed: true }]);
  ports.clock.time = start + 1000;
  log.trim(5, { timeMs: 10, bytesMax: 0 });
  log.appendProducers([
    { ...fast, isForgotten: true },
    { ...slow, watermark: 50n },
  ]);
  log.append([requestOf({ frame: stubFrame({ watermark: 95n }) })], shard);
  sql.commit();
  return sql;
}

function goldenStorage(prefix: string): NodeStorage {
  const sql = new NodeStorage();
  sql.run("CREATE TABLE log (offset INTEGER PRIMARY KEY, records INTEGER, appended INTEGER, bytes BLOB)");
  sql.run("CREATE TABLE acceptance (chunk INTEGER PRIMARY KEY, offset INTEGER, body BLOB)");
  golden(`${prefix}rows`).forEach((bytes, index) => {
    sql.run("INSERT INTO log VALUES (?, ?, ?, ?)", 3 + 2 * index, 2, start, bytes);
  });
  golden(`${prefix}acceptance`).forEach((body) => {
    sql.run("INSERT INTO acceptance VALUES (?, ?, ?)", 0, 5, body);
  });
  sql.commit();
  return sql;
}

function goldenShard(name: string): NodeStorage {
  const sql = writeShard();
  sql.run("DELETE FROM log");
  golden(`${name}-rows`).forEach((bytes, index) => {
    sql.run("INSERT INTO log VALUES (?, 1, ?, ?)", 5 + index, start, bytes);
  });
  golden(`${name}-acceptance`).forEach((body) => {
    sql.run("UPDATE acceptance SET body = ?", body);
  });
  sql.commit();
  return sql;
}

/** Log rows, and acceptance bodies. */
function storedIn(sql: NodeStorage): string[][] {
  const statements = ["SELECT bytes FROM log ORDER BY offset", "SELECT body FROM acceptance"];
  return statements.map((statement) => sql.run(statement).map(([bytes]) => hex(bytes)));
}

test.each([[""], ["sealed-"]])("the golden bytes %s are read as they were meant", (prefix) => {
  const log = PartitionLog.open(portsOver(goldenStorage(prefix), start + 2000), readStubFrame);
  expect([log.firstOffset, log.nextOffset]).toEqual([3, 7]);
  expect([3, 4, 5, 6].map((offset) => log.read(offset))).toMatchObject([
    {
      kind: RecordKind.Watermark,
      watermark: 6n,
      mark: { channel: "7.0.0", sequence: { offset: 9, part: 1 } },
    },
    { kind: RecordKind.Barrier, mark: { channel: "7.0.ü", sequence: { offset: 9, part: 1 } } },
    { kind: RecordKind.Frame, watermark: 7n, mark: { channel: "7.0.0", sequence: { offset: 9, part: 2 } } },
    { kind: RecordKind.Frame, mark: undefined },
  ]);
  expect(log.lastOf("7.0.0")).toEqual({ offset: 9, part: 2 });
  expect(log.lastOf("7.0.ü")).toEqual({ offset: 9, part: 1 });
  expect(log.append([sent("7.0.ü", 2, RecordKind.Frame)], facts)).toMatchObject([
    { status: "refused", error: { code: "CHANNEL_WAITS" } },
  ]);
});

test("the same traffic writes the golden bytes", () => {
  expect(storedIn(writeLog())).toEqual([
    golden("sealed-rows").map(hex),
    golden("sealed-acceptance").map(hex),
  ]);
});

test("those of a shard with live producers are written the same", () => {
  const golds = [golden("sealed-shard-rows"), golden("sealed-shard-acceptance")];
  expect(storedIn(writeShard())).toEqual(golds.map((each) => each.map(hex)));
});

test.each([["shard"], ["sealed-shard"]])("those of a %s with live producers are read as meant", (name) => {
  const written = goldenShard(name);
  const log = PartitionLog.open(portsOver(written, start + 2000), readStubFrame);
  expect([log.firstOffset, log.nextOffset, log.watermark]).toEqual([5, 8, 50n]);
  expect([...log.live.entries()]).toEqual([
    {
      ...{ tokenId: "token", producer: "slöw", registration: 4, isClosed: false },
      ...{ watermark: 50n, settled: 50n, sequence: 3, activeAt: start },
    },
  ]);
  expect([log.live.ownWatermark, log.read(7)?.watermark]).toEqual([95n, 50n]);
});
