/**
 * Stored pages of one table in a Map, as SQLite's index would find them: the greatest first hash not above.
 */
import type { KeyedTable, StoredPage } from "../../src/kernel/keyed-table.ts";
import type { PageCache } from "../../src/kernel/page-cache.ts";

export class MemoryPageStore {
  readonly pages = new Map<bigint, Uint8Array>();

  readonly load = (hash: bigint): StoredPage | undefined => {
    let found: bigint | undefined;
    for (const firstHash of this.pages.keys()) {
      if (firstHash <= hash && (found === undefined || firstHash > found)) found = firstHash;
    }
    return found === undefined ? undefined : { bytes: this.pages.get(found) as Uint8Array };
  };

  /** Stores what is dirty of a table, which the cache may leave out if it has no other. */
  storeAll(cache: PageCache, table?: KeyedTable): void {
    for (const page of cache.dirtyPages(table)) {
      this.pages.set(page.firstHash, page.bytes());
      cache.markClean(page);
    }
  }
}
