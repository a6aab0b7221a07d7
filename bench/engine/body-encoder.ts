/**
 * The Worker's half of a body's way: bytes of JSON to frames, with a kernel of its own as on the platform.
 */
import { PartEncoder } from "../../src/host/ingest/part-encoder.ts";
import { type BodyPosition, bodyStart } from "../../src/kernel/json-body.ts";
import { Kernel } from "../../src/kernel/kernel.ts";
import { readStreamDefinition } from "../../src/protocol/stream-spec.ts";
import { factsOf } from "./stream-facts.ts";

export class BodyEncoder {
  readonly #encoder: PartEncoder;

  constructor(module: WebAssembly.Module, streamBody: unknown) {
    this.#encoder = new PartEncoder(new Kernel(module), factsOf(readStreamDefinition(streamBody)));
  }

  /** Returns the body's frames with their shards; throws where a record was rejected. */
  encode(body: Uint8Array): { readonly shard: number; readonly bytes: Uint8Array }[] {
    const frames: { readonly shard: number; readonly bytes: Uint8Array }[] = [];
    let from: BodyPosition | undefined = bodyStart;
    for (let index = 0; from; index++) {
      const part = this.#encoder.encode({
        body: { bytes: body, format: "ndjson" },
        index,
        from,
        anyShard: 0,
        checksum: "none",
      });
      const [bad] = part.rejected;
      if (bad) throw new Error(`a record of the bench was rejected: ${bad.message}`);
      frames.push(...part.frames);
      from = part.next;
    }
    return frames;
  }
}
