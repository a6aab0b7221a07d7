/**
 * How workers and objects reach shards.
 *
 * A worker opens a fresh stub for every call, since a stub belongs to the request that made it. An object
 * lives longer, and so do the stubs that it makes: it keeps them (`kept-stubs.ts`).
 */
import type { PartitionRpc } from "../host/partition/partition-rpc.ts";
import { type ShardAddress, type Shards, shardName } from "../host/shards.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";
import { KeptStubs } from "./kept-stubs.ts";

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

/** For objects; open a shard anew for each call. */
export class KeptShardStubs implements Shards {
  readonly #fresh: ShardStubs;
  readonly #kept = new KeptStubs<PartitionRpc>();

  constructor(environment: Environment) {
    this.#fresh = new ShardStubs(environment);
  }

  open(address: ShardAddress): PartitionRpc {
    return this.#kept.open(shardName(address), () => this.#fresh.open(address));
  }
}
