/**
 * A job of a life that is a statement: a query, and the view that it fills.
 */
import type { StreamName } from "./sent-requests.ts";

export interface QueryPlan {
  /** Of the job, and of the view that it fills. */
  readonly name: string;
  readonly sql: string;
  /** Set where the query fails at some rows, which are left out then: what it comes to without these. */
  readonly expectedSql?: string;
  /** Columns by which its rows are known. */
  readonly key: readonly string[];
  readonly reads: readonly StreamName[];
  /** Partitions behind an exchange; 0: as many as the source has. */
  readonly parallelism: number;
  readonly isFolding: boolean;
  /** The job is stopped with a savepoint and begins with it anew. */
  readonly restores: readonly RestorePlan[];
}

export interface RestorePlan {
  /** How long the job runs before. */
  readonly afterMs: number;
  readonly parallelism: number;
}
