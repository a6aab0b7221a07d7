import { describe, expect, test } from "vitest";
import { encodeAcceptance } from "../../../../src/engine/log/acceptance-codec.ts";
import { LogRows } from "../../../../src/engine/log/log-rows.ts";
import { LogState } from "../../../../src/engine/log/log-state.ts";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readStubFrame, requestOf, sequenceOf, shardFacts } from "../../../support/stub-frames.ts";

const forever = { timeMs: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER };

/**
 * A log with five rows of two records each, appended at 1 000, 2 000, … 5 000; every row has the same size.
 */
function fiveRows() {
  const sql = new NodeStorage();
  const ports = portsOver(sql);
  const log = PartitionLog.open(ports, readStubFrame);
  for (let row = 1; row <= 5; row++) {
    ports.clock.time = row * 1_000;
    log.append([sequenceOf(row), sequenceOf(row, { part: 1 })], shardFacts);
  }
  sql.commit();
  const reopen = () => PartitionLog.open(ports, readStubFrame);
  const rows = () => sql.run("SELECT offset FROM log ORDER BY offset").map(([offset]) => offset);
  return { log, sql, ports, reopen, rows, rowBytes: log.counts.bytes / 5 };
}

describe("trimming deletes", () => {
  test("what is older than the retention's time", () => {
    const { log, rows } = fiveRows();
    expect(log.trim(11, { ...forever, timeMs: 3_000 })).toBe(false);
    expect(rows()).toEqual([5, 7, 9]);
    expect(log.firstOffset).toBe(5);
  });

  test("what is beyond the retention's bytes", () => {
    const { log, rows, rowBytes } = fiveRows();
    log.trim(11, { ...forever, bytesMax: 2 * rowBytes + 1 });
    expect(rows()).toEqual([7, 9]);
    expect(log.bytesAfter(0)).toBe(2 * rowBytes);
  });

  test("no row that a task may still read a record of", () => {
    const { log, rows } = fiveRows();
    log.trim(6, { timeMs: 0, bytesMax: 0 });
    expect(rows()).toEqual([5, 7, 9]);
    expect(log.read(1)?.offset).toBe(5);
  });

  test("everything, where nothing is needed, and the log goes on from there", () => {
    const { log, rows, reopen } = fiveRows();
    log.trim(11, { timeMs: 0, bytesMax: 0 });
    expect(rows()).toEqual([]);
    for (const each of [log, reopen()]) {
      expect([each.firstOffset, each.nextOffset, each.bytesAfter(0)]).toEqual([11, 11, 0]);
      expect(each.counts).toMatchObject({ frames: 10, rows: 10 });
    }
    expect(reopen().append([requestOf()], shardFacts)).toEqual([{ status: "logged", offset: 11 }]);
    expect(reopen().read(1)?.offset).toBe(11);
  });

  test("nothing within the retention, at the cost of no write", () => {
    const { log, sql, rows } = fiveRows();
    const statements: string[] = [];
    log.trim(11, forever);
    sql.beforeStatement = ({ statement }) => statements.push(statement);
    expect(log.trim(11, forever)).toBe(false);
    expect(statements).toEqual([]);
    expect(rows()).toEqual([1, 3, 5, 7, 9]);
  });

  test("a bounded number of rows at a time, and says that more is left", () => {
    const { log, rows, ports } = fiveRows();
    ports.clock.time = 6_000;
    for (let row = 0; row < 400; row++) log.append([requestOf()], shardFacts);
    expect(log.trim(409, { timeMs: 0, bytesMax: 0 })).toBe(true);
    expect(rows()).toHaveLength(149);
    expect(log.trim(409, { timeMs: 0, bytesMax: 0 })).toBe(false);
    expect(rows()).toHaveLength(2);
  });
});

