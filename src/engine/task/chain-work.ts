/**
 * The work of a task of a dataflow: a record's rows are pushed through its chain, then time moves on in it.
 *
 * What a record asks for may take many turns, and is kept in memory meanwhile: no checkpoint is taken before
 * it is done. After a crash it is done again from the last checkpoint, and comes to the same.
 *
 * A source with a watermark of its own goes by that alone, but for the end of its stream. Time that a run was
 * told is not in a savepoint, as little as in Flink; how far windows have fired is.
 */
import { assert } from "../../base/assert.ts";
import { EngineError } from "../../base/errors.ts";
import { compileExpression } from "../../interpreter/compile-expression.ts";
import type { EvaluationContext, RowEvaluator } from "../../interpreter/scalar-function.ts";
import { Chain } from "../chain/chain.ts";
import type { ChainClock } from "../chain/chain-clock.ts";
import { ChainInput, type ReadRows } from "../chain/chain-input.ts";
import { ChainOutput, type Outlet } from "../chain/chain-output.ts";
import type { ChainRow } from "../chain/chain-row.ts";
import { ChainState } from "../chain/operator-state.ts";
import { PrintedRows } from "../chain/printed-rows.ts";
import { randomOf } from "../chain/random.ts";
import { RejectedRows, shortRowText } from "../chain/rejected-rows.ts";
import { ResultCells } from "../chain/result-cells.ts";
import { ChangelogResults, type Results, ViewResults } from "../chain/results.ts";
import { higherOf, type LogRecord, lowerOf, maxWatermark, minWatermark, RecordKind } from "../log/records.ts";
import type { ChainPlan } from "../plan/chain-plan.ts";
import { millisOf } from "../plan/lane-values.ts";
import { type Checkpoint, parseWatermark } from "./checkpoint.ts";
import { Retention } from "./retention.ts";
import type { Skipped } from "./skipped-records.ts";
import type { TaskWork, WorkContext, WorkState } from "./task-work.ts";
import { ViewChanges } from "./view-changes.ts";

/** Rows of a frame, and results of the chain, that one step goes through. */
const rowsPerStep = 512;

/** Rows of results that wait to be written. */
const unwrittenMax = 2048;

/** Cells that one step sweeps. */
const cellsPerStep = 50_000;

export class ChainWork implements TaskWork {
  readonly windows = undefined;
  readonly #context: WorkContext;
  readonly #plan: ChainPlan;
  readonly #input: ChainInput;
  readonly #clock: ChainClock;
  readonly #evaluation: EvaluationContext;
  readonly #state: ChainState;
  readonly #chain: Chain;
  readonly #outputs: readonly ChainOutput[];
  readonly #results: Results | undefined;
  readonly #retention: Retention;
  readonly #rejected: RejectedRows;
  readonly #printed: PrintedRows;
  readonly #watermarkOf: RowEvaluator | undefined;
  /** What it does with the record, where that is not the chain's, and with which row. */
  #step: "read" | "write" | undefined;
  #row: number | undefined;
  #read: ChainRow | undefined;
  /** What is left of a record. */
  #rest: Generator<void> | undefined;

