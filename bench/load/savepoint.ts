/**
 * What a savepoint takes, and what it costs the job that it is taken of.
 *
 * A job in four shards has about 100 MiB of state: twelve hours of a hundred thousand users each. The same
 * load is posted for as long as a savepoint takes: while one is taken and while none is, in turns. Its time
 * moves on, so it is of a thousand users: the state stays about as large. At the end a job that began with
 * the last savepoint must have come to the same totals as the one that went on. Savepoints lie in a folder.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { MillraceClient } from "../../src/client/client.ts";
import type { SavepointAnswer } from "../../src/protocol/answers.ts";
import type { Bench, BenchContext, BenchOutcome, Check } from "../harness/bench.ts";
import { durationFigure, ratioOf } from "../harness/figures.ts";
import { roundsFor } from "../harness/measure.ts";
import { addSample, cpuOf, measured, noSamples, rateOf } from "./contest.ts";
import { fillHours } from "./fill-hours.ts";
import { LoadGenerator } from "./load-generator.ts";
import { clickJob, eventsPath, jobName, MillraceServer } from "./millrace-server.ts";

const shards = 4;
const eventsPerBody = 10_000;
const connections = 16;
const whole = { hours: 12, keyCount: 100_000 } as const;
const loadKeys = 1000;
const tiny = { hours: 3, keyCount: 1000 } as const;
const forkName = "fork";
const roundMsMin = 2000;
const roundMsMax = 30_000;

export const savepoint: Bench = {
  name: "savepoint",
  question: "a savepoint of 100 MiB of state under load: how long it takes, and what it costs meanwhile",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const load = new LoadGenerator();
    stack.defer(() => load.stop());
    const server = await MillraceServer.start(shards, "user_id");
    stack.defer(() => server.workerd.stop());
    return await measure(server, load, context);
  },
};

async function measure(
  server: MillraceServer,
  load: LoadGenerator,
  context: BenchContext,
): Promise<BenchOutcome> {
  const { rounds, warmUps } = roundsFor(context, { rounds: 5, warmUps: 1 });
  const { hours, keyCount } = context.isSmoke ? tiny : whole;
  await fillHours(server, hours, keyCount);
  const first = await takeSavepoint(server.client);
  context.note(`a savepoint of ${first.bytes.of} bytes at rest took ${first.durationMs} ms`);
  const atRest = first.durationMs;
  let durationMs = context.isSmoke ? 200 : roundMsMin;
  let last = first;
  let nextBody = 0;
  const taken: number[] = [];
  const samples = { with: noSamples(), without: noSamples() };
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const kind of round % 2 === 0 ? (["without", "with"] as const) : (["with", "without"] as const)) {
      const plan = { connections, eventsPerBody, keyCount: loadKeys, durationMs, port: server.workerd.port };
      const saving = kind === "with" ? takeSavepoint(server.client) : undefined;
      const sample = await measured(server.workerd, async () => {
        const report = await load.run({ ...plan, path: eventsPath, firstBody: nextBody });
        await server.settle();
        return report;
      });
      last = (await saving) ?? last;
      server.expect(sample.report);
      nextBody = sample.report.nextBody;
      context.note(`round ${round}: ${kind}, the last savepoint took ${last.durationMs} ms`);
      // A round is as long as a savepoint: what it costs is not hidden behind time in which none is taken.
      if (round < warmUps && !context.isSmoke) durationMs = clamped(last.durationMs);
      else addSample(samples[kind], sample);
      if (kind === "with" && round >= warmUps) taken.push(last.durationMs);
    }
  }
  const [rateWith, rateWithout] = [
    rateOf("events while a savepoint is taken", samples.with, eventsPerBody),
    rateOf("events while none is taken", samples.without, eventsPerBody),
  ];
  return {
    settings: {
      shards,
      connections,
      eventsPerBody,
      hours,
      keyCount,
      loadKeys,
      durationMs,
      bytes: last.bytes.of,
    },
    figures: [
      { ...durationFigure("savepoint under load", taken), target: { atMost: 30_000 } },
      durationFigure("savepoint at rest", [atRest]),
      rateWith,
      rateWithout,
      ...cpuOf("processor with a savepoint", samples.with),
      ...cpuOf("processor without", samples.without),
    ],
    ratios: [ratioOf("events with a savepoint to without", rateWith, rateWithout, { atLeast: 0.9 })],
    checks: await checksOf(server, last),
  };
}

async function takeSavepoint({ savepoints }: MillraceClient): Promise<SavepointAnswer> {
  let answer = await savepoints.create(jobName);
  while (answer.state === "running") {
    await sleep(250);
    answer = await savepoints.get(answer.savepoint);
  }
  if (answer.state !== "done") throw new Error(`the savepoint failed: ${answer.error}`);
  return answer;
}

/** The job counted right, and so does one that begins with the last savepoint. */
async function checksOf(server: MillraceServer, last: SavepointAnswer): Promise<Check[]> {
  const { jobs } = server.client;
  await jobs.put(forkName, { ...clickJob, fromSavepoint: last.savepoint });
  while ((await jobs.get(forkName)).state !== "running") await sleep(20);
  const checks = await server.checks();
  await server.settle(forkName);
  for (const check of await server.totalsChecks(forkName)) {
    checks.push({ ...check, name: `from the savepoint: ${check.name}` });
  }
  return checks;
}

function clamped(ms: number): number {
  return Math.min(roundMsMax, Math.max(roundMsMin, ms));
}
