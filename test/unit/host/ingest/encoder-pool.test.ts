import { expect, test } from "vitest";
import { evenRanges } from "../../../../src/engine/shard-map.ts";
import type { StreamFacts } from "../../../../src/host/coordinator/coordinator-rpc.ts";
import { EncoderPool } from "../../../../src/host/ingest/encoder-pool.ts";
import { bodyStart } from "../../../../src/kernel/json-body.ts";
import type { Kernel } from "../../../../src/kernel/kernel.ts";
import { releaseKernel } from "../../../support/kernels.ts";
import { streamOf } from "../definitions.ts";

function factsOf(stream: string): StreamFacts {
  return {
    stream,
    generation: 1,
    mapVersion: 1,
    ranges: evenRanges(2),
    schema: { version: 1, columns: streamOf().columns },
    eventTimeColumn: 0,
    outOfOrdernessMs: 0,
    distributionKey: [1],
    waitsForProducers: false,
  };
}

const source = {
  body: {
    bytes: new TextEncoder().encode('{"time":1,"user":"ann","amount":1}\n{"time":2,"user":"bob","amount":2}'),
    format: "ndjson",
  },
  index: 0,
  from: bodyStart,
  anyShard: 0,
  checksum: "part",
} as const;

class Kernels {
  readonly made: Kernel[] = [];
  readonly pool = new EncoderPool(() => {
    const kernel = releaseKernel();
    this.made.push(kernel);
    return kernel;
  });
}

test("one kernel serves all streams, and equal parts give equal frames", () => {
  const { pool, made } = new Kernels();
  const first = pool.encode(factsOf("a"), source);
  pool.encode(factsOf("b"), source);
  expect(pool.encode(factsOf("a"), source)).toEqual(first);
  expect(made).toHaveLength(1);
});

test("many streams and parts leave no more memory behind than the encoders that are kept", () => {
  const { pool, made } = new Kernels();
  const cycle = () => {
    for (let stream = 0; stream < 40; stream++) pool.encode(factsOf(`stream${stream}`), source);
  };
  cycle();
  const inUse = made[0]?.memory.bytesInUse ?? 0;
  for (let round = 0; round < 5; round++) cycle();
  expect(made[0]?.memory.bytesInUse).toBe(inUse);
});

test("a kernel that trapped is dropped, and the next part gets a fresh one", () => {
  const { pool, made } = new Kernels();
  const before = pool.encode(factsOf("a"), source);
  const [kernel] = made;
  if (!kernel) throw new Error("a kernel was made");
  Object.defineProperty(kernel, "exports", {
    value: new Proxy(kernel.exports, {
      get: () => {
        throw new WebAssembly.RuntimeError("unreachable");
      },
    }),
  });
  expect(() => pool.encode(factsOf("a"), source)).toThrow("unreachable");
  expect(pool.encode(factsOf("a"), source)).toEqual(before);
  expect(made).toHaveLength(2);
});
