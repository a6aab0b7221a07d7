/**
 * A partition with live producers: its windows fire by the slowest of them, while it is idle too, and what a
 * crash interrupts comes to the same.
 */
import { describe, expect, test } from "vitest";
import { PartitionLog } from "../../../src/engine/log/partition-log.ts";
import { RecordKind } from "../../../src/engine/log/records.ts";
import type { ProducerOrder } from "../../../src/engine/producer-orders.ts";
import { readFrameHeader } from "../../../src/kernel/frame-codec.ts";
import { portsOver } from "../../support/manual-ports.ts";
import { NodeStorage } from "../../support/node-storage.ts";
import { PartitionHarness } from "../../support/partition-harness.ts";

const columns = [
  { name: "user", type: "STRING" },
  { name: "time", type: "TIMESTAMP(3)" },
];
const counting = { source: "events", key: ["user"], aggregates: { n: { function: "count" } } };
const windowed = { ...counting, window: { type: "tumble", size: "10s" } };
const end = Number.MAX_SAFE_INTEGER;

/** Of a partition whose clock stands at 1 000 s. */
const at = (second: number) => new Date(second * 1000).toISOString().replace("T", " ").replace("Z", "");

class Shard extends PartitionHarness {
  #sequence = 0;

  constructor(stream: Record<string, unknown> = {}) {
    const eventTime = { column: "time", outOfOrderness: "5s" };
    super({
      stream: { columns, eventTime, idleTimeout: "20s", ...stream },
      identity: { waitsForProducers: true },
    });
    this.startJob("job", windowed);
  }

  order(order: ProducerOrder["order"], producer: string, activeAt = this.ports.clock.time): void {
    const name = { tokenId: "t", producer };
    const full = order === "Register" ? { ...name, order, registration: 1 } : { ...name, order, activeAt };
    this.turn(() => this.partition.orderProducers(1, [full], end));
    this.settle();
  }

  tell(producer: string, second: number): void {
    const told = [{ tokenId: "t", producer, watermark: BigInt(second * 1000) }];
    this.turn(() => this.partition.tick(1, { producers: told }));
    this.settle();
  }

