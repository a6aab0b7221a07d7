/**
 * One tumbling question to three contestants in turns: Millrace in one process, DuckDB with one thread, and
 * JavaScript. All get the same NDJSON and must arrive at the same rows.
 *
 * Millrace's figure holds all that happens to a body but the disk: decoding with all its checks, the frame
 * and its checksum, the frame's decoding, and the job's task up to fired windows. Parts of it are measured
 * alone as well.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ViewRow } from "../../src/engine/partition-types.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import type { Check, Figure, Ratio, Target } from "../harness/bench.ts";
import { rateFigure, ratioOf } from "../harness/figures.ts";
import { measureInTurns, type Rounds, type Work } from "../harness/measure.ts";
import type { Bodies } from "../inputs/bodies.ts";
import { DuckTumbling, type DuckTumblingQuery } from "../peers/duckdb-tumbling.ts";
import { digestRows, type TumblingRow } from "../peers/tumbling-result.ts";
import { BodyEncoder } from "./body-encoder.ts";
import { InProcessTask } from "./in-process-task.ts";
import { readKernelModule } from "./kernel-module.ts";
import { KernelPipeline } from "./kernel-pipeline.ts";

export interface TumblingContest {
  /** Put before the names of figures, ratios and checks. */
  readonly label: string;
  readonly input: Bodies;
  readonly stream: unknown;
  readonly job: unknown;
  readonly pageBudgetBytes: number;
  /** Name of the view's key column. */
  readonly key: string;
  readonly duck: Omit<DuckTumblingQuery, "path">;
  /** Answers the same in JavaScript; left out where JavaScript is no contestant. */
  readonly javaScript?: (bodies: readonly Uint8Array[]) => Iterable<TumblingRow>;
  readonly targets?: { readonly duck?: Target; readonly javaScript?: Target };
  /** `digestRows` of the right rows, for a whole run. */
  readonly recorded?: string;
  readonly rounds: Rounds;
}

export interface ContestResult {
  readonly figures: Figure[];
  readonly ratios: Ratio[];
  readonly checks: Check[];
}

