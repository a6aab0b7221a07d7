/**
 * The RPC surface of a hub: what partitions tell it. Subscribers come to it by `fetch`.
 *
 * A hub is an object of one run of one view, with one map of its partitions; further ones have their numbers.
 */
import type { ErrorBody } from "../../base/errors.ts";
import type { RpcResult } from "../../engine/partition-types.ts";
import type { ChangePlace, ViewChange } from "../../engine/task/change-types.ts";

/** Changes of one partition, from a place on. All before it the hub has been told. */
export interface ToldChanges {
  readonly shard: number;
  readonly from: ChangePlace;
  readonly changes: readonly ViewChange[];
  /** Behind them. */
  readonly next: ChangePlace;
}

/** A secret of a token, by its SHA-256, and until when it is good in ms since 1970; absent: for ever. */
export interface GoodSecret {
  readonly hash: string;
  readonly until?: number | undefined;
}

export interface HubRpc {
  /** Tells of changes; told again they do nothing. Answers whether there is anybody left to tell. */
  tell(told: ToldChanges): Promise<RpcResult<boolean>>;
  /** Tells that nothing more will come, and why. */
  end(error: ErrorBody): Promise<RpcResult<null>>;
  /** Tells which secrets of a token are good: who came with another one is closed. */
  limitToken(token: string, good: readonly GoodSecret[]): Promise<RpcResult<null>>;
}

/** Opens hubs by name. Opening calls nothing; a call may throw when the platform cannot deliver it. */
export interface Hubs {
  open(hub: string): HubRpc;
}

/** Returns the name of a hub's object. */
export function hubName(view: string, run: number, map: number, number: number): string {
  return `view/${view}/${run}/${map}/${number}`;
}
