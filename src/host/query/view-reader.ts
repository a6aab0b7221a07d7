/**
 * Reads a view: one key from the partition that owns it, everything else from all of them, merged.
 *
 * The answer is not a consistent cut. It says for each shard how far the rows reflect it (offset and
 * watermark). A query with a token waits, on each shard, until the view has come so far.
 */
import { EngineError, errorBodyOf } from "../../base/errors.ts";
import { suggestName } from "../../base/suggest-name.ts";
import type { RpcResult, ScanPosition, ViewPage, ViewScan } from "../../engine/partition-types.ts";
import type { ViewAnswer } from "../../protocol/answers.ts";
import type { ViewQuery } from "../../protocol/view-query.ts";
import { formatWatermark } from "../../protocol/watermark-text.ts";
import type { JobFacts } from "../coordinator/coordinator-rpc.ts";
import type { Ask, FactsCache } from "../facts-cache.ts";
import { callShard, type Shards } from "../shards.ts";
import type { WallClock } from "../wall-clock.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { type MergedPage, mergePages } from "./merge-pages.ts";
import { readKey } from "./read-key.ts";

/** Time for reading and for the way, on top of what a query may wait for its token. */
const readTimeoutMs = 10_000;

export interface ViewPorts {
  readonly clock: WallClock;
  readonly shards: Shards;
  readonly facts: FactsCache<JobFacts>;
  readonly askFacts: Ask<JobFacts>;
}

interface ShardPage {
  readonly shard: number;
  readonly page: ViewPage;
}

export class ViewReader {
  readonly #ports: ViewPorts;

  constructor(ports: ViewPorts) {
    this.#ports = ports;
  }

  async read(view: string, query: ViewQuery): Promise<RpcResult<ViewAnswer>> {
    try {
      const { facts, askFacts } = this.#ports;
      const known = await facts.get(view, askFacts);
      if (!known.ok) return known;
      const first = await this.#readOnce(known.value, query);
      if (first.ok || !isOutdated(first.error.code)) return first;
      const newer = await facts.newer(view, known.value, askFacts);
      return newer.ok ? await this.#readOnce(newer.value, query) : newer;
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  async #readOnce(facts: JobFacts, query: ViewQuery): Promise<RpcResult<ViewAnswer>> {
    checkToken(query, facts);
    const key = query.key === undefined ? undefined : readKey(facts.plan, query.key, facts.shardCount);
    const scan = scanOf(facts, query, key);
    const all = Array.from({ length: facts.shardCount }, (_, shard) => shard);
    const asked = key?.shard === undefined ? all : [key.shard];
    const answers = await Promise.all(asked.map((shard) => this.#readShard(facts, shard, scan, query)));
    const pages: ShardPage[] = [];
    for (const [index, answer] of answers.entries()) {
      if (!answer.ok) return answer;
      pages.push({ shard: asked[index] ?? 0, page: answer.value });
    }
    const merged = mergePages(
      pages.map(({ page }) => page),
      scan,
    );
    return { ok: true, value: answerOf(facts, query, pages, merged) };
  }

  #readShard(facts: JobFacts, shard: number, scan: ViewScan, query: ViewQuery): Promise<RpcResult<ViewPage>> {
    const { clock, shards } = this.#ports;
    const { stream, generation, job, run } = facts;
    const minOffset = query.token[shard];
    const wait = minOffset === undefined ? undefined : { minOffset, timeoutMs: query.timeoutMs };
    const timeoutMs = readTimeoutMs + (wait?.timeoutMs ?? 0);
    const address = { stream, generation, shard };
    return callShard(clock, timeoutMs, address, () => shards.open(address).queryView(job, run, scan, wait));
  }
}

/** The partition knows no such run: the job was deleted, and perhaps made again. */
function isOutdated(code: string): boolean {
  return code === "VIEW_NOT_FOUND" || code === "JOB_NOT_FOUND" || code === "MAP_STALE";
}

function scanOf({ plan, run }: JobFacts, query: ViewQuery, key: ViewScan["key"]): ViewScan {
  const { windowFrom, windowTo, newestFirst, limit, top, cursor } = query;
  const outputs = plan.outputs.map(({ name }) => name);
  if (top && !outputs.includes(top.output)) {
    const suggestion = suggestName(top.output, outputs);
    const message = `top: found "${top.output}", expected one of ${outputs.join(", ")}${suggestion}`;
    throw new EngineError("QUERY_INVALID", { message, details: { outputs } });
  }
  if (!plan.window && (windowFrom !== undefined || windowTo !== undefined)) {
    const message = "from, to: found a window range, but the job has no window.";
    throw new EngineError("QUERY_INVALID", { message });
  }
  return {
    ...(key && { key: { bytes: key.bytes, nulls: key.nulls } }),
    ...(windowFrom !== undefined && { windowFrom }),
    ...(windowTo !== undefined && { windowTo }),
    newestFirst,
    limit,
    ...(top && { top }),
    ...(cursor !== undefined && { after: positionOf(cursor, run, newestFirst) }),
  };
}

function positionOf(cursor: string, run: number, newestFirst: boolean): ScanPosition {
  const [ofRun, order, window, hash] = decodeCursor(cursor, ["number", "number", "number", "string"]);
  if (ofRun !== run || order !== orderOf(newestFirst) || !/^[0-9a-f]{16}$/.test(hash)) {
    const message = "cursor: found one of another job or order. Start without a cursor.";
    throw new EngineError("QUERY_INVALID", { message });
  }
  return { window, hash };
}

function orderOf(newestFirst: boolean): number {
  return newestFirst ? 1 : 0;
}

function checkToken({ token }: ViewQuery, { shardCount, stream }: JobFacts): void {
  const shard = Object.keys(token).find((name) => Number(name) >= shardCount);
  if (shard === undefined) return;
  const message = `token: found shard ${shard}, but stream "${stream}" has ${shardCount}.`;
  throw new EngineError("QUERY_INVALID", { message });
}

function answerOf(
  { job, run }: JobFacts,
  { newestFirst }: ViewQuery,
  pages: readonly ShardPage[],
  merged: MergedPage,
): ViewAnswer {
  const { next } = merged;
  return {
    view: job,
    rows: merged.rows.map(({ values, final }) => ({ ...values, final })),
    watermarks: Object.fromEntries(pages.map(({ shard, page }) => [shard, formatWatermark(page.watermark)])),
    offsets: Object.fromEntries(pages.map(({ shard, page }) => [shard, page.appliedOffset])),
    ...(next && { cursor: encodeCursor([run, orderOf(newestFirst), next.window, next.hash]) }),
  };
}
