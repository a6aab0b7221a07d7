/**
 * Letting go of results that nobody keeps any longer.
 *
 * A result expires when `retentionMs` of append time have passed since it last changed. What is expired is
 * never returned: queries leave it out, and a continuous aggregate that gets a row again starts anew.
 * Sweeping only frees the space, now and then, when a record's append time says so: an idle stream costs
 * nothing.
 */
import { assert } from "../../base/assert.ts";
import type { TaskPlan } from "../plan/task-plan.ts";
import { continuousWindow, TableFamily } from "../state/window-directory.ts";
import type { SweepState } from "./checkpoint.ts";
import type { TaskTables } from "./task-tables.ts";
import type { TaskWindows } from "./task-windows.ts";
import type { ValueTables } from "./value-tables.ts";

/** Sweeps in the time that a result is kept; expired results take up at most this fraction more space. */
const sweepsPerRetention = 32;
const sweepIntervalMsMin = 1000;
const resultsPerRead = 256;

export class Retention {
  // Configuration.
  readonly #retentionMs: number | null;
  readonly #tables: TaskTables;
  readonly #windows: TaskWindows | undefined;
  readonly #values: ValueTables | undefined;
  // In the checkpoint. The cursor: for windows the last window looked at, else the hash (hex) to go on from.
  #nextAt: number;
  #cursor: string | undefined;

  /** `values`: what else is kept of the keys of a continuous aggregate. */
  constructor(
    plan: TaskPlan,
    tables: TaskTables,
    windows: TaskWindows | undefined,
    state: SweepState,
    values?: ValueTables,
  ) {
    this.#values = values;
    this.#retentionMs = plan.retentionMs;
    this.#tables = tables;
    this.#windows = windows;
    this.#nextAt = state.nextAt;
    this.#cursor = state.cursor;
  }

  get state(): SweepState {
    return { nextAt: this.#nextAt, cursor: this.#cursor };
  }

  /** Cells of a continuous aggregate that changed before this append time start anew; 0 where none do. */
  expireBefore(appendTime: number): number {
    return this.#windows || this.#retentionMs === null ? 0 : appendTime - this.#retentionMs;
  }

  /** Starts a sweep when one is due. */
  begin(appendTime: number): void {
    if (this.#retentionMs === null || appendTime < this.#nextAt) return;
    const interval = Math.max(sweepIntervalMsMin, Math.floor(this.#retentionMs / sweepsPerRetention));
    if (this.#nextAt > 0) this.#cursor = this.#windows ? `${Number.MIN_SAFE_INTEGER}` : "0";
    this.#nextAt = appendTime + interval;
  }

  /**
   * Goes on with the running sweep, over about `cellsMax` cells. Returns true when none is running any more.
   */
  sweep(appendTime: number, cellsMax: number): boolean {
    if (this.#cursor === undefined) return true;
    assert(this.#retentionMs !== null, "only what has a retention is swept");
    const changedBefore = appendTime - this.#retentionMs;
    this.#cursor = this.#windows
      ? this.#sweepResults(this.#windows, this.#cursor, changedBefore)
      : this.#sweepCells(this.#cursor, changedBefore, cellsMax);
    return this.#cursor === undefined;
  }

  #sweepResults(windows: TaskWindows, cursor: string, changedBefore: number): string | undefined {
    const upTo = windows.lastClosedEnd;
    const { entries, next } = this.#tables.unchangedSince(
      changedBefore,
      Number(cursor),
      upTo,
      resultsPerRead,
    );
    for (const entry of entries) this.#tables.drop(entry);
    return next?.toString();
  }

  #sweepCells(cursor: string, changedBefore: number, cellsMax: number): string | undefined {
    const open = this.#tables.find(TableFamily.Result, continuousWindow);
    if (!open) return undefined;
    let hash: bigint | undefined = BigInt(`0x${cursor}`);
    for (let cells = 0; hash !== undefined && cells < cellsMax; ) {
      if (cells > 0 && this.#tables.isFull) break;
      const page: ReturnType<typeof open.keyed.pageAt> = open.keyed.pageAt(hash);
      cells += page.cellCount + 1;
      const nextHash: bigint | undefined = page.nextHash;
      this.#values?.forget([...page.cells()].filter(({ changed }) => changed < BigInt(changedBefore)));
      open.keyed.deleteExpired(hash, BigInt(changedBefore));
      hash = nextHash;
    }
    return hash?.toString(16);
  }
}
