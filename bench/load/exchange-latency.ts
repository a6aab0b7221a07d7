/**
 * How much later a result is seen because its rows crossed an exchange, at a rate far below the limit.
 *
 * Both servers get 100 requests of 10 events a second into one shard, on time whether or not earlier ones
 * were answered. Each is followed by a query with its token, and the latency ends with the answer to that.
 * The same job runs in the shard, or behind an exchange in four partitions. The local durability wait is a
 * no-op: this is the price of the code, not of a platform.
 */
import type { Bench, BenchContext, BenchOutcome, Check } from "../harness/bench.ts";
import { quantile, roundsFor } from "../harness/measure.ts";
import { LoadGenerator } from "./load-generator.ts";
import { eventsPath, jobName, MillraceServer } from "./millrace-server.ts";

const eventsPerBody = 10;
const ratePerSecond = 100;
const keyCount = 1000;
const connections = 16;

const plans = [
  { name: "one stage", changes: {} },
  { name: "two stages", changes: { parallelism: 4 } },
] as const;

interface Contestant {
  readonly name: string;
  readonly server: MillraceServer;
  readonly latenciesMs: number[];
  nextBody: number;
}

export const exchangeLatency: Bench = {
  name: "exchange-latency",
  question: "from POST to visible in a query, through one exchange and without, at 1 000 events a second",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const load = new LoadGenerator();
    stack.defer(() => load.stop());
    const contestants: Contestant[] = [];
    for (const { name, changes } of plans) {
      const server = await MillraceServer.start(1, undefined, changes);
      stack.defer(() => server.workerd.stop());
      contestants.push({ name, server, latenciesMs: [], nextBody: 0 });
    }
    return await measure(contestants, load, context);
  },
};

async function measure(
  contestants: readonly Contestant[],
  load: LoadGenerator,
  context: BenchContext,
): Promise<BenchOutcome> {
  const { rounds, warmUps } = roundsFor(context, { rounds: 5, warmUps: 1 });
  const durationMs = context.isSmoke ? 200 : 5000;
  for (let round = 0; round < warmUps + rounds; round++) {
    const turns = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of turns) {
      const { server } = contestant;
      const report = await load.run({
        ...{ connections, eventsPerBody, keyCount, durationMs, ratePerSecond },
        port: server.workerd.port,
        path: eventsPath,
        firstBody: contestant.nextBody,
        queryPath: `/v1/views/${jobName}?key=u1000000&limit=1&token={token}`,
      });
      server.expect(report);
      contestant.nextBody = report.nextBody;
      if (round >= warmUps) contestant.latenciesMs.push(...report.latenciesMs);
      context.note(`round ${round}: ${contestant.name}`);
    }
  }
  const at = (contestant: Contestant | undefined, share: number) =>
    quantile(contestant?.latenciesMs ?? [], share);
  const [one, two] = contestants;
  const checks: Check[] = [];
  for (const { name, server } of contestants) {
    for (const check of await server.checks()) checks.push({ ...check, name: `${name}: ${check.name}` });
  }
  return {
    settings: { connections, eventsPerBody, ratePerSecond, keyCount, partitions: 4, durationMs },
    figures: [
      ...[0.5, 0.99].flatMap((share) =>
        contestants.map((contestant) => ({
          name: `POST to visible, ${contestant.name}, p${share * 100}`,
          value: at(contestant, share),
          unit: "ms",
        })),
      ),
      { name: "added by the exchange, p50", value: at(two, 0.5) - at(one, 0.5), unit: "ms" },
      {
        name: "added by the exchange, p99",
        value: at(two, 0.99) - at(one, 0.99),
        unit: "ms",
        target: { atMost: 5 },
      },
    ],
    ratios: [],
    checks,
  };
}
