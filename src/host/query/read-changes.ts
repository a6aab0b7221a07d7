/**
 * Reading a changelog: the rows that a query has made, with their kinds, in the order in which it made them.
 */
import type { JsonScalar } from "../../columnar/values.ts";
import type { RpcResult, ScanPosition } from "../../engine/partition-types.ts";
import type { JobFacts } from "../coordinator/coordinator-rpc.ts";
import { callShard } from "../shards.ts";
import { isOutdated, type ViewPorts } from "./view-reader.ts";

const readTimeoutMs = 10_000;

/** A row as it came: its kind, then its values in order. */
export interface Change {
  readonly kind: string;
  readonly values: readonly (JsonScalar | undefined)[];
}

export interface ChangePage {
  readonly changes: readonly Change[];
  /** Behind the last of them: where the next page begins. */
  readonly after: ScanPosition | undefined;
}

/** Reads up to `limit` rows of a view that is a changelog, behind a place. */
export async function readChanges(
  ports: ViewPorts,
  view: string,
  after: ScanPosition | undefined,
  limit: number,
): Promise<RpcResult<ChangePage>> {
  const { facts, askFacts } = ports;
  return await facts.answer(view, askFacts, isOutdated, (known) => readOnce(ports, known, after, limit));
}

async function readOnce(
  { clock, shards }: ViewPorts,
  { stream, generation, job, run, mapVersion }: JobFacts,
  after: ScanPosition | undefined,
  limit: number,
): Promise<RpcResult<ChangePage>> {
  const address = { stream, generation, shard: 0 };
  const scan = { mapVersion, newestFirst: false, limit, ...(after && { after }) };
  const page = await callShard(clock, readTimeoutMs, address, () =>
    shards.open(address).queryView(job, run, scan, undefined),
  );
  if (!page.ok) return page;
  const changes = page.value.rows.map(({ values }): Change => {
    const [, kind, ...rest] = Object.values(values);
    return { kind: String(kind), values: rest };
  });
  const last = page.value.rows.at(-1)?.at ?? page.value.resume ?? after;
  return { ok: true, value: { changes, after: last } };
}
