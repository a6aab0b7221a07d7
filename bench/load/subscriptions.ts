/**
 * Thousands of subscribers to changes of a view, of whom nearly all hear nothing, on one process.
 *
 * A second stream beside the clicks has a view that changes with every event. Most subscribers wait for keys
 * of it that never come (they are in the server's process); the others want all of it. A change is posted ten
 * times a second, with the time at which it was sent, and latency ends when a subscriber has it. Then the
 * clicks are posted as fast as they are taken, in turns with a server that has no subscriber.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, BenchOutcome } from "../harness/bench.ts";
import { ratioOf } from "../harness/figures.ts";
import { quantile, roundsFor } from "../harness/measure.ts";
import { millraceSetup, type WorkerSetup } from "../harness/workerd.ts";
import { Crowd } from "./crowd.ts";
import { LoadGenerator } from "./load-generator.ts";
import { eventsPath, MillraceServer } from "./millrace-server.ts";
import { Subscribers } from "./subscribers.ts";

const eventsPerBody = 10_000;
const keyCount = 10_000;
const connections = 4;
const latencyMsMax = 100;
const withCrowd: WorkerSetup = {
  ...millraceSetup,
  beside: "bench/load/workers/crowd-worker.ts",
};
const stream = "quotes";
const view = "latest";

export const subscriptions: Bench = {
  name: "subscriptions",
  question: "10 000 idle subscribers to a view and 1 000 that a change reaches, in plain workerd",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const [load, subscribers] = [new LoadGenerator(), new Subscribers()];
    stack.defer(() => load.stop());
    stack.defer(() => subscribers.stop());
    const servers: MillraceServer[] = [];
    for (let index = 0; index < 2; index++) {
      const server = await MillraceServer.start(1, undefined, {}, withCrowd);
      stack.defer(() => server.workerd.stop());
      servers.push(server);
    }
    const [followed, alone] = servers as [MillraceServer, MillraceServer];
    return await measure({ load, subscribers, followed, alone }, context);
  },
};

interface Setup {
  readonly load: LoadGenerator;
  readonly subscribers: Subscribers;
  readonly followed: MillraceServer;
  readonly alone: MillraceServer;
}

async function measure(setup: Setup, context: BenchContext): Promise<BenchOutcome> {
  const { subscribers, followed, alone } = setup;
  const [idle, active] = context.isSmoke ? [40, 10] : [10_000, 1_000];
  await startView(followed);
  const { port } = followed.workerd;
  const path = `/v1/views/${view}/changes`;
  const before = residentMiB(followed);
  const openedAt = performance.now();
  const crowd = await Crowd.open(followed.workerd, `${path}?key=idle{n}`, idle);
  const openedMs = performance.now() - openedAt;
  context.note(`${crowd.state.open} idle subscribers in ${Math.round(openedMs)} ms`);
  const heldKiB = ((residentMiB(followed) - before) * 1024) / idle;
  const { open } = await subscribers.open({ port, groups: [{ path, count: active }] });
  context.note(`${open} active subscribers`);
  const posted = context.isSmoke ? 3 : 100;
  const cpuBefore = followed.workerd.cpuMs() ?? 0;
  const latencies = await postChanges(setup, posted, active);
  const cpuMs = ((followed.workerd.cpuMs() ?? 0) - cpuBefore) / posted;
  const rates = await ingestRates(setup, context);
  const { closed } = await subscribers.report();
  const still = await crowd.latest();
  return {
    settings: { idle, active, changes: posted, eventsPerBody, keyCount, connections },
    figures: [
      { name: "a change to an active subscriber, p50", value: quantile(latencies, 0.5), unit: "ms" },
      {
        name: "a change to an active subscriber, p99",
        value: quantile(latencies, 0.99),
        unit: "ms",
        target: { atMost: latencyMsMax },
      },
      { name: "a change to all of them, processor of the server", value: Math.max(cpuMs, 0.001), unit: "ms" },
      { name: "idle subscribers opened", value: (idle / openedMs) * 1000, unit: "per second" },
      { name: "memory for both ends of an idle one", value: Math.max(heldKiB, 0.001), unit: "KiB" },
      rates.followed,
      rates.alone,
    ],
    ratios: [ratioOf("ingest with subscribers to without", rates.followed, rates.alone, { atLeast: 0.9 })],
    checks: [
      { name: "changes that came to active subscribers", ...count(latencies.length, posted * active) },
      { name: "active subscribers that were closed", ...count(closed, 0) },
      { name: "idle subscribers", ...count(still.open, idle) },
      { name: "messages to idle subscribers", ...count(still.messages, 0) },
      ...(await followed.checks()),
      ...(await alone.checks()),
    ],
  };
}

async function startView({ client }: MillraceServer): Promise<void> {
  const columns = [
    { name: "time", type: "TIMESTAMP(3)" as const },
    { name: "symbol", type: "STRING" as const },
    { name: "sent", type: "DOUBLE" as const },
  ];
  await client.streams.put(stream, { columns, eventTime: { column: "time" } });
  const aggregates = { sent: { function: "last_value" as const, argument: "sent" } };
  await client.jobs.put(view, { source: stream, key: ["symbol"], aggregates });
  while ((await client.jobs.get(view)).state !== "running") await sleep(5);
}

/** Posts changes on time; returns how long each took to each active subscriber. */
async function postChanges(
  { followed, subscribers }: Setup,
  changes: number,
  active: number,
): Promise<number[]> {
  const latencies: number[] = [];
  for (let change = 0; change < changes; change++) {
    await sleep(100);
    await postChange(followed, change);
  }
  for (let attempt = 0; attempt < 100 && latencies.length < changes * active; attempt++) {
    latencies.push(...(await subscribers.report()).latenciesMs);
    await sleep(20);
  }
  return latencies;
}

async function postChange({ client }: MillraceServer, number: number): Promise<void> {
  const sent = performance.timeOrigin + performance.now();
  await client.streams.post(stream, [{ time: Math.floor(sent), symbol: `symbol ${number % 10}`, sent }]);
}

async function ingestRates({ load, followed, alone }: Setup, context: BenchContext) {
  const { rounds, warmUps } = roundsFor(context, { rounds: 8, warmUps: 1 });
  const durationMs = context.isSmoke ? 100 : 3000;
  const contestants = [followed, alone].map((server) => ({ server, values: [] as number[], nextBody: 0 }));
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) {
      const { server } = contestant;
      const changing =
        server === followed ? setInterval(() => void postChange(server, round), 1000) : undefined;
      const report = await load.run({
        ...{ connections, eventsPerBody, keyCount, durationMs },
        ...{ port: server.workerd.port, path: eventsPath, firstBody: contestant.nextBody },
      });
      clearInterval(changing);
      server.expect(report);
      contestant.nextBody = report.nextBody;
      await server.settle();
      if (round >= warmUps) contestant.values.push(report.events / (report.elapsedMs / 1000));
      context.note(`round ${round}: ${server === followed ? "with" : "without"} subscribers`);
    }
  }
  const [withThem, without] = contestants.map(({ values }) => ({ value: quantile(values, 0.5), values }));
  return {
    followed: { name: "ingest with subscribers", unit: "events/s", ...(withThem as Sampled) },
    alone: { name: "ingest without", unit: "events/s", ...(without as Sampled) },
  };
}

interface Sampled {
  readonly value: number;
  readonly values: readonly number[];
}

function residentMiB({ workerd }: MillraceServer): number {
  return workerd.residentMiB() ?? 0;
}

function count(found: number, expected: number) {
  return { found: String(found), expected: String(expected) };
}
