/**
 * What time it is in a chain.
 */

/** How far key groups [first, end) were when they were saved. */
export interface GroupsTime {
  readonly keyGroups: readonly [number, number];
  readonly appendTime: number;
  readonly progress: bigint;
}

/** Changed from record to record by who drives the chain. */
export interface ChainClock {
  /** In ms: of the record. */
  appendTime: number;
  /** The event time, in ms, up to which everything is done: rows that came too late for it are late. */
  progress: bigint;
  /**
   * Set where the chain was put together of partitions that were not equally far, until its first record is
   * done: those behind have windows to fire that others have fired.
   */
  restored: readonly GroupsTime[];
}
