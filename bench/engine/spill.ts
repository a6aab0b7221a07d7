/**
 * A state of 1 GiB in one partition that may keep 32 MiB of it in memory: counts, sums and maxima by key, the
 * keys drawn evenly or by Zipf's law.
 *
 * The engine is the whole partition with its log and its checkpoints; the state is built in the order of
 * hashes. A job that is behind takes in what the log holds at once, so its rate depends on how much that is:
 * here it is `batches` of 65 536 rows a round. LevelDB gets the same batches, one after the other, and must
 * write each before the next, as the log does.
 *
 * Rates are by the clock: LevelDB's leave out what it goes on compacting in threads of its own. Processor
 * times are of the whole process and take that in.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { MiB, pageBudgetBytes } from "../../src/base/limits.ts";
import type { Bench, BenchContext, BenchOutcome, Check, Figure } from "../harness/bench.ts";
import { digest, rateFigure, ratioOf } from "../harness/figures.ts";
import { measureInTurns, median, roundsFor } from "../harness/measure.ts";
import {
  type DrawKey,
  drawAmounts,
  type KeyedAmounts,
  uniformKeys,
  zipfKeys,
} from "../inputs/keyed-amounts.ts";
import { LevelTotals } from "../peers/leveldb-totals.ts";
import { FilePartition, keysInHashOrder, rowsPerFrame } from "./file-partition.ts";
import { readKernelModule } from "./kernel-module.ts";

/** Keys that make a state of 1 GiB. */
const keyCount = 11_500_000;
const batchesPerRound = 64;

/** Memory for all of the state: the largest that a kernel can have is 4 GiB. */
const wholeBudgetBytes = 3 * 1024 * MiB;

