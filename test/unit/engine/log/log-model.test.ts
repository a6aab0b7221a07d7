/**
 * The log against a model, over any traffic and any crash: what was answered as logged is in the log after a
 * restart, once; what was answered as duplicate or refused added nothing; and memory is what a restart
 * rebuilds.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeBarrier } from "../../../../src/engine/log/barrier.ts";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import { type AppendResult, RecordKind } from "../../../../src/engine/log/records.ts";
import { encodeNewChannel } from "../../../../src/engine/log/split-records.ts";
import {
  barrierChannels,
  channelFromElsewhere,
  type LogCommand,
  logCommandsArbitrary,
  type Offer,
} from "../../../arbitraries/log-commands.ts";
import { LogModel } from "../../../reference/log-model.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readStubFrame, requestOf, shardFacts, stubFrame } from "../../../support/stub-frames.ts";

/** A log, its model, and the crashes between them. */
class Trial {
  readonly #sql = new NodeStorage();
  readonly #ports = portsOver(this.#sql);
  #model = new LogModel();
  #log = PartitionLog.open(this.#ports, readStubFrame);

  close(): void {
    this.#sql.close();
  }

  run(command: LogCommand): void {
    if (command.type === "restart") this.#restart();
    else if (command.type === "clock") this.#ports.clock.time = Math.max(0, this.#now + command.ms);
    else this.#turn(command.crash, () => this.#work(command));
  }

  check(): void {
    expect({
      firstOffset: this.#log.firstOffset,
      nextOffset: this.#log.nextOffset,
      watermark: this.#log.watermark,
      isIdle: this.#log.isIdle,
      isEnded: this.#log.isEnded,
      lastFrameAt: this.#log.lastFrameAt,
      frames: this.#log.counts.frames,
      rows: this.#log.counts.rows,
      rejected: this.#log.counts.rejected,
      duplicates: this.#log.counts.duplicates,
    }).toEqual(this.#model.facts());
    const found = [];
    let bytes = this.#log.bytesAfter(0);
    for (let record = this.#log.read(0); record; record = this.#log.read(record.offset + 1)) {
      const { offset, kind, appendTime, watermark, frame } = record;
      found.push({ offset, kind, appendTime, watermark, frame: Buffer.from(frame).toString("hex") });
      expect(this.#log.bytesAfter(offset)).toBe(bytes);
      bytes -= record.bytes;
    }
    expect(bytes).toBe(0);
    expect(found).toEqual(this.#model.kept());
  }

  get #now(): number {
    return this.#ports.clock.time;
  }

  #work(command: LogCommand): void {
    switch (command.type) {
      case "append":
        this.#append(command.offers);
        break;
      case "watermark":
        this.#model.appendWatermark(this.#now, command.isTick, command.watermark);
        this.#log.appendWatermark(command.isTick ? RecordKind.Tick : RecordKind.Watermark, command.watermark);
        break;
      case "idle":
        if (this.#log.isIdle) break;
        this.#model.appendIdle(this.#now);
        this.#log.appendIdle();
        break;
      case "trim": {
        const { timeMs, bytesMax } = command;
        const needed = Math.max(1, this.#log.nextOffset - command.needed);
        this.#model.trim(needed, this.#now - timeMs, bytesMax);
        this.#log.trim(needed, { timeMs, bytesMax });
        break;
      }
    }
  }

  /** A crash drops the turn, wherever it strikes: before one of its statements, or before it is durable. */
  #turn(crash: LogCommand["crash"], work: () => void): void {
    const before = this.#model.copy();
    let statements = 0;
    this.#sql.beforeStatement = () => {
      if (typeof crash === "number" && statements++ === crash) throw new Error("the process is gone");
    };
    let isGone = crash === "before commit";
    try {
      work();
    } catch (thrown) {
      if (!(thrown instanceof Error) || thrown.message !== "the process is gone") throw thrown;
      isGone = true;
    }
    this.#sql.beforeStatement = undefined;
    if (isGone) {
      this.#model = before;
      this.#restart();
    } else {
      this.#sql.commit();
    }
  }

  #restart(): void {
    this.#sql.crash();
    this.#model.restart();
    this.#log = PartitionLog.open(this.#ports, readStubFrame);
    this.#sql.commit();
  }

  #append(offers: readonly Offer[]): void {
    const requests = offers.map((offer) =>
      requestOf({
        frame: frameOf(offer),
        tokenId: offer.tokenId,
        deadline: this.#now + offer.patienceMs,
        mapVersion: offer.isMapStale ? 0 : shardFacts.mapVersion,
        producer: offer.producer,
        ...(offer.link && { link: offer.link }),
      }),
    );
    const expected = this.#model.append(this.#now, requests, shardFacts.mapVersion, readStubFrame);
    const facts = { ...shardFacts, inputs: ["c", "d"] };
    expect(this.#log.append(requests, facts).map(answerOf)).toEqual(expected);
  }
}

/** A frame, or what a barrier or a new channel says. */
function frameOf(offer: Offer): Uint8Array {
  if (offer.link?.kind === RecordKind.Channel) return encodeNewChannel(channelFromElsewhere);
  if (offer.link?.kind !== RecordKind.Barrier) return stubFrame(offer, offer.body);
  return encodeBarrier({ run: 1, savepoint: offer.rows, channels: barrierChannels });
}

function answerOf(result: AppendResult): string {
  return result.status === "refused" ? result.error.code : `${result.status} ${result.offset}`;
}

test("the log does as its model, whatever is sent and wherever it crashes", () => {
  fc.assert(
    fc.property(logCommandsArbitrary, (commands) => {
      const trial = new Trial();
      try {
        for (const command of commands) {
          trial.run(command);
          trial.check();
        }
      } finally {
        trial.close();
      }
    }),
    { numRuns: 300 },
  );
});
