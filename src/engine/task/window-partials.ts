/**
 * What the slices of overlapping windows are added up to, so that a window fires by a few merges, however
 * many slices it has.
 *
 * Time is cut into blocks as long as the largest window, and a window reaches over one bound of blocks at
 * most: it is the end of one block and the beginning of the next. Before the first window of a block fires,
 * the block before is added up from each of its slices to its end: the suffixes. The prefix is the sum of the
 * block so far.
 *
 *     block before       block                  a window = the suffix of its first slice
 *     |--|--|--|--|--|--|--|--|--|--|--|--|--|             + the prefix
 *              [ suffix |  prefix )                        + slices that are not in these
 *
 * A slice that was added to them is *folded*: its table goes to a family of its own, and rows that still come
 * for it begin a new one beside it. So a row is never added to more than one table.
 *
 * Reads of open windows and savepoints take slices alone: sums can be made of them anew. Nothing is ever
 * taken back from a sum, so all aggregates have them.
 */
import { assert } from "../../base/assert.ts";
import { type KeyedTable, lastHash } from "../../kernel/keyed-table.ts";
import type { Slices, WindowGrid } from "../../kernel/slices.ts";
import { TableFamily } from "../state/window-directory.ts";
import {
  blockStartOf,
  lastWindowEndOf,
  slicesOfWindow,
  windowStartOf,
} from "../windows/window-arithmetic.ts";
import { OpenTables } from "./open-tables.ts";
import type { OpenTable, TaskTables } from "./task-tables.ts";

/**
 * Where the work on a window stands: what is being merged, and the hash from which to go on. In their order:
 *
 *   slice   slices of the block before into their suffixes, the last one first;
 *   suffix  into each the suffix behind it, right after its slice
 *   fold    slices into the prefix
 *   (none)  slices into the result
 *   total   into the result, by start, the suffix and the prefix
 */
export interface MergePlace {
  readonly stage?: "slice" | "suffix" | "fold" | "total";
  readonly slice: number;
  /** In hexadecimal digits. */
  readonly hash: string;
}

/** What one merge did: it read cells of a source, and goes on at `nextHash`; above the last hash: nowhere. */
export interface Merged {
  readonly source: MergeSource;
  readonly cells: number;
  readonly nextHash: bigint;
}

/** Where to go on behind a merge. */
export function placeBehind({ source: { stage, start }, nextHash }: Merged): MergePlace {
  return { ...(stage && { stage }), slice: Number(start), hash: nextHash.toString(16) };
}

export class WindowPartials {
  readonly #tables: TaskTables;
  readonly #slices: Slices;
  readonly #grid: WindowGrid;
  // Rebuilt on open.
  readonly #folded: OpenTables;
  readonly #suffixes: OpenTables;
  /** By the start of its block: there is one at most. */
  readonly #prefixes: OpenTables;

  constructor(tables: TaskTables, slices: Slices, grid: WindowGrid) {
    this.#tables = tables;
    this.#slices = slices;
    this.#grid = grid;
    this.#folded = new OpenTables(tables, TableFamily.Folded);
    this.#suffixes = new OpenTables(tables, TableFamily.Suffix);
    this.#prefixes = new OpenTables(tables, TableFamily.Prefix);
  }

  /** Starts of folded slices, ascending. */
  starts(): readonly bigint[] {
    return this.#folded.starts();
  }

  /** The last of the folded slices, by start. */
  newest(): readonly [bigint, KeyedTable] | undefined {
    const open = this.#folded.newest();
    return open && [BigInt(open.entry.window), open.keyed];
  }

  /** The folded slice that begins at `start`. */
  folded(start: bigint): KeyedTable | undefined {
    return this.#folded.get(start)?.keyed;
  }

