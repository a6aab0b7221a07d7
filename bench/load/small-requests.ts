/**
 * Many small requests: 100 events each to one shard, from 64 connections at once.
 *
 * Against it, in the same rounds: a Worker that receives the same bodies and makes one empty call to one
 * object, the least that any request to an object can be.
 */
import type { Bench, BenchContext, BenchOutcome } from "../harness/bench.ts";
import { ratioOf } from "../harness/figures.ts";
import { quantile } from "../harness/measure.ts";
import { cpuOf, rateOf, runContest } from "./contest.ts";
import { type Servers, withServers } from "./with-servers.ts";

const eventsPerBody = 100;
const keyCount = 10_000;
const connections = 64;

export const smallRequests: Bench = {
  name: "small-requests",
  question: "requests of 100 events to one shard from 64 connections, in plain workerd",
  run: (context) => withServers(1, (servers) => measure(servers, context)),
};

async function measure(servers: Servers, context: BenchContext): Promise<BenchOutcome> {
  const { server } = servers;
  const shape = { connections, eventsPerBody, keyCount };
  const outcome = await runContest({ ...servers, baselinePath: "/empty", shape }, context);
  const millrace = rateOf("whole path", outcome.millrace);
  const empty = rateOf("empty Worker to empty object", outcome.baseline);
  const { latenciesMs } = outcome.millrace;
  return {
    settings: { shards: 1, ...shape, durationMs: outcome.durationMs },
    figures: [
      millrace,
      rateOf("whole path, events", outcome.millrace, eventsPerBody),
      empty,
      ...cpuOf("whole path, processor", outcome.millrace),
      ...cpuOf("empty Worker to empty object, processor", outcome.baseline),
      { name: "answer at full load, p50", value: quantile(latenciesMs, 0.5), unit: "ms" },
      { name: "answer at full load, p99", value: quantile(latenciesMs, 0.99), unit: "ms" },
      { name: "bytes logged", value: await server.bytesPerEvent(), unit: "bytes/event" },
    ],
    ratios: [ratioOf("whole path to an empty call", millrace, empty, { atLeast: 0.4 })],
    checks: await server.checks(),
  };
}
