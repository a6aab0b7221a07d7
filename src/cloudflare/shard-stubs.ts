/**
 * How workers and the coordinator reach shards: a fresh stub for every call.
 */
import type { PartitionRpc } from "../host/partition/partition-rpc.ts";
import { type ShardAddress, type Shards, shardName } from "../host/shards.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";

export class ShardStubs implements Shards {
  readonly #namespace: DurableObjectNamespace;

  constructor({ SHARD }: Environment) {
    this.#namespace = SHARD;
  }

  open(address: ShardAddress): PartitionRpc {
    const id = isolate.objectIds.idOf(this.#namespace, shardName(address));
    // The stub's methods are the object's, behind a promise: that is what the interface says.
    return this.#namespace.get(id) as unknown as PartitionRpc;
  }
}
