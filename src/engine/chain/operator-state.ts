/**
 * The state of a chain: tables of each operator, numbered by its place, written together.
 */
import type { PageCache } from "../../kernel/page-cache.ts";
import type { TableLayout } from "../../kernel/table-layout.ts";
import { chainFamily } from "../state/window-directory.ts";
import type { TaskTables } from "../task/task-tables.ts";
import type { ChainClock } from "./chain-clock.ts";
import { type StateWrite, writeState } from "./state-cells.ts";
import { type StateStore, StateTable, type ValueCodec } from "./state-table.ts";

/** Changed values for which a chain's state is written before its record ends. */
const unwrittenMax = 2048;

/** Cells of expired state that a record looks at. */
const sweptCellsMax = 2048;

/** Sweeps in the time that state is kept. */
const sweepsPerTtl = 16;

/** Makes the tables of one operator, which must ask for them in the same order every time. */
export interface OperatorState {
  table<Value>(codec: ValueCodec<Value>, ttlMs?: number): StateTable<Value>;
}

export class ChainState {
  readonly #store: StateStore;
  readonly #clock: ChainClock;
  readonly #tables: StateTable<unknown>[] = [];
  /** Where the sweep of each table with a time to live stands, and when the next one begins. */
  readonly #sweeps = new Map<
    StateTable<unknown>,
    { hash: bigint | undefined; nextAt: number; ttlMs: number }
  >();

  constructor(
    cache: PageCache,
    tables: TaskTables,
    layout: TableLayout,
    clock: ChainClock,
    makeRoom: () => void,
  ) {
    this.#clock = clock;
    const write: StateStore["write"] = (table, writes: readonly StateWrite[]) =>
      writeState(cache, layout, table, writes, clock.appendTime, makeRoom);
    this.#store = { tables, clock, write };
  }

  /** The tables of the operator at `place`; undefined: of the chain itself. */
  of(place: number | undefined): OperatorState {
    let next = 0;
    return {
      table: <Value>(codec: ValueCodec<Value>, ttlMs?: number) => {
        const made = new StateTable(this.#store, chainFamily(place, next++), codec, ttlMs);
        this.#tables.push(made as StateTable<unknown>);
        if (ttlMs !== undefined) {
          this.#sweeps.set(made as StateTable<unknown>, { hash: undefined, nextAt: 0, ttlMs });
        }
        return made;
      },
    };
  }

  /** Writes what has changed. */
  flush(): void {
    for (const table of this.#tables) table.flush();
  }

  /** Writes what has changed, and forgets what is in memory where that is much. */
  endRecord(): void {
    this.flush();
    for (const table of this.#tables) table.forgetMany();
  }

  /** Writes what has changed where that is much. */
  relieve(): void {
    const count = this.#tables.reduce((sum, table) => sum + table.dirtyCount, 0);
    if (count >= unwrittenMax) this.endRecord();
  }

  /**
   * Frees some of the space of what has expired. It is not there for anybody already: so how far this came
   * need not be known after a restart.
   */
  sweep(): void {
    const { appendTime } = this.#clock;
    for (const [table, sweep] of this.#sweeps) {
      if (sweep.hash === undefined && appendTime < sweep.nextAt) continue;
      if (sweep.hash === undefined) sweep.nextAt = appendTime + sweep.ttlMs / sweepsPerTtl;
      sweep.hash ??= 0n;
      for (let cells = 0; sweep.hash !== undefined && cells < sweptCellsMax; ) {
        const swept = table.sweep(sweep.hash);
        cells += swept.cells + 1;
        sweep.hash = swept.next;
      }
    }
  }
}
