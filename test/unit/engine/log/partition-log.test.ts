import { describe, expect, test } from "vitest";
import { MiB } from "../../../../src/base/limits.ts";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import { maxWatermark, minWatermark, RecordKind } from "../../../../src/engine/log/records.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readStubFrame, requestOf, sequenceOf, shardFacts, stubFrame } from "../../../support/stub-frames.ts";

function openLog() {
  const sql = new NodeStorage();
  const ports = portsOver(sql);
  const reopen = () => {
    sql.commit();
    return PartitionLog.open(ports, readStubFrame);
  };
  const log = reopen();
  return { log, sql, ports, reopen, clock: ports.clock };
}

/** Runs `work` and returns the statements it ran, by their first words. */
function statementsOf(sql: NodeStorage, work: () => void): string[] {
  const seen: string[] = [];
  sql.beforeStatement = ({ statement }) => seen.push(statement.split(" ").slice(0, 3).join(" "));
  work();
  sql.beforeStatement = undefined;
  return seen.filter((statement) => !statement.startsWith("CREATE"));
}

const large = (fill: number) => stubFrame({}, new Uint8Array(MiB - 16).fill(fill));

describe("an append", () => {
  test("of many requests is one row, and offsets number its records from 1", () => {
    const { log, sql } = openLog();
    const statements = statementsOf(sql, () => {
      const results = log.append([requestOf(), requestOf(), sequenceOf(1)], shardFacts);
      expect(results.map((result) => result.status === "logged" && result.offset)).toEqual([1, 2, 3]);
    });
    expect(statements).toEqual(["INSERT INTO log"]);
    expect([log.firstOffset, log.nextOffset]).toEqual([1, 4]);
  });

  test("of nothing acceptable writes nothing", () => {
    const { log, sql } = openLog();
    log.append([sequenceOf(1)], shardFacts);
    const statements = statementsOf(sql, () => {
      const results = log.append([sequenceOf(1), requestOf({ deadline: 0 })], shardFacts);
      expect(results.map(({ status }) => status)).toEqual(["duplicate", "refused"]);
    });
    expect(statements).toEqual([]);
  });

  test("meets a duplicate in its own group", () => {
    const { log } = openLog();
    const results = log.append(
      [sequenceOf(1), sequenceOf(1), sequenceOf(1, { part: 1 }), sequenceOf(1, { checksum: 9n })],
      shardFacts,
    );
    expect(results).toMatchObject([
      { status: "logged", offset: 1 },
      { status: "duplicate", offset: 1 },
      { status: "logged", offset: 2 },
      { status: "refused", error: { code: "PRODUCER_SEQUENCE_REUSED", status: 422, details: { offset: 1 } } },
    ]);
  });

  test("judges a sequence by the highest one of its own group", () => {
    const { log } = openLog();
    const results = log.append([sequenceOf(0), sequenceOf(64), sequenceOf(0)], shardFacts);
    expect(results).toMatchObject([{}, {}, { error: { code: "PRODUCER_SEQUENCE_TOO_OLD", status: 409 } }]);
  });

  test("tells producers of different tokens apart", () => {
    const { log } = openLog();
    const producer = { producer: "p", sequence: 1, part: 0, checksum: 1n };
    const results = log.append(
      [
        requestOf({ tokenId: "a", producer }),
        requestOf({ tokenId: "b", producer }),
        requestOf({ tokenId: "", producer: { ...producer, producer: "ap" } }),
      ],
      shardFacts,
    );
    expect(results.map(({ status }) => status)).toEqual(["logged", "logged", "logged"]);
  });

  test("changes nothing when the insert fails", () => {
    const { log, sql } = openLog();
    sql.beforeStatement = () => {
      throw new Error("disk full");
    };
    expect(() => log.append([sequenceOf(1)], shardFacts)).toThrow("disk full");
    sql.beforeStatement = undefined;
    expect([log.nextOffset, log.counts.frames]).toEqual([1, 0]);
    expect(log.append([sequenceOf(1)], shardFacts)).toEqual([{ status: "logged", offset: 1 }]);
  });

  test("over the row limit takes one row for each that is full", () => {
    const { log, sql } = openLog();
    const frames = [1, 2, 3].map((fill) => requestOf({ frame: large(fill) }));
    expect(statementsOf(sql, () => log.append(frames, shardFacts))).toEqual([
      "INSERT INTO log",
      "INSERT INTO log",
      "INSERT INTO log",
    ]);
    expect([1, 2, 3].map((offset) => log.read(offset)?.frame.at(-1))).toEqual([1, 2, 3]);
  });
});

