/**
 * Changes of a view, as a partition keeps and tells them.
 *
 * A place names a change by the offset of the log record that made it and its number among the changes of
 * that record. Where a reader stands is the place of the first change that it has not seen, so a place of a
 * reader may be one where no change is.
 */

export interface ChangePlace {
  readonly offset: number;
  readonly row: number;
}

/** +I a new row, -U and +U what a row was and what it is, -D one that is no more. */
export type ChangeKind = "+I" | "-U" | "+U" | "-D";

export interface ViewChange {
  readonly at: ChangePlace;
  readonly kind: ChangeKind;
  /** Hash of the key, 16 hex digits. */
  readonly hash: string;
  /** End of the window in ms; 0 for a view without. */
  readonly window: number;
  /** The row as a JSON object, in the order of the view's columns. */
  readonly row: string;
}

/** Changes in order. `next` is behind all that were looked at, whether they are in the answer or not. */
export interface ChangePage {
  readonly changes: readonly ViewChange[];
  readonly next: ChangePlace;
  /** False when nothing is behind `next` for now. */
  readonly hasMore: boolean;
}

/** Orders places: below zero where `one` is before `other`. */
export function comparePlaces(one: ChangePlace, other: ChangePlace): number {
  return one.offset - other.offset || one.row - other.row;
}

/** The later of two places. */
export function laterOf(one: ChangePlace, other: ChangePlace): ChangePlace {
  return comparePlaces(one, other) < 0 ? other : one;
}
