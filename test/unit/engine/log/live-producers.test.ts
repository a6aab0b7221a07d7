/**
 * The log with live producers against what one would say of them: a list of all that was logged, told anew
 * from its beginning each time. Through restarts, acceptance rows and handovers to a new shard.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartitionLog } from "../../../../src/engine/log/partition-log.ts";
import type { ProducerChange } from "../../../../src/engine/log/producer-changes.ts";
import { maxWatermark, minWatermark, RecordKind } from "../../../../src/engine/log/records.ts";
import { portsOver } from "../../../support/manual-ports.ts";
import { NodeStorage } from "../../../support/node-storage.ts";
import { readStubFrame, requestOf, shardFacts, stubFrame } from "../../../support/stub-frames.ts";

const facts = { ...shardFacts, waitsForProducers: true };

interface Offer {
  readonly producer: string | undefined;
  readonly registration: number;
  readonly sequence: number;
  readonly watermark: bigint;
}

type Command =
  | { readonly type: "append"; readonly offers: readonly Offer[] }
  | { readonly type: "change"; readonly changes: readonly ProducerChange[] }
  | { readonly type: "watermark"; readonly isTick: boolean; readonly watermark: bigint }
  | { readonly type: "restart" | "trim" | "handover" };

const names = fc.constantFrom("p", "q", "ü");
const time = fc.bigInt({ min: -50n, max: 50n });
const registration = fc.integer({ min: 1, max: 3 });

const offer: fc.Arbitrary<Offer> = fc.record({
  producer: fc.option(names, { nil: undefined, freq: 3 }),
  registration,
  sequence: fc.integer({ min: 0, max: 9 }),
  watermark: time,
});

const change = fc
  .tuple(
    names,
    fc.oneof(
      fc.record({ registration }),
      fc.record({ registration }),
      fc.record({ watermark: time }),
      fc.constant({ isClosed: true as const }),
      fc.constant({ isForgotten: true as const }),
    ),
  )
  .map(([producer, what]): ProducerChange => ({ tokenId: "token", producer, ...what }));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      offers: fc.array(offer, { minLength: 1, maxLength: 4 }),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      type: fc.constant("change" as const),
      changes: fc.uniqueArray(change, {
        minLength: 1,
        maxLength: 2,
        selector: ({ producer }) => producer,
      }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({ type: fc.constant("watermark" as const), isTick: fc.boolean(), watermark: time }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ type: fc.constantFrom("restart" as const, "trim" as const, "handover" as const) }),
    weight: 2,
  },
);

/** What was logged, as the model tells it. */
type Told =
  | {
      readonly what: "frame";
      readonly producer: string | undefined;
      readonly sequence: number;
      readonly watermark: bigint;
    }
  | { readonly what: "change"; readonly changes: readonly ProducerChange[] }
  | { readonly what: "hand" | "tick"; readonly watermark: bigint }
  | { readonly what: "handover" };

interface ModelProducer {
  registration: number;
  isClosed: boolean;
  frames: { readonly sequence: number; readonly watermark: bigint }[];
  told: bigint[];
}

/** Everything from the beginning: slow and plain. */
function tellAnew(story: readonly Told[]) {
  const producers: Record<string, ModelProducer> = {};
  let own = minWatermark;
  let watermark = minWatermark;
  for (const told of story) {
    if (told.what === "frame") {
      own = highest([own, told.watermark]);
      if (told.producer !== undefined) producers[told.producer]?.frames.push(told);
    } else if (told.what === "change") for (const each of told.changes) applyChange(producers, each);
    else if (told.what === "handover") for (const each of Object.values(producers)) each.isClosed = true;
    else if (told.what === "hand") watermark = highest([watermark, told.watermark]);
    const allowed = Object.values(producers).map(timeOf);
    if (told.what === "tick") watermark = highest([watermark, lowest([told.watermark, ...allowed])]);
    watermark = highest([watermark, lowest([own, ...allowed])]);
  }
  return { watermark, own, producers };
}

function applyChange(
  producers: Record<string, ModelProducer>,
  { producer, registration: number, isClosed, isForgotten, watermark }: ProducerChange,
): void {
  const known = producers[producer] ?? { registration: 0, isClosed: false, frames: [], told: [] };
  producers[producer] = known;
  if (number !== undefined) Object.assign(known, { registration: number, isClosed: false });
  if (isClosed) known.isClosed = true;
  if (watermark !== undefined) known.told.push(watermark);
  if (isForgotten) delete producers[producer];
}

