/**
 * Savepoints in an R2 bucket.
 */
import type { BlobStore } from "../host/blobs.ts";

/** Keys that one call to R2 deletes at most. */
const deletedPerCall = 1000;

export class BucketBlobs implements BlobStore {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async put(name: string, body: Uint8Array): Promise<void> {
    await this.#bucket.put(name, body);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const found = await this.#bucket.get(name);
    return found ? new Uint8Array(await found.arrayBuffer()) : undefined;
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += deletedPerCall) {
      await this.#bucket.delete(names.slice(from, from + deletedPerCall));
    }
  }
}
