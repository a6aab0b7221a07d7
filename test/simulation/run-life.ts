/**
 * One life: chaos, then healing, then rest, then judgement.
 *
 * Once the faults are over everything must come to its end by itself. Clients get their answers; then, with
 * every process ended once more in most lives and no request coming, alarms alone finish the work and fall
 * silent.
 */

import type { Partition } from "../../src/engine/partition.ts";
import type { ViewAnswer } from "../../src/protocol/answers.ts";
import type { NodeStorage } from "../support/node-storage.ts";
import { branchRowsOf, checkBranch } from "./check-branch.ts";
import { checkDrained } from "./check-drained.ts";
import {
  checkCounts,
  checkExchange,
  checkFork,
  checkLogs,
  checkMended,
  checkSentCounts,
  checkStep,
  checkStepView,
  checkView,
  filteredOf,
  type JobLog,
  jobLogOf,
  lateRowsOf,
  openPartition,
  readLog,
  type ShardLog,
} from "./check-life.ts";
import { checkProducers } from "./check-producers.ts";
import { checkSink, readSinkLog } from "./check-sink.ts";
import { Clients } from "./clients.ts";
import { Deployment } from "./deployment.ts";
import {
  drawLife,
  forkOf,
  type JobPlan,
  type LifePlan,
  needsExchange,
  sourcesOf,
  viewsOf,
} from "./draw-life.ts";
import { historiesOf } from "./histories.ts";
import { type LoggedRow, resultRowsOf, sentRowsOf } from "./logged-rows.ts";
import { plantBug } from "./planted-bugs.ts";
import type { Plant } from "./plants.ts";
import { checkQuery } from "./query-tables.ts";
import type { StreamName } from "./sent-requests.ts";
import { describe } from "./simulated-process.ts";
import { type Problem, Simulation } from "./simulation.ts";
import { readStageLog, recordsOf } from "./stage-log.ts";
import { tightenLimits } from "./tight-limits.ts";

/** Longer than any message of the chaos is on its way. */
const aftermathMs = 30_000;

/** With the faults over: simulated time, and events, within which anything must come to its end. */
const patienceMs = 3_600_000;
const eventsMax = 200_000;

/** Problems that are told; one is enough to fail. */
const problemsMax = 12;

export interface Life {
  readonly plan: LifePlan;
  readonly problems: readonly Problem[];
  readonly events: number;
  /** The hash of the history, equal for equal seeds. */
  readonly trace: string;
  readonly rowsLogged: number;
}

/** Runs the life of a seed, or of a plan that was made from one. */
export async function runLife(
  seedOrPlan: number | LifePlan,
  plant?: Plant,
  onTrace?: (line: string) => void,
): Promise<Life> {
  const plan = typeof seedOrPlan === "number" ? drawLife(seedOrPlan) : seedOrPlan;
  const simulation = new Simulation(plan, plant, onTrace);
  const takeOut = plantBug(plant, () => simulation.now);
  const loosen = tightenLimits(plan);
  const deployment = new Deployment(simulation);
  const life = new LifeCourse(simulation, deployment);
  try {
    await life.run();
  } catch (thrown) {
    simulation.report("crashed", `the life broke off: ${describe(thrown)}`);
  } finally {
    deployment.close();
    takeOut();
    loosen();
  }
  const { events, traceHash, problems } = simulation;
  return {
    plan,
    problems: problems.slice(0, problemsMax),
    events,
    trace: traceHash,
    rowsLogged: life.rowsLogged,
  };
}

class LifeCourse {
  rowsLogged = 0;
  readonly #simulation: Simulation;
  readonly #deployment: Deployment;

  constructor(simulation: Simulation, deployment: Deployment) {
    this.#simulation = simulation;
    this.#deployment = deployment;
  }

