/**
 * The price of an exchange: the same job over the same events in one stage and in two.
 *
 * In one stage the stream is distributed by the job's key; in two it is distributed by another column, so
 * each row is decoded, routed, sent, logged and decoded once more before it is counted. With few keys the
 * first stage adds up ahead, and sends one row per key to a second stage of one partition. The servers take
 * turns, each in a workerd of its own; a round ends when the job has applied all that was posted.
 */
import type { Bench, BenchContext, BenchOutcome, Check, Figure } from "../harness/bench.ts";
import { ratioOf } from "../harness/figures.ts";
import { roundsFor } from "../harness/measure.ts";
import { addSample, cpuOf, measured, noSamples, rateOf, type Samples } from "./contest.ts";
import { LoadGenerator } from "./load-generator.ts";
import { eventsPath, MillraceServer } from "./millrace-server.ts";

const shards = 4;
const eventsPerBody = 10_000;
const manyKeys = 10_000;
const fewKeys = 100;
const connections = 16;

export const exchange: Bench = {
  name: "exchange",
  question: "a job of two stages against the same job in one, 10 000 events a request, in plain workerd",
  async run(context) {
    await using stack = new AsyncDisposableStack();
    const load = new LoadGenerator();
    stack.defer(() => load.stop());
    const contestants: Contestant[] = [];
    for (const { name, keyCount, distributionKey, ...changes } of plans) {
      const server = await MillraceServer.start(shards, distributionKey, changes);
      stack.defer(() => server.workerd.stop());
      contestants.push({ name, keyCount, server, samples: noSamples(), nextBody: 0 });
    }
    return await measure(contestants, load, context);
  },
};

const plans = [
  { name: "one stage, 10 000 keys", keyCount: manyKeys, distributionKey: "user_id" },
  { name: "two stages, 10 000 keys", keyCount: manyKeys, distributionKey: "url" },
  { name: "one stage, 100 keys", keyCount: fewKeys, distributionKey: "user_id" },
  { name: "two stages, 100 keys", keyCount: fewKeys, distributionKey: "url", parallelism: 1 },
  { name: "two stages, 100 keys in four partitions", keyCount: fewKeys, distributionKey: "url" },
] as const;

interface Contestant {
  readonly name: string;
  readonly keyCount: number;
  readonly server: MillraceServer;
  readonly samples: Samples;
  nextBody: number;
}

async function measure(
  contestants: readonly Contestant[],
  load: LoadGenerator,
  context: BenchContext,
): Promise<BenchOutcome> {
  const { rounds, warmUps } = roundsFor(context, { rounds: 7, warmUps: 1 });
  const durationMs = context.isSmoke ? 100 : 2000;
  for (let round = 0; round < warmUps + rounds; round++) {
    const turns = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of turns) {
      await runRound(contestant, load, durationMs, round >= warmUps);
      context.note(`round ${round}: ${contestant.name}`);
    }
  }
  const rates = contestants.map(({ name, samples }) => rateOf(name, samples, eventsPerBody));
  const [oneMany, twoMany, oneFew, twoFew, twoSpread] = rates as [Figure, Figure, Figure, Figure, Figure];
  const checks: Check[] = [];
  for (const { name, server } of contestants) {
    for (const check of await server.checks()) checks.push({ ...check, name: `${name}: ${check.name}` });
  }
  return {
    settings: { shards, connections, eventsPerBody, manyKeys, fewKeys, durationMs },
    figures: [...rates, ...contestants.flatMap(({ name, samples }) => cpuOf(`${name}, processor`, samples))],
    ratios: [
      ratioOf("two stages to one, 10 000 keys", twoMany, oneMany, { atLeast: 0.4 }),
      ratioOf("two stages to one, 100 keys", twoFew, oneFew, { atLeast: 0.8 }),
      ratioOf("two stages to one, 100 keys in four partitions", twoSpread, oneFew),
    ],
    checks,
  };
}

async function runRound(
  contestant: Contestant,
  load: LoadGenerator,
  durationMs: number,
  isCounted: boolean,
): Promise<void> {
  const { server, keyCount, samples } = contestant;
  const sample = await measured(server.workerd, async () => {
    const { port } = server.workerd;
    const shape = { connections, eventsPerBody, keyCount, durationMs };
    const report = await load.run({ ...shape, port, path: eventsPath, firstBody: contestant.nextBody });
    await server.settle();
    return report;
  });
  server.expect(sample.report);
  contestant.nextBody = sample.report.nextBody;
  if (isCounted) addSample(samples, sample);
}