export const spill: Bench = {
  name: "spill",
  question: "How fast are upserts of a state 32 times its page budget, and how much slower than in memory?",
  run: async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-spill-"));
    try {
      return await new SpillRun(context, folder).run();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Longer than that LevelDB is not waited for. */
const quietMsMax = 60_000;

interface Sizes {
  readonly keys: number;
  readonly batches: number;
  readonly batchRows: number;
  readonly budgetBytes: number;
}

class SpillRun {
  readonly #context: BenchContext;
  readonly #folder: string;
  readonly #sizes: Sizes;
  readonly #reference: Reference;
  readonly #memory = new MemoryFacts();

  constructor(context: BenchContext, folder: string) {
    this.#context = context;
    this.#folder = folder;
    this.#sizes = context.isSmoke
      ? { keys: 20_000, batches: 3, batchRows: 2000, budgetBytes: MiB }
      : { keys: keyCount, batches: batchesPerRound, batchRows: rowsPerFrame, budgetBytes: pageBudgetBytes };
    this.#reference = new Reference(this.#sizes.keys);
  }

  async run(): Promise<BenchOutcome> {
    const { keys, budgetBytes, batches, batchRows } = this.#sizes;
    const small = this.#fill("small", budgetBytes);
    const whole = this.#fill("whole", wholeBudgetBytes);
    this.#note("filling LevelDB");
    const level = await LevelTotals.open(join(this.#folder, "level"), budgetBytes);
    await level.fill(keys, amountOf);
    await quiet(this.#context);
    try {
      const stateBytes = small.stateBytes();
      const uniform = await this.#contest("uniform keys", uniformKeys(7), { small, whole, level });
      const zipf = await this.#contest("Zipf keys", zipfKeys(11), { small, whole, level });
      return {
        settings: { keys, budgetMiB: budgetBytes / MiB, batchesPerRound: batches, batchRows },
        figures: [
          { name: "bytes of pages", value: stateBytes / MiB, unit: "MiB" },
          ...uniform.figures,
          ...zipf.figures,
          ...this.#memory.figures(),
          { name: "pages loaded, for each that stayed", value: loadsPerPage(small), unit: "loads" },
        ],
        ratios: [
          ...[uniform, zipf].flatMap(({ level, levelProcessor }) => [level, levelProcessor]),
          uniform.whole,
          { ...zipf.whole, target: { atMost: 25 } },
        ],
        checks: await this.#checks({ small, whole, level }),
      };
    } finally {
      small.close();
      whole.close();
      await level.close();
    }
  }

  /** Builds the state in the order of hashes: page by page. */
  #fill(name: string, budgetBytes: number): FilePartition {
    const { keys: count } = this.#sizes;
    this.#note(`filling the partition "${name}"`);
    const module = readKernelModule();
    const partition = new FilePartition(module, join(this.#folder, name), budgetBytes);
    const inOrder = keysInHashOrder(module, count);
    for (let from = 0; from < count; from += rowsPerFrame) {
      const keys = inOrder.subarray(from, from + rowsPerFrame);
      partition.append({ keys, amounts: keys.map(amountOf) });
      partition.settle(false);
    }
    partition.settle(true);
    return partition;
  }

  async #contest(name: string, draw: DrawKey, { small, whole, level }: Contestants) {
    const { keys, batches, batchRows, budgetBytes } = this.#sizes;
    const rounds = roundsFor(this.#context, { rounds: 1, warmUps: 0 });
    // Each contestant gets the same rounds of batches, whenever it is its turn.
    const drawn = Array.from({ length: rounds.rounds }, () =>
      Array.from({ length: batches }, () => drawAmounts(batchRows, keys, draw)),
    );
    for (const batch of drawn.flat()) this.#reference.add(batch);
    const contestant = (of: string, apply: (drawn: readonly KeyedAmounts[]) => Promise<void> | void) => {
      const left = [...drawn];
      return new Contestant(async () => {
        this.#note(`${name}: ${of}`);
        await apply(left.shift() as KeyedAmounts[]);
      }, this.#context);
    };
    this.#memory.begin();
    const contestants = {
      small: contestant(`Millrace, ${budgetBytes / MiB} MiB for pages`, (of) => this.#apply(small, of, true)),
      whole: contestant("Millrace, all in memory", (of) => this.#apply(whole, of, false)),
      level: contestant("LevelDB, read and write by batch", async (of) => {
        for (const batch of of) await level.apply(batch);
      }),
    };
    const samples = await measureInTurns(
      {
        small: () => contestants.small.run(),
        whole: () => contestants.whole.run(),
        level: () => contestants.level.run(),
      },
      rounds,
    );
    const rows = batches * batchRows;
    const rate = (of: string, from: number[]) => rateFigure(`${name}: ${of}`, rows, from, "rows/s");
    const spilled = rate(`Millrace, ${budgetBytes / MiB} MiB for pages`, samples.small);
    const inMemory = rate("Millrace, all in memory", samples.whole);
    const levelDb = rate("LevelDB, read and write by batch", samples.level);
    const processor = (of: string, { processorMs }: Contestant): Figure => {
      const values = processorMs.map((ms) => (ms * 1000) / rows);
      return { name: `${name}: processor time of ${of}`, value: median(values), unit: "µs/row", values };
    };
    const own = processor("Millrace", contestants.small);
    const ofLevel = processor("LevelDB", contestants.level);
    const atLeastOne = { atLeast: 1 };
    return {
      figures: [spilled, inMemory, levelDb, own, ofLevel],
      level: ratioOf(`${name}: Millrace to LevelDB`, spilled, levelDb, atLeastOne),
      levelProcessor: ratioOf(`${name}: LevelDB's processor time to Millrace's`, ofLevel, own, atLeastOne),
      whole: ratioOf(`${name}: slower than in memory`, inMemory, spilled),
    };
  }

  /** A checkpoint at the end stores all that was changed: else a part of the work would be left out. */
  #apply(partition: FilePartition, drawn: readonly KeyedAmounts[], withCheckpoint: boolean): void {
    for (const batch of drawn) partition.append(batch);
    let steps = 0;
    partition.settle(withCheckpoint, () => {
      if (withCheckpoint && steps++ % 64 === 0) this.#memory.note(partition);
    });
  }

  #note(what: string): void {
    this.#context.note(`${what} (${Math.round(performance.now() / 1000)} s)`);
  }

  async #checks({ small, whole, level }: Contestants): Promise<Check[]> {
    this.#note("checking");
    const expected = this.#reference.digest();
    const check = (name: string, found: string) => ({ name, found, expected });
    const { keys } = this.#sizes;
    const ofLevel = new Reference(keys, false);
    for await (const { key, count, sum } of level.totals()) ofLevel.set(key, count, sum);
    const digestOf = (partition: FilePartition) => {
      const found = new Reference(keys, false);
      for (const { key, count, sum } of partition.totals()) found.set(key, count, sum);
      return found.digest();
    };
    return [
      check("every count and sum with the small budget", digestOf(small)),
      check("every count and sum in memory", digestOf(whole)),
      check("every count and sum in LevelDB", ofLevel.digest()),
    ];
  }
}

interface Contestants {
  readonly small: FilePartition;
  readonly whole: FilePartition;
  readonly level: LevelTotals;
}

/** Times its work by the clock; by the processor until the threads behind it rest. */
class Contestant {
  readonly processorMs: number[] = [];
  readonly #work: () => Promise<void>;
  readonly #context: BenchContext;

  constructor(work: () => Promise<void>, context: BenchContext) {
    this.#work = work;
    this.#context = context;
  }

  async run(): Promise<number> {
    const [before, started] = [processorMs(), performance.now()];
    await this.#work();
    const duration = performance.now() - started;
    await quiet(this.#context);
    this.processorMs.push(processorMs() - before);
    return duration;
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Waits until the process uses next to no processor time: nothing works in the background any more. */
async function quiet({ isSmoke }: BenchContext): Promise<void> {
  const end = performance.now() + (isSmoke ? 0 : quietMsMax);
  for (let before = processorMs(), calm = 0; calm < 3 && performance.now() < end; before = processorMs()) {
    await setTimeout(100);
    calm = processorMs() - before < 5 ? calm + 1 : 0;
  }
}

function loadsPerPage(partition: FilePartition): number {
  const { loads, pages } = partition.statistics;
  return loads / Math.max(1, pages);
}

function amountOf(key: number): number {
  return key % 100;
}

/** Counts and sums of all keys, as they must be. */
class Reference {
  readonly #counts: Uint32Array;
  readonly #sums: Float64Array;

  constructor(keys: number, isFilled = true) {
    this.#counts = new Uint32Array(keys).fill(isFilled ? 1 : 0);
    this.#sums = isFilled
      ? Float64Array.from({ length: keys }, (_, key) => amountOf(key))
      : new Float64Array(keys);
  }

  add({ keys, amounts }: KeyedAmounts): void {
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row] as number;
      this.#counts[key] = (this.#counts[key] as number) + 1;
      this.#sums[key] = (this.#sums[key] as number) + (amounts[row] as number);
    }
  }

  set(key: number, count: number, sum: number): void {
    this.#counts[key] = count;
    this.#sums[key] = sum;
  }

  digest(): string {
    const bytesOf = ({ buffer }: Uint32Array | Float64Array) =>
      Buffer.from(buffer as ArrayBuffer).toString("latin1");
    return digest(bytesOf(this.#counts)) + digest(bytesOf(this.#sums));
  }
}

/** Memory while the small budget works: of the kernel, and of the process beside what the others hold. */
class MemoryFacts {
  readonly #wasm: number[] = [];
  readonly #resident: number[] = [];
  #before = 0;

  begin(): void {
    this.#before = process.memoryUsage.rss();
  }

  note({ wasmBytes }: FilePartition): void {
    this.#wasm.push(wasmBytes / MiB);
    this.#resident.push((process.memoryUsage.rss() - this.#before) / MiB);
  }

  figures(): Figure[] {
    const most = (values: readonly number[]) =>
      values.reduce((largest, value) => Math.max(largest, value), 0);
    const half = this.#wasm.length >> 1;
    return [
      { name: "Wasm memory, first half of the run", value: most(this.#wasm.slice(0, half + 1)), unit: "MiB" },
      { name: "Wasm memory, second half", value: most(this.#wasm.slice(half)), unit: "MiB" },
      {
        name: "process memory above its start, at most",
        value: Math.max(1, most(this.#resident)),
        unit: "MiB",
      },
    ];
  }
}
