/**
 * What everything in one isolate shares: the ingest kernel, what is known of the catalog and of callers,
 * object ids, and the memory.
 *
 * The only place with state at module level. It holds data, never a promise, a stub or a stream: those belong
 * to the request that made them.
 */
import { isolateBudgetBytes, pageBudgetBytes } from "../base/limits.ts";
import type { Caller } from "../host/access/caller.ts";
import { ExpiringEntries } from "../host/access/expiring-entries.ts";
import { KnownTokens } from "../host/access/known-tokens.ts";
import { Rates } from "../host/access/rates.ts";
import { ClockRestarts } from "../host/clock-check.ts";
import type { JobFacts, StreamFacts } from "../host/coordinator/coordinator-rpc.ts";
import { FactsCache } from "../host/facts-cache.ts";
import { EncoderPool } from "../host/ingest/encoder-pool.ts";
import { Registrations } from "../host/ingest/registrations.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { KnownKeys } from "./access/known-keys.ts";
import { kernelModule } from "./load-kernel.ts";
import { ObjectIds } from "./object-ids.ts";

/** Streams, and jobs, that a worker remembers. */
const factsMax = 256;

/** Producers that a worker remembers. */
const registrationsMax = 4096;

/** Access tokens that a worker remembers, and rates that it keeps. */
const tokensMax = 1024;
const ratesMax = 4096;

class Isolate {
  readonly encoders = new EncoderPool(() => new Kernel(kernelModule));
  readonly streamFacts = new FactsCache<StreamFacts>(factsMax);
  readonly registrations = new Registrations(registrationsMax);
  readonly jobFacts = new FactsCache<JobFacts>(factsMax);
  readonly objectIds = new ObjectIds();
  readonly knownTokens = new KnownTokens(tokensMax);
  readonly knownJwts = new ExpiringEntries<Caller>(tokensMax);
  readonly rates = new Rates(ratesMax);
  readonly clockRestarts = new ClockRestarts();
  jwtKeys: KnownKeys | undefined;
  /**
   * Objects end without a word, so they are held weakly: one that was evicted counts until it is collected.
   */
  #objects: WeakRef<object>[] = [];
  readonly #counted = new WeakSet<object>();

  /**
   * Returns the page budget of an object in bytes: its share of the isolate, at most what one alone may take.
   * Whoever asks keeps pages and shares from then on; an object without jobs never asks.
   */
  pageBudget(object: object): number {
    if (!this.#counted.has(object)) {
      this.#counted.add(object);
      this.#objects.push(new WeakRef(object));
    }
    if (this.#objects.some(isGone)) this.#objects = this.#objects.filter((each) => !isGone(each));
    return Math.min(pageBudgetBytes, Math.floor(isolateBudgetBytes / this.#objects.length));
  }
}

function isGone(object: WeakRef<object>): boolean {
  return object.deref() === undefined;
}

export const isolate = new Isolate();
