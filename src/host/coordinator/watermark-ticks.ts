/**
 * Carries out the watermark tick: asks the shards of watched streams how far they are and lets the idle ones
 * follow.
 *
 * A stream is watched while one of its shards is active. When all are idle event time stands still and asking
 * stops; the first shard that becomes active again says so. Samples live in memory only: after a restart it
 * takes one append deadline until ticks flow again.
 */
import { appendDeadlineMs } from "../../base/limits.ts";
import type { PartitionStatus } from "../../engine/partition-types.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import type { StreamEntry } from "./catalog.ts";
import { decideTicks, type WatermarkSample } from "./decide-ticks.ts";
import { shardCountOf } from "./shard-ranges.ts";

/** Time between two looks at a stream, some of whose shards are idle; and at one where none is. */
const pollMs = 1000;
const pollMsWhileNoneIdle = 5000;

const statusTimeoutMs = 5000;

interface Watch {
  dueAt: number;
  samples: readonly WatermarkSample[];
  /** Someone asked to watch since the last look began: what that look finds idle may be active by now. */
  isWoken: boolean;
}

export class WatermarkTicks {
  readonly #shards: Shards;
  readonly #clock: WallClock;
  readonly #watches = new Map<number, Watch>();

  constructor(shards: Shards, clock: WallClock) {
    this.#shards = shards;
    this.#clock = clock;
  }

  /** Starts to watch the stream; a stream with one shard has none that could wait for another. */
  watch(stream: StreamEntry): void {
    if (shardCountOf(stream) < 2) return;
    const watch = this.#watches.get(stream.generation);
    if (watch) watch.isWoken = true;
    else
      this.#watches.set(stream.generation, { dueAt: this.#clock.now() + pollMs, samples: [], isWoken: true });
  }

  unwatch(generation: number): void {
    this.#watches.delete(generation);
  }

  nextDueAt(): number | undefined {
    const due = [...this.#watches.values()].map(({ dueAt }) => dueAt);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Looks at every watched stream that is due; one for which `streamOf` has nothing is watched no longer. */
  async pollDue(streamOf: (generation: number) => StreamEntry | undefined): Promise<void> {
    const now = this.#clock.now();
    const due = [...this.#watches].filter(([, watch]) => watch.dueAt <= now);
    await Promise.all(
      due.map(async ([generation, watch]) => {
        const stream = streamOf(generation);
        if (!stream) this.unwatch(generation);
        else await this.#poll(stream, watch);
      }),
    );
  }

  async #poll(stream: StreamEntry, watch: Watch): Promise<void> {
    watch.dueAt = this.#clock.now() + pollMsWhileNoneIdle;
    watch.isWoken = false;
    const statuses = await statusesOf(stream, this.#shards, this.#clock);
    // A shard that is silent may be active and behind the others: without its word nobody may move.
    if (statuses.some((status) => status === undefined)) return;
    const known = statuses.filter((status) => status !== undefined);
    const now = this.#clock.now();
    const decision = decideTicks(known, watch.samples, now, appendDeadlineMs);
    watch.samples = decision.samples;
    if (decision.activeCount === 0 && !watch.isWoken) this.unwatch(stream.generation);
    else watch.dueAt = now + (decision.idleCount === 0 ? pollMsWhileNoneIdle : pollMs);
    await Promise.all(
      decision.ticks.map(({ shard, watermark }) => {
        const address = { stream: stream.name, generation: stream.generation, shard };
        const tick = () => this.#shards.open(address).tick(stream.generation, watermark);
        return callShard(this.#clock, statusTimeoutMs, address, tick);
      }),
    );
  }
}

/** Returns what each shard says, by shard number; undefined where one did not answer or is not set up. */
export async function statusesOf(
  stream: StreamEntry,
  shards: Shards,
  clock: WallClock,
): Promise<(PartitionStatus | undefined)[]> {
  const asked = Array.from({ length: shardCountOf(stream) }, async (_, shard) => {
    const address = { stream: stream.name, generation: stream.generation, shard };
    const answer = await callShard(clock, statusTimeoutMs, address, () => shards.open(address).status());
    return answer.ok ? (answer.value ?? undefined) : undefined;
  });
  return await Promise.all(asked);
}