  async run(): Promise<void> {
    const simulation = this.#simulation;
    const { plan } = simulation;
    const clients = await this.#startClients();
    this.#planCrash();
    this.#planEviction();
    this.#planFullDisk();
    for (const ms of plan.deploysAtMs) this.#planDeploy(ms);
    for (const { atMs, byMs } of plan.clocksBack) this.#planClocksBack(atMs, byMs);
    const healsAt = simulation.now + plan.chaosMs;
    while (simulation.now < healsAt && this.#isSound && (await simulation.step())) {}
    simulation.heal();
    clients.isOver = true;
    await this.#until("the clients get their answers", () => clients.busy === 0);
    await this.#pass(aftermathMs);
    for (const name of this.#jobNames) clients.insist((rpc) => rpc.setJobState(name, "running"));
    await this.#until("all jobs run again", () => clients.busy === 0);
    clients.endStreams();
    await this.#until("streams end", () => clients.busy === 0);
    if (plan.endsInCrash)
      for (const process of this.#deployment.mortals) process.crash("the end of the chaos");
    await this.#until("all alarms fall silent", () => simulation.queue.waiting() === 0);
    if (this.#isSound) this.#checkRest();
    if (this.#isSound) await this.#judge(clients);
  }

  /** The jobs that there are in the end. */
  get #jobs(): readonly JobPlan[] {
    const { plan } = this.#simulation;
    return this.#unforked.flatMap((job) => {
      if (!job.fork) return [job];
      return job.fork.drains ? [forkOf(plan, job)] : [job, forkOf(plan, job)];
    });
  }

  get #jobNames(): string[] {
    return [...this.#jobs, ...this.#simulation.plan.queries].map(({ name }) => name);
  }

  get #unforked(): readonly JobPlan[] {
    return this.#simulation.plan.jobs.filter(({ isDropped }) => !isDropped);
  }

  get #isSound(): boolean {
    return this.#simulation.problems.length === 0;
  }

