/**
 * Many records at once, or a large one in many turns, for a state that is far larger than memory: the log is
 * gone through once for each range of hashes whose pages fit, so that each page is loaded and stored once for
 * all of the records.
 *
 * Each key's rows are applied in the log's order, and what is done to a page is what one record after the
 * other would do to it. Only for work of which nothing is seen on the way: cells that neither fire nor send.
 *
 * To read and sort every record again for each range would be most of the work: the rows of some ranges that
 * come one behind the other are kept in frames of their own, where what is done with a row does not depend on
 * its number.
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

/** Fewer pages than these are soon loaded: to find out what a lap is worth is a walk over many. */
const loadsMin = 1024;

/**
 * The least part of the pages that records must touch: a lap goes through the log as often as there are
 * ranges, and loads no more than these.
 */
const touchedShareMin = 0.125;

/**
 * Rows are kept for so many ranges at a time: with about as many blocks as ranges in each, every row is gone
 * through least often. They may take this share of the budget, beside the pages.
 */
const rangesPerBlockMax = 8;
const keptShareMax = 0.25;

/** Before a record was applied alone it is taken to load a page for each so many of its bytes. */
const bytesPerLoad = 64;

/** What a step of a lap did: about how many bytes of the log, and in the last one, of what it was. */
export interface LapStep {
  readonly bytes: number;
  /** All records up to here are applied. */
  readonly appliedOffset?: number;
}

/** What a task does in laps. `isAgain`: the record was gone through before, for other hashes. */
export interface LapWork {
  /** Pages of the table that rows are applied to, where it is there already. */
  pages(): PagesOfTable | undefined;
  /** Applies a record's rows with hashes in the range. */
  apply(record: LogRecord, range: HashRange, isAgain: boolean): void;
  /** Returns a record's rows with hashes in the range; absent where the numbers of rows must stay. */
  keep?(record: LogRecord, range: HashRange, isAgain: boolean): LogRecord[];
  /** Stores about so many bytes of dirty pages; returns how many there were. */
  store(bytesMax: number): number;
}

/** Rows of all records that lie in some ranges, on their way to these. */
interface Block {
  readonly last: bigint;
  readonly records: LogRecord[];
  bytes: number;
}

interface Lap {
  readonly begin: number;
  /** Its last record; known when all were gone through once. */
  end: number | undefined;
  bytes: number;
  /** Undefined where records are applied as the log has them. */
  block: Block | undefined;
  range: HashRange;
  /** Offset in the log, or place in the block. */
  next: number;
  /** `Store`: all is applied to the range, and its pages are on their way to storage. */
  phase: "Keep" | "Apply" | "Store";
}

type LapCache = Pick<PageCache, "budgetBytes" | "loads">;
type LapLog = Pick<PartitionLog, "read" | "forgetUntil" | "bytesAfter">;

export class Laps {
  readonly #cache: LapCache;
  readonly #work: LapWork;
  #lap: Lap | undefined;
  #rangesPerBlock = rangesPerBlockMax;
  /** Pages that the last record which was applied alone loaded, by byte of the log. */
  #loadsPerByte = 1 / bytesPerLoad;
  /** After a lap was not worth it, the log must hold this much. */
  #bytesMin = 0;

  constructor(cache: LapCache, work: LapWork) {
    this.#cache = cache;
    this.#work = work;
  }

