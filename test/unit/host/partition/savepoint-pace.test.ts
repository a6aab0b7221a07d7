/** How much time the upload of a savepoint leaves to what runs beside it. */
import { expect, test } from "vitest";
import type { Partition } from "../../../../src/engine/partition.ts";
import type { SavedPart } from "../../../../src/engine/savepoint/savepoint-store.ts";
import { CallRetries } from "../../../../src/host/partition/call-retries.ts";
import { SavepointTransfer } from "../../../../src/host/partition/savepoint-transfer.ts";

const startedAt = 1_000_000;

/** Uploads so many parts, each in `partMs`; returns the names of the blobs, and for how long it rested. */
async function upload(of: { parts: number; savepoint?: number; quietMs?: number; partMs?: number }) {
  const { parts, savepoint = 1, quietMs = 0, partMs = 40 } = of;
  let now = startedAt;
  const left = [...Array(parts).keys(), -1].map(
    (part): SavedPart => ({ run: 1, savepoint, part, parts, body: new Uint8Array(1) }),
  );
  const rests: number[] = [];
  const names: string[] = [];
  const savepoints = {
    hasParts: true,
    nextPart: () => left[0],
    uploaded: () => left.shift(),
  };
  const log = { lastFrameAt: startedAt - quietMs };
  const identity = { generation: 1, shard: 0 };
  const partition = { identity, log, jobs: { savepoints } } as unknown as Partition;
  const transfer = new SavepointTransfer(
    {
      clock: { now: () => now },
      blobs: {
        put: async (name) => {
          names.push(name);
          now += partMs;
        },
        get: async () => undefined,
        delete: async () => {},
      },
      abort: () => {},
      soon: queueMicrotask,
      later: (work, ms) => {
        rests.push(ms);
        now += ms;
        log.lastFrameAt = now - quietMs;
        queueMicrotask(work);
        return () => {};
      },
    },
    new CallRetries({ now: () => now }),
    (_partition, work) => work(),
  );
  transfer.upload(partition);
  await new Promise((resolve) => setTimeout(resolve));
  expect(left).toEqual([]);
  return { names, restMs: rests.reduce((sum, ms) => sum + ms, 0) };
}

test("while events come in, half a second passes between the parts of a savepoint", async () => {
  const { names, restMs } = await upload({ parts: 17 });
  expect(names).toHaveLength(18);
  expect(restMs).toBe(18 * 500);
});

test("the parts of a large one are spread over some time", async () => {
  const { restMs } = await upload({ parts: 100 });
  expect(restMs).toBeCloseTo(24_000);
});

test("a savepoint of very many parts rests as long as it works", async () => {
  const { restMs } = await upload({ parts: 2000, partMs: 40 });
  expect(restMs).toBe(2001 * 40);
});

test("nothing rests for a few parts, without events, or for a split", async () => {
  expect((await upload({ parts: 8 })).restMs).toBe(0);
  expect((await upload({ parts: 17, quietMs: 60_000 })).restMs).toBe(0);
  expect((await upload({ parts: 17, savepoint: -1 })).restMs).toBe(0);
});
