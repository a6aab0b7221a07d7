/** A blob store in memory. */
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