function timeOf({ frames, told }: ModelProducer): bigint {
  return highest([minWatermark, ...told, ...frames.map(({ watermark }) => watermark)]);
}

/** Without the frames of its newest request, from the first of them on; those behind that are older ones. */
function settledOf({ frames, told }: ModelProducer): bigint {
  const newest = Math.max(-1, ...frames.map(({ sequence }) => sequence));
  const settled = frames.filter(({ sequence }) => sequence < newest);
  return highest([minWatermark, ...told, ...settled.map(({ watermark }) => watermark)]);
}

function highest(times: readonly bigint[]): bigint {
  return [...times].sort((first, second) => (first < second ? 1 : -1))[0] as bigint;
}

function lowest(times: readonly bigint[]): bigint {
  return [...times].sort((first, second) => (first < second ? -1 : 1))[0] as bigint;
}

class Trial {
  #sql = new NodeStorage();
  #ports = portsOver(this.#sql);
  #log = PartitionLog.open(this.#ports, readStubFrame);
  readonly #story: Told[] = [];
  /** Behind each record; a handover begins anew. */
  #watermarks: bigint[] = [minWatermark];
  /** Makes each frame another part, so that none is a duplicate. */
  #part = 0;

  run(command: Command): void {
    if (command.type === "append") this.#append(command.offers);
    else if (command.type === "change") {
      this.#log.appendProducers(command.changes);
      this.#tell({ what: "change", changes: command.changes });
    } else if (command.type === "watermark") {
      const { isTick, watermark } = command;
      this.#log.appendWatermark(isTick ? RecordKind.Tick : RecordKind.Watermark, watermark);
      this.#tell({ what: isTick ? "tick" : "hand", watermark });
    } else if (command.type === "restart") this.#log = PartitionLog.open(this.#ports, readStubFrame);
    // A producer that expires leaves an acceptance row, from which the next start goes on.
    else if (command.type === "trim") this.#log.trim(0, { timeMs: -1, bytesMax: 1_000_000 });
    else this.#handOver();
  }

