/**
 * A part of a query of SQL over a view or a stream: its partitions make it, each of its own rows, and what
 * they keep is put together here, in the order of the partitions.
 *
 * As any scan, the answer is no consistent cut: a row that changes meanwhile is there as it was or as it is,
 * and one that comes or goes is there or not. It is there once: a partition goes through its rows by their
 * place, which never changes, and all answers are by one map. A partition that is split meanwhile refuses the
 * map, and everything begins anew with another.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { MiB, queryBytesMax, queryRowsMax } from "../../base/limits.ts";
import type { LogPlace } from "../../engine/log/read-frames.ts";
import type { RpcResult, ScanPosition } from "../../engine/partition-types.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { type PartialQuery, scanOf } from "../../sql/batch/divide.ts";
import { keyEqualities } from "../../sql/batch/key-equalities.ts";
import { PartialRows } from "../../sql/batch/partial-rows.ts";
import type { JobFacts, StagePartitions, StreamFacts } from "../coordinator/coordinator-rpc.ts";
import type { PartialAnswer, SentQuery } from "../partition/evaluate-part.ts";
import type { PartitionRpc } from "../partition/partition-rpc.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import { keyOfEqual, readKey } from "./read-key.ts";

/** Time for one share of the rows, and for the way. */
const shareTimeoutMs = 10_000;

/** What a query holds at most of what its partitions keep. */
export interface QueryLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export interface EvaluationPorts {
  readonly clock: WallClock;
  readonly shards: Shards;
  /** Absent: `queryRowsMax` and `queryBytesMax`. */
  readonly queryLimits?: QueryLimits;
}

/** The rows of a part over a view. Throws QUERY_INVALID where they are too many. */
export async function evaluateOverView(
  ports: EvaluationPorts,
  facts: JobFacts,
  query: PartialQuery,
  context: EvaluationContext,
): Promise<RpcResult<readonly Row[]>> {
  const { plan, shape, ranges, job, run } = facts;
  const wanted = keyOfEqual(plan, keyEqualities(query.relation), shape);
  const key = wanted && readKey(plan, wanted, ranges);
  const asked = key?.shard === undefined ? undefined : [key.shard];
  const whole = { shape, ...(key && { key: { bytes: key.bytes, nulls: key.nulls } }) };
  return await evaluate<ScanPosition>(ports, { ...facts, asked }, query, context, (rpc, share) =>
    rpc.evaluateView(job, run, { ...share, ...whole }),
  );
}

/** The rows of a part over what is retained of a stream. Throws QUERY_INVALID where they are too many. */
export async function evaluateOverStream(
  ports: EvaluationPorts,
  facts: StreamFacts,
  query: PartialQuery,
  context: EvaluationContext,
): Promise<RpcResult<readonly Row[]>> {
  return await evaluate<LogPlace>(ports, facts, query, context, (rpc, share) => rpc.evaluateStream(share));
}

/** Partitions to be asked; all where they are not named. */
interface AskedPartitions extends StagePartitions {
  readonly asked?: readonly number[] | undefined;
}

async function evaluate<Place>(
  { clock, shards, queryLimits }: EvaluationPorts,
  { stream, generation, mapVersion, ranges, asked = [...ranges.keys()] }: AskedPartitions,
  query: PartialQuery,
  context: EvaluationContext,
  ask: (rpc: PartitionRpc, share: SentQuery<Place>) => Promise<RpcResult<PartialAnswer<Place>>>,
): Promise<RpcResult<readonly Row[]>> {
  const { timeZone, moment } = context;
  const sent = { ...query, mapVersion, timeZone, now: moment.processingTime };
  const gathering = new Gathering<Place>(query, context, asked.length, queryLimits);
  await Promise.all(
    asked.map((shard, place) => {
      const address = { stream, generation, shard };
      return gathering.read(place, (after) =>
        callShard(clock, shareTimeoutMs, address, () =>
          ask(shards.open(address), after === undefined ? sent : { ...sent, after }),
        ),
      );
    }),
  );
  return gathering.rows();
}

type AskShare<Place> = (after: Place | undefined) => Promise<RpcResult<PartialAnswer<Place>>>;

/** What came of each partition so far. */
class Gathering<Place> {
  readonly #table: string;
  readonly #limits: QueryLimits;
  readonly #parts: readonly PartialRows[];
  /** At least what is kept takes, for each partition. */
  #bytes: number[];
  #failure: ErrorBody | undefined;

  constructor(query: PartialQuery, context: EvaluationContext, partitions: number, limits?: QueryLimits) {
    this.#table = scanOf(query).table.name;
    this.#limits = limits ?? { rowsMax: queryRowsMax, bytesMax: queryBytesMax };
    this.#parts = Array.from({ length: partitions }, () => new PartialRows(query, context));
    this.#bytes = this.#parts.map(() => 0);
  }

  /** Reads one partition to its end, or until another one failed. */
  async read(place: number, ask: AskShare<Place>): Promise<void> {
    const part = this.#parts[place] as PartialRows;
    let next: Place | undefined;
    try {
      do {
        const answer = await ask(next);
        if (!answer.ok) {
          this.#failure ??= answer.error;
          return;
        }
        part.merge(answer.value.kept);
        this.#bytes[place] = (this.#bytes[place] ?? 0) + answer.value.kept.byteLength;
        this.#checkSize();
        ({ next } = answer.value);
      } while (next && !part.isEnough && !this.#failure);
    } catch (thrown) {
      this.#failure ??= errorBodyOf(thrown);
    }
  }

  rows(): RpcResult<readonly Row[]> {
    if (this.#failure) return { ok: false, error: this.#failure };
    const [first, ...others] = this.#parts as [PartialRows, ...PartialRows[]];
    for (const other of others) first.merge(other.encode());
    return { ok: true, value: first.rows() };
  }

  #checkSize(): void {
    const { rowsMax, bytesMax } = this.#limits;
    const rows = sumOf(this.#parts.map(({ count }) => count));
    if (rows > rowsMax) throw this.#tooMuch(`${rowsMax} rows`);
    if (sumOf(this.#bytes) <= bytesMax) return;
    // Shares of one group, and rows that others took the place of, came several times and are kept once.
    this.#bytes = this.#parts.map((part) => part.encode().byteLength);
    if (sumOf(this.#bytes) > bytesMax) throw this.#tooMuch(`${bytesMax / MiB} MiB`);
  }

  #tooMuch(limit: string): EngineError {
    const message =
      `The query needs more than ${limit} of ${this.#table}, the most that it holds at a time. ` +
      "Leave rows out with WHERE, group by less, or say LIMIT.";
    return new EngineError("QUERY_INVALID", { message, details: { table: this.#table } });
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
