/**
 * Many records at once, or a large one in many turns, for a state that is far larger than memory: the log is
 * gone through once for each range of hashes whose pages fit, so that each page is loaded and stored once for
 * all of the records.
 *
 * Each key's rows are applied in the log's order, and what is done to a page is what one record after the
 * other would do to it. Only for work of which nothing is seen on the way: cells that neither fire nor send.
 *
 * What a lap did of its records is in memory and in pages of the epoch being written alone. No checkpoint may
 * come before its end; a crash begins again at the last one.
 */
import { checkpointLogBytesMax, checkpointTurnBytesMax } from "../../base/limits.ts";
import { lastHash } from "../../kernel/keyed-table.ts";
import type { PageCache } from "../../kernel/page-cache.ts";
import type { HashRange } from "../../kernel/page-order.ts";
import type { PartitionLog } from "../log/partition-log.ts";
import { type LogRecord, RecordKind } from "../log/records.ts";
import type { PagesOfTable } from "../state/page-store.ts";

/** Share of the budget that the pages of one range take as they are stored: rows make them grow. */
const rangeShare = 0.6;

/** Fewer pages than these are loaded in one turn: to find out what a lap is worth is a walk over all. */
const loadsMin = 1024;

/**
 * The least part of the pages that records must touch: a lap goes through the log as often as there are
 * ranges, and loads no more than these.
 */
const touchedShareMin = 0.125;

/** Before a record was applied alone it is taken to load a page for each so many of its bytes. */
const bytesPerLoad = 64;

/** What a step of a lap did: about how many bytes of the log, and in the last one, of what it was. */
export interface LapStep {
  readonly bytes: number;
  /** All records up to here are applied. */
  readonly appliedOffset?: number;
}

/** Applies a record's rows with hashes in the range; `isAgain`: in others they were applied before. */
export type ApplyRange = (record: LogRecord, range: HashRange, isAgain: boolean) => void;

/** Stores about so many bytes of dirty pages; returns how many there were. */
export type StorePages = (bytesMax: number) => number;

interface Lap {
  readonly begin: number;
  /** Its last record; known behind the first range. */
  end: number | undefined;
  bytes: number;
  range: HashRange;
  next: number;
  /** All records are applied to the range, and its pages are on their way to storage. */
  isStoring: boolean;
}

export class Laps {
  readonly #cache: PageCache;
  readonly #pages: () => PagesOfTable | undefined;
  readonly #apply: ApplyRange;
  readonly #store: StorePages;
  #lap: Lap | undefined;
  /** Pages that the last record which was applied alone loaded, by byte of the log. */
  #loadsPerByte = 1 / bytesPerLoad;
  /** After a lap was not worth it, the log must hold this much. */
  #bytesMin = 0;

  /** `pages`: those of the table that rows are applied to, where it is there already. */
  constructor(cache: PageCache, pages: () => PagesOfTable | undefined, apply: ApplyRange, store: StorePages) {
    this.#store = store;
    this.#cache = cache;
    this.#pages = pages;
    this.#apply = apply;
  }

  /** Of the record that is applied to a range; undefined without a lap. */
  get offset(): number | undefined {
    return this.#lap?.next;
  }

  get isUnderway(): boolean {
    return this.#lap !== undefined;
  }

  /** Applies a record alone, and sees how many pages that takes. */
  watch(record: LogRecord, work: () => void): void {
    const before = this.#cache.loads;
    work();
    this.#loadsPerByte = (this.#cache.loads - before) / Math.max(1, record.bytes);
  }

  /** Goes on with the lap, or begins one with `record` where that is worth it; undefined where it is not. */
  step(log: PartitionLog, record: LogRecord): LapStep | undefined {
    const pages = this.#pages();
    if (!pages) return undefined;
    this.#lap ??= this.#begin(log, record, pages);
    const lap = this.#lap;
    if (!lap) return undefined;
    return lap.isStoring ? this.#goOn(lap, pages) : this.#applyNext(lap, log);
  }

  #applyNext(lap: Lap, log: PartitionLog): LapStep {
    const isFirst = lap.end === undefined;
    const { next } = lap;
    const record = log.read(next) as LogRecord;
    this.#apply(record, lap.range, !isFirst);
    log.forgetUntil(next);
    if (isFirst) {
      lap.bytes += record.bytes;
      if (lap.bytes >= checkpointLogBytesMax || !isFrame(log, next + 1)) lap.end = next;
    }
    lap.next++;
    lap.isStoring = lap.end !== undefined && lap.next > lap.end;
    return { bytes: record.bytes };
  }

  /** The range's pages are stored before others come: else these would push some of them out too early. */
  #goOn(lap: Lap, pages: PagesOfTable): LapStep {
    const bytes = this.#store(checkpointTurnBytesMax);
    if (bytes >= checkpointTurnBytesMax) return { bytes };
    if (lap.range.last === lastHash) {
      this.#lap = undefined;
      return { bytes, appliedOffset: lap.end as number };
    }
    lap.range = this.#rangeFrom(pages, lap.range.last + 1n);
    lap.next = lap.begin;
    lap.isStoring = false;
    return { bytes };
  }

  #begin(log: PartitionLog, record: LogRecord, pages: PagesOfTable): Lap | undefined {
    const { offset } = record;
    if (record.kind !== RecordKind.Frame) return undefined;
    const bytes = Math.min(log.bytesAfter(offset), checkpointLogBytesMax);
    // A record that is applied alone loads each page once too: a lap saves what those behind it would load.
    const loads = (bytes - record.bytes) * this.#loadsPerByte;
    if (loads < loadsMin || bytes < this.#bytesMin) return undefined;
    const pagesMax = Math.floor(loads / touchedShareMin);
    const isWorthIt = pages.count(pagesMax + 1) <= pagesMax;
    this.#bytesMin = isWorthIt ? 0 : bytes * 2;
    if (!isWorthIt) return undefined;
    const range = this.#rangeFrom(pages, 0n);
    return { begin: offset, end: undefined, bytes: 0, range, next: offset, isStoring: false };
  }

  #rangeFrom(pages: PagesOfTable, first: bigint): HashRange {
    return { first, last: pages.lastWithin(first, this.#cache.budgetBytes * rangeShare) };
  }
}

function isFrame(log: PartitionLog, offset: number): boolean {
  return log.read(offset)?.kind === RecordKind.Frame;
}
