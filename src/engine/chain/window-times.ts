/**
 * The times by which windows are made, and when windows are due.
 *
 * Windows lie on the clocks of the session's zone where the time is an instant (a TIMESTAMP_LTZ, or when a
 * record was appended): their ends are local times then, and are due at the instants at which clocks show
 * them for the last time: no window is over before what its clocks show twice has been twice.
 */
import { EngineError } from "../../base/errors.ts";
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { nanosPerMilli } from "../../interpreter/values/sql-value.ts";
import { type TimeZone, timeZoneOf } from "../../interpreter/values/time-zone.ts";
import type { WindowTime } from "../../protocol/dataflow.ts";
import { lowerOf, maxWatermark, minWatermark } from "../log/records.ts";
import { millisOf } from "../plan/lane-values.ts";
import type { ChainClock, GroupsTime } from "./chain-clock.ts";

export class WindowTimes {
  /** True where time is when records are appended. */
  readonly isProcessing: boolean;
  readonly #column: number;
  readonly #clock: ChainClock;
  /** Undefined where windows lie on the time as it is. */
  readonly #zone: TimeZone | undefined;

  /** `types` are those of the rows; `isOfInstants`: windows are of instants, whatever the types say. */
  constructor(
    time: WindowTime,
    types: readonly SqlType[],
    timeZone: string,
    clock: ChainClock,
    isOfInstants = false,
  ) {
    this.isProcessing = !("column" in time);
    this.#column = "column" in time ? time.column : -1;
    this.#clock = clock;
    const isInstant = isOfInstants || this.isProcessing || types[this.#column]?.name === "TIMESTAMP_LTZ";
    this.#zone = isInstant && timeZone !== "UTC" ? timeZoneOf(timeZone) : undefined;
  }

  /** The time of a row, in ms, on the clocks that windows lie on. Throws JOB_FAILED where it is null. */
  of(row: Row): bigint {
    const instant = this.instantIn(row);
    return this.#zone ? millisOf(this.#zone.localOfInstant(instant * nanosPerMilli)) : instant;
  }

  /** The time of a row, in ms, as it is. Throws JOB_FAILED where it is null. */
  instantIn(row: Row): bigint {
    if (this.isProcessing) return BigInt(this.#clock.appendTime);
    const value = row[this.#column] as SqlValue;
    if (value === null) {
      throw new EngineError("JOB_FAILED", {
        message:
          "A row has no time, though windows are made by it: its time column is null. Leave such rows out " +
          "with a condition.",
      });
    }
    return millisOf(value as bigint);
  }

  /**
   * How far time is, in ms, on the clocks that windows lie on: a window is over when its last millisecond is
   * reached.
   */
  get progress(): bigint {
    return this.#progressAt(this.#clock);
  }

  /** How far time was for a key group, where the chain was put together and goes on from there. */
  restoredProgressOf(group: number): bigint | undefined {
    const known = this.#clock.restored.find(({ keyGroups: [first, end] }) => first <= group && group < end);
    return known && this.#progressAt(known);
  }

  /** The least of them. */
  get leastRestored(): bigint | undefined {
    const all = this.#clock.restored.map((each) => this.#progressAt(each));
    return all.length === 0 ? undefined : all.reduce(lowerOf);
  }

  #progressAt({ appendTime, progress }: Omit<GroupsTime, "keyGroups">): bigint {
    const instant = this.isProcessing ? BigInt(appendTime) : progress;
    const isEndless = instant === minWatermark || instant === maxWatermark;
    if (isEndless || !this.#zone) return instant;
    return millisOf(this.#zone.localThrough(instant * nanosPerMilli));
  }

  /** The instant, in ms, at which clocks show `local` for the last time. */
  dueAt(local: bigint): bigint {
    return this.#zone ? millisOf(this.#zone.lastInstantOfLocal(local * nanosPerMilli)) : local;
  }

  /** Start or end of a window as a value. */
  boundOf(local: bigint): SqlValue {
    return local * nanosPerMilli;
  }

  /** The last millisecond of the window that ends at `end`, as a value of the time's type. */
  windowTimeOf(end: bigint): SqlValue {
    const last = (end - 1n) * nanosPerMilli;
    return this.#zone ? this.#zone.instantOfLocal(last) : last;
  }
}