export async function runTumblingContest(contest: TumblingContest): Promise<ContestResult> {
  const { input } = contest;
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    const path = join(folder, "input.ndjson");
    writeFileSync(path, Buffer.concat(input.bodies));
    // The file is to be in the page cache: DuckDB is not to wait for the disk.
    readFileSync(path);
    const duck = await DuckTumbling.open({ ...contest.duck, path });
    try {
      return await measure(contest, duck);
    } finally {
      duck.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(contest: TumblingContest, duck: DuckTumbling): Promise<ContestResult> {
  const { input, label, javaScript, targets = {} } = contest;
  const millrace = new MillraceRuns(contest);
  let javaScriptRows: Iterable<TumblingRow> = [];
  const contestants: Record<string, Work> = {
    kernels: () => millrace.runKernels(),
    whole: () => millrace.runWhole(),
    encode: () => millrace.runEncoder(),
    task: () => millrace.runTask(),
    duck: () => duck.run(),
  };
  if (javaScript) {
    contestants.javaScript = () => {
      javaScriptRows = javaScript(input.bodies);
      return undefined;
    };
  }
  const samples = await measureInTurns(contestants, contest.rounds);
  const rate = (name: string, samplesOf: string) =>
    rateFigure(`${label}: ${name}`, input.events, samples[samplesOf] ?? []);
  const kernels = rate("NDJSON to keyed windows, kernels alone", "kernels");
  const whole = rate("NDJSON by frames to fired windows, the product's path", "whole");
  const duckRate = rate("DuckDB, one thread", "duck");
  const figures = [
    kernels,
    whole,
    rate("  of it NDJSON to frames", "encode"),
    rate("  of it frames to fired windows", "task"),
    duckRate,
  ];
  const ratios = [
    ratioOf(`${label}: kernels to DuckDB`, kernels, duckRate, targets.duck),
    ratioOf(`${label}: product's path to DuckDB`, whole, duckRate),
  ];
  const found = millrace.digest();
  const checks: Check[] = [
    {
      name: `${label}: the kernels' rows equal the product's`,
      found: millrace.kernelsDigest(),
      expected: found,
    },
    { name: `${label}: rows equal DuckDB's`, found, expected: digestRows(await duck.rows()) },
    ...recordedCheck(contest, found),
  ];
  if (javaScript) {
    const javaScriptRate = rate("JSON.parse and Map", "javaScript");
    figures.push(javaScriptRate);
    ratios.push(
      ratioOf(`${label}: kernels to JSON.parse and Map`, kernels, javaScriptRate, targets.javaScript),
      ratioOf(`${label}: product's path to JSON.parse and Map`, whole, javaScriptRate),
    );
    checks.push({
      name: `${label}: rows equal JavaScript's`,
      found,
      expected: digestRows(javaScriptRows),
    });
  }
  return { figures, ratios, checks };
}

function recordedCheck({ label, recorded }: TumblingContest, found: string): Check[] {
  return recorded === undefined ? [] : [{ name: `${label}: rows as recorded`, found, expected: recorded }];
}

/** Every run begins with an empty state; opening and closing it is not part of a sample. */
class MillraceRuns {
  readonly #contest: TumblingContest;
  readonly #module = readKernelModule();
  readonly #encoder: BodyEncoder;
  readonly #frames: Uint8Array[] = [];
  #last: InProcessTask | undefined;
  #kernels: KernelPipeline | undefined;

  constructor(contest: TumblingContest) {
    this.#contest = contest;
    this.#encoder = new BodyEncoder(this.#module, contest.stream);
    for (const body of contest.input.bodies) {
      for (const { bytes } of this.#encoder.encode(body)) this.#frames.push(bytes);
    }
  }

  runWhole(): number {
    return this.#run((task) => {
      for (const body of this.#contest.input.bodies) {
        for (const { bytes } of this.#encoder.encode(body)) task.apply(bytes);
      }
    });
  }

  runTask(): number {
    return this.#run((task) => {
      for (const frame of this.#frames) task.apply(frame);
    });
  }

  runEncoder(): undefined {
    for (const body of this.#contest.input.bodies) this.#encoder.encode(body);
  }

  runKernels(): number {
    const { stream, job, pageBudgetBytes, input } = this.#contest;
    this.#kernels ??= new KernelPipeline(this.#module, stream, job, pageBudgetBytes);
    const pipeline = this.#kernels;
    pipeline.reset();
    const started = performance.now();
    for (const body of input.bodies) pipeline.apply(body);
    return performance.now() - started;
  }

  kernelsDigest(): string {
    const rows = this.#kernels?.rows() ?? [];
    const { key } = this.#contest;
    return digestRows(Array.from(rows, (values) => rowOf(values as ViewRow["values"], key)));
  }

  /** Of the rows of the last run. */
  digest(): string {
    return digestRows(this.#rows());
  }

  #run(work: (task: InProcessTask) => void): number {
    this.#last?.close();
    const { stream, job, pageBudgetBytes } = this.#contest;
    const task = new InProcessTask(new Kernel(this.#module), stream, job, pageBudgetBytes);
    this.#last = task;
    const started = performance.now();
    work(task);
    task.end();
    return performance.now() - started;
  }

  *#rows(): Generator<TumblingRow> {
    for (const { values } of this.#last?.rows() ?? []) yield rowOf(values, this.#contest.key);
  }
}

function rowOf(values: ViewRow["values"], key: string): TumblingRow {
  return {
    key: String(values[key]),
    windowStart: Date.parse(`${String(values.window_start).replace(" ", "T")}Z`),
    count: Number(values.count),
    sum: Number(values.sum),
    max: Number(values.max),
  };
}
