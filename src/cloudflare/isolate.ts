/**
 * What everything in one isolate shares: the ingest kernel, what is known of the catalog, object ids, and the
 * memory.
 *
 * The only place with state at module level. It holds data, never a promise, a stub or a stream: those belong
 * to the request that made them.
 */
import { isolateBudgetBytes, pageBudgetBytes } from "../base/limits.ts";
import type { JobFacts, StreamFacts } from "../host/coordinator/coordinator-rpc.ts";
import { FactsCache } from "../host/facts-cache.ts";
import { EncoderPool } from "../host/ingest/encoder-pool.ts";
import { Kernel } from "../kernel/kernel.ts";
import { kernelModule } from "./load-kernel.ts";
import { ObjectIds } from "./object-ids.ts";

/** Streams, and jobs, that a worker remembers. */
const factsMax = 256;

class Isolate {
  readonly encoders = new EncoderPool(() => new Kernel(kernelModule));
  readonly streamFacts = new FactsCache<StreamFacts>(factsMax);
  readonly jobFacts = new FactsCache<JobFacts>(factsMax);
  readonly objectIds = new ObjectIds();
  /**
   * Objects end without a word, so they are held weakly: one that was evicted counts until it is collected.
   */
  #objects: WeakRef<object>[] = [];

  /** Counts an object among those that share the isolate's memory. */
  objectStarted(object: object): void {
    this.#objects = this.#objects.filter((reference) => reference.deref() !== undefined);
    this.#objects.push(new WeakRef(object));
  }

  /**
   * Returns the page budget of each object in bytes: its share of the isolate, at most what one alone may
   * take.
   */
  pageBudget(): number {
    const live = this.#objects.filter((reference) => reference.deref() !== undefined).length;
    return Math.min(pageBudgetBytes, Math.floor(isolateBudgetBytes / Math.max(1, live)));
  }
}

export const isolate = new Isolate();
