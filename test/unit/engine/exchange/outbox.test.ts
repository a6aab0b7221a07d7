/**
 * An outbox, a network that loses and repeats, and the log that receives: whatever happens to either side,
 * every row comes once, in order, and the receiver ends up knowing the sender's time.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Message } from "../../../../src/engine/exchange/message-codec.ts";
import { Outbox, type StoredChannel } from "../../../../src/engine/exchange/outbox.ts";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import { type AppendResult, type ChannelSequence, RecordKind } from "../../../../src/engine/log/records.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readStubFrame, requestOf, shardFacts, stubFrame } from "../../../support/stub-frames.ts";

/** What one record of the sender's log makes: frames, or only a time. */
type Output = "nothing" | "time" | "idle" | "frame" | "frames";

type Step =
  | { readonly do: "apply" | "checkpoint" | "crash" }
  | {
      readonly do: "send";
      readonly fate: "arrives" | "request lost" | "answer lost" | "half" | "late repeat";
    };

const facts = { ...shardFacts, inputs: ["c"] };
const receiver = 0;

/** A sender that dies at will and makes the same of every record again, and its receiver. */
class Trial {
  readonly #outputs: readonly Output[];
  readonly #storage = new NodeStorage();
  readonly #receiverStorage = new NodeStorage();
  readonly #log = PartitionLog.open(portsOver(this.#receiverStorage), readStubFrame);
  #outbox: Outbox;
  #applied = 0;
  #checkpoint: { readonly applied: number; readonly channels: readonly StoredChannel[] };
  #late: readonly Message[] = [];

  constructor(outputs: readonly Output[]) {
    this.#outputs = outputs;
    Outbox.createTables(this.#storage);
    this.#storage.commit();
    this.#checkpoint = { applied: 0, channels: [] };
    this.#outbox = this.#open();
  }

  close(): void {
    this.#storage.close();
    this.#receiverStorage.close();
  }

  run(step: Step): void {
    if (step.do === "apply") this.#apply();
    else if (step.do === "send") this.#send(step.fate);
    else if (step.do === "checkpoint") {
      this.#outbox.write();
      this.#storage.commit();
      this.#checkpoint = { applied: this.#applied, channels: structuredClone(this.#outbox.state) };
    } else {
      this.#storage.crash();
      this.#outbox = this.#open();
      this.#applied = this.#checkpoint.applied;
    }
  }

  /** Everything is applied and delivered. */
  finish(): void {
    while (this.#applied < this.#outputs.length) this.#apply();
    for (let calls = 0; this.#outbox.isWaiting; calls++) {
      expect(calls).toBeLessThan(1000);
      this.#send("arrives");
    }
  }

  check(): void {
    const frames: string[] = [];
    let told = "none";
    for (let record = this.#log.read(0); record; record = this.#log.read(record.offset + 1)) {
      if (record.kind === RecordKind.Frame) frames.push(Buffer.from(record.frame.slice(16)).toString());
      told = `${record.watermark} ${record.kind === RecordKind.Tick}`;
    }
    const made = this.#outputs.flatMap((output, index) =>
      Array.from({ length: framesOf(output) }, (_, part) => `${index + 1}.${part}`),
    );
    expect(frames).toEqual(made);
    const lastAt = this.#outputs.findLastIndex((output) => output !== "nothing");
    expect(told).toBe(lastAt < 0 ? "none" : `${lastAt + 1} ${this.#outputs[lastAt] === "idle"}`);
    expect(this.#outbox.bytes).toBe(0);
    expect(this.#outbox.isAcknowledged(this.#outputs.length)).toBe(true);
    expect(this.#outbox.receivedAt()).toEqual([lastAt < 0 ? 0 : this.#log.nextOffset - 1]);
    expect(this.#outbox.state[0]?.made).toEqual(this.#outbox.state[0]?.acknowledged);
  }

  #open(): Outbox {
    return new Outbox(this.#storage, { task: 1, edge: 0 }, 1, this.#checkpoint.channels);
  }

  #apply(): void {
    const output = this.#outputs[this.#applied];
    if (output === undefined) return;
    const offset = ++this.#applied;
    const watermark = BigInt(offset);
    for (let part = 0; part < framesOf(output); part++) {
      const frame = stubFrame({ watermark }, Buffer.from(`${offset}.${part}`));
      const next = this.#outbox.nextSequence(receiver, offset);
      this.#outbox.add(receiver, { ...next, kind: RecordKind.Frame, watermark, frame });
    }
    if (output !== "time" && output !== "idle") return;
    const kind = output === "idle" ? RecordKind.Tick : RecordKind.Watermark;
    const next = this.#outbox.nextSequence(receiver, offset);
    this.#outbox.add(receiver, { ...next, kind, watermark, frame: new Uint8Array(0) });
  }

  #send(fate: (Step & { do: "send" })["fate"]): void {
    if (fate === "late repeat") {
      this.#append(this.#late);
      return;
    }
    const taken = this.#outbox.take(receiver, 60);
    if (taken.length === 0) return;
    expect(this.#outbox.take(receiver, 60)).toEqual([]);
    this.#late = taken;
    const arriving = fate === "half" ? taken.slice(0, Math.ceil(taken.length / 2)) : taken;
    const results = fate === "request lost" ? [] : this.#append(arriving);
    if (fate === "answer lost" || fate === "request lost") this.#outbox.sendAgain(receiver);
    else this.#settle(taken, results);
  }

  #settle(taken: readonly Message[], results: readonly AppendResult[]): void {
    for (const [index, result] of results.entries()) {
      if (result.status === "refused") {
        expect(result.error.code).toBe("CHANNEL_GAP");
        this.#outbox.sendAgainFrom(receiver, result.error.details?.last as ChannelSequence);
        return;
      }
      this.#outbox.acknowledge(receiver, (taken[index] as Message).sequence, result.offset);
    }
    if (results.length < taken.length) this.#outbox.sendAgain(receiver);
  }

  #append(messages: readonly Message[]): readonly AppendResult[] {
    const requests = messages.map(({ sequence, previous, kind, watermark, frame }) =>
      requestOf({ link: { channel: "c", sequence, previous, kind, watermark }, frame }),
    );
    const results = this.#log.append(requests, facts);
    this.#receiverStorage.commit();
    return results;
  }
}

function framesOf(output: Output): number {
  return output === "frames" ? 3 : output === "frame" ? 1 : 0;
}

const outputs = fc.array(fc.constantFrom<Output>("nothing", "time", "time", "idle", "frame", "frames"), {
  maxLength: 25,
});
const fates = ["arrives", "request lost", "answer lost", "half", "late repeat"] as const;
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.constant({ do: "apply" } as const), weight: 5 },
  { arbitrary: fc.record({ do: fc.constant("send" as const), fate: fc.constantFrom(...fates) }), weight: 5 },
  { arbitrary: fc.constantFrom({ do: "checkpoint" } as const, { do: "crash" } as const), weight: 2 },
);

