/**
 * The jobs of a partition that are open in memory, and the kernel with its page cache that they share.
 *
 * After a failure inside the kernel its memory is worth nothing: `drop` lets go of all of it, and every task
 * opens again at its last checkpoint. A job that cannot be opened fails alone and stays closed.
 */
import { Kernel } from "../kernel/kernel.ts";
import { PageCache } from "../kernel/page-cache.ts";
import type { PartitionLog } from "./log/partition-log.ts";
import { OpenJob } from "./open-job.ts";
import type { PartitionIdentity } from "./partition-types.ts";
import type { Ports } from "./ports.ts";
import type { PagePins } from "./state/page-pins.ts";
import type { StoredJob, StoredJobs } from "./stored-jobs.ts";
import { Task } from "./task/task.ts";
import { tryStep } from "./task/try-step.ts";

export interface PartitionOptions {
  readonly module: WebAssembly.Module;
  /** Bytes of pages in memory; asked before work, since partitions that share an isolate come and go. */
  readonly pageBudget: () => number;
  /** Bytes of pages that one turn of a checkpoint writes. */
  readonly checkpointTurnBytes: number;
}

/** What jobs are opened with. */
export interface OpenJobsContext {
  readonly ports: Ports;
  readonly log: PartitionLog;
  readonly options: PartitionOptions;
  readonly identity: () => PartitionIdentity;
  readonly stored: StoredJobs;
  readonly pins: PagePins;
}

/** Lists that every turn asks for several times. */
interface JobLists {
  /** What they were made of, which is replaced where it changes. */
  readonly stored: readonly StoredJob[];
  readonly running: readonly OpenJob[];
  readonly tasks: readonly Task[];
}

export class OpenJobs {
  readonly #context: OpenJobsContext;
  #open: Map<number, OpenJob> | undefined;
  #opened: readonly OpenJob[] = [];
  #lists: JobLists | undefined;
  #cache: PageCache | undefined;

  constructor(context: OpenJobsContext) {
    this.#context = context;
  }

  /** The page cache, made with the kernel when first needed. */
  get cache(): PageCache {
    const { module, pageBudget } = this.#context.options;
    this.#cache ??= new PageCache(new Kernel(module), { budgetBytes: pageBudget() });
    return this.#cache;
  }

  /** Those that are open already. */
  get opened(): readonly OpenJob[] {
    return this.#opened;
  }

  /** Those of them that are to run. */
  get running(): readonly OpenJob[] {
    return this.#listed().running;
  }

  /** The tasks of those that have not failed. */
  get tasks(): readonly Task[] {
    return this.#listed().tasks;
  }

  /** One that is open already. */
  get(run: number): OpenJob | undefined {
    return this.#open?.get(run);
  }

  /** All jobs by run, opened where they are not. */
  all(): ReadonlyMap<number, OpenJob> {
    if (this.#open) return this.#open;
    const open = new Map<number, OpenJob>();
    for (const stored of this.#context.stored.all) this.#openInto(open, stored);
    this.#open = open;
    this.#noteChange();
    return open;
  }

  /** Opens a job that was added, where the others are open. */
  added(stored: StoredJob): void {
    if (this.#open) this.#openInto(this.#open, stored);
    this.#noteChange();
  }

  /** The job, which is tried again where it could not be opened before. */
  openAgain(run: number): OpenJob | undefined {
    this.all();
    const stored = this.#context.stored.byRun(run);
    if (this.#open && stored && !this.#open.has(run)) this.#openInto(this.#open, stored);
    this.#noteChange();
    return this.#open?.get(run);
  }

  /** Gives back the memory of a job that ends. */
  close(run: number): void {
    this.all().get(run)?.task.close();
    this.#open?.delete(run);
    this.#noteChange();
  }

  /** Lets go of all that is in memory; storage keeps the last checkpoints. */
  drop(): void {
    this.#open = undefined;
    this.#cache = undefined;
    this.#noteChange();
  }

  #noteChange(): void {
    this.#opened = [...(this.#open?.values() ?? [])];
    this.#lists = undefined;
  }

  #listed(): JobLists {
    const { stored } = this.#context;
    const opened = this.#opened;
    if (this.#lists?.stored === stored.all) return this.#lists;
    const stateOf = ({ run }: OpenJob) => stored.byRun(run)?.state;
    this.#lists = {
      stored: stored.all,
      running: opened.filter((job) => stateOf(job) === "running"),
      tasks: opened.filter((job) => stateOf(job) !== "failed").map(({ task }) => task),
    };
    return this.#lists;
  }

  /** What fails before a job is looked at is no job's fault. */
  #openInto(open: Map<number, OpenJob>, stored: StoredJob): void {
    const { cache } = this;
    const outcome = tryStep(() => open.set(stored.run, this.#openJob(stored, cache)));
    this.#context.stored.noteOpened(stored, outcome);
  }

  #openJob({ run, plan }: StoredJob, cache: PageCache): OpenJob {
    const { log, pins, identity, ports } = this.#context;
    const { clock, ...outside } = ports;
    const task = { ...outside, log, kernel: cache.kernel, cache, pins, identity };
    return new OpenJob(run, new Task(task, run, plan), log, clock.now());
  }
}
