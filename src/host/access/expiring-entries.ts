/**
 * Things that are remembered until a time, and no more of them than there is room for.
 */
export class ExpiringEntries<Value> {
  readonly #entriesMax: number;
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>();

  /** Keeps at most `entriesMax`; the one that came first goes first. */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry && now < entry.until ? entry.value : undefined;
  }

  set(key: string, value: Value, until: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
