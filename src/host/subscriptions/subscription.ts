/**
 * A subscription: whose changes somebody wants, and from where. A worker makes it, the hub checks it and
 * keeps it beside the subscriber's socket, so that the hub may leave memory and come back.
 */
import { encodeBase64 } from "../../base/base64.ts";
import { EngineError } from "../../base/errors.ts";
import { decodeKey, hashKey } from "../../columnar/key-encoding.ts";
import { kindOf } from "../../columnar/schema.ts";
import { formatValue, type JsonScalar, type LaneValue } from "../../columnar/values.ts";
import type { FollowedView } from "../../engine/partition-changes.ts";
import { hexOf } from "../../engine/task/view-changes.ts";
import type { ChangesQuery, PartitionPlace } from "../../protocol/changes.ts";
import type { JobFacts } from "../coordinator/coordinator-rpc.ts";
import { readKey } from "../query/read-key.ts";

/** A view and where its partitions are. */
export interface SubscribedView extends FollowedView {
  readonly stream: string;
  readonly generation: number;
}

/** The key that alone is wanted; `bytes` in base64. */
export interface SubscribedKey {
  readonly bytes: string;
  readonly nulls: number;
  readonly hash: string;
  /** Its columns as rows show them. */
  readonly columns: Readonly<Record<string, JsonScalar>>;
}

/** By whose token a subscriber was let in, and until when that is good. */
export interface SubscriberAccess {
  readonly token: string;
  /** SHA-256 of the secret, where the coordinator knows the token. */
  readonly hash?: string;
  /** In ms since 1970; absent: until it is revoked. */
  readonly until?: number;
}

export interface Subscription {
  /** The hub that has it. */
  readonly hub: string;
  readonly view: SubscribedView;
  /** The partitions that have what is wanted. */
  readonly shards: readonly number[];
  readonly key?: SubscribedKey;
  /** Whether all there is comes first; where `from` is given too, only if there is no going on from there. */
  readonly snapshot: boolean;
  /** In the order of `shards`: the first changes that are wanted. Absent: what comes from now on. */
  readonly from?: readonly PartitionPlace[];
  /** Absent where the server asks for no token. */
  readonly access?: SubscriberAccess;
}

/**
 * Returns what a query asks of a view. Throws QUERY_INVALID, and CHANGES_GONE where it goes on from another
 * run or map and wants no snapshot.
 */
export function subscriptionOf(facts: JobFacts, query: ChangesQuery): Omit<Subscription, "hub"> {
  const { stream, generation, job, run, mapVersion: map, ranges, plan } = facts;
  const view = { stream, generation, job, run, map };
  const key = query.key === undefined ? undefined : readKey(plan, query.key, ranges);
  const shards = key?.shard === undefined ? [...ranges.keys()] : [key.shard];
  const { lastEventId: last, snapshot } = query;
  const whole = { view, shards, snapshot, ...(key && { key: keyOf(facts, key) }) };
  if (!last) return whole;
  if (last.run !== run || last.map !== map) {
    if (snapshot) return whole;
    const message =
      last.run !== run
        ? `lastEventId: the event is of run ${last.run} of the job, and this is run ${run}.`
        : "lastEventId: the view's partitions are others by now.";
    throw new EngineError("CHANGES_GONE", { message });
  }
  const from = shards.map((shard) => {
    const place = last.places.get(shard);
    if (place) return place;
    const message = `lastEventId: it says nothing of partition ${shard}, so it is of another subscription.`;
    throw new EngineError("QUERY_INVALID", { message });
  });
  return { ...whole, from };
}

function keyOf(
  { plan }: JobFacts,
  { bytes, nulls }: { readonly bytes: Uint8Array; readonly nulls: number },
): SubscribedKey {
  const kinds = plan.key.map(({ type }) => kindOf(type));
  const values = decodeKey(kinds, bytes, nulls);
  const columns = plan.outputs.flatMap(({ name, type, from }) =>
    from.from === "key" ? [[name, formatValue(values[from.key] as LaneValue, type)]] : [],
  );
  return {
    ...{ bytes: encodeBase64(bytes), nulls, hash: hexOf(hashKey(bytes, nulls)) },
    columns: Object.fromEntries(columns),
  };
}

/** True where a row, as JSON, is of the key. Rows of other keys may have its hash. */
export function isOfKey(row: string, { columns }: SubscribedKey): boolean {
  const values = JSON.parse(row) as Record<string, JsonScalar>;
  return Object.entries(columns).every(([name, value]) => values[name] === value);
}