describe("time", () => {
  test("of records does not decrease when the clock is set back, also across a restart", () => {
    const { log, clock, reopen } = openLog();
    log.append([requestOf()], shardFacts);
    clock.time = 400;
    log.append([requestOf()], shardFacts);
    reopen().append([requestOf()], shardFacts);
    expect([1, 2, 3].map((offset) => reopen().read(offset)?.appendTime)).toEqual([1_000, 1_000, 1_000]);
  });

  test("of a deadline is the clock's own", () => {
    const { log, clock } = openLog();
    log.append([requestOf()], shardFacts);
    clock.time = 400;
    expect(log.append([requestOf({ deadline: 500 })], shardFacts)[0]?.status).toBe("logged");
  });

  test("every record has a seed of its own, and keeps it", () => {
    const { log, reopen } = openLog();
    log.append([requestOf(), requestOf()], shardFacts);
    log.appendIdle();
    const seeds = [1, 2, 3].map((offset) => log.read(offset)?.seed);
    expect(new Set(seeds).size).toBe(3);
    const reopened = reopen();
    expect([1, 2, 3].map((offset) => reopened.read(offset)?.seed)).toEqual(seeds);
  });
});

describe("the watermark", () => {
  test("is the highest of frames and marks and never goes back", () => {
    const { log, reopen } = openLog();
    expect(log.watermark).toBe(minWatermark);
    log.append([requestOf({ frame: stubFrame({ watermark: 50n }) })], shardFacts);
    log.append([requestOf({ frame: stubFrame({ watermark: 20n }) })], shardFacts);
    log.appendWatermark(RecordKind.Watermark, 40n);
    expect([log.watermark, log.read(3)?.watermark]).toEqual([50n, 50n]);
    log.appendWatermark(RecordKind.Tick, 60n);
    expect([log.watermark, reopen().watermark]).toEqual([60n, 60n]);
  });

  test("max, set by hand, ends the stream, and duplicates are still acknowledged", () => {
    const { log, reopen } = openLog();
    log.append([sequenceOf(1)], shardFacts);
    log.appendWatermark(RecordKind.Watermark, maxWatermark);
    for (const ended of [log, reopen()]) {
      expect(ended.isEnded).toBe(true);
      expect(ended.append([sequenceOf(1), sequenceOf(2)], shardFacts)).toMatchObject([
        { status: "duplicate", offset: 1 },
        { status: "refused", error: { code: "STREAM_ENDED", status: 409 } },
      ]);
    }
  });

  test("of a frame or a tick never ends the stream", () => {
    const { log } = openLog();
    log.append([requestOf({ frame: stubFrame({ watermark: maxWatermark }) })], shardFacts);
    log.appendWatermark(RecordKind.Tick, maxWatermark);
    log.appendWatermark(RecordKind.Watermark, 5n);
    expect([log.isEnded, log.watermark]).toEqual([false, maxWatermark - 1n]);
  });
});

test("a shard is idle from an idle record or a tick until the next frame", () => {
  const { log, reopen, clock } = openLog();
  expect([log.isIdle, log.lastFrameAt]).toEqual([false, undefined]);
  expect(log.appendIdle()).toBe(1);
  expect([log.isIdle, reopen().isIdle]).toEqual([true, true]);
  log.appendWatermark(RecordKind.Watermark, 5n);
  expect(log.isIdle).toBe(true);
  clock.time = 2_000;
  log.append([requestOf()], shardFacts);
  expect([log.isIdle, log.lastFrameAt]).toEqual([false, 2_000]);
  clock.time = 3_000;
  expect(log.appendWatermark(RecordKind.Tick, 9n)).toBe(4);
  expect([log.isIdle, reopen().isIdle, reopen().lastFrameAt]).toEqual([true, true, 2_000]);
});

test("counts are those of the whole log, after a restart too", () => {
  const { log, reopen } = openLog();
  log.append([sequenceOf(1, { frame: stubFrame({ rows: 10, rejected: 2 }) })], shardFacts);
  log.append([sequenceOf(1, { frame: stubFrame({ rows: 10, rejected: 2 }) })], shardFacts);
  expect(log.counts).toMatchObject({ frames: 1, rows: 10, rejected: 2, duplicates: 10 });
  log.append([sequenceOf(2, { frame: stubFrame({ rows: 5 }) })], shardFacts);
  expect(log.counts).toMatchObject({ frames: 2, rows: 15, rejected: 2, duplicates: 10 });
  expect(reopen().counts).toEqual(log.counts);
  expect(log.counts.bytes).toBe(log.bytesAfter(0));
});

