/**
 * How rows that the coordinator makes reach their streams: as the requests of one producer, taken in here.
 */

import { maxWatermark } from "../engine/log/records.ts";
import type { RpcResult } from "../engine/partition-types.ts";
import type { ProducerRegistration, StreamFacts } from "../host/coordinator/coordinator-rpc.ts";
import { type GeneratedStreams, generatorName } from "../host/coordinator/generators.ts";
import type { Ask } from "../host/facts-cache.ts";
import { Ingest } from "../host/ingest/ingest.ts";
import { setWatermark } from "../host/ingest/set-watermark.ts";
import type { Shards } from "../host/shards.ts";
import { isolate } from "./isolate.ts";
import { PlatformRandom } from "./object-storage.ts";
import { PlatformWallClock } from "./platform-wall-clock.ts";

export interface GeneratedStreamsPorts {
  readonly shards: Shards;
  readonly askFacts: Ask<StreamFacts>;
  readonly askRegistration: (wanted: ProducerRegistration) => Promise<RpcResult<number>>;
}

export function generatedStreams(ports: GeneratedStreamsPorts): GeneratedStreams {
  const { streamFacts: facts, encoders, registrations } = isolate;
  const clock = new PlatformWallClock();
  const ingest = new Ingest({
    ...{ ...ports, clock, facts, encoders, registrations },
    random: new PlatformRandom(),
  });
  return {
    append: (stream, body, sequence) =>
      ingest.ingest({
        ...{ stream, body, format: "array" },
        tokenId: generatorName,
        producer: { id: generatorName, sequence },
      }),
    end: (stream) => setWatermark({ ...ports, clock, facts }, stream, maxWatermark),
  };
}