  /** A row of a producer; returns how it was answered. */
  send(producer: string, second: number): string {
    const stamp = { producer, sequence: this.#sequence++, part: 0, checksum: 1n };
    const request = { ...this.request(this.frame([[producer, at(second)]]), stamp), registration: 1 };
    const [result] = this.turn(() => this.partition.append([request]));
    this.settle();
    return result?.status === "refused" ? result.error.code : String(result?.status);
  }

  /** Runs alarms, as the platform would, for so long. */
  live(ms: number): void {
    const until = this.ports.clock.time + ms;
    for (;;) {
      const alarm = this.turn(() => this.partition.nextAlarm());
      if (alarm === undefined || alarm > until) break;
      this.ports.clock.time = Math.max(this.ports.clock.time, alarm);
      this.turn(() => this.partition.heartbeat());
      this.settle();
      if (alarm === until) break;
    }
    this.ports.clock.time = until;
  }

  /** Users whose row is in a final window. */
  finals(): unknown[] {
    return this.rows().flatMap((row) => (row.at(-1) === true ? [row[0]] : []));
  }

  get seconds(): number {
    return Number(this.partition.log.watermark) / 1000;
  }

  get late(): number {
    return this.turn(() => this.partition.jobs.statuses())[0]?.counts.late ?? -1;
  }
}

test("windows fire by the slowest producer, also those of its own rows; none is late", () => {
  const shard = new Shard();
  shard.order("Register", "fast");
  shard.order("Register", "slow");
  expect(shard.send("fast", 5000)).toBe("logged");
  expect(shard.finals()).toEqual([]);
  shard.send("slow", 1000);
  expect([shard.seconds, shard.finals()]).toEqual([995, []]);
  shard.crash();
  shard.send("slow", 1016);
  expect([shard.seconds, shard.finals(), shard.late]).toEqual([1011, ["slow"], 0]);
  shard.order("Close", "slow");
  expect([shard.seconds, shard.send("slow", 1020)]).toEqual([1011, "PRODUCER_UNREGISTERED"]);
  shard.crash();
  shard.order("Forget", "slow");
  expect([shard.seconds, shard.finals(), shard.late]).toEqual([4995, ["slow", "slow"], 0]);
});

test("what a producer sends elsewhere lets the shard go on, as far as its own frames do", () => {
  const shard = new Shard();
  shard.order("Register", "away");
  shard.append([["a", at(1000)]]);
  shard.append([["a", at(1100)]]);
  shard.settle();
  expect(shard.finals()).toEqual([]);
  shard.tell("away", 1050);
  expect([shard.seconds, shard.finals()]).toEqual([1050, ["a"]]);
  shard.tell("away", 9000);
  expect(shard.seconds).toBe(1095);
  const { nextOffset } = shard.partition.log;
  shard.tell("away", 9999);
  expect(shard.partition.log.nextOffset).toBe(nextOffset);
});

describe("an idle shard", () => {
  test("that follows the clock waits for a producer that is at work elsewhere", () => {
    const shard = new Shard({ idle: "advance" });
    shard.order("Register", "away");
    shard.append([["a", at(1000)]]);
    shard.settle();
    shard.tell("away", 1005);
    shard.live(60_000);
    expect([shard.partition.log.isIdle, shard.seconds, shard.finals()]).toEqual([true, 995, []]);
    shard.tell("away", 1007);
    expect(shard.finals()).toEqual([]);
    shard.tell("away", 1030);
    shard.live(0);
    expect([shard.finals(), shard.seconds]).toEqual([["a"], 1030]);
  });

  test("goes by the clock alone when no producer is live any more", () => {
    const shard = new Shard({ idle: "advance" });
    shard.order("Register", "away");
    shard.append([["a", at(1000)]]);
    shard.settle();
    shard.live(60_000);
    // Its own row has still to take effect, so those behind it do not go on without it.
    expect([shard.partition.log.isIdle, shard.partition.nextAlarm()]).toEqual([false, undefined]);
    shard.order("Close", "away");
    shard.live(10_000);
    expect(shard.finals()).toEqual([]);
    shard.order("Forget", "away");
    shard.live(10_000);
    expect(shard.finals()).toEqual(["a"]);
  });

  test("stays idle when a producer is registered that may never send here", () => {
    const shard = new Shard();
    shard.live(60_000);
    shard.order("Register", "away");
    shard.tell("away", 1030);
    expect(shard.partition.log.isIdle).toBe(true);
  });
});

test("a frame without rows keeps no producer live", () => {
  const shard = new Shard();
  shard.order("Register", "bad");
  const activeAt = () => [...(shard.partition.status()?.producers ?? [])].map((each) => each.activeAt);
  const registeredAt = activeAt();
  shard.ports.clock.time += 10_000;
  const bytes = new TextEncoder().encode("{}");
  const rejected = [{ record: 1, column: 1, reason: 4 as const, field: "user", message: "no", bytes }];
  const stamp = { producer: "bad", sequence: 1, part: 0, checksum: 1n };
  const request = { ...shard.request(shard.frame([], rejected), stamp), registration: 1 };
  expect(shard.turn(() => shard.partition.append([request]))).toMatchObject([{ status: "logged" }]);
  expect(activeAt()).toEqual(registeredAt);
});

test("orders that come after their deadline, or for another generation, are refused", () => {
  const shard = new Shard();
  const order: ProducerOrder = { order: "Register", tokenId: "t", producer: "p", registration: 1 };
  const deadline = shard.ports.clock.time - 1;
  expect(() => shard.partition.orderProducers(1, [order], deadline)).toThrow(/1 ms after its deadline/);
  expect(() => shard.partition.orderProducers(2, [order], end)).toThrow(/generation/);
  expect(shard.partition.log.nextOffset).toBe(1);
});

test("the shard that a split makes waits for the producers of then, and takes none in unregistered", () => {
  const shard = new Shard();
  shard.order("Register", "slow");
  shard.send("slow", 1000);
  const identity = { ...shard.identity, mapVersion: 2, keyGroups: [0, 512] as const };
  const handover = shard.turn(() => shard.partition.split({ split: 1, child: 1, middle: 512, identity }));
  const ports = portsOver(new NodeStorage(), shard.ports.clock.time);
  PartitionLog.begin(ports, handover);
  const child = PartitionLog.open(ports, readFrameHeader);
  expect([...child.live.entries()]).toMatchObject([
    { producer: "slow", isClosed: true, watermark: 995_000n },
  ]);
  const facts = { ...identity, mapVersionMin: 1 };
  const stamp = { producer: "slow", sequence: 7, part: 0, checksum: 1n };
  const request = { ...shard.request(shard.frame([["b", at(1100)]]), stamp), registration: 1 };
  expect(child.append([request], facts)).toMatchObject([{ error: { code: "PRODUCER_UNREGISTERED" } }]);
  expect(child.append([shard.request(shard.frame([["b", at(1100)]]))], facts)).toMatchObject([
    { status: "logged" },
  ]);
  expect([child.watermark, child.read(child.firstOffset)?.kind]).toEqual([995_000n, RecordKind.Frame]);
});
