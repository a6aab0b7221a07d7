/**
 * Which table holds which slice or result of a task.
 *
 * The durable directory is one small SQLite row per table; memory holds the *live* ones (slices, and
 * results whose window can still change) and what changed since the last checkpoint. A result that can no
 * longer change is only in SQLite, so that neither memory nor recovery grows with the results that are
 * kept.
 *
 * Names: a slice is named by its start; a result by its window's end. A tumbling window has one slice,
 * which *is* its result: only results exist there. A continuous aggregate is the one result that never
 * ends. Counted values are named as the result that they are for.
 */
import type { SqlStorage, SqlValue } from "../ports.ts";

/**
 * Behind the first two come the families of counted values: see `valuesFamily`. The last three are those of
 * `WindowPartials`.
 */
export const TableFamily = { Slice: 0, Result: 1, Folded: 1021, Suffix: 1022, Prefix: 1023 } as const;

const valuesFamilies = 2;

/** The tables of counted values: in their order; by arrival, in the order of rows and in that of values. */
export const ValuesTable = { Values: 0, Arrivals: 1, Places: 2 } as const;
export type ValuesTable = (typeof ValuesTable)[keyof typeof ValuesTable];

/** The family of the tables of the plan's counted column at `place`. */
export function valuesFamily(place: number, table: ValuesTable): number {
  return valuesFamilies + place * 3 + table;
}

/**
 * Behind all families come those of a chain's state: so many for each operator, the first ones for the
 * chain itself.
 */
const chainFamilies = 1024;
export const familiesPerOperator = 4;

/** The family of a table of the operator at `place`; undefined: of the chain itself. */
export function chainFamily(place: number | undefined, table: number): number {
  return chainFamilies + (place === undefined ? 0 : place + 1) * familiesPerOperator + table;
}

/** True for tables of a chain's state. */
export function isOfChain({ family }: Pick<TableEntry, "family">): boolean {
  return family >= chainFamilies;
}

/** True for tables that hold no results: of counted values, or of a chain's state. */
export function isOfValues({ family }: Pick<TableEntry, "family">): boolean {
  return family >= valuesFamilies && (family < TableFamily.Folded || family >= chainFamilies);
}

/** True for sums that are made of slices anew where they are missing. */
export function isOfSums({ family }: Pick<TableEntry, "family">): boolean {
  return family === TableFamily.Suffix || family === TableFamily.Prefix;
}

/** Name of the one result of a job without windows. */
export const continuousWindow = Number.MAX_SAFE_INTEGER;

export interface TableEntry {
  readonly family: number;
  /** Slice: its start; result and values: their window's end; ms. */
  readonly window: number;
  readonly table: number;
  /** Append time at which the window fired; 0 while it is open. Of a slice always 0. */
  readonly firedAt: number;
  /** Append time of the last change to any of its rows. */
  readonly changedAt: number;
}

export interface UnchangedEntries {
  readonly entries: readonly TableEntry[];
  readonly next: number | undefined;
}

const columns = "family, window, tbl, fired_at, changed_at";

export class WindowDirectory {
  readonly #sql: SqlStorage;
  readonly #task: number;
  /** Entries that differ from SQLite; undefined: to be deleted. */
  readonly #changes = new Map<string, { key: [number, number]; entry: TableEntry | undefined }>();

  static createTables(sql: SqlStorage): void {
    sql.run(
      `CREATE TABLE IF NOT EXISTS tables (task INTEGER, family INTEGER, window INTEGER, tbl INTEGER,
       fired_at INTEGER, changed_at INTEGER, PRIMARY KEY (task, family, window)) WITHOUT ROWID`,
    );
  }

  constructor(sql: SqlStorage, task: number) {
    this.#sql = sql;
    this.#task = task;
  }

  put(entry: TableEntry): void {
    this.#changes.set(`${entry.family}/${entry.window}`, { key: [entry.family, entry.window], entry });
  }

  remove(family: number, window: number): void {
    this.#changes.set(`${family}/${window}`, { key: [family, window], entry: undefined });
  }

  get(family: number, window: number): TableEntry | undefined {
    const change = this.#changes.get(`${family}/${window}`);
    if (change) return change.entry;
    return this.#select("family = ? AND window = ?", "", family, window)[0];
  }

  /** Entries of a family with window in [from, to], at most `limit`, ascending or descending. */
  range(family: number, from: number, to: number, isDescending: boolean, limit: number): TableEntry[] {
    const changed = [...this.#changes.values()].filter(
      ({ key }) => key[0] === family && key[1] >= from && key[1] <= to,
    );
    const order = `ORDER BY window ${isDescending ? "DESC" : "ASC"} LIMIT ${limit + changed.length}`;
    const stored = this.#select("family = ? AND window BETWEEN ? AND ?", order, family, from, to);
    const merged = new Map(stored.map((entry) => [entry.window, entry]));
    for (const { key, entry } of changed) {
      if (entry) merged.set(key[1], entry);
      else merged.delete(key[1]);
    }
    const sign = isDescending ? -1 : 1;
    return [...merged.values()].sort((a, b) => sign * (a.window - b.window)).slice(0, limit);
  }

  /**
   * Results behind `after`, ascending, that fired and did not change since `changedBefore`. Looks at up to
   * `limit` of those in storage; `next` is the window to go on behind, where there may be more.
   */
  unchangedSince(changedBefore: number, after: number, upTo: number, limit: number): UnchangedEntries {
    const stored = this.#select(
      "family = 1 AND window > ? AND window <= ? AND fired_at > 0 AND changed_at < ?",
      `ORDER BY window LIMIT ${limit}`,
      after,
      upTo,
      changedBefore,
    );
    return {
      entries: stored.filter((entry) => !this.#changes.has(`${entry.family}/${entry.window}`)),
      next: stored.length < limit ? undefined : stored.at(-1)?.window,
    };
  }

  /** All entries in storage: right after a commit, all there are. */
  all(): TableEntry[] {
    return this.#select("1", "ORDER BY family, window");
  }

  /** Entries that differ from storage. */
  get changeCount(): number {
    return this.#changes.size;
  }

  /** Writes what changed; part of the checkpoint's last turn. */
  write(): void {
    for (const { key, entry } of this.#changes.values()) {
      if (entry) {
        this.#sql.run(
          `INSERT OR REPLACE INTO tables (task, ${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
          this.#task,
          entry.family,
          entry.window,
          entry.table,
          entry.firedAt,
          entry.changedAt,
        );
      } else {
        this.#sql.run("DELETE FROM tables WHERE task = ? AND family = ? AND window = ?", this.#task, ...key);
      }
    }
    this.#changes.clear();
  }

  #select(where: string, order: string, ...bindings: SqlValue[]): TableEntry[] {
    const rows = this.#sql.run(
      `SELECT ${columns} FROM tables WHERE task = ? AND ${where} ${order}`,
      this.#task,
      ...bindings,
    );
    return rows.map(([family, window, table, firedAt, changedAt]) => ({
      family: family as number,
      window: window as number,
      table: table as number,
      firedAt: firedAt as number,
      changedAt: changedAt as number,
    }));
  }
}
