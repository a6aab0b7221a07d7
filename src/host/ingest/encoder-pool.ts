/**
 * The part encoders of an isolate: one kernel, one encoder per stream and schema version.
 *
 * A kernel that trapped, or whose promises broke in the middle of a part, holds memory in an unknown state:
 * it is dropped with all its encoders, and the next part starts with a fresh one.
 */
import { EngineError } from "../../base/errors.ts";
import { MiB } from "../../base/limits.ts";
import { checksumOfBytes } from "../../kernel/checksum.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import { type EncodedPart, PartEncoder, type PartSource } from "./part-encoder.ts";

/** Encoders kept: each holds a compiled schema and, where rows are routed, about half a megabyte. */
const encodersMax = 16;

/** Encodes parts by the facts of their stream. */
export interface PartEncoding {
  encode(facts: StreamFacts, source: PartSource): EncodedPart;
  /** The checksum of a whole body. */
  checksum(body: Uint8Array): bigint;
}

export class EncoderPool implements PartEncoding {
  readonly #makeKernel: () => Kernel;
  readonly #encoders = new Map<string, PartEncoder>();
  #kernel: Kernel | undefined;

  constructor(makeKernel: () => Kernel) {
    this.#makeKernel = makeKernel;
  }

  encode(facts: StreamFacts, source: PartSource): EncodedPart {
    try {
      return this.#encoderFor(facts).encode(source);
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) this.#drop();
      throw thrown;
    }
  }

  /** It is that of the checksums of each mebibyte, so that the kernel never holds a whole body. */
  checksum(body: Uint8Array): bigint {
    this.#kernel ??= this.#makeKernel();
    const kernel = this.#kernel;
    const sums = new DataView(new ArrayBuffer(8 * Math.ceil(body.length / MiB)));
    for (let start = 0; start < body.length; start += MiB) {
      const sum = checksumOfBytes(kernel, body.subarray(start, start + MiB));
      sums.setBigUint64((start / MiB) * 8, sum, true);
    }
    return checksumOfBytes(kernel, new Uint8Array(sums.buffer));
  }

  #encoderFor(facts: StreamFacts): PartEncoder {
    const name = `${facts.stream}/${facts.generation}/${facts.mapVersion}`;
    const known = this.#encoders.get(name);
    if (known) return known;
    for (const [oldest, encoder] of this.#encoders) {
      if (this.#encoders.size < encodersMax) break;
      encoder.release();
      this.#encoders.delete(oldest);
    }
    this.#kernel ??= this.#makeKernel();
    const encoder = new PartEncoder(this.#kernel, facts);
    this.#encoders.set(name, encoder);
    return encoder;
  }

  #drop(): void {
    this.#kernel = undefined;
    this.#encoders.clear();
  }
}