  async #startClients(): Promise<Clients> {
    let clients: Clients | undefined;
    await this.#deployment.client.turn((_, life) => {
      clients = new Clients(this.#simulation, this.#deployment, life);
      clients.start();
    });
    return clients as unknown as Clients;
  }

  /** Ends some process, and plans the next such end, until the life heals. */
  #planCrash(): void {
    const { crashEveryMs } = this.#simulation.faults;
    if (crashEveryMs === undefined) return;
    this.#simulation.queue.add("fault", "crash", this.#simulation.random.below(2 * crashEveryMs), () => {
      if (this.#simulation.faults.crashEveryMs === undefined) return;
      this.#simulation.random.pick(this.#deployment.mortals).crash("crash between turns");
      this.#planCrash();
    });
  }

  /** Has a hub leave memory now and then, until the life heals: its subscribers stay. */
  #planEviction(): void {
    const { random, queue, plan } = this.#simulation;
    if (plan.subscribers.length === 0) return;
    queue.add("fault", "eviction", random.below(20_000), () => {
      if (this.#simulation.hasHealed) return;
      const { processes } = this.#deployment.hubs;
      if (processes.length > 0) random.pick(processes).evict();
      this.#planEviction();
    });
  }

  /** Fills the disk of some process for a while, and plans the next time, until the life heals. */
  #planFullDisk(): void {
    const { fullDiskEveryMs } = this.#simulation.faults;
    if (fullDiskEveryMs === undefined) return;
    const { random } = this.#simulation;
    this.#simulation.queue.add("fault", "full disk", random.below(2 * fullDiskEveryMs), () => {
      if (this.#simulation.hasHealed) return;
      random.pick(this.#deployment.mortals).fillDisk(random.pick([50, 1_000, 8_000]));
      this.#planFullDisk();
    });
  }

  #planClocksBack(atMs: number, byMs: number): void {
    this.#simulation.queue.add("fault", "clocks back", atMs, () => {
      if (!this.#simulation.hasHealed) this.#simulation.setClocksBack(byMs);
    });
  }

  /** Ends all processes at once, unless the life has healed by then. */
  #planDeploy(ms: number): void {
    this.#simulation.queue.add("fault", "deploy", ms, () => {
      if (this.#simulation.hasHealed) return;
      for (const process of this.#deployment.mortals) process.crash("a deploy");
    });
  }

  async #pass(ms: number): Promise<void> {
    let isOver = false;
    this.#simulation.queue.add("fault", "time passes", ms, () => {
      isOver = true;
    });
    await this.#until("time passes", () => isOver);
  }

  async #until(what: string, isDone: () => boolean): Promise<void> {
    const simulation = this.#simulation;
    const [end, last] = [simulation.now + patienceMs, simulation.events + eventsMax];
    while (this.#isSound && !isDone()) {
      const hasMore = await simulation.step();
      if (isDone()) return;
      if (hasMore && simulation.now < end && simulation.events < last) continue;
      simulation.report(
        "stuck",
        `in vain it was waited that ${what}; ${simulation.queue.waiting()} events wait`,
      );
    }
  }

  /** At rest no shard has work left for which no alarm would wake it. */
  #checkRest(): void {
    for (const { name, storage } of this.#deployment.shards.values()) {
      if (!storage) continue;
      const partition = openPartition(this.#simulation, storage);
      this.#checkWindows(name, partition);
      const at = partition.nextAlarm();
      if (at !== undefined) this.#simulation.report("stuck", `${name} rests without an alarm, but needs one`);
      storage.crash();
    }
  }

  /** An idle stream that follows the clock fires all that it has, by alarms alone. */
  #checkWindows(name: string, partition: Partition): void {
    if (this.#simulation.plan.idle !== "advance" || !partition.isSetUp) return;
    for (const { job, openWindows, counts } of partition.jobs.statuses()) {
      if (openWindows === 0) continue;
      this.#simulation.report(
        "stuck",
        `${name} rests with ${openWindows} open windows of ${job}, ${counts.rows} rows`,
      );
    }
  }

  async #judge(clients: Clients): Promise<void> {
    const simulation = this.#simulation;
    const jobs = this.#jobs;
    const views = new Map<string, ViewAnswer["rows"]>();
    const queried = new Map<string, readonly (readonly unknown[])[]>();
    clients.readQueries(queried);
    clients.lookOnce();
    for (const job of jobs) for (const view of viewsOf(job)) clients.readInto(views, view);
    for (const name of this.#jobNames) {
      clients.ask(
        (rpc) => rpc.job(name),
        (answer) => {
          const isRunning =
            answer.ok && answer.value.state === "running" && answer.value.unreachable.length === 0;
          if (!isRunning) simulation.report("stuck", `${name} does not run: ${JSON.stringify(answer)}`);
        },
      );
    }
    for (const { name, savesAtMs } of jobs) {
      if (savesAtMs.length === 0) continue;
      clients.ask(
        (rpc) => rpc.savepoints(name),
        (answer) => {
          const states = answer.ok ? answer.value.map(({ state }) => state) : ["unknown"];
          const isLeft = states.some((state) => state !== "done");
          if (isLeft) simulation.report("stuck", `the savepoints of ${name} are ${states.join(", ")}`);
        },
      );
    }
    clients.ask(
      (rpc) => rpc.jobs(),
      (answer) => {
        const found = answer.ok ? answer.value.map(({ job }) => job) : [];
        this.#agree("the coordinator's jobs", found, this.#jobNames);
      },
    );
    await this.#until("views are read", () => clients.busy === 0);
    this.#checkStored(clients, views, queried);
  }

  #checkStored(
    clients: Clients,
    views: ReadonlyMap<string, ViewAnswer["rows"]>,
    queried: ReadonlyMap<string, readonly (readonly unknown[])[]>,
  ): void {
    const simulation = this.#simulation;
    const { plan } = simulation;
    const jobs = this.#jobs;
    const wrong = (problems: readonly string[]) => {
      for (const problem of problems) simulation.report("wrong", problem);
    };
    const names = (wanted: readonly JobPlan[]) => wanted.map(({ name }) => name);
    const logsOf = (stream: StreamName) => {
      const logs = this.#visit(stream, readLog);
      this.#visit(stream, (partition, _, name) => {
        wrong(checkMended(partition, clients.mender).map((text) => `${name}: ${text}`));
      });
      const reads = (job: JobPlan) => sourcesOf(job).includes(stream);
      this.#visit(stream, (partition, _, name) => {
        const found = partition.jobs.statuses().map(({ job }) => job);
        const queries = plan.queries.filter((query) => query.reads.includes(stream));
        const wanted = names(jobs.filter(reads)).concat(queries.map((query) => query.name));
        this.#agree(`the jobs of ${name}`, found, wanted);
        const log = logs.find(({ shard }) => shard === partition.identity.shard) as ShardLog;
        const check = (job: JobPlan) =>
          needsExchange(plan, job)
            ? checkSentCounts(job, log, partition)
            : this.#checkCounts(
                job,
                logs.map((each) => jobLogOf(job, each)),
                partition,
                filteredOf(job, log),
              );
        const problems = this.#unforked.filter((job) => !job.fork?.drains && reads(job)).flatMap(check);
        wrong(problems.map((text) => `${name}: ${text}`));
      });
      return logs;
    };
    const logsBy = { events: logsOf("events"), others: logsOf("others") };
    const logs = [...logsBy.events, ...logsBy.others];
    for (const stream of ["events", "others"]) {
      const shards = this.#visit(stream, ({ identity }, storage) => ({
        identity,
        records: recordsOf(storage),
      }));
      wrong(checkProducers(shards, plan.lagMs !== undefined));
    }
    wrong(checkLogs(clients.sent, logs));
    for (const subscriber of clients.subscribers) {
      wrong(subscriber.check(views.get(subscriber.plan.view) ?? []));
    }
    for (const job of this.#unforked) {
      const read = sourcesOf(job).flatMap((stream) => logsBy[stream]);
      wrong(this.#checkSink(job, views));
      if (job.fork?.drains) {
        wrong(checkDrained(plan, job, read, clients.drained.get(job.name), views));
        continue;
      }
      wrong(this.#checkJob(job, read, views));
      if (job.fork) wrong(checkFork(job, forkOf(plan, job), views));
    }
    for (const query of plan.queries) {
      const logged = { events: sourceRowsOf(logsBy.events), others: sourceRowsOf(logsBy.others) };
      wrong(checkQuery(query, logged, queried.get(query.name) ?? []));
    }
    this.rowsLogged = logs.flatMap(({ frames }) => frames.flat()).length;
    for (const [view, rows] of views)
      for (const row of rows) simulation.tell(`${view} ${JSON.stringify(row)}`);
  }

  /** The stream that a job writes to, and the one that goes on after it. */
  #checkSink(job: JobPlan, views: ReadonlyMap<string, ViewAnswer["rows"]>): string[] {
    if (!job.into) return [];
    const shards = this.#visit(job.into.stream, (partition, storage) => readSinkLog(job, partition, storage));
    const last = job.fork?.drains ? forkOf(this.#simulation.plan, job) : job;
    return checkSink(job, views.get(viewsOf(last)[0] ?? "") ?? [], shards);
  }

  /** The stages of one job behind the shards, and its views. */
  #checkJob(
    job: JobPlan,
    logs: readonly ShardLog[],
    views: ReadonlyMap<string, ViewAnswer["rows"]>,
  ): string[] {
    const { plan } = this.#simulation;
    const problems: string[] = [];
    let number = 0;
    let applied: readonly JobLog[] = logs.map((log) => jobLogOf(job, log));
    const [firstView = "", secondView = ""] = viewsOf(job);
    const rows = views.get(firstView) ?? [];
    if (needsExchange(plan, job)) {
      const stream = `${job.name}/${++number}`;
      const stage = this.#visit(stream, (partition, storage) =>
        readStageLog(partition, storage, (...batch) => sentRowsOf(job, ...batch)),
      );
      this.#visit(stream, (partition, _, name) => {
        problems.push(...this.#checkCounts(job, stage, partition, 0).map((text) => `${name}: ${text}`));
      });
      problems.push(...checkExchange(job, logs, stage));
      applied = stage;
    }
    problems.push(...checkView(plan, job, applied, rows));
    if (job.step) {
      const results = this.#visit(`${job.name}/${++number}`, (partition, storage) =>
        readStageLog(partition, storage, (...batch) => resultRowsOf(job, ...batch)),
      );
      problems.push(...checkStep(job, rows, results));
      problems.push(...checkStepView(job, results, views.get(secondView) ?? []));
    }
    const branchViews = viewsOf(job).slice(job.step ? 2 : 1);
    const sources = {
      views: [rows, ...branchViews.map((view) => views.get(view) ?? [])],
      rows: sourceRowsOf(logs),
      late: lateRowsOf(plan, job, applied),
    };
    for (const [index, branch] of job.branches.entries()) {
      const stage = this.#visit(`${job.name}/${++number}`, (partition, storage) =>
        readStageLog(partition, storage, (...batch) => branchRowsOf(job, branch, ...batch)),
      );
      problems.push(...checkBranch(job, index, sources, stage));
    }
    return problems;
  }

  #checkCounts(job: JobPlan, logs: readonly JobLog[], partition: Partition, filtered: number): string[] {
    const index = logs.findIndex(({ shard }) => shard === partition.identity.shard);
    const [log, history] = [logs[index], historiesOf(logs)[index]];
    if (!log || !history) return ["there is no log"];
    return checkCounts(this.#simulation.plan, job, log, history, partition, filtered);
  }

  /** Opens each partition of a stream as it rests, lets it do what it still can, and looks at it. */
  #visit<Seen>(
    stream: string,
    look: (partition: Partition, storage: NodeStorage, name: string) => Seen,
  ): Seen[] {
    return [...this.#deployment.shards.values()].flatMap(({ storage, name }) => {
      if (!name.startsWith(`stream/${stream}/`) || !storage) return [];
      const partition = openPartition(this.#simulation, storage);
      while (partition.step() > 0) {}
      const seen = partition.isSetUp ? [look(partition, storage, name)] : [];
      storage.crash();
      return seen;
    });
  }

  #agree(what: string, found: readonly string[], expected: readonly string[]): void {
    const [left, right] = [found, expected].map((names) => [...names].sort().join(", "));
    if (left !== right) this.#simulation.report("wrong", `${what} are ${left}, expected ${right}`);
  }
}

/** The rows of logs that are some, and not only bring a watermark. */
function sourceRowsOf(logs: readonly ShardLog[]): LoggedRow[] {
  return logs.flatMap(({ frames }) => frames.flat().filter(({ id }) => id !== undefined));
}