describe("after trimming", () => {
  test("a start reads the acceptance row and no row before it", () => {
    const { log, sql, reopen } = fiveRows();
    log.trim(6, { timeMs: 0, bytesMax: 0 });
    const read: unknown[] = [];
    sql.beforeStatement = ({ statement, bindings }) => {
      if (statement.startsWith("SELECT offset, bytes")) read.push(bindings);
    };
    reopen();
    expect(read).toEqual([[11]]);
  });

  test("pairs of trimmed records are still duplicates", () => {
    const { log, reopen, ports } = fiveRows();
    ports.clock.time = 5_999;
    log.trim(11, { timeMs: 1_000, bytesMax: 0 });
    expect(reopen().append([sequenceOf(1), sequenceOf(5, { part: 1 })], shardFacts)).toEqual([
      { status: "duplicate", offset: 1 },
      { status: "duplicate", offset: 10 },
    ]);
  });

  test("a producer that appended nothing for the retention's time is unknown", () => {
    const { log, reopen, ports } = fiveRows();
    ports.clock.time = 6_000;
    log.trim(1, { ...forever, timeMs: 1_001 });
    expect(log.append([sequenceOf(5)], shardFacts)).toEqual([{ status: "duplicate", offset: 9 }]);
    log.trim(1, { ...forever, timeMs: 1_000 });
    expect(reopen().append([sequenceOf(5)], shardFacts)).toEqual([{ status: "logged", offset: 11 }]);
  });

  test("duplicates that were answered are counted, though no record followed", () => {
    const { log, reopen } = fiveRows();
    log.append([sequenceOf(5)], shardFacts);
    log.trim(11, { timeMs: 0, bytesMax: 0 });
    expect([log.counts.duplicates, reopen().counts.duplicates]).toEqual([1, 1]);
  });

  test("nothing of it holds when the turn is lost", () => {
    const { log, sql, reopen, rows } = fiveRows();
    log.trim(11, { timeMs: 0, bytesMax: 0 });
    sql.crash();
    expect(rows()).toEqual([1, 3, 5, 7, 9]);
    expect(reopen().firstOffset).toBe(1);
  });
});

test("a producer table over the size of a value lies in several chunks, which shrink with it", () => {
  const sql = new NodeStorage();
  const rows = new LogRows(sql);
  const state = LogState.empty();
  state.facts.nextOffset = 1_000_000;
  for (let producer = 0; producer < 4_000; producer++) {
    for (let sequence = 0; sequence < 30; sequence++) {
      const stamp = {
        tokenId: "token",
        producer: `p${producer}`,
        part: 0,
        checksum: BigInt(producer),
        sequence,
      };
      state.producers.accept(stamp, producer * 30 + sequence, producer);
    }
  }
  const body = encodeAcceptance(state);
  expect(rows.writeAcceptance(1_000_000, body, 0)).toBe(2);
  const read = rows.readAcceptance();
  expect(read && Buffer.from(encodeAcceptance(read.state)).equals(body)).toBe(true);

  state.producers.expire(3_990);
  expect(rows.writeAcceptance(1_000_000, encodeAcceptance(state), 2)).toBe(1);
  expect(rows.readAcceptance()?.state.producers.size).toBe(9);
});

test("a shard that remembers as many producers as it can refuses another one, not those it knows", () => {
  const sql = new NodeStorage();
  const ports = portsOver(sql);
  const log = PartitionLog.open(ports, readStubFrame);
  const from = (producer: string, sequence: number) =>
    requestOf({ producer: { producer, sequence, part: 0, checksum: 1n } });
  let codes: (string | undefined)[] = [];
  for (let group = 0; !codes.includes("PRODUCERS_TOO_MANY"); group++) {
    const requests = Array.from({ length: 500 }, (_, index) => from(`producer-${group}-${index}`, 1));
    codes = log
      .append(requests, shardFacts)
      .map((result) => (result.status === "refused" ? result.error.code : undefined));
  }
  expect(log.append([from("producer-0-0", 2)], shardFacts)[0]?.status).toBe("logged");
  ports.clock.time += 10;
  log.trim(0, { ...forever, timeMs: 5 });
  expect(log.append([from("another", 1)], shardFacts)[0]?.status).toBe("logged");
});
