/**
 * Frames for tests of the log, which looks at a frame's header only: the facts, then anything.
 */
import { type AppendRequest, type FrameFacts, minWatermark } from "../../src/engine/log/records.ts";

const factsBytes = 16;

export function stubFrame(facts: Partial<FrameFacts> = {}, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(factsBytes + body.byteLength);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, facts.watermark ?? minWatermark, true);
  view.setUint32(8, facts.rows ?? 1, true);
  view.setUint32(12, facts.rejected ?? 0, true);
  bytes.set(body, factsBytes);
  return bytes;
}

export function readStubFrame(frame: Uint8Array): FrameFacts {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    watermark: view.getBigInt64(0, true),
    rows: view.getUint32(8, true),
    rejected: view.getUint32(12, true),
  };
}

/** What a shard of `requestOf` is, unless a test says otherwise. */
export const shardFacts = { generation: 3, mapVersion: 7 };

export function requestOf(parts: Partial<AppendRequest> = {}): AppendRequest {
  return {
    ...shardFacts,
    deadline: Number.MAX_SAFE_INTEGER,
    tokenId: "token",
    producer: undefined,
    frame: stubFrame(),
    ...parts,
  };
}

/** A request of producer `p`. */
export function sequenceOf(
  sequence: number,
  parts: Partial<AppendRequest> & { part?: number; checksum?: bigint; producer?: never } = {},
): AppendRequest {
  const { part = 0, checksum = 1n, ...rest } = parts;
  return requestOf({ ...rest, producer: { producer: "p", sequence, part, checksum } });
}
