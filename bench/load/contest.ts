/**
 * Rounds of one load on Millrace and on a baseline, in turns.
 *
 * A round of Millrace ends when its job has applied all that was posted. Beside the rates stands the
 * processor time that workerd took by request: on a machine that others use too, it says more than the clock
 * does.
 */
import type { BenchContext, Figure } from "../harness/bench.ts";
import { median, roundsFor } from "../harness/measure.ts";
import type { RunningWorkerd } from "../harness/workerd.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { LoadPlan } from "./load-plan.ts";
import { eventsPath, type MillraceServer } from "./millrace-server.ts";

export interface Contest {
  readonly load: LoadGenerator;
  readonly server: MillraceServer;
  readonly baseline: RunningWorkerd;
  readonly baselinePath: string;
  readonly shape: Pick<LoadPlan, "connections" | "eventsPerBody" | "keyCount">;
}

/** Samples by round. */
export interface Samples {
  readonly requestsPerSecond: number[];
  readonly cpuMsPerRequest: number[];
  readonly latenciesMs: number[];
}

export interface ContestOutcome {
  readonly millrace: Samples;
  readonly baseline: Samples;
  /** Number of the first body that was not posted yet. */
  readonly nextBody: number;
  readonly durationMs: number;
}

export async function runContest(contest: Contest, context: BenchContext): Promise<ContestOutcome> {
  const { isSmoke, note } = context;
  const { load, server, baseline, baselinePath, shape } = contest;
  const { rounds, warmUps } = roundsFor(context, { rounds: 7, warmUps: 1 });
  const durationMs = isSmoke ? 100 : 2000;
  const outcome = { millrace: noSamples(), baseline: noSamples(), nextBody: 0, durationMs };
  for (let round = 0; round < warmUps + rounds; round++) {
    const plan = { ...shape, durationMs };
    const stored = await measured(baseline, () =>
      load.run({ ...plan, port: baseline.port, path: baselinePath, firstBody: 0 }),
    );
    const posted = await measured(server.workerd, async () => {
      const report = await load.run({
        ...plan,
        port: server.workerd.port,
        path: eventsPath,
        firstBody: outcome.nextBody,
      });
      await server.settle();
      return report;
    });
    server.expect(posted.report);
    outcome.nextBody = posted.report.nextBody;
    note(`round ${round}: ${posted.report.refused} times 429`);
    if (round < warmUps) continue;
    addSample(outcome.baseline, stored);
    addSample(outcome.millrace, posted);
  }
  return outcome;
}

/** The rate of requests, or of events where `eventsPerRequest` is given. */
export function rateOf(name: string, { requestsPerSecond }: Samples, eventsPerRequest?: number): Figure {
  const values = requestsPerSecond.map((rate) => rate * (eventsPerRequest ?? 1));
  return { name, value: median(values), unit: eventsPerRequest ? "events/s" : "requests/s", values };
}

/** The processor time by request; no figure where the system does not tell it. */
export function cpuOf(name: string, { cpuMsPerRequest: values }: Samples): Figure[] {
  return values.length === 0 ? [] : [{ name, value: median(values), unit: "ms/request", values }];
}

type Report = Awaited<ReturnType<LoadGenerator["run"]>>;

interface Measured {
  readonly report: Report;
  readonly elapsedMs: number;
  readonly cpuMs: number | undefined;
}

/** Runs a load and tells what it took of a server. */
export async function measured(workerd: RunningWorkerd, run: () => Promise<Report>): Promise<Measured> {
  const cpuBefore = workerd.cpuMs();
  const started = performance.now();
  const report = await run();
  const elapsedMs = performance.now() - started;
  const cpuAfter = workerd.cpuMs();
  const cpuMs = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return { report, elapsedMs, cpuMs };
}

export function addSample(samples: Samples, { report, elapsedMs, cpuMs }: Measured): void {
  samples.requestsPerSecond.push((report.requests / elapsedMs) * 1000);
  if (cpuMs !== undefined) samples.cpuMsPerRequest.push(cpuMs / report.requests);
  samples.latenciesMs.push(...report.latenciesMs);
}

export function noSamples(): Samples {
  return { requestsPerSecond: [], cpuMsPerRequest: [], latenciesMs: [] };
}