test("every row comes once and in order, whatever is lost, repeated, or dies", () => {
  fc.assert(
    fc.property(outputs, fc.array(step, { maxLength: 60, size: "max" }), (made, steps) => {
      const trial = new Trial(made);
      try {
        for (const each of steps) trial.run(each);
        trial.finish();
        trial.check();
      } finally {
        trial.close();
      }
    }),
    { numRuns: 500 },
  );
});

describe("an outbox", () => {
  function opened(stored: readonly StoredChannel[] = []) {
    const storage = new NodeStorage();
    Outbox.createTables(storage);
    return new Outbox(storage, { task: 1, edge: 0 }, 2, stored);
  }

  function tell(outbox: Outbox, offset: number): void {
    const next = outbox.nextSequence(0, offset);
    const message = { kind: RecordKind.Watermark, watermark: BigInt(offset), frame: new Uint8Array(0) };
    outbox.add(0, { ...next, ...message });
  }

  test("keeps one message of time for a receiver that is busy, however much time passes", () => {
    const outbox = opened();
    tell(outbox, 1);
    expect(outbox.take(0, 1000)).toHaveLength(1);
    for (let offset = 2; offset < 50; offset++) tell(outbox, offset);
    outbox.acknowledge(0, { offset: 1, part: 1 }, 7);
    expect(outbox.take(0, 1000)).toMatchObject([{ watermark: 49n, previous: { offset: 1, part: 1 } }]);
  });

  test("finds out that its receiver has lost what it acknowledged", () => {
    const outbox = opened();
    tell(outbox, 5);
    outbox.take(0, 1000);
    outbox.acknowledge(0, { offset: 5, part: 1 }, 1);
    expect(() => outbox.sendAgainFrom(0, { offset: 4, part: 1 })).toThrow(
      "Partition 0 of the next stage has no more than 4.1, of 5.1 that it acknowledged, " +
        "and what follows cannot be sent again. Start the job again.",
    );
  });

  test("finds out that it has lost what its receiver lacks", () => {
    const made = { offset: 5, part: 1 };
    const outbox = opened([
      { made, acknowledged: { offset: 4, part: 1 }, receivedAt: 3, watermark: "5", isIdle: false },
    ]);
    tell(outbox, 6);
    expect(() => outbox.sendAgainFrom(0, { offset: 4, part: 1 })).toThrow("cannot be sent again");
  });

  test("keeps the channels of its receivers apart", () => {
    const outbox = opened();
    tell(outbox, 5);
    expect(outbox.take(1, 1000)).toEqual([]);
    expect(outbox.nextSequence(1, 6)).toEqual({
      sequence: { offset: 6, part: 1 },
      previous: { offset: 0, part: 0 },
    });
  });
});
