/**
 * Moves a stream's watermark by hand, on every shard.
 *
 * Like a request with rows it is no transaction: where some shards took it and others did not, doing it again
 * completes it, since a watermark never goes back.
 */
import type { RpcResult } from "../../engine/partition-types.ts";
import type { WatermarkAnswer } from "../../protocol/answers.ts";
import { formatWatermark } from "../../protocol/watermark-text.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { Ask, FactsCache } from "../facts-cache.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";

const watermarkTimeoutMs = 10_000;

export interface WatermarkPorts {
  readonly clock: WallClock;
  readonly shards: Shards;
  readonly facts: FactsCache<StreamFacts>;
  readonly askFacts: Ask<StreamFacts>;
}

/**
 * Sets the watermark (ms; 2^63 - 1 ends the stream) and answers the offsets at which the shards logged it.
 */
export async function setWatermark(
  ports: WatermarkPorts,
  stream: string,
  watermark: bigint,
): Promise<RpcResult<WatermarkAnswer>> {
  const known = await ports.facts.get(stream, ports.askFacts);
  if (!known.ok) return known;
  const first = await setOnShards(ports, known.value, watermark);
  if (first.ok || first.error.code !== "MAP_STALE") return first;
  const newer = await ports.facts.newer(stream, known.value, ports.askFacts);
  return newer.ok ? await setOnShards(ports, newer.value, watermark) : newer;
}

async function setOnShards(
  { clock, shards }: WatermarkPorts,
  { stream, generation, ranges, mapVersion }: StreamFacts,
  watermark: bigint,
): Promise<RpcResult<WatermarkAnswer>> {
  const answers = await Promise.all(
    ranges.map((_, shard) => {
      const address = { stream, generation, shard };
      const set = () => shards.open(address).setWatermark(generation, watermark, mapVersion);
      return callShard(clock, watermarkTimeoutMs, address, set);
    }),
  );
  const token: Record<string, number> = {};
  for (const [shard, answer] of answers.entries()) {
    if (!answer.ok) return answer;
    token[shard] = answer.value;
  }
  return { ok: true, value: { watermark: formatWatermark(watermark) ?? "", token } };
}