  constructor(context: WorkContext) {
    const { cache, plan, tables, layouts, output, checkpoint, letters, identity, makeRoom } = context;
    const { chain } = plan;
    assert(chain, "the plan has a chain");
    this.#context = context;
    this.#plan = chain;
    this.#input = new ChainInput(cache.kernel, plan, identity().schema, identity);
    this.#clock = {
      appendTime: checkpoint.appendTime ?? 0,
      progress: parseWatermark(checkpoint.firedThrough),
      restored: (checkpoint.groupTimes ?? []).map(({ firedThrough, ...each }) => {
        return { ...each, progress: parseWatermark(firedThrough) };
      }),
    };
    this.#evaluation = {
      timeZone: chain.timeZone,
      functions: context.functions,
      moment: { processingTime: 0, watermark: null, random: () => 0 },
    };
    this.#state = new ChainState(cache, tables, layouts.state, this.#clock, makeRoom);
    this.#rejected = new RejectedRows(letters);
    this.#printed = new PrintedRows(chain.prints ?? [], (row) => context.print?.(row));
    this.#results = this.#openResults();
    const edges = (output?.edges ?? []).filter(({ of }) => of === "chain");
    this.#outputs = edges.map((edge) => new ChainOutput(cache.kernel, edge));
    const sent = this.#outputs.flatMap((each, index) => {
      const planned = plan.edges?.[index]?.chain;
      return planned ? each.outlets(planned) : [];
    });
    this.#chain = new Chain(
      chain,
      {
        ...{ evaluation: this.#evaluation, clock: this.#clock, state: this.#state },
        late: (row, reason, lateBy) => this.#rejected.addLate(row, reason, lateBy),
      },
      [...sent, ...this.#resultOutlets(), ...this.#printed.outlets],
    );
    this.#retention = new Retention(plan, tables, undefined, checkpoint.sweep);
    const watermark = chain.source?.watermark;
    this.#watermarkOf = watermark && compileExpression(watermark, this.#evaluation);
  }

  #openResults(): Results | undefined {
    const { cache, plan, tables, layouts, makeRoom } = this.#context;
    const { result } = this.#plan;
    if (!result) return undefined;
    const cells = new ResultCells(cache, layouts.cells, plan, makeRoom);
    if (result.kind === "view") {
      const reject = (row: ChainRow, reason: string) => this.#rejected.addBad(row, reason);
      const changes = new ViewChanges(plan, this.#context.changes);
      return new ViewResults(result, cells, tables, this.#clock, reject, changes);
    }
    return new ChangelogResults(result, cells, tables, this.#clock, this.#state.of(undefined));
  }

  #resultOutlets(): Outlet[] {
    const [{ result }, results] = [this.#plan, this.#results];
    return result && results ? [{ of: result.of, push: (row) => results.push(row) }] : [];
  }

  get place() {
    const row = this.#row;
    return {
      operator: this.#step ?? this.#chain.working,
      ...(row !== undefined && { row }),
      ...(this.#read && { content: shortRowText(this.#read) }),
    };
  }

  get isHalfway(): boolean {
    return this.#rest !== undefined;
  }

  nextEnd(): bigint | undefined {
    const ends = this.#chain.operators.flatMap((operator) => operator.nextEnd?.() ?? []);
    return ends.length === 0 ? undefined : ends.reduce(lowerOf);
  }

  nextDueAt(): number | undefined {
    const times = this.#chain.operators.flatMap((operator) => operator.nextDueAt?.() ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  openWindows(): number {
    return this.#chain.operators.reduce((sum, operator) => sum + (operator.openWindows?.() ?? 0), 0);
  }

  begin(): void {
    // Nothing of a record is forgotten between its steps.
  }

  takeInMany(): undefined {
    return undefined;
  }

  takeIn(record: LogRecord): void {
    const { seed } = record;
    // A run may go on where clocks are behind those of the last one; what has fired by the clock stays so.
    const appendTime = Math.max(record.appendTime, this.#clock.appendTime);
    this.#clock.appendTime = appendTime;
    const { moment } = this.#evaluation;
    const { watermark } = this.#context.time;
    moment.processingTime = appendTime;
    moment.watermark = watermark === minWatermark ? null : Number(watermark);
    moment.random = randomOf(seed);
    this.#rejected.begin(record);
    this.#retention.begin(appendTime);
    this.#rest = this.#work(record);
  }

  goOn({ offset }: LogRecord): boolean {
    if (!this.#rest) return true;
    if (!this.#rest.next().done) {
      for (const output of this.#outputs) if (output.isFull) output.send(offset);
      this.#relieve();
      return false;
    }
    this.#step = "write";
    for (const output of this.#outputs) output.send(offset);
    this.#results?.write();
    const { bad } = this.#rejected;
    if (bad > 0) this.#context.count({ applied: 0, filtered: 0, late: 0, bad });
    this.#printed.endRecord();
    this.#state.endRecord();
    this.#rest = undefined;
    return true;
  }

  sweep({ appendTime }: LogRecord): boolean {
    const { retentionMs } = this.#context.plan;
    if (retentionMs !== null) this.#results?.expire(appendTime - retentionMs);
    this.#state.sweep();
    return this.#retention.sweep(appendTime, cellsPerStep);
  }

  get state(): WorkState {
    const { progress, appendTime, restored } = this.#clock;
    const groupTimes = restored.map(({ progress: fired, ...each }) => {
      return { ...each, firedThrough: fired.toString() };
    });
    return {
      ...{ firedThrough: progress.toString(), cursor: undefined, appendTime },
      // What is undefined takes the place of what the last checkpoint said.
      groupTimes: groupTimes.length > 0 ? groupTimes : undefined,
      sweep: this.#retention.state,
    };
  }

  differsFrom({ firedThrough, sweep }: Checkpoint): boolean {
    const isBehind = this.#clock.progress !== parseWatermark(firedThrough);
    return isBehind || sweep.cursor !== this.#retention.state.cursor;
  }

  release(): void {
    this.#rest = undefined;
  }

  /** A record's rows by the time before it, then the time that it brings. */
  *#work(record: LogRecord): Generator<void> {
    const own = { watermark: minWatermark };
    if (record.kind === RecordKind.Frame) yield* this.#pushRows(record, own);
    this.#step = undefined;
    this.#chain.endRows();
    const { time } = this.#context;
    time.apply(this.#watermarkOf ? byOwnTime(record, own.watermark) : record);
    this.#clock.progress = higherOf(this.#clock.progress, time.watermark);
    yield* this.#chain.advance();
    this.#clock.restored = [];
  }

  *#pushRows(record: LogRecord, own: { watermark: bigint }): Generator<void> {
    const { skipped } = this.#context;
    this.#step = "read";
    const unreadable = skipped.whole(record.offset);
    if (unreadable?.isUnreadable) {
      this.#rejected.addUnread(unreadable.reason);
      return;
    }
    const rows = this.#input.read(record);
    let left = 0;
    for (let row = 0; row < rows.count; row++) {
      if (row > 0 && row % rowsPerStep === 0) yield;
      const out = skipped.of(record.offset, row);
      if (out) this.#skip(rows, row, out);
      else this.#pushRow(rows, row, own);
      left += out ? 1 : 0;
      this.#step = "write";
      for (const output of this.#outputs) if (output.isFull) output.send(record.offset);
    }
    const { late } = this.#rejected;
    this.#context.count({ applied: rows.count - late - left, filtered: 0, late, bad: 0 });
  }

  #pushRow(rows: ReadRows, row: number, own: { watermark: bigint }): void {
    this.#step = "read";
    this.#row = row;
    const read = rows.rowAt(row);
    this.#read = read;
    this.#noteWatermark(read, own);
    this.#step = undefined;
    this.#chain.push(rows.portOf(row), read);
    this.#row = undefined;
    this.#read = undefined;
  }

  #skip(rows: ReadRows, row: number, { reason, isUnreadable }: Skipped): void {
    if (isUnreadable) this.#rejected.addUnread(reason);
    else this.#rejected.addBad(rows.rowAt(row), reason);
  }

  #noteWatermark({ values }: ChainRow, own: { watermark: bigint }): void {
    const watermark = this.#watermarkOf?.(values) ?? null;
    if (watermark === null) return;
    if (typeof watermark !== "bigint") {
      throw new EngineError("JOB_FAILED", {
        message: `A watermark is a timestamp, not ${typeof watermark}.`,
      });
    }
    own.watermark = higherOf(own.watermark, millisOf(watermark));
  }

  #relieve(): void {
    if ((this.#results?.unwritten ?? 0) >= unwrittenMax) this.#results?.write();
    this.#state.relieve();
  }
}

/** The record as it is where a source has a time of its own: of the stream's, only the end counts. */
function byOwnTime(record: LogRecord, watermark: bigint): LogRecord {
  if (record.kind === RecordKind.Frame) return { ...record, watermark };
  return record.watermark === maxWatermark ? record : { ...record, watermark: minWatermark };
}
