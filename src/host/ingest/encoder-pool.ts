/**
 * The part encoders of an isolate: one kernel, one encoder per stream and schema version.
 *
 * A kernel that trapped, or whose promises broke in the middle of a part, holds memory in an unknown state:
 * it is dropped with all its encoders, and the next part starts with a fresh one.
 */
import { EngineError } from "../../base/errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { StreamFacts } from "../coordinator/coordinator-rpc.ts";
import { type EncodedPart, PartEncoder, type PartSource } from "./part-encoder.ts";

/** Encoders kept: each holds a compiled schema and, where rows are routed, about half a megabyte. */
const encodersMax = 16;

/** Encodes parts by the facts of their stream. */
export interface PartEncoding {
  encode(facts: StreamFacts, source: PartSource): EncodedPart;
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