describe("reading", () => {
  test("gives the records in order, with the bytes that were sent", () => {
    const { log } = openLog();
    log.append([requestOf({ frame: stubFrame({ rows: 3 }, Uint8Array.of(1, 2)) })], shardFacts);
    log.appendIdle();
    expect(log.read(0)).toMatchObject({
      offset: 1,
      kind: RecordKind.Frame,
      frame: stubFrame({ rows: 3 }, Uint8Array.of(1, 2)),
    });
    expect(log.read(2)).toMatchObject({ offset: 2, kind: RecordKind.Idle, frame: new Uint8Array(0) });
    expect(log.read(3)).toBeUndefined();
  });

  test("does not see what a sender writes into its buffer after the append", () => {
    const { log } = openLog();
    const frame = stubFrame({}, Uint8Array.of(1));
    log.append([requestOf({ frame })], shardFacts);
    frame.fill(0xee);
    expect(log.read(1)?.frame.at(-1)).toBe(1);
  });

  test("takes recent rows from memory and older ones from storage, one row at a time", () => {
    const { log, sql } = openLog();
    for (let fill = 1; fill <= 12; fill++) log.append([requestOf({ frame: large(fill) })], shardFacts);
    expect(statementsOf(sql, () => expect(log.read(12)?.frame.at(-1)).toBe(12))).toEqual([]);
    expect(statementsOf(sql, () => expect(log.read(2)?.frame.at(-1)).toBe(2))).toHaveLength(1);
    expect(statementsOf(sql, () => expect(log.bytesAfter(2)).toBeGreaterThan(11 * MiB))).toEqual([]);
  });

  test("keeps in memory what is not read yet, and loads again what was", () => {
    const { log, sql } = openLog();
    for (let fill = 1; fill <= 3; fill++) {
      log.append([requestOf({ frame: stubFrame({}, Uint8Array.of(fill)) }), requestOf()], shardFacts);
    }
    log.forgetUntil(4);
    const readAll = (from: number, to: number) =>
      statementsOf(sql, () => {
        for (let offset = from; offset <= to; offset++) expect(log.read(offset)?.offset).toBe(offset);
      });
    expect(readAll(3, 6)).toEqual([]);
    expect(readAll(1, 6)).toHaveLength(1);
    log.forgetUntil(log.nextOffset);
    expect(readAll(5, 6)).toHaveLength(1);
    expect(log.read(5)?.frame.at(-1)).toBe(3);
  });

  test("knows the bytes from any offset to the end", () => {
    const { log, reopen } = openLog();
    log.append([requestOf(), requestOf({ frame: stubFrame({}, new Uint8Array(100)) })], shardFacts);
    log.append([requestOf()], shardFacts);
    for (const { read, bytesAfter } of [log, reopen()].map((each) => ({
      read: (offset: number) => each.read(offset)?.bytes ?? 0,
      bytesAfter: (offset: number) => each.bytesAfter(offset),
    })))
      expect([1, 2, 3, 4].map(bytesAfter)).toEqual([
        read(1) + read(2) + read(3),
        read(2) + read(3),
        read(3),
        0,
      ]);
  });
});

describe("a start", () => {
  test("reads only the rows behind the newest acceptance row", () => {
    const { log, sql, reopen } = openLog();
    for (let sequence = 1; sequence <= 1030; sequence++) log.append([sequenceOf(sequence)], shardFacts);
    const statements = statementsOf(sql, reopen);
    expect(statements.filter((statement) => statement === "SELECT offset, bytes")).toHaveLength(6 + 1);
    expect(statements).toHaveLength(1 + 7);
    const reopened = reopen();
    expect(reopened.counts).toEqual(log.counts);
    expect(reopened.append([sequenceOf(967), sequenceOf(966)], shardFacts)).toMatchObject([
      { status: "duplicate", offset: 967 },
      { status: "refused", error: { code: "PRODUCER_SEQUENCE_TOO_OLD" } },
    ]);
  });

  test("has an acceptance row every few MiB, which overwrites the one before", () => {
    const { log, sql, reopen } = openLog();
    const statements = statementsOf(sql, () => {
      for (let fill = 1; fill <= 9; fill++) log.append([requestOf({ frame: large(fill) })], shardFacts);
    });
    expect(statements.filter((statement) => statement === "INSERT INTO acceptance")).toHaveLength(2);
    expect(sql.run("SELECT offset FROM acceptance")).toEqual([[9]]);
    sql.commit();
    expect(statementsOf(sql, reopen)).toHaveLength(1 + 2);
  });

  test("works over the bytes of another database", () => {
    const { log, sql, ports } = openLog();
    log.append([sequenceOf(1)], shardFacts);
    sql.commit();
    const copy = new NodeStorage(sql.serialize());
    const moved = PartitionLog.open({ ...ports, sql: copy }, readStubFrame);
    expect(moved.append([sequenceOf(1)], shardFacts)).toEqual([{ status: "duplicate", offset: 1 }]);
  });

  test("refuses a log with a missing row", () => {
    const { log, sql, reopen } = openLog();
    for (let count = 0; count < 3; count++) log.append([requestOf()], shardFacts);
    sql.run("DELETE FROM log WHERE offset = 2");
    sql.commit();
    expect(reopen).toThrow("The log goes on at offset 3");
  });

  test("refuses a damaged acceptance row, and one of a later version", () => {
    const { log, sql, reopen } = openLog();
    log.append([sequenceOf(1)], shardFacts);
    log.trim(2, { timeMs: 0, bytesMax: 0 });
    const [[body] = []] = sql.run("SELECT body FROM acceptance");
    sql.commit();
    const write = (at: number) => {
      const changed = (body as Uint8Array).slice();
      changed[at] = (changed[at] ?? 0) ^ 2;
      sql.run("UPDATE acceptance SET body = ?", changed);
    };
    write(20);
    expect(reopen).toThrow("The acceptance row at offset 2 is damaged");
    write(0);
    expect(reopen).toThrow("has version 3; this version of Millrace reads versions 1 to 2");
  });
});
