/**
 * What queries read of one partition, its views and its stream: when that may be read, and the turns that it
 * takes.
 *
 * After a restart what was applied before is applied again first: a view does not go back if it can help it.
 */

import { EngineError } from "../../base/errors.ts";
import type { LogPlace } from "../../engine/log/read-frames.ts";
import type { LogRecord } from "../../engine/log/records.ts";
import type { Partition } from "../../engine/partition.ts";
import type { FollowAnswer, FollowedKey, FollowedView } from "../../engine/partition-changes.ts";
import type {
  PartitionIdentity,
  RpcResult,
  ScanPosition,
  ViewPage,
  ViewRow,
  ViewScan,
} from "../../engine/partition-types.ts";
import type { ChangePage, ChangePlace } from "../../engine/task/change-types.ts";
import type { SnapshotPage, SnapshotPosition } from "../../engine/task/view-snapshot.ts";
import type { UserFunctions } from "../../interpreter/user-functions.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { Kernel } from "../../kernel/kernel.ts";
import type { TableShape } from "../../protocol/table-shape.ts";
import { scanOf } from "../../sql/batch/divide.ts";
import type { ScanRelation } from "../../sql/bind/logical-plan.ts";
import { rowsOfView } from "../query/rows-of-view.ts";
import { evaluatePart, type PartialAnswer, type ReadPage, type SentQuery } from "./evaluate-part.ts";
import type { AwaitedOffset } from "./partition-rpc.ts";
import { readView } from "./read-view.ts";
import { rowsOfStream } from "./rows-of-stream.ts";

/** Longest time in ms that a query waits for the replay after a restart; then it sees what there is. */
const replayWaitMs = 5_000;

/** What the host lends: turns of the partition, and waiting between them. */
export interface ReadTurns {
  /** Runs one turn, and what ends one. */
  answer<Value>(turn: (partition: Partition) => Value): Promise<RpcResult<Value>>;
  until(isMet: (partition: Partition) => boolean, timeoutMs: number, late: string): Promise<RpcResult<null>>;
  soon(work: () => void): void;
  /** Offset of the last record that was logged before this object started. */
  readonly restartedAt: number;
  readonly functions: UserFunctions | undefined;
  /** The kernel's module: frames are read as it lays them out. */
  readonly module: WebAssembly.Module;
}

export class PartitionReads {
  readonly #turns: ReadTurns;
  /** Reads frames; made when first needed. */
  #kernel: Kernel | undefined;

  constructor(turns: ReadTurns) {
    this.#turns = turns;
  }

  async query(
    job: string,
    run: number,
    scan: ViewScan,
    wait: AwaitedOffset | undefined,
  ): Promise<RpcResult<ViewPage>> {
    const replayed = await this.#replayed(job, run);
    if (!replayed.ok) return replayed;
    if (wait) {
      const waited = await this.#waitFor(job, run, wait.minOffset, wait.timeoutMs);
      if (!waited.ok) return waited;
    }
    return readView(
      (page) => this.#read(job, run, page),
      (work) => this.#turns.soon(work),
      scan,
    );
  }

  /** See `Partition.tokenBehind`; waits for it. */
  async tokenBehind(
    job: string,
    run: number,
    offset: number,
    to: number,
    timeoutMs: number,
  ): Promise<RpcResult<readonly number[]>> {
    const token = (partition: Partition) => partition.tokenBehind(job, run, offset, to);
    const late = `What came of offset ${offset} has not reached the next stage within ${timeoutMs} ms.`;
    const { until, answer } = this.#turns;
    const waited = await until((partition) => token(partition) !== undefined, timeoutMs, late);
    return waited.ok ? await answer((partition) => token(partition) ?? []) : waited;
  }

  /** A part of a query over a view. */
  async evaluateView(
    job: string,
    run: number,
    query: SentQuery<ScanPosition>,
  ): Promise<RpcResult<PartialAnswer<ScanPosition>>> {
    const replayed = await this.#replayed(job, run);
    if (!replayed.ok) return replayed;
    const { mapVersion, key, shape } = query;
    const whole = { ...(mapVersion !== undefined && { mapVersion }), ...(key && { key }), newestFirst: true };
    const table = scanOf(query);
    const read = async (after: ScanPosition | undefined, limit: number) => {
      const page = await this.#read(job, run, { ...whole, limit, ...(after && { after }) });
      return page.ok ? { ok: true as const, value: rowPageOf(page.value, table, shape) } : page;
    };
    const { soon, functions } = this.#turns;
    return await evaluatePart(read, soon, query, functions);
  }