  /** Of the record that is gone through; undefined without a lap. */
  get offset(): number | undefined {
    const { block, phase, next } = this.#lap ?? {};
    return block && phase !== "Keep" ? block.records[next ?? 0]?.offset : next;
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
  step(log: LapLog, record: LogRecord): LapStep | undefined {
    const pages = this.#work.pages();
    if (!pages) return undefined;
    this.#lap ??= this.#begin(log, record, pages);
    const lap = this.#lap;
    if (!lap) return undefined;
    if (lap.phase === "Store") return this.#goOn(lap, pages);
    return lap.block && lap.phase === "Apply" ? this.#applyKept(lap, lap.block) : this.#passNext(lap, log);
  }

  /** One record of a pass through the log. */
  #passNext(lap: Lap, log: LapLog): LapStep {
    const isAgain = lap.end !== undefined;
    const { next, block, range } = lap;
    const record = log.read(next) as LogRecord;
    if (lap.phase === "Apply") this.#work.apply(record, range, isAgain);
    else this.#keep(this.#work.keep?.(record, { ...range, last: block?.last ?? range.last }, isAgain), lap);
    log.forgetUntil(next);
    if (!isAgain) {
      lap.bytes += record.bytes;
      if (lap.bytes >= checkpointLogBytesMax || !isFrame(log, next + 1)) lap.end = next;
    }
    lap.next++;
    if (lap.end !== undefined && lap.next > lap.end) {
      const isKept = lap.phase === "Keep";
      lap.phase = isKept ? "Apply" : "Store";
      if (isKept) lap.next = lap.block ? 0 : lap.begin;
    }
    return { bytes: record.bytes };
  }

  /** Rows that are too many are not kept: they are taken from the log again, and fewer ranges at a time. */
  #keep(records: readonly LogRecord[] | undefined, lap: Lap): void {
    const { block } = lap;
    if (!block || !records) return;
    block.records.push(...records);
    block.bytes += records.reduce((sum, { bytes }) => sum + bytes, 0);
    if (block.bytes <= this.#cache.budgetBytes * keptShareMax) return;
    lap.block = undefined;
    this.#rangesPerBlock >>= 1;
  }

  #applyKept(lap: Lap, { records }: Block): LapStep {
    const record = records[lap.next];
    if (record) this.#work.apply(record, lap.range, true);
    lap.next++;
    if (lap.next >= records.length) lap.phase = "Store";
    return { bytes: record?.bytes ?? 0 };
  }

  /** The range's pages are stored before others come: else these would push some of them out too early. */
  #goOn(lap: Lap, pages: PagesOfTable): LapStep {
    const bytes = this.#work.store(checkpointTurnBytesMax);
    if (bytes >= checkpointTurnBytesMax) return { bytes };
    const { last } = lap.range;
    if (last === lastHash) {
      this.#lap = undefined;
      return { bytes, appliedOffset: lap.end as number };
    }
    const { block } = lap;
    if (block && last < block.last) {
      lap.range = { first: last + 1n, last: lower(this.#lastFrom(pages, last + 1n, 1), block.last) };
      lap.next = 0;
      lap.phase = "Apply";
    } else {
      this.#lap = { ...lap, ...this.#blockFrom(pages, last + 1n), next: lap.begin };
    }
    return { bytes };
  }

  #begin(log: LapLog, record: LogRecord, pages: PagesOfTable): Lap | undefined {
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
    this.#rangesPerBlock = rangesPerBlockMax;
    return { begin: offset, end: undefined, bytes: 0, next: offset, ...this.#blockFrom(pages, 0n) };
  }

  /** The first range from a hash on, and the block that begins with it. */
  #blockFrom(pages: PagesOfTable, first: bigint): Pick<Lap, "block" | "range" | "phase"> {
    const range = { first, last: this.#lastFrom(pages, first, 1) };
    const isKept = this.#work.keep !== undefined && this.#rangesPerBlock > 1 && range.last < lastHash;
    if (!isKept) return { block: undefined, range, phase: "Apply" };
    const last = this.#lastFrom(pages, first, this.#rangesPerBlock);
    return { block: { last, records: [], bytes: 0 }, range, phase: "Keep" };
  }

  /** The last hash of so many ranges. */
  #lastFrom(pages: PagesOfTable, first: bigint, ranges: number): bigint {
    return pages.lastWithin(first, this.#cache.budgetBytes * rangeShare * ranges);
  }
}

function lower(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

function isFrame(log: LapLog, offset: number): boolean {
  return log.read(offset)?.kind === RecordKind.Frame;
}
