/**
 * A choice of a batch's rows in kernel memory: ascending row numbers, u32 each (`assembly/abi.ts`,
 * SELECTION).
 *
 * Whoever made the list owns its memory. Pointer 0 stands for the rows 0..count-1, which needs no list.
 */
export interface Selection {
  readonly pointer: number;
  readonly count: number;
}

/** Returns the selection of the first `count` rows. */
export function firstRows(count: number): Selection {
  return { pointer: 0, count };
}
