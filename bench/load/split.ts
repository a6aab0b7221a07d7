/**
 * For how long the split of a shard with about 100 MiB of state stops what: its own input, and that of the
 * other shard.
 *
 * A job in two shards has thirty hours of a hundred thousand users each. Then one shard after the other is
 * split in the middle, while three probes post one event after the other and wait until a query shows it: for
 * keys that stay in the shard that is split, for keys that move to the new one, and for keys of the shard
 * beside it. The longest wait of each is compared with that of a time as long in which nothing is split. At
 * the end every event must have been counted once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { KIND_BYTES } from "../../assembly/abi.ts";
import { RequestError } from "../../src/client/request-error.ts";
import { encodeKey, hashKey, keyGroupOf } from "../../src/columnar/key-encoding.ts";
import type { Bench, BenchContext, BenchOutcome, Figure } from "../harness/bench.ts";
import { durationFigure } from "../harness/figures.ts";
import { roundsFor } from "../harness/measure.ts";
import { firstEventTime } from "../inputs/click-events.ts";
import { fillHours } from "./fill-hours.ts";
import { jobName, MillraceServer, streamName } from "./millrace-server.ts";

const whole = { hours: 30, keyCount: 100_000 } as const;
const tiny = { hours: 2, keyCount: 1000 } as const;
const keysPerProbe = 20;
const keyGroups = 1024;

/** What becomes of a probe's keys when the lower or upper half of the key groups is split in the middle. */
const fates = ["keys that stay", "keys that move", "keys of the other shard"] as const;
type Fate = (typeof fates)[number];

/** Longest waits in ms: until the answer to a POST, and until a query shows what it posted. */
interface Waits {
  posted: number;
  visible: number;
}

export const split: Bench = {
  name: "split",
  question: "a shard with 100 MiB of state is split: for how long its own input stops, and that of the other",
  async run(context) {
    const server = await MillraceServer.start(2, "user_id");
    try {
      return await measure(server, context);
    } finally {
      await server.workerd.stop();
    }
  },
};

async function measure(server: MillraceServer, context: BenchContext): Promise<BenchOutcome> {
  const { rounds } = roundsFor(context, { rounds: 2 });
  const { hours, keyCount } = context.isSmoke ? tiny : whole;
  await fillHours(server, hours, keyCount);
  const lasted: number[] = [];
  const waits = { quiet: waitsByFate(), split: waitsByFate() };
  for (let shard = 0; shard < rounds; shard++) {
    const keys = keysByFate(shard, keyCount);
    const durationMs = await probing(server, keys, waits.split, () => splitShard(server, shard));
    lasted.push(durationMs);
    await probing(server, keys, waits.quiet, () => sleep(durationMs));
    context.note(`shard ${shard} was split in ${Math.round(durationMs)} ms`);
  }
  const target = { atMost: 1000 };
  return {
    settings: { shards: 2, hours, keyCount, keysPerProbe },
    figures: [
      durationFigure("the split", lasted),
      ...fates.flatMap((fate) => {
        const ofPosts = figureOf(`longest POST, ${fate}`, waits.split[fate], "posted");
        return [
          fate === "keys of the other shard" ? ofPosts : { ...ofPosts, target },
          figureOf(`longest POST without a split, ${fate}`, waits.quiet[fate], "posted"),
          figureOf(`longest from POST to visible, ${fate}`, waits.split[fate], "visible"),
          figureOf(`longest from POST to visible without a split, ${fate}`, waits.quiet[fate], "visible"),
        ];
      }),
    ],
    ratios: [],
    checks: await server.checks(),
  };
}

/** Splits a shard in two; returns the milliseconds until it is done. */
async function splitShard({ client }: MillraceServer, shard: number): Promise<number> {
  const started = performance.now();
  const { split: number } = await client.splits.splitShard(streamName, { shard });
  for (;;) {
    const splits = await client.splits.ofStream(streamName);
    if (splits.find((each) => each.split === number)?.state === "done") return performance.now() - started;
    await sleep(5);
  }
}

/** Runs `work` with all probes around it, and adds the longest waits of this time to `waits`. */
async function probing<Value>(
  server: MillraceServer,
  keys: Readonly<Record<Fate, readonly string[]>>,
  waits: Record<Fate, Waits[]>,
  work: () => Promise<Value>,
): Promise<Value> {
  let isOver = false;
  const worked = work().finally(() => {
    isOver = true;
  });
  const probes = fates.map(async (fate) => {
    waits[fate].push(await probe(server, keys[fate], () => isOver));
  });
  const [value] = await Promise.all([worked, ...probes]);
  return value;
}

/** Posts one event after the other, of each key in turn, until `isOver`. */
async function probe(server: MillraceServer, keys: readonly string[], isOver: () => boolean): Promise<Waits> {
  const { streams, views } = server.client;
  const waits = { posted: 0, visible: 0 };
  for (let count = 0; count === 0 || !isOver(); count++) {
    const user = keys[count % keys.length] as string;
    const started = performance.now();
    const event = { user_id: user, ts: firstEventTime, url: "/", amount: 0.01 };
    const { token } = await streams.post(streamName, JSON.stringify(event));
    waits.posted = Math.max(waits.posted, performance.now() - started);
    await whileOnItsWay(() =>
      views.query(jobName, { key: { user_id: user }, limit: 1, token, timeout: "30s" }),
    );
    waits.visible = Math.max(waits.visible, performance.now() - started);
    server.expectRows(1, 1);
  }
  return waits;
}

/** Asks again while the state that is asked for is on its way to the new shard. */
async function whileOnItsWay(query: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await query();
      return;
    } catch (thrown) {
      if (!(thrown instanceof RequestError && thrown.code === "PARTITION_UNAVAILABLE")) throw thrown;
      await sleep(5);
    }
  }
}

function waitsByFate(): Record<Fate, Waits[]> {
  return { "keys that stay": [], "keys that move": [], "keys of the other shard": [] };
}

function figureOf(name: string, waits: readonly Waits[], wait: keyof Waits): Figure {
  const values = waits.map((each) => each[wait]);
  return { name, value: Math.max(...values), unit: "ms", values };
}

/** Users by what becomes of them when shard 0 or 1 of two is split in the middle. */
function keysByFate(shard: number, keyCount: number): Record<Fate, string[]> {
  const keys: Record<Fate, string[]> = {
    "keys that stay": [],
    "keys that move": [],
    "keys of the other shard": [],
  };
  for (let key = 0; key < keyCount; key++) {
    const user = `u${1_000_000 + key}`;
    const { bytes, nulls } = encodeKey([KIND_BYTES], [new TextEncoder().encode(user)]);
    const quarter = Math.floor((4 * keyGroupOf(hashKey(bytes, nulls))) / keyGroups);
    const isOther = Math.floor(quarter / 2) !== shard;
    const fate = isOther
      ? "keys of the other shard"
      : quarter % 2 === 0
        ? "keys that stay"
        : "keys that move";
    if (keys[fate].length < keysPerProbe) keys[fate].push(user);
    if (fates.every((each) => keys[each].length === keysPerProbe)) break;
  }
  return keys;
}
