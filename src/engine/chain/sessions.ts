/**
 * Sessions of keys: rows that follow each other within a gap. They grow, and grow together, until the gap has
 * passed without a row; then they are over.
 */
import type { SqlType } from "../../interpreter/types/sql-type.ts";
import type { Row, SqlValue } from "../../interpreter/values/sql-value.ts";
import { decodeRow, encodeRow } from "../../interpreter/values/value-codec.ts";
import { higherOf } from "../log/records.ts";
import type { ChainRow } from "./chain-row.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { StateTable } from "./state-table.ts";
import { Timers } from "./timers.ts";
import type { Span } from "./window-properties.ts";
import type { WindowTimes } from "./window-times.ts";

/** What is kept of the rows of a session. */
export interface SessionContent<Content> {
  create(): Content;
  add(content: Content, row: ChainRow): void;
  /** Adds what is kept of a later session. */
  merge(content: Content, later: Content): void;
  readonly type: SqlType;
  encode(content: Content): SqlValue;
  decode(value: SqlValue): Content;
  /** A session is over. */
  close(content: Content, window: Span, group: number, key: Uint8Array): void;
}

interface Session<Content> {
  start: bigint;
  end: bigint;
  content: Content;
}

const bigintType: SqlType = Object.freeze({ name: "BIGINT", isNullable: false });

export class Sessions<Content> implements Operator {
  readonly #gapMs: bigint;
  readonly #times: WindowTimes;
  readonly #late: OperatorContext["late"];
  readonly #keyOf: (row: Row) => Uint8Array;
  readonly #content: SessionContent<Content>;
  /** Of each key, by their start. */
  readonly #state: StateTable<Session<Content>[]>;
  readonly #timers: Timers;
  #progress: bigint;

  constructor(
    gapMs: number,
    times: WindowTimes,
    keyOf: (row: Row) => Uint8Array,
    content: SessionContent<Content>,
    { state, late }: OperatorContext,
  ) {
    this.#gapMs = BigInt(gapMs);
    this.#times = times;
    this.#late = late;
    this.#keyOf = keyOf;
    this.#content = content;
    this.#state = state.table(sessionsCodec(content));
    this.#timers = new Timers(state, Math.max(1000, gapMs));
    this.#progress = times.progress;
  }

  push(row: ChainRow): void {
    const start = this.#times.of(row.values);
    const key = this.#keyOf(row.values);
    const slot = this.#state.get(row.group, key);
    const sessions = slot.value ?? [];
    const own = { start, end: start + this.#gapMs };
    const met = sessions.filter((each) => each.start <= own.end && own.start <= each.end);
    const end = met.reduce((latest, each) => higherOf(latest, each.end), own.end);
    if (end - 1n <= this.#progress) {
      const lateBy = Number(this.#progress - end + 1n);
      this.#late(row, `late: its session ended ${lateBy} ms before the watermark`, lateBy);
      return;
    }
    const [first, ...others] = met;
    const grown = first ?? { ...own, content: this.#content.create() };
    for (const other of others) this.#content.merge(grown.content, other.content);
    if (start < grown.start) grown.start = start;
    grown.end = end;
    this.#content.add(grown.content, row);
    const kept = sessions.filter((each) => !others.includes(each));
    if (!first) kept.push(grown);
    this.#state.put(slot, kept.sort(byStart));
    this.#timers.add(row.group, key, end - 1n);
  }

  *advance(): Generator<void> {
    const { progress } = this.#times;
    for (const due of this.#timers.due(progress)) {
      for (const { group, key } of due) this.#close(group, key, progress);
      yield;
    }
    this.#progress = progress;
  }

  nextEnd(): bigint | undefined {
    const next = this.#times.isProcessing ? undefined : this.#timers.next;
    return next === undefined ? undefined : this.#times.dueAt(next) + 1n;
  }

  nextDueAt(): number | undefined {
    const next = this.#times.isProcessing ? this.#timers.next : undefined;
    return next === undefined ? undefined : Number(this.#times.dueAt(next)) + 1;
  }

  openWindows(): number {
    return this.#timers.next === undefined ? 0 : 1;
  }

  /** Closes the sessions of a key that are over; the others are due when they end. */
  #close(group: number, key: Uint8Array, progress: bigint): void {
    const slot = this.#state.get(group, key);
    const sessions = slot.value ?? [];
    const left = sessions.filter(({ end }) => end - 1n > progress);
    this.#state.put(slot, left.length === 0 ? undefined : left);
    for (const { start, end, content } of sessions) {
      if (end - 1n <= progress) this.#content.close(content, { start, end }, group, key);
      else this.#timers.add(group, key, end - 1n);
    }
  }
}

function byStart<Content>(one: Session<Content>, other: Session<Content>): number {
  return one.start < other.start ? -1 : 1;
}

function sessionsCodec<Content>(content: SessionContent<Content>) {
  const fields = [
    { name: "start", type: bigintType },
    { name: "end", type: bigintType },
    { name: "content", type: content.type },
  ];
  const session: SqlType = { name: "ROW", isNullable: false, fields };
  const types: SqlType[] = [{ name: "ARRAY", isNullable: false, element: session }];
  return {
    encode: (sessions: Session<Content>[]) => {
      const rows = sessions.map(({ start, end, content: kept }) => [start, end, content.encode(kept)]);
      return encodeRow(types, [rows]);
    },
    decode: (bytes: Uint8Array) => {
      const [rows] = decodeRow(types, bytes) as readonly (readonly Row[])[];
      return (rows ?? []).map(([start, end, kept]): Session<Content> => {
        return { start: start as bigint, end: end as bigint, content: content.decode(kept as SqlValue) };
      });
    },
  };
}
