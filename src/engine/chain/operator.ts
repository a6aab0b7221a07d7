/**
 * What an operator of a chain is, and what it has of its task.
 */
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { ChainClock } from "./chain-clock.ts";
import type { ChainRow, Emit } from "./chain-row.ts";
import type { OperatorState } from "./operator-state.ts";

export interface Operator {
  /** Takes a row of its input of this number. */
  push(row: ChainRow, input: number): void;
  /** A record's rows have all come: what was held back to be folded goes on. */
  endRows?(): void;
  /**
   * Time has come so far as `ChainClock` says. Yields between parts of bounded size, behind which the turn
   * may end.
   */
  advance?(): Generator<void>;
  /** Earliest end, as event time in ms, at which it has something to do. */
  nextEnd?(): bigint | undefined;
  /** The same by append time. */
  nextDueAt?(): number | undefined;
  /** Windows that hold rows. */
  openWindows?(): number;
}

export interface OperatorContext {
  readonly evaluation: EvaluationContext;
  readonly clock: ChainClock;
  readonly state: OperatorState;
  readonly emit: Emit;
  /** Types of the rows of its first input. */
  readonly types: readonly SqlType[];
  /** Takes note of a row that came too late. */
  readonly late: (row: ChainRow, reason: string, lateBy: number) => void;
}
