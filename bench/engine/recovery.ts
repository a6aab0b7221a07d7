/**
 * An object was evicted: how long until its view answers, with a large state and with a small one? Behind the
 * checkpoint of both lies the same log.
 *
 * The first answer is what the checkpoint holds. The second has the log behind it as well, which the job has
 * to apply first. Opening the object, with a new kernel, is part of both.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MiB, pageBudgetBytes } from "../../src/base/limits.ts";
import type { Bench, BenchContext, BenchOutcome, Check } from "../harness/bench.ts";
import { durationFigure, ratioOf } from "../harness/figures.ts";
import { measureInTurns, roundsFor } from "../harness/measure.ts";
import { drawAmounts, uniformKeys } from "../inputs/keyed-amounts.ts";
import { FilePartition, keysInHashOrder, rowsPerFrame } from "./file-partition.ts";
import { readKernelModule } from "./kernel-module.ts";

/** Keys that make a state of 1 GiB, and of 10 MiB. */
const largeKeys = 11_500_000;
const smallKeys = 112_000;

/** The log behind the checkpoint: rows, and keys that they are of, which both states have. */
const suffixRows = 20_000;
const suffixKeys = 200;

export const recovery: Bench = {
  name: "recovery",
  question: "How long after an eviction does a view answer, with 1 GiB of state and with 10 MiB?",
  run: async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-recovery-"));
    try {
      return await measure(context, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(context: BenchContext, folder: string): Promise<BenchOutcome> {
  const { isSmoke, note } = context;
  const keys = isSmoke ? { large: 20_000, small: 1000 } : { large: largeKeys, small: smallKeys };
  const fill = (name: keyof typeof keys) => {
    note(`filling the ${name} state`);
    return fillPartition(join(folder, name), keys[name]);
  };
  const partitions = { large: fill("large"), small: fill("small") };
  const answers: Record<string, string> = {};
  const firstAnswer = (name: keyof typeof partitions) => () => {
    partitions[name].evict();
    answers[name] = JSON.stringify(partitions[name].lookUp(17));
    return undefined;
  };
  const wholeAnswer = (name: keyof typeof partitions) => () => {
    partitions[name].evict();
    partitions[name].settle(false);
    answers[`${name}, whole`] = JSON.stringify(partitions[name].lookUp(17));
    return undefined;
  };
  const samples = await measureInTurns(
    {
      large: firstAnswer("large"),
      small: firstAnswer("small"),
      largeWhole: wholeAnswer("large"),
      smallWhole: wholeAnswer("small"),
    },
    roundsFor(context),
  );
  const figure = (name: string, of: readonly number[]) => durationFigure(name, of);
  const first = {
    large: figure("first answer, 1 GiB", samples.large),
    small: figure("first answer, 10 MiB", samples.small),
  };
  const whole = {
    large: figure("answer with the log behind the checkpoint, 1 GiB", samples.largeWhole),
    small: figure("the same, 10 MiB", samples.smallWhole),
  };
  const stateMiB = (name: keyof typeof partitions) => ({
    name: `bytes of pages, ${name}`,
    value: partitions[name].stateBytes() / MiB,
    unit: "MiB",
  });
  const figures = [stateMiB("large"), stateMiB("small"), first.large, first.small, whole.large, whole.small];
  for (const partition of Object.values(partitions)) partition.close();
  return {
    settings: { ...keys, suffixRows, suffixKeys },
    figures,
    ratios: [
      ratioOf("first answer: 1 GiB to 10 MiB", first.large, first.small, { atMost: 2 }),
      ratioOf("answer with the log: 1 GiB to 10 MiB", whole.large, whole.small, { atMost: 2 }),
    ],
    checks: checksOf(answers),
  };
}

/** The state in a checkpoint, and a log that begins behind it: a start reads its newest rows. */
function fillPartition(path: string, count: number): FilePartition {
  const module = readKernelModule();
  const partition = new FilePartition(module, path, pageBudgetBytes);
  const inOrder = keysInHashOrder(module, count);
  for (let from = 0; from < count; from += rowsPerFrame) {
    const keys = inOrder.subarray(from, from + rowsPerFrame);
    partition.append({ keys, amounts: keys.map((key) => key % 100) });
    partition.settle(false);
  }
  partition.settle(true);
  partition.trim();
  partition.append(suffix());
  return partition;
}

const suffix = () => drawAmounts(suffixRows, suffixKeys, uniformKeys(3));

function checksOf(answers: Readonly<Record<string, string>>): Check[] {
  const { keys, amounts } = suffix();
  let [count, sum] = [1, 17];
  const before = JSON.stringify({ key: 17, count, sum });
  keys.forEach((key, row) => {
    if (key !== 17) return;
    count++;
    sum += amounts[row] as number;
  });
  const after = JSON.stringify({ key: 17, count, sum });
  return Object.entries(answers).map(([name, found]) => ({
    name: `answer of the ${name}`,
    found,
    expected: name.endsWith("whole") ? after : before,
  }));
}
