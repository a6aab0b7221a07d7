/**
 * Rates: how much somebody may use up a second, as buckets that fill with time.
 *
 * Whoever finds one in a bucket passes and takes all that is needed, even if that leaves less than nothing: a
 * large body passes, and those behind it wait until what it took came back.
 */
export interface Draw {
  /** Who uses up what. */
  readonly key: string;
  readonly perSecond: number;
  /** What a full bucket holds. */
  readonly burst: number;
  readonly amount: number;
}

interface Bucket {
  readonly level: number;
  readonly at: number;
}

export class Rates {
  readonly #bucketsMax: number;
  readonly #buckets = new Map<string, Bucket>();

  /** Keeps at most `bucketsMax`; the one used longest ago goes first, and is full when it comes again. */
  constructor(bucketsMax: number) {
    this.#bucketsMax = bucketsMax;
  }

  /**
   * Takes all that is drawn, or nothing where a bucket is empty. Returns the ms until it could be; 0 where it
   * was taken.
   */
  take(draws: readonly Draw[], now: number): number {
    const wait = Math.max(0, ...draws.map((draw) => this.wait(draw, now)));
    if (wait === 0) for (const draw of draws) this.spend(draw, now);
    return wait;
  }

  /** The ms until what is drawn could be taken. */
  wait(draw: Draw, now: number): number {
    const missing = Math.min(1, draw.amount) - this.#levelOf(draw, now);
    return missing > 0 ? Math.ceil((missing / draw.perSecond) * 1000) : 0;
  }

  /** Takes what was used already, whether it is there or not. */
  spend(draw: Draw, now: number): void {
    const level = this.#levelOf(draw, now) - draw.amount;
    this.#buckets.delete(draw.key);
    this.#buckets.set(draw.key, { level, at: now });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#bucketsMax) break;
      this.#buckets.delete(oldest);
    }
  }

  #levelOf({ key, perSecond, burst }: Draw, now: number): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return burst;
    // A clock that went back gives nothing.
    const elapsed = Math.max(0, now - bucket.at);
    return Math.min(burst, bucket.level + (elapsed * perSecond) / 1000);
  }
}
