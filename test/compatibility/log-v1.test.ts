/**
 * Version 1 of log rows and acceptance rows: bytes that a released version wrote are read as they were meant.
 *
 * `log-v1/*.hex` hold one value a line. They are never changed and never deleted.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PartitionLog } from "../../src/engine/log/partition-log.ts";
import { minWatermark, RecordKind } from "../../src/engine/log/records.ts";
import { portsOver } from "../support/manual-ports.ts";
import { NodeStorage } from "../support/node-storage.ts";
import { readStubFrame, requestOf, shardFacts, stubFrame } from "../support/stub-frames.ts";

const start = 1_700_000_000_000;

function golden(name: string): Uint8Array[] {
  const text = readFileSync(new URL(`log-v1/${name}.hex`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => Uint8Array.from(Buffer.from(line, "hex")));
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString("hex");
}

/** The traffic that wrote the golden bytes. */
function writeLog(): NodeStorage {
  const sql = new NodeStorage();
  const ports = portsOver(sql, start);
  const log = PartitionLog.open(ports, readStubFrame);
  const from = (sequence: number, part: number, checksum: bigint) =>
    requestOf({
      tokenId: "token-ü",
      producer: { producer: "sensor 7", sequence, part, checksum },
      frame: stubFrame({ watermark: BigInt(start - 5_000), rows: 3, rejected: 1 }, Uint8Array.of(1, 2, 3)),
    });
  log.append([from(41, 0, 2n ** 64n - 1n), from(41, 1, 17n), requestOf()], shardFacts);
  log.append([from(41, 0, 2n ** 64n - 1n)], shardFacts);
  ports.clock.time = start + 40_000;
  log.appendIdle();
  log.appendWatermark(RecordKind.Tick, BigInt(start + 30_000));
  log.trim(4, { timeMs: 40_001, bytesMax: 0 });
  log.appendWatermark(RecordKind.Watermark, BigInt(start + 35_000));
  log.append([from(43, 0, 5n)], shardFacts);
  sql.commit();
  return sql;
}

/** A storage with the golden bytes, as the tables of a version 1 had them. */
function goldenStorage(): NodeStorage {
  const sql = new NodeStorage();
  sql.run("CREATE TABLE log (offset INTEGER PRIMARY KEY, records INTEGER, appended INTEGER, bytes BLOB)");
  sql.run("CREATE TABLE acceptance (chunk INTEGER PRIMARY KEY, offset INTEGER, body BLOB)");
  golden("rows").forEach((bytes, index) => {
    sql.run("INSERT INTO log VALUES (?, ?, ?, ?)", index + 4, 1, start + 40_000, bytes);
  });
  golden("acceptance").forEach((body) => {
    sql.run("INSERT INTO acceptance VALUES (?, ?, ?)", 0, 6, body);
  });
  sql.commit();
  return sql;
}

test("the golden bytes are read as they were meant", () => {
  const log = PartitionLog.open(portsOver(goldenStorage(), start + 50_000), readStubFrame);
  expect([log.firstOffset, log.nextOffset, log.isIdle, log.lastFrameAt, log.watermark]).toEqual([
    4,
    8,
    false,
    start + 40_000,
    BigInt(start + 35_000),
  ]);
  expect(log.counts).toEqual({ frames: 4, rows: 10, rejected: 3, duplicates: 3, bytes: 657 });
  expect([4, 5, 6, 7].map((offset) => log.read(offset))).toMatchObject([
    { offset: 4, kind: RecordKind.Idle, appendTime: start + 40_000, watermark: minWatermark },
    { offset: 5, kind: RecordKind.Tick, watermark: BigInt(start + 30_000) },
    { offset: 6, kind: RecordKind.Watermark, watermark: BigInt(start + 35_000) },
    {
      offset: 7,
      kind: RecordKind.Frame,
      frame: stubFrame({ watermark: BigInt(start - 5_000), rows: 3, rejected: 1 }, Uint8Array.of(1, 2, 3)),
    },
  ]);
  const retries = [
    [41, 0, 2n ** 64n - 1n],
    [41, 1, 17n],
    [43, 0, 5n],
    [41, 1, 18n],
  ] as const;
  const requests = retries.map(([sequence, part, checksum]) =>
    requestOf({ tokenId: "token-ü", producer: { producer: "sensor 7", sequence, part, checksum } }),
  );
  expect(log.append(requests, shardFacts)).toMatchObject([
    { status: "duplicate", offset: 1 },
    { status: "duplicate", offset: 2 },
    { status: "duplicate", offset: 7 },
    { status: "refused", error: { code: "PRODUCER_SEQUENCE_REUSED" } },
  ]);
});

test("the same traffic writes the golden bytes", () => {
  const sql = writeLog();
  expect(sql.run("SELECT bytes FROM log ORDER BY offset").map(([bytes]) => hex(bytes))).toEqual(
    golden("rows").map(hex),
  );
  expect(sql.run("SELECT body FROM acceptance").map(([body]) => hex(body))).toEqual(
    golden("acceptance").map(hex),
  );
});
