/**
 * The whole path under load: bodies of 10 000 events into four shards, where a job counts them by key and
 * window.
 *
 * Against it, in the same rounds: a Worker that receives the same bodies, but has their frames already, and
 * only stores them, one row in each of four objects. What is between the two is the price of decoding,
 * routing, accepting and counting. A round of Millrace ends when the job has applied all that was posted.
 */
import { BodyEncoder } from "../engine/body-encoder.ts";
import { readKernelModule } from "../engine/kernel-module.ts";
import type { Bench, BenchContext, BenchOutcome } from "../harness/bench.ts";
import { ratioOf } from "../harness/figures.ts";
import { quantile } from "../harness/measure.ts";
import { putFrames } from "./baseline-server.ts";
import { cpuOf, rateOf, runContest } from "./contest.ts";
import { EventBody } from "./event-body.ts";
import type { LoadReport } from "./load-plan.ts";
import { clickStream, eventsPath, jobName } from "./millrace-server.ts";
import { type Servers, withServers } from "./with-servers.ts";

const shards = 4;
const eventsPerBody = 10_000;
const keyCount = 10_000;
/** Enough that no side waits for the load generator's turn-around. */
const connections = 16;

/** Share of the measured rate at which latency is measured: a system at its limit only shows its queue. */
const latencyLoad = 0.25;

export const ingest: Bench = {
  name: "ingest",
  question: "NDJSON posted to four shards, counted by key and window, in plain workerd",
  run: (context) => withServers(shards, (servers) => measure(servers, context)),
};

async function measure(servers: Servers, context: BenchContext): Promise<BenchOutcome> {
  const { server, baseline } = servers;
  const shape = { connections, eventsPerBody, keyCount };
  const encoder = new BodyEncoder(readKernelModule(), clickStream(shards));
  const frames = encoder.encode(new EventBody(eventsPerBody, keyCount, 1).bytes);
  await putFrames(baseline, frames);
  const outcome = await runContest({ ...servers, baselinePath: "/frames", shape }, context);
  const millrace = rateOf("whole path", outcome.millrace, eventsPerBody);
  const stored = rateOf("the same frames, stored only", outcome.baseline, eventsPerBody);
  const ratePerSecond = Math.max(10, Math.round((millrace.value / eventsPerBody) * latencyLoad));
  const seen = await postAndQuery(servers, context.isSmoke, outcome.nextBody, ratePerSecond);
  server.expect(seen);
  const storedBytes = frames.reduce((sum, { bytes }) => sum + bytes.length, 0) / eventsPerBody;
  const bytesPerEvent = await server.bytesPerEvent();
  const { latenciesMs } = seen;
  return {
    settings: { shards, ...shape, durationMs: outcome.durationMs, latencyRatePerSecond: ratePerSecond },
    figures: [
      millrace,
      stored,
      ...cpuOf("whole path, processor", outcome.millrace),
      ...cpuOf("the same frames, stored only, processor", outcome.baseline),
      { name: "bytes logged", value: bytesPerEvent, unit: "bytes/event", target: { atMost: 20 } },
      { name: "bytes of the frames stored only", value: storedBytes, unit: "bytes/event" },
      { name: "POST to visible in a query, p50", value: quantile(latenciesMs, 0.5), unit: "ms" },
      { name: "POST to visible in a query, p99", value: quantile(latenciesMs, 0.99), unit: "ms" },
    ],
    ratios: [ratioOf("whole path to storing the frames only", millrace, stored, { atLeast: 0.6 })],
    checks: await server.checks(),
  };
}

/** Posts at a fixed rate, each time followed by a query that waits for what was posted. */
function postAndQuery(
  { load, server }: Servers,
  isSmoke: boolean,
  firstBody: number,
  ratePerSecond: number,
): Promise<LoadReport> {
  return load.run({
    connections,
    eventsPerBody,
    keyCount,
    port: server.workerd.port,
    path: eventsPath,
    firstBody,
    durationMs: isSmoke ? 100 : 5000,
    ratePerSecond,
    queryPath: `/v1/views/${jobName}?key=u1000000&limit=1&token={token}`,
  });
}
