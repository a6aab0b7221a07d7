/** Blob stores in memory: one that always answers, and one whose calls fail now and then. */
import type { BlobStore } from "../../src/host/blobs.ts";

export class MemoryBlobs implements BlobStore {
  readonly bodies = new Map<string, Uint8Array>();

  async put(name: string, body: Uint8Array): Promise<void> {
    this.bodies.set(name, body.slice());
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.bodies.get(name)?.slice();
  }

  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) this.bodies.delete(name);
  }
}

/** What becomes of a call: carried out and answered, carried out without an answer, or neither. */
export type BlobFate = "answered" | "answer lost" | "request lost";

/** Gives every call the next fate of `fates`, and answers those behind them all. */
export class FlakyBlobs implements BlobStore {
  readonly inner = new MemoryBlobs();
  fates: BlobFate[];
  calls = 0;

  constructor(fates: readonly BlobFate[]) {
    this.fates = [...fates];
  }

  put(name: string, body: Uint8Array): Promise<void> {
    return this.#call(() => this.inner.put(name, body));
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return this.#call(() => this.inner.get(name));
  }

  delete(names: readonly string[]): Promise<void> {
    return this.#call(() => this.inner.delete(names));
  }

  async #call<Value>(carryOut: () => Promise<Value>): Promise<Value> {
    this.calls++;
    const fate = this.fates.shift() ?? "answered";
    if (fate === "request lost") throw new Error("the store is away");
    const value = await carryOut();
    if (fate === "answer lost") throw new Error("the store's answer is lost");
    return value;
  }
}
