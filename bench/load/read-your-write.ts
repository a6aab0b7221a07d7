/**
 * One client alone: how long a request of 10 events takes, and until a query with its token has them.
 *
 * Against it, in the same rounds: an empty Worker that makes one empty call to one object, the least that a
 * request to an object can be. Nobody else is there, so nothing waits for the processor: what is measured is
 * the way, and every wait on it.
 */
import type { Bench, BenchContext, BenchOutcome } from "../harness/bench.ts";
import { durationFigure, ratioOf } from "../harness/figures.ts";
import { roundsFor } from "../harness/measure.ts";
import type { LoadPlan } from "./load-plan.ts";
import { eventsPath, jobName } from "./millrace-server.ts";
import { type Servers, withServers } from "./with-servers.ts";

const shape = { connections: 1, eventsPerBody: 10, keyCount: 1000 };
const queryPath = `/v1/views/${jobName}?key=u1000000&limit=1&token={token}`;

export const readYourWrite: Bench = {
  name: "read-your-write",
  question: "one client alone: a request of 10 events, and the query that sees them, in plain workerd",
  run: (context) => withServers(1, (servers) => measure(servers, context)),
};

async function measure({ server, baseline, load }: Servers, context: BenchContext): Promise<BenchOutcome> {
  const { rounds, warmUps } = roundsFor(context, { rounds: 6, warmUps: 2 });
  const durationMs = context.isSmoke ? 100 : 2000;
  const latencies = { empty: [] as number[], posted: [] as number[], seen: [] as number[] };
  let firstBody = 0;
  const run = async (into: number[], plan: Pick<LoadPlan, "port" | "path" | "queryPath">) => {
    const report = await load.run({ ...shape, ...plan, durationMs, firstBody });
    into.push(...report.latenciesMs);
    return report;
  };
  const posts = async (into: number[], query?: string) => {
    const target = { port: server.workerd.port, path: eventsPath };
    const report = await run(into, { ...target, ...(query !== undefined && { queryPath: query }) });
    server.expect(report);
    firstBody = report.nextBody;
  };
  const contests = [
    () => run(latencies.empty, { port: baseline.port, path: "/empty" }),
    () => posts(latencies.posted),
    () => posts(latencies.seen, queryPath),
  ];
  for (let round = 0; round < warmUps + rounds; round++) {
    if (round === warmUps) for (const samples of Object.values(latencies)) samples.length = 0;
    for (const contest of round % 2 === 0 ? contests : [...contests].reverse()) await contest();
    context.note(`round ${round}`);
  }
  const empty = durationFigure("an empty call, p50", latencies.empty);
  const posted = durationFigure("a POST, p50", latencies.posted);
  const seen = durationFigure("a POST and the query that sees it, p50", latencies.seen);
  return {
    settings: { shards: 1, ...shape, durationMs },
    figures: [empty, posted, seen].map(({ values: _, ...figure }) => figure),
    ratios: [
      ratioOf("a POST to an empty call", posted, empty, { atMost: 3.5 }),
      ratioOf("a POST and the query that sees it to an empty call", seen, empty, { atMost: 6 }),
    ],
    checks: await server.checks(),
  };
}
