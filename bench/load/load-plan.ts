/**
 * What the load generator is told to do, and what it reports.
 */

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  /** Where bodies of events are posted. */
  readonly path: string;
  readonly eventsPerBody: number;
  readonly keyCount: number;
  /**
   * Number of the first body; it says where event time begins, so a later run goes on behind an earlier
   * one.
   */
  readonly firstBody: number;
  readonly durationMs: number;
  /**
   * Requests a second, sent on time whether or not earlier ones were answered, and latency counted from the
   * time they were due. Left out: every connection sends its next request once it has its answer.
   */
  readonly ratePerSecond?: number;
  /** Asked after each answer, with its token for `{token}`; the latency then ends with the answer to this. */
  readonly queryPath?: string;
}

export interface LoadReport {
  readonly requests: number;
  readonly events: number;
  /** Sum of the amounts of all events. */
  readonly cents: number;
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
  /** Answers 429; their bodies were sent again. */
  readonly refused: number;
  /** The first few other answers that were not good. */
  readonly errors: readonly string[];
  /** Number of the body after the last one sent. */
  readonly nextBody: number;
  /** Processor time that the load generator took itself. */
  readonly cpuMs: number;
}
