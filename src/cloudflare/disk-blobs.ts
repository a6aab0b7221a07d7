/**
 * Savepoints in a folder, through workerd's disk service with `writable = true`: where there is no R2.
 *
 * The service writes a file aside and moves it into its place when all of it has come, so a name has a whole
 * body or none. What holds a savepoint together is written last: a task's state behind its parts, the
 * manifest behind all tasks.
 */
import type { BlobStore } from "../host/blobs.ts";

/** What of a service binding is used. */
export interface DiskFolder {
  fetch(url: string, request: { readonly method: string; readonly body?: Uint8Array }): Promise<Response>;
}

/** Files that are deleted at the same time. */
const deletedAtOnce = 16;

export class DiskBlobs implements BlobStore {
  readonly #disk: DiskFolder;

  constructor(disk: DiskFolder) {
    this.#disk = disk;
  }

  async put(name: string, body: Uint8Array): Promise<void> {
    await this.#call("PUT", name, body);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const found = await this.#call("GET", name);
    return found && new Uint8Array(await found.arrayBuffer());
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let from = 0; from < names.length; from += deletedAtOnce) {
      const some = names.slice(from, from + deletedAtOnce);
      await Promise.all(some.map((name) => this.#call("DELETE", name)));
    }
  }

  /** Returns the answer, undefined where there is no such file. */
  async #call(method: string, name: string, body?: Uint8Array): Promise<Response | undefined> {
    const response = await this.#disk.fetch(`http://disk/${name}`, { method, ...(body && { body }) });
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status === 404 && method !== "PUT") return undefined;
    throw new Error(`the disk service answered ${method} ${name} with ${response.status}`);
  }
}