  /** Follows a view, from where it was before a restart or behind that. */
  async follow(view: FollowedView, hub: string, keys?: readonly string[]): Promise<RpcResult<FollowAnswer>> {
    const replayed = await this.#replayed(view.job, view.run);
    if (!replayed.ok) return replayed;
    const late = `The view was not at rest for a moment within ${replayWaitMs} ms.`;
    const waited = await this.#turns.until(({ changes }) => changes.canFollow(view), replayWaitMs, late);
    if (!waited.ok) return waited;
    return this.#turns.answer(({ changes }) => changes.follow(view, hub, keys));
  }

  /** Changes of a view from a place on; of one key, by its hash, or of all. */
  async changes(view: FollowedView, from: ChangePlace, hash?: string): Promise<RpcResult<ChangePage>> {
    const replayed = await this.#replayed(view.job, view.run);
    if (!replayed.ok) return replayed;
    return this.#turns.answer(({ changes }) => changes.read(view, from, hash));
  }

  /** A page of a snapshot of a view, when records that are being applied are done. */
  async snapshot(
    view: FollowedView,
    key: FollowedKey | undefined,
    position: SnapshotPosition | undefined,
  ): Promise<RpcResult<SnapshotPage>> {
    const isSettled = ({ changes }: Partition) => changes.isSettled(view, position);
    const late = `The view was not at rest for a moment within ${replayWaitMs} ms.`;
    const settled = await this.#turns.until(isSettled, replayWaitMs, late);
    if (!settled.ok) return settled;
    // A turn may have come between.
    const page = await this.#turns.answer((partition) =>
      isSettled(partition) ? partition.changes.snapshot(view, key, position) : undefined,
    );
    if (!page.ok) return page;
    return page.value ? { ok: true, value: page.value } : await this.snapshot(view, key, position);
  }

  /** A part of a query over what is retained of the stream, to its end as it is now. */
  async evaluateStream(query: SentQuery<LogPlace>): Promise<RpcResult<PartialAnswer<LogPlace>>> {
    const { answer, soon, functions } = this.#turns;
    const table = scanOf(query);
    const read = (after: LogPlace | undefined) =>
      answer((partition): ReadPage<LogPlace> => {
        const { records, next } = partition.frames(query.mapVersion, after);
        const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
        return { rows: this.#rowsOf(records, partition.identity, table), bytes, next };
      });
    return await evaluatePart(read, soon, query, functions);
  }

  /** After a failure inside the kernel its memory is worth nothing: it is dropped. */
  #rowsOf(records: readonly LogRecord[], identity: PartitionIdentity, table: ScanRelation): Row[] {
    this.#kernel ??= new Kernel(this.#turns.module);
    try {
      return records.flatMap(rowsOfStream(this.#kernel, identity, table));
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) this.#kernel = undefined;
      throw thrown;
    }
  }

  #read(job: string, run: number, page: ViewScan): Promise<RpcResult<ViewPage>> {
    return this.#turns.answer((partition) => partition.queryView(job, run, page));
  }

  async #replayed(job: string, run: number): Promise<RpcResult<null>> {
    const { restartedAt } = this.#turns;
    const isBehind = await this.#turns.answer(({ jobs }) => jobs.isBehind(job, run, restartedAt));
    if (!isBehind.ok) return isBehind;
    if (isBehind.value) await this.#waitFor(job, run, restartedAt, replayWaitMs);
    return { ok: true, value: null };
  }

  /** Resolves when the job has applied `minOffset`, or with an error: it failed, or it took too long. */
  #waitFor(job: string, run: number, minOffset: number, timeoutMs: number): Promise<RpcResult<null>> {
    const late = `The view has not applied offset ${minOffset} within ${timeoutMs} ms.`;
    return this.#turns.until((partition) => partition.hasApplied(job, run, minOffset), timeoutMs, late);
  }
}

/** A page of a view as one of rows of its table. */
export function rowPageOf(
  { rows, hasMore, resume }: ViewPage,
  table: ScanRelation,
  shape: TableShape | undefined,
): ReadPage<ScanPosition> {
  const next = hasMore ? (resume ?? rows.at(-1)?.at) : undefined;
  return { rows: rowsOfView(rows, table, shape), bytes: bytesOf(rows), next };
}

/** About what rows take. */
function bytesOf(rows: readonly ViewRow[]): number {
  let bytes = 0;
  for (const { values } of rows) {
    for (const value of Object.values(values)) bytes += typeof value === "string" ? value.length : 8;
  }
  return bytes;
}
