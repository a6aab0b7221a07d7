/**
 * A reader of a view's changes: a snapshot first or not, then changes, put together to what the view is.
 *
 * It throws where a change does not fit: a row that is taken back must be there, a new one must not be.
 */
import { expect } from "vitest";
import type { FollowedView } from "../../src/engine/partition-changes.ts";
import { type ChangePlace, comparePlaces, type ViewChange } from "../../src/engine/task/change-types.ts";
import type { SnapshotPosition } from "../../src/engine/task/view-snapshot.ts";
import type { PartitionHarness } from "./partition-harness.ts";

export interface SeenChange {
  readonly at: ChangePlace;
  readonly text: string;
}

export class ViewFollower {
  readonly rows = new Map<string, string>();
  /** Changes in the order in which they came. */
  readonly seen: SeenChange[] = [];
  place: ChangePlace;
  readonly #harness: PartitionHarness;
  readonly #view: FollowedView;
  readonly #hash: string | undefined;

  /** Stands at the present. */
  constructor(harness: PartitionHarness, view: FollowedView, hash?: string) {
    this.#harness = harness;
    this.#view = view;
    this.#hash = hash;
    this.place = harness.turn(() => harness.partition.changes.follow(view, `hub ${Math.random()}`)).head;
  }

  /** Reads all changes that there are. */
  read(): void {
    while (true) {
      const { place } = this;
      const page = this.#harness.turn(() =>
        this.#harness.partition.changes.read(this.#view, place, this.#hash),
      );
      for (const change of page.changes) this.#put(change);
      expect(comparePlaces(page.next, place)).toBeGreaterThanOrEqual(0);
      this.place = page.next;
      if (!page.hasMore) return;
    }
  }

  /** Takes a snapshot page by page; `between` does something behind each page. */
  snapshot(between: () => void): void {
    this.rows.clear();
    let position: SnapshotPosition | undefined;
    while (true) {
      const { partition } = this.#harness;
      if (!this.#harness.turn(() => partition.changes.isSettled(this.#view, position))) {
        if (this.#harness.turn(() => partition.step()) === 0) throw new Error("the view never settles");
        continue;
      }
      const page = this.#harness.turn(() => partition.changes.snapshot(this.#view, undefined, position));
      for (const change of page.changes) this.#put(change);
      for (const row of page.rows) this.#add(row);
      this.place = page.place;
      position = page.next;
      if (!position) return;
      between();
    }
  }

  content(): string[] {
    return [...this.rows.values()].sort();
  }

  #put({ at, kind, row }: ViewChange): void {
    this.seen.push({ at, text: `${kind} ${row}` });
    if (kind === "+I" || kind === "+U") this.#add(row);
    else if (!this.rows.delete(row)) throw new Error(`${kind} ${row} takes back what is not there`);
  }

  #add(row: string): void {
    if (this.rows.has(row)) throw new Error(`${row} is there already`);
    this.rows.set(row, row);
  }
}

/** The view as it is: what has fired of windows, and all rows of a view without. */
export function viewContent(harness: PartitionHarness, job = "job", run = 1): string[] {
  return harness
    .scan(job, { isFinal: true }, run)
    .rows.map(({ values }) => JSON.stringify(values))
    .sort();
}