  check(): void {
    const { watermark, own, producers } = tellAnew(this.#story);
    expect(this.#log.watermark).toBe(watermark);
    const found = [...this.#log.live.entries()].map(({ tokenId: _, activeAt: __, ...entry }) => entry);
    expect(found.sort((first, second) => (first.producer < second.producer ? -1 : 1))).toEqual(
      Object.entries(producers)
        .map(([producer, known]) => ({
          ...{ producer, registration: known.registration, isClosed: known.isClosed },
          ...{ watermark: timeOf(known), settled: settledOf(known) },
          sequence: Math.max(-1, ...known.frames.map(({ sequence }) => sequence)),
        }))
        .sort((first, second) => (first.producer < second.producer ? -1 : 1)),
    );
    const allowed = Object.values(producers).map(timeOf);
    expect(this.#log.live.lowest).toBe(lowest([maxWatermark, ...allowed]));
    if (found.length > 0) expect(this.#log.live.watermark <= own).toBe(true);
    let running = this.#watermarks[0] ?? minWatermark;
    const logged: bigint[] = [];
    for (let record = this.#log.read(0); record; record = this.#log.read(record.offset + 1)) {
      running = highest([running, record.watermark]);
      logged.push(running);
    }
    expect(logged).toEqual(this.#watermarks.slice(1));
  }

  close(): void {
    this.#sql.close();
  }

  #append(offers: readonly Offer[]): void {
    const { producers } = tellAnew(this.#story);
    const requests = offers.map(({ producer, sequence, watermark, registration: number }) =>
      requestOf({
        frame: stubFrame({ watermark }),
        registration: number,
        producer:
          producer === undefined ? undefined : { producer, sequence, part: this.#part++, checksum: 1n },
      }),
    );
    const answers = this.#log
      .append(requests, facts)
      .map((result) => (result.status === "refused" ? result.error.code : result.status));
    const expected = offers.map(({ producer, registration: number }) => {
      if (producer === undefined) return "logged";
      const known = producers[producer];
      return known && !known.isClosed && known.registration === number ? "logged" : "PRODUCER_UNREGISTERED";
    });
    expect(answers).toEqual(expected);
    for (const [index, { producer, sequence, watermark }] of offers.entries()) {
      if (answers[index] === "logged") this.#tell({ what: "frame", producer, sequence, watermark });
    }
  }

  #tell(told: Told): void {
    this.#story.push(told);
    this.#watermarks.push(tellAnew(this.#story).watermark);
  }

  #handOver(): void {
    const handover = this.#log.handover();
    this.#sql.close();
    this.#sql = new NodeStorage();
    this.#ports = portsOver(this.#sql);
    PartitionLog.begin(this.#ports, handover);
    this.#log = PartitionLog.open(this.#ports, readStubFrame);
    this.#story.push({ what: "handover" });
    this.#watermarks = [this.#log.watermark];
  }
}

test("the log holds its watermark as one would say who hears everything told anew", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30, size: "max" }), (commands) => {
      const trial = new Trial();
      try {
        for (const each of commands) {
          trial.run(each);
          trial.check();
        }
      } finally {
        trial.close();
      }
    }),
    { numRuns: 500 },
  );
});

function openLog(...producers: readonly string[]): PartitionLog {
  const log = PartitionLog.open(portsOver(new NodeStorage()), readStubFrame);
  const changes = producers.map((producer) => ({ tokenId: "token", producer, registration: 1 }));
  if (changes.length > 0) log.appendProducers(changes);
  return log;
}

function frameOf(producer: string, sequence: number, watermark: bigint) {
  return requestOf({
    frame: stubFrame({ watermark }),
    registration: 1,
    producer: { producer, sequence, part: 0, checksum: 1n },
  });
}

describe("a watermark", () => {
  test("waits for the slowest producer, and within one group commit for what it brings", () => {
    const log = openLog("fast", "slow");
    log.append([frameOf("fast", 1, 90n), frameOf("slow", 1, 10n)], facts);
    expect(log.watermark).toBe(10n);
    log.append([frameOf("slow", 2, 50n), frameOf("fast", 2, 95n), frameOf("slow", 3, 60n)], facts);
    expect(log.watermark).toBe(60n);
    expect([1, 2, 3, 4, 5, 6].map((offset) => log.read(offset)?.watermark)).toEqual([
      ...[minWatermark, minWatermark, 10n],
      ...[50n, 50n, 60n],
    ]);
  });

  test("of one producer alone follows it at once", () => {
    const log = openLog("only");
    log.append([frameOf("only", 1, 90n)], facts);
    expect(log.watermark).toBe(90n);
  });

  test("goes by rows without a producer, as far as live producers allow", () => {
    const log = openLog("slow");
    log.append([frameOf("slow", 1, 10n), requestOf({ frame: stubFrame({ watermark: 70n }) })], facts);
    expect(log.watermark).toBe(10n);
    log.appendProducers([{ tokenId: "token", producer: "slow", isForgotten: true }]);
    expect(log.watermark).toBe(70n);
  });

  test("that is moved by hand passes a producer", () => {
    const log = openLog("slow");
    log.append([frameOf("slow", 1, 10n)], facts);
    log.appendWatermark(RecordKind.Watermark, 40n);
    expect(log.watermark).toBe(40n);
    log.appendWatermark(RecordKind.Watermark, maxWatermark);
    expect(log.isEnded).toBe(true);
  });
});

test("a retry of what is in the log is a duplicate though its producer is live no longer", () => {
  const log = openLog("p");
  log.append([frameOf("p", 1, 10n)], facts);
  log.appendProducers([{ tokenId: "token", producer: "p", isClosed: true }]);
  expect(log.append([frameOf("p", 1, 10n), frameOf("p", 2, 20n)], facts)).toMatchObject([
    { status: "duplicate" },
    { status: "refused", error: { code: "PRODUCER_UNREGISTERED", status: 503 } },
  ]);
});

test("a stream that waits for no producer takes frames in as ever", () => {
  const log = openLog();
  expect(log.append([frameOf("p", 1, 10n)], shardFacts)).toMatchObject([{ status: "logged" }]);
  expect(log.watermark).toBe(10n);
});
