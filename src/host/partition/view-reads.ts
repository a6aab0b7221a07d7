/**
 * Reading views of one partition: when one may be read, and the turns that it takes.
 *
 * After a restart what was applied before is applied again first: a view does not go back if it can help it.
 */
import type { Partition } from "../../engine/partition.ts";
import type { RpcResult, ViewPage, ViewScan } from "../../engine/partition-types.ts";
import type { UserFunctions } from "../../interpreter/user-functions.ts";
import { evaluateView, type PartialAnswer, type SentQuery } from "./evaluate-view.ts";
import { readView } from "./read-view.ts";

/** Longest time in ms that a query waits for the replay after a restart; then it sees what there is. */
const replayWaitMs = 5_000;

/** What the host lends: turns of the partition, and waiting between them. */
export interface ViewTurns {
  /** Runs one turn, and what ends one. */
  answer<Value>(turn: (partition: Partition) => Value): Promise<RpcResult<Value>>;
  until(isMet: (partition: Partition) => boolean, timeoutMs: number, late: string): Promise<RpcResult<null>>;
  soon(work: () => void): void;
  /** Offset of the last record that was logged before this object started. */
  readonly restartedAt: number;
  readonly functions: UserFunctions | undefined;
}

export class ViewReads {
  readonly #turns: ViewTurns;

  constructor(turns: ViewTurns) {
    this.#turns = turns;
  }

  async query(
    job: string,
    run: number,
    scan: ViewScan,
    wait: { readonly minOffset: number; readonly timeoutMs: number } | undefined,
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

  async evaluate(job: string, run: number, query: SentQuery): Promise<RpcResult<PartialAnswer>> {
    const replayed = await this.#replayed(job, run);
    if (!replayed.ok) return replayed;
    const { soon, functions } = this.#turns;
    return evaluateView((page) => this.#read(job, run, page), soon, query, functions);
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
