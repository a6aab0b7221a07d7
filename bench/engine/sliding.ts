/**
 * Sliding windows of a minute, a second apart, against a tumbling window of a minute: what an event costs.
 *
 * Each key has ten events a second. Windows share their slices: an event is added up once, and each window
 * is put together of sums that they share. Rounds use memory that is there already, as a partition does that
 * has run for some time.
 */
import { MiB } from "../../src/base/limits.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { Bench, BenchContext, BenchOutcome, Check } from "../harness/bench.ts";
import { rateFigure, ratioOf } from "../harness/figures.ts";
import { measureInTurns, roundsFor } from "../harness/measure.ts";
import { ndjsonBodies } from "../inputs/bodies.ts";
import { randomFrom } from "../inputs/random.ts";
import { BodyEncoder } from "./body-encoder.ts";
import { InProcessTask } from "./in-process-task.ts";
import { readKernelModule } from "./kernel-module.ts";
import { clickStream, tumblingJob } from "./ndjson-tumble.ts";

const keys = 1000;
const eventsPerKeyAndSecond = 10;
const seconds = 180;
const eventsPerBody = 10_000;
const sizeMs = 60_000;
const pageBudgetBytes = 64 * MiB;

const windows = {
  tumble: { type: "tumble", size: sizeMs },
  hop: { type: "hop", size: sizeMs, slide: 1000 },
} as const;

export const sliding: Bench = {
  name: "sliding",
  question: "What does an event cost in hop(60 s, 1 s), against tumble(60 s)?",
  run: (context) => measure(context),
};

async function measure(context: BenchContext): Promise<BenchOutcome> {
  const size = context.isSmoke ? { keys: 20, seconds: 5 } : { keys, seconds };
  const module = readKernelModule();
  const kernel = new Kernel(module);
  const events = size.keys * eventsPerKeyAndSecond * size.seconds;
  const frames = framesOf(new BodyEncoder(module, clickStream), size);
  const counted: Record<string, string> = {};
  const run = (name: keyof typeof windows) => () => {
    const task = new InProcessTask(
      kernel,
      clickStream,
      { ...tumblingJob, window: windows[name] },
      pageBudgetBytes,
    );
    const started = performance.now();
    for (const frame of frames) task.apply(frame);
    task.end();
    const took = performance.now() - started;
    counted[name] = totalsOf(task);
    task.close();
    return took;
  };
  const samples = await measureInTurns(
    { tumble: run("tumble"), hop: run("hop") },
    roundsFor(context, { warmUps: 5 }),
  );
  const tumble = rateFigure("tumble(60 s)", events, samples.tumble);
  const hop = rateFigure("hop(60 s, 1 s)", events, samples.hop);
  return {
    settings: { ...size, eventsPerKeyAndSecond, eventsPerBody },
    figures: [tumble, hop],
    ratios: [ratioOf("cost of an event: hop to tumble", tumble, hop, { atMost: 1.5 })],
    checks: checksOf(counted, size),
  };
}

/** The events as a partition gets them. As objects they would stay, and the garbage collector reads them. */
function framesOf(encoder: BodyEncoder, size: { keys: number; seconds: number }): Uint8Array[] {
  const { bodies } = ndjsonBodies([...slidingEvents(size.keys, size.seconds)], eventsPerBody);
  return bodies.flatMap((body) => encoder.encode(body).map(({ bytes }) => bytes));
}

function* slidingEvents(keyCount: number, secondsCount: number): Generator<object> {
  const random = randomFrom(5);
  for (let second = 0; second < secondsCount; second++) {
    const perSecond = keyCount * eventsPerKeyAndSecond;
    for (let event = 0; event < perSecond; event++) {
      yield {
        user_id: `u${1_000_000 + Math.floor(random() * keyCount)}`,
        ts: second * 1000 + Math.floor((event / perSecond) * 1000),
        amount: Math.floor(random() * 1000),
      };
    }
  }
}

/** Counts and sums of all windows together. */
function totalsOf(task: InProcessTask): string {
  let [count, sum] = [0, 0];
  for (const { values } of task.rows()) {
    count += Number(values.count);
    sum += Number(values.sum);
  }
  return `${count} ${sum}`;
}

/** Every event is in one tumbling window, and in as many sliding ones as a minute has slides. */
function checksOf(
  counted: Readonly<Record<string, string>>,
  size: { keys: number; seconds: number },
): Check[] {
  let [count, sum] = [0, 0];
  for (const { amount } of slidingEvents(size.keys, size.seconds) as Generator<{ amount: number }>) {
    count++;
    sum += amount;
  }
  const slides = sizeMs / windows.hop.slide;
  return [
    { name: "all tumbling windows together", found: counted.tumble ?? "", expected: `${count} ${sum}` },
    {
      name: "all sliding windows together",
      found: counted.hop ?? "",
      expected: `${count * slides} ${sum * slides}`,
    },
  ];
}
