/**
 * What time it is in a chain.
 */

/** Changed from record to record by who drives the chain. */
export interface ChainClock {
  /** In ms: of the record. */
  appendTime: number;
  /** The event time, in ms, up to which everything is done: rows that came too late for it are late. */
  progress: bigint;
}
