/**
 * How workers and objects reach shards.
 *
 * A worker opens a fresh stub for every call, since a stub belongs to the request that made it. An object
 * lives longer, and so do the stubs that it makes: each counts as 16 KiB of memory until a full garbage
 * collection, which stops the whole isolate. So an object keeps the stubs whose calls were answered. One
 * whose call failed stays broken, and one that is still waited for may be: neither is taken again.
 */
import type { PartitionRpc } from "../host/partition/partition-rpc.ts";
import { type ShardAddress, type Shards, shardName } from "../host/shards.ts";
import type { Environment } from "./environment.ts";
import { isolate } from "./isolate.ts";

/** Most stubs that an object keeps. */
const keptMax = 1024;

type Method = (...parameters: unknown[]) => Promise<unknown>;

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
  /** By name of the shard; none has a call that is not answered. */
  readonly #kept = new Map<string, PartitionRpc>();

  constructor(environment: Environment) {
    this.#fresh = new ShardStubs(environment);
  }

  open(address: ShardAddress): PartitionRpc {
    const name = shardName(address);
    const stub = this.#kept.get(name) ?? this.#fresh.open(address);
    this.#kept.delete(name);
    return new Proxy(stub, {
      get: (_stub, method: keyof PartitionRpc): Method => {
        return async (...parameters) => {
          const answer = await (stub[method] as Method)(...parameters);
          this.#keep(name, stub);
          return answer;
        };
      },
    });
  }

  #keep(name: string, stub: PartitionRpc): void {
    if (this.#kept.size >= keptMax) this.#kept.clear();
    this.#kept.set(name, stub);
  }
}
