/**
 * A part of a query of SQL over a view: its partitions make it, each of its own rows, and what they keep is put
 * together here, in the order of the partitions.
 *
 * As any scan, the answer is no consistent cut: a row that changes meanwhile is there as it was or as it is,
 * and one that comes or goes is there or not. It is there once: a partition goes through its rows by their
 * place, which never changes, and all answers are by one map. A partition that is split meanwhile refuses the
 * map, and everything begins anew with another.
 */
import { EngineError, type ErrorBody, errorBodyOf } from "../../base/errors.ts";
import { MiB, queryBytesMax, queryRowsMax } from "../../base/limits.ts";
import type { RpcResult, ScanPosition } from "../../engine/partition-types.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { Row } from "../../interpreter/values/sql-value.ts";
import { type PartialQuery, scanOf } from "../../sql/batch/divide.ts";
import { keyEqualities } from "../../sql/batch/key-equalities.ts";
import { PartialRows } from "../../sql/batch/partial-rows.ts";
import type { JobFacts } from "../coordinator/coordinator-rpc.ts";
import type { SentQuery } from "../partition/evaluate-view.ts";
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

/** Returns the rows of the part; throws QUERY_INVALID where they are too many. */
export async function evaluateOnPartitions(
  ports: EvaluationPorts,
  facts: JobFacts,
  query: PartialQuery,
  context: EvaluationContext,
): Promise<RpcResult<readonly Row[]>> {
  const { plan, shape, ranges, mapVersion } = facts;
  const wanted = keyOfEqual(plan, keyEqualities(query.relation), shape);
  const key = wanted && readKey(plan, wanted, ranges);
  const { timeZone, moment } = context;
  const sent: SentQuery = {
    ...query,
    ...{ mapVersion, shape, timeZone, now: moment.processingTime },
    ...(key && { key: { bytes: key.bytes, nulls: key.nulls } }),
  };
  const shards = key?.shard === undefined ? [...ranges.keys()] : [key.shard];
  const gathering = new Gathering(query, context, shards.length, ports.queryLimits);
  await Promise.all(
    shards.map((shard, place) =>
      gathering.read(place, (after) => askShard(ports, facts, shard, after ? { ...sent, after } : sent)),
    ),
  );
  return gathering.rows();
}

function askShard(
  { clock, shards }: EvaluationPorts,
  { stream, generation, job, run }: JobFacts,
  shard: number,
  query: SentQuery,
) {
  const address = { stream, generation, shard };
  return callShard(clock, shareTimeoutMs, address, () => shards.open(address).evaluateView(job, run, query));
}

type AskShare = (after: ScanPosition | undefined) => ReturnType<typeof askShard>;

/** What came of each partition so far. */
class Gathering {
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
  async read(place: number, ask: AskShare): Promise<void> {
    const part = this.#parts[place] as PartialRows;
    let next: ScanPosition | undefined;
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