  /** Makes the sums of the window that ends at `end`, a page with each step; `from`: where that stands. */
  *prepare(end: bigint, from: MergePlace | undefined): Generator<Merged> {
    const block = blockStartOf(this.#grid, end);
    if (!this.#prefixes.get(block)) {
      // Windows that cumulate begin with their block.
      if (this.#grid.kind === "hop") yield* this.#makeSuffixes(block, from);
      this.#prefixes.dropWhile((start) => start < block);
    }
    yield* this.#fold(end, this.#prefixes.open(block), from);
  }

  /**
   * The suffix of the window that ends at `end`, to become its result without being copied; undefined where
   * it has none, or a later window needs the same one.
   */
  takeSuffix(end: bigint): OpenTable | undefined {
    const first = this.#firstFolded(end);
    if (first === undefined || first >= windowStartOf(this.#grid, end + this.#grid.step)) return undefined;
    return this.#suffixes.giveAway(first, TableFamily.Result, end);
  }

  /**
   * The sums that, with slices that are not in them and a suffix that was taken, make the window that ends at
   * `end`; by start.
   */
  totalsOf(end: bigint): (readonly [bigint, KeyedTable])[] {
    const prefix = this.#prefixes.get(blockStartOf(this.#grid, end));
    assert(prefix, "the sums of the window's block were made");
    const first = this.#firstFolded(end);
    const suffix = first === undefined ? undefined : this.#suffixes.get(first);
    return [...(suffix ? [suffix] : []), prefix].map(({ entry, keyed }) => [BigInt(entry.window), keyed]);
  }

  /** Lets go of what no window needs that is still to fire. */
  close(firedThrough: bigint): void {
    const isDone = (start: bigint) => (lastWindowEndOf(this.#grid, start) ?? start) - 1n <= firedThrough;
    this.#folded.dropWhile(isDone);
    this.#suffixes.dropWhile(isDone);
    this.#prefixes.dropWhile((block) => block + this.#grid.size - 1n <= firedThrough);
  }

  /** The first slice in a suffix of the window that ends at `end`: those before its block are in suffixes. */
  #firstFolded(end: bigint): bigint | undefined {
    const [from, block] = [windowStartOf(this.#grid, end), blockStartOf(this.#grid, end)];
    return this.#folded.starts().find((start) => start >= from && start < block);
  }

  /** Makes the suffixes of the block that ends at `block`, the shortest first. */
  *#makeSuffixes(block: bigint, from: MergePlace | undefined): Generator<Merged> {
    // The window that ends where the block begins is the block before.
    const before = slicesOfWindow(this.#grid, block);
    for (const start of before) {
      if (this.#slices.get(start) && !this.#folded.get(start)) this.#putAway(start);
    }
    let place = from?.stage === "slice" || from?.stage === "suffix" ? from : undefined;
    let behind: OpenTable | undefined;
    for (const start of before.filter((start) => this.#folded.get(start)).reverse()) {
      const suffix = this.#suffixes.open(start);
      const parts = { slice: this.#folded.get(start), suffix: behind };
      for (const stage of ["slice", "suffix"] as const) {
        const source = parts[stage]?.keyed;
        const isDone = place && !(place.stage === stage && place.slice === Number(start));
        if (!source || isDone) continue;
        yield* mergePages({ stage, start, source, target: suffix.keyed }, place);
        place = undefined;
      }
      behind = suffix;
    }
  }

  /** Adds what is not folded yet to the prefix, up to `end`. */
  *#fold(end: bigint, prefix: OpenTable, from: MergePlace | undefined): Generator<Merged> {
    const block = BigInt(prefix.entry.window);
    for (const [start, source] of this.#slices.entries()) {
      if (start < block) continue;
      if (start >= end) break;
      const folded = this.#folded.get(start)?.keyed;
      const place = from?.stage === "fold" && from.slice === Number(start) ? from : undefined;
      // Rows that came behind those of their slice go to them, page by page: reads find them in one of both.
      const onMerged = (hash: bigint) => {
        if (!folded) return;
        mergePage(source, hash, folded);
        source.clearPage(hash);
      };
      const merge: Merge = { stage: "fold", start, source, target: prefix.keyed, onMerged };
      for (const merged of mergePages(merge, place)) {
        if (merged.nextHash > lastHash) this.#putAway(start);
        yield merged;
      }
    }
  }

  /** Makes a slice a folded one; what is left of it where there is one already is nothing. */
  #putAway(start: bigint): void {
    const open = this.#tables.find(TableFamily.Slice, Number(start));
    assert(open, "a slice has its table");
    this.#slices.delete(start);
    if (this.#folded.get(start)) this.#tables.drop(open.entry);
    else this.#folded.adopt(open);
  }
}

/** The slice, or the sum, that begins at `start`. */
export interface MergeSource extends Pick<MergePlace, "stage"> {
  readonly start: bigint;
  readonly source: KeyedTable;
}

interface Merge extends MergeSource {
  readonly target: KeyedTable;
  /** Called behind the merge of the page that covers a hash. */
  readonly onMerged?: (hash: bigint) => void;
}

/** Merges page after page; `from`: where that stands. */
export function* mergePages(merge: Merge, from: MergePlace | undefined): Generator<Merged> {
  const { source, target, onMerged } = merge;
  let hash = from ? BigInt(`0x${from.hash}`) : 0n;
  while (hash <= lastHash) {
    const { cellCount: cells, nextHash = lastHash + 1n } = source.pageAt(hash);
    mergePage(source, hash, target);
    onMerged?.(hash);
    hash = nextHash;
    yield { source: merge, cells, nextHash };
  }
}

function mergePage(source: KeyedTable, hash: bigint, target: KeyedTable): void {
  const failure = source.mergePage(hash, target);
  assert(failure === undefined, "what lies in a slice fits into a sum of slices");
}
